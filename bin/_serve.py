"""bin/serve: migrate, then web, worker and beat; private engines only where the environment names none.

With a part (migrate, web, worker, beat) only that one runs, in place of this process: so a container uses
the very same commands.
"""

import argparse
import os
import sys
from pathlib import Path

import _commands
import _ports
from _catalogues import compile_catalogues
from _progress import Failed, say, step, stop_with
from _setup import ROOT
from _supervisor import Supervisor, supervise
from config import embedded

READY_SECONDS = 60
PARTS = ("migrate", "web", "worker", "beat")


def main() -> None:
    options = _options()
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    os.environ.setdefault("PUBLIC_URL", f"http://127.0.0.1:{options.port}")
    os.environ["DATA_DIR"] = str(data_dir)
    compile_catalogues(ROOT)
    if options.part:
        _become(options.part, host=options.host, port=options.port, data_dir=data_dir)
    supervisor = Supervisor(data_dir=data_dir, env=os.environ)
    sys.exit(supervise(supervisor, lambda: _serve(supervisor, host=options.host, port=options.port)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/serve", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 where a proxy is on another machine")
    return parser.parse_args()


def _become(part: str, *, host: str, port: int, data_dir: Path) -> None:
    command = {
        "migrate": _commands.manage("migrate", "--noinput"),
        "web": _commands.web(host=host, port=port),
        "worker": _commands.worker(),
        "beat": _commands.beat(data_dir=data_dir),
    }[part]
    data_dir.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    os.execv(command[0], command)


def _serve(supervisor: Supervisor, *, host: str, port: int) -> None:
    _ports.must_be_free(port, option="--port")
    env = os.environ
    if not (env.get("DATABASE_URL") and env.get("REDIS_URL")):
        with step("Database and broker"):
            embedded.start(
                supervisor.data_dir,
                database_url=env.get("DATABASE_URL", ""),
                redis_url=env.get("REDIS_URL", ""),
            )
    _check_environment()
    with step("Migrations"):
        supervisor.run("migrate", _commands.manage("migrate", "--noinput"))
    with step("Web, worker and beat"):
        supervisor.start("web", _commands.web(host=host, port=port))
        supervisor.start("worker", _commands.worker())
        supervisor.start("beat", _commands.beat(data_dir=supervisor.data_dir))
        supervisor.wait_until(
            "web", lambda: _ports.answers(f"http://127.0.0.1:{port}/readyz"), seconds=READY_SECONDS
        )
    say(f"\nGrafik is at {env['PUBLIC_URL']}/ (logs in {supervisor.data_dir / 'logs'}); Ctrl-C stops it.")
    supervisor.watch()


def _check_environment() -> None:
    """The product's own check, before three processes say the same thing three times."""
    from config import env

    try:
        env.read()
    except SystemExit as error:
        raise Failed(str(error)) from error


if __name__ == "__main__":
    stop_with("Start bin/serve, not this file.")
