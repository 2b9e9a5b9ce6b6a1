"""The start commands of the product, in one place for bin/demo, bin/serve and the containers."""

import sys
from pathlib import Path

# A provider's call at a payer's click must never stall a notice: two processes with eight threads each.
_WEB_PROCESSES, _WEB_THREADS = 2, 8
_WORKER_PROCESSES = 2


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def web(*, host: str, port: int) -> list[str]:
    """Gunicorn; 60 seconds are for a hung process, not for a request: our calls have shorter limits."""
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", str(_WEB_PROCESSES), "--threads", str(_WEB_THREADS)),
        *("--timeout", "60", "--graceful-timeout", "10", "--keep-alive", "5", "--no-control-socket"),
        # Loaded once and forked: half the work of a start on a small machine.
        "--preload",
    ]


def worker() -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", str(_WORKER_PROCESSES)),
        *("--loglevel", "INFO", "--without-mingle", "--without-gossip"),
    ]


def beat(*, data_dir: Path) -> list[str]:
    # No pid file: a stale one of a killed beat would refuse the next start.
    return [
        *(sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile", ""),
        *("--schedule", str(data_dir / "beat-schedule")),
    ]


def worker_with_beat(*, data_dir: Path) -> list[str]:
    """One process less: for the demo on a small machine."""
    return [*worker(), "-B", "--schedule", str(data_dir / "beat-schedule")]
