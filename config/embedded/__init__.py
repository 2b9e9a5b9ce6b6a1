"""The embedded default: a private PostgreSQL and a private Redis in DATA_DIR.

One owner per folder: `start` holds a lock for the life of its process, so two starters never fight, and the
lock of a killed one is free at once. What runs is written to DATA_DIR/engines.json, where `addresses`
finds it for management commands beside a running bin/serve. Importable without Django; touches no server
that it did not start.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from config.embedded import postgres as _postgres
from config.embedded.errors import EmbeddedError, NotRunning
from config.embedded.ports import is_listening
from config.embedded.postgres import Postgres
from config.embedded.redis import Redis

__all__ = [
    "Addresses",
    "EmbeddedError",
    "NotRunning",
    "addresses",
    "ended",
    "environment",
    "erase",
    "start",
    "stop",
]


@dataclass(frozen=True)
class Addresses:
    """Where the database and the broker are."""

    database_url: str
    redis_url: str


@dataclass
class _Running:
    lock: TextIO
    postgres: Postgres | None = None
    redis: Redis | None = None


_running: dict[Path, _Running] = {}


def start(
    data_dir: Path,
    *,
    durable: bool = True,
    database_url: str = "",
    redis_url: str = "",
    environment: Mapping[str, str] | None = None,
) -> Addresses:
    """Start what has no address yet and tell all addresses; raises EmbeddedError with one sentence.

    `durable=False` is for tests: fast, and lost at a power cut. `environment` is what commands beside this
    process must know too (see `environment` below). Until `stop`, the servers live as long as this process.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    running = _Running(lock=_lock(data_dir))
    _running[data_dir] = running
    try:
        if not database_url:
            running.postgres = Postgres(data_dir, log=_log(data_dir, "postgres"), durable=durable)
        if not redis_url:
            running.redis = Redis(data_dir, log=_log(data_dir, "redis"), durable=durable)
        found = Addresses(
            database_url=database_url or (running.postgres.url if running.postgres else ""),
            redis_url=redis_url or (running.redis.url if running.redis else ""),
        )
        _write(data_dir, found, environment or {})
    except BaseException:
        stop(data_dir)
        raise
    return found


def stop(data_dir: Path) -> None:
    """Stop what `start` of this process started there; a second call does nothing."""
    data_dir = data_dir.resolve()
    running = _running.pop(data_dir, None)
    if running is None:
        return
    (data_dir / "engines.json").unlink(missing_ok=True)
    try:
        for engine in (running.redis, running.postgres):
            if engine:
                engine.stop()
    finally:
        running.lock.close()


def ended(data_dir: Path) -> str:
    """The name of a server of ours that has ended by itself, else an empty string."""
    running = _running[data_dir.resolve()]
    if running.postgres and running.postgres.ended:
        return "postgres"
    return "redis" if running.redis and running.redis.ended else ""


def addresses(data_dir: Path) -> Addresses:
    """What another process runs in this folder; NotRunning when nothing answers there."""
    try:
        written = json.loads((data_dir / "engines.json").read_text())
        found = Addresses(database_url=written["database_url"], redis_url=written["redis_url"])
        alive = all(is_listening(port) for port in written["ports"])
    except (OSError, ValueError, KeyError):
        alive = False
    if not alive:
        raise NotRunning(
            f"No database runs in {data_dir}: start bin/serve or bin/demo first, "
            "or set DATABASE_URL=postgres://user:password@host:5432/name and REDIS_URL=redis://host:6379/0."
        )
    return found


def environment(data_dir: Path) -> dict[str, str]:
    """The variables that the running owner of this folder was started with; empty when nothing runs there.

    bin/demo sends amoCRM, the providers and the mail to the sandbox. A management command beside it must do
    the same without being told, or it would call the real ones.
    """
    try:
        addresses(data_dir)
        written: dict[str, str] = json.loads((data_dir / "engines.json").read_text())["environment"]
    except (NotRunning, OSError, ValueError, KeyError):
        return {}
    return written


def erase(data_dir: Path) -> None:
    """Remove all that the servers keep in this folder, for good; refused while somebody uses it."""
    data_dir = data_dir.resolve()
    if not data_dir.exists():
        return
    with _lock(data_dir):
        for folder in (*_postgres.folders(data_dir), data_dir / "redis", data_dir / "redis.unreadable"):
            if folder.is_symlink():
                folder.unlink()
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _lock(data_dir: Path) -> TextIO:
    file = (data_dir / "engines.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise EmbeddedError(
            f"{data_dir} is in use by process {owner or '?'}: "
            "stop it first, or use another folder (--data, DATA_DIR)."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _log(data_dir: Path, name: str) -> Path:
    return data_dir / "logs" / f"{name}.log"


def _write(data_dir: Path, found: Addresses, environment: Mapping[str, str]) -> None:
    path = data_dir / "engines.json"
    path.unlink(missing_ok=True)
    ports = [urlsplit(url).port for url in asdict(found).values() if urlsplit(url).hostname == "127.0.0.1"]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        known = {"ports": [port for port in ports if port], "environment": dict(environment)}
        json.dump({**asdict(found), **known}, file)
