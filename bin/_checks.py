"""What is checked before any test runs: format, lint, types, import contracts, dependencies, migrations.

`python bin/_checks.py [NAME …]` in the environment runs some of them alone, for a quick look while writing.
Nothing here needs a running server: the settings get addresses that nobody listens on.
"""

import base64
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import _setup

_NOWHERE = "127.0.0.1:9"


@dataclass(frozen=True)
class Result:
    """How one check went."""

    name: str
    seconds: float
    passed: bool


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def commands() -> dict[str, list[str]]:
    """Every check by name."""
    return {
        "format": _python("ruff", "format", "--check", "."),
        "lint": _python("ruff", "check", "."),
        "types": _python("mypy", "."),
        "imports": [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
        ],
        "dependencies": _python("deptry", ".", "--no-ansi"),
        "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    }


def run(name: str, command: Sequence[str]) -> Result:
    """Run one check and print its output only when it fails."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grafik-checks-") as data_dir:
        done = subprocess.run(
            list(command),
            cwd=_setup.ROOT,
            env=_environment(data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    result = Result(name, time.monotonic() - started, done.returncode == 0)
    if not result.passed:
        print(f"\n{done.stdout.rstrip()}\n", flush=True)
    print(line(result), flush=True)
    return result


def line(result: Result) -> str:
    return f"{'ok    ' if result.passed else 'FAILED'}  {result.name:<14}{result.seconds:7.1f} s"


def _environment(data_dir: str) -> dict[str, str]:
    foreign = (
        "DEBUG",
        "PUBLIC_URL",
        "EMAIL_URL",
        "TIME_ZONE",
        "AMOCRM_URL",
        "AMOCRM_AUTH_URL",
        "CLOUDPAYMENTS_URL",
    )
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {
        **kept,
        "DATA_DIR": data_dir,
        "DATABASE_URL": f"postgres://nobody@{_NOWHERE}/nothing",
        "REDIS_URL": f"redis://{_NOWHERE}/0",
        "SECRET_KEY": "no secret, only long enough for the settings to load",
        "FIELD_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
    }


if __name__ == "__main__":
    known = commands()
    results = [run(name, known[name]) for name in sys.argv[1:] or known]
    sys.exit(0 if all(result.passed for result in results) else 1)
