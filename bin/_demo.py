"""bin/demo: the whole system with the sandbox beside it, on private engines, with a business already in it.

Every variable of the product is set here, whatever the caller's shell holds: a demo never reaches a real
database, provider or mailbox. The story (sandbox, database) is in DATA_DIR and goes on at the next start.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import _commands
import _ports
from _catalogues import compile_catalogues
from _progress import Failed, say, show_share, step
from _sandbox import Sandbox
from _setup import ROOT, begun_at
from _supervisor import Supervisor, supervise
from config import embedded

READY_SECONDS, HISTORY_SECONDS = 60, 900
OWNER, PASSWORD = "owner", "grafik-demo"
STUDENTS, SEED = 300, 7
_OURS = (
    "sandbox",
    "logs",
    "static",
    "files",
    "secret_key",
    "field_keys",
    "widget.zip",
    "demo.json",
    "history.json",
)

_LOADED_FROM = ("analytics", "billing", "config", "crm", "documents", "sandbox/demo", "widget_js")
_CONTENT = {".py", ".yaml", ".js", ".css", ".json", ".svg", ".png", ".html"}


def main() -> None:
    options = _options()
    data_dir = Path(options.data or os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    sandbox = Sandbox(data_dir=data_dir, product_port=options.port)
    supervisor = Supervisor(data_dir=data_dir, env=_environment(data_dir, sandbox))
    sys.exit(supervise(supervisor, lambda: _demo(supervisor, sandbox, options)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8000, help="the product's; the sandbox takes the next two"
    )
    parser.add_argument("--data", metavar="DIR", help="where everything is kept (default: DATA_DIR or var/)")
    parser.add_argument("--fresh", action="store_true", help="forget what is in there and begin again")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument(
        "--students",
        type=int,
        default=STUDENTS,
        metavar="N",
        help=f"how many a first start invents, and bookings, two for three (default: {STUDENTS}; 0: no past)",
    )
    return parser.parse_args()


def _product_variables(data_dir: Path, sandbox: Sandbox) -> dict[str, str]:
    return {
        "DATA_DIR": str(data_dir),
        "PUBLIC_URL": sandbox.product_url,
        "TIME_ZONE": "Europe/Moscow",
        "EMAIL_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
        "AMOCRM_URL": f"{sandbox.url}/amocrm/{{subdomain}}",
        "AMOCRM_AUTH_URL": f"{sandbox.url}/amocrm",
        "CLOUDPAYMENTS_URL": f"{sandbox.url}/cloudpayments",
        "SMSC_URL": f"{sandbox.url}/smsc",
        "ROBOKASSA_AUTH_URL": f"{sandbox.url}/robokassa",
        "ROBOKASSA_SERVICES_URL": f"{sandbox.url}/robokassa",
        "ROBOKASSA_FISCAL_URL": f"{sandbox.url}/robokassa",
    }


def _environment(data_dir: Path, sandbox: Sandbox) -> dict[str, str]:
    foreign = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "DEBUG", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, **_product_variables(data_dir, sandbox)}


def _demo(supervisor: Supervisor, sandbox: Sandbox, options: argparse.Namespace) -> None:
    data_dir = supervisor.data_dir
    for offset in range(3):
        _ports.must_be_free(options.port + offset, option="--port", offset=offset)
    if options.fresh or _known(data_dir).get("history") == "begun":
        _forget(data_dir)
    first = _begin_story(data_dir, sandbox)
    with step("PostgreSQL and Redis"):
        embedded.start(data_dir, environment=_product_variables(data_dir, sandbox))
    compile_catalogues(ROOT)
    supervisor.start("sandbox", sandbox.command())
    _load(supervisor, sandbox)
    _tell_history(supervisor, sandbox, options.students)
    with step("Sandbox: amoCRM, CloudPayments, mailbox"):
        supervisor.wait_until("sandbox", sandbox.is_ready, seconds=READY_SECONDS)
        sandbox.seed()
    with step("Web, worker and beat"):
        supervisor.start("web", _commands.web(host="127.0.0.1", port=options.port))
        supervisor.start("worker", _commands.worker_with_beat(data_dir=data_dir))
        ready = f"{sandbox.product_url}/readyz"
        supervisor.wait_until("web", lambda: _ports.answers(ready), seconds=READY_SECONDS)
    say(_welcome(sandbox, data_dir))
    if first and not options.no_browser:
        _open_browser(sandbox.deal_url())
    supervisor.watch()


def _load(supervisor: Supervisor, sandbox: Sandbox) -> None:
    """Bring the database up to date, unless this very code has done so here before."""
    digest = _digest_of_code(supervisor.data_dir)
    if _known(supervisor.data_dir).get("loaded") == digest:
        return
    with step("Tables, widget archive and the demo business"):
        supervisor.wait_until("sandbox", sandbox.is_ready, seconds=READY_SECONDS)
        command = [sys.executable, "bin/_load.py", str(supervisor.data_dir), OWNER, PASSWORD]
        supervisor.run("load", command)
    _remember(supervisor.data_dir, loaded=digest)


def _tell_history(supervisor: Supervisor, sandbox: Sandbox, students: int) -> None:
    """Let both businesses live a year, once. A start that is broken off here begins anew the next time."""
    words = "A year of the school and of the network"
    if _known(supervisor.data_dir).get("history") != "wanted":
        return
    if not students:
        _remember(supervisor.data_dir, history="none")
        return
    _remember(supervisor.data_dir, history="begun")
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    given = ("--seed", str(SEED), "--today", str(today), "--students", str(students), "--progress")
    with step(words):
        supervisor.run(
            "history",
            _commands.manage("demo_history", *given, "--out", str(sandbox.history)),
            seconds=HISTORY_SECONDS,
            meanwhile=lambda: show_share(words, _share(supervisor.log("history"))),
        )
    _remember(supervisor.data_dir, history="told")


def _share(log: Path) -> int:
    """The last "37%" that the command has said."""
    said = [line for line in log.read_text(errors="replace").splitlines() if line.endswith("%")]
    return int(said[-1][:-1]) if said and said[-1][:-1].isdecimal() else 0


def _digest_of_code(data_dir: Path) -> str:
    # A database that was removed by hand and made anew has another password.
    digest = hashlib.sha256((data_dir / "postgres" / "password").read_bytes())
    for name in _LOADED_FROM:
        for path in sorted((ROOT / name).rglob("*")):
            if path.suffix in _CONTENT and "node_modules" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _forget(data_dir: Path) -> None:
    with step(f"Forgetting what is in {data_dir}"):
        embedded.erase(data_dir)
        for name in _OURS:
            if (data_dir / name).is_dir():
                shutil.rmtree(data_dir / name)
            else:
                (data_dir / name).unlink(missing_ok=True)
        for schedule in data_dir.glob("beat-schedule*"):
            schedule.unlink()


def _known(data_dir: Path) -> dict[str, Any]:
    """What an earlier start has written down; empty before the first one."""
    marker = data_dir / "demo.json"
    return json.loads(marker.read_text()) if marker.exists() else {}


def _remember(data_dir: Path, **what: str) -> None:
    (data_dir / "demo.json").write_text(json.dumps({**_known(data_dir), **what}))


def _begin_story(data_dir: Path, sandbox: Sandbox) -> bool:
    """Tell whether this is the first start; the emulators remember the addresses of the first one."""
    marker = data_dir / "demo.json"
    if not marker.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        marker.write_text(json.dumps({"port": sandbox.product_port, "history": "wanted"}))
        return True
    port = json.loads(marker.read_text())["port"]
    if port != sandbox.product_port:
        raise Failed(
            f"The story in {data_dir} was begun on port {port}, and its addresses lead there: "
            f"start with --port {port}, with another folder (--data), or with --fresh to begin again."
        )
    return False


def _welcome(sandbox: Sandbox, data_dir: Path) -> str:
    return f"""
Ready after {time.time() - begun_at():.0f} seconds.

  Deal card in amoCRM    {sandbox.deal_url()}
  Deals of the school    {sandbox.deals_url(sandbox.SUBDOMAIN)}
  Bookings of the quests {sandbox.deals_url(sandbox.NETWORK)}
  Mailbox                {sandbox.url}/mail/
  Sandbox controls       {sandbox.url}/
  Admin panel            {sandbox.product_url}/admin/   log-in {OWNER}, password {PASSWORD}
  API                    {sandbox.product_url}/api/docs/

Logs and data are in {data_dir}. Ctrl-C stops everything; the next start goes on from here."""


def _open_browser(url: str) -> None:
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
