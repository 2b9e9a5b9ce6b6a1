"""Makes `.venv` what the lock files say and continues the command inside it.

Needs a Python 3.11 and nothing else: packages come by uv (itself installed with its hash), or by pip where
uv cannot run or cannot reach the configured index. A stamp of the lock files' hashes makes the next start
free. What only the system's packager has is installed by apt for root, and named in one sentence for others.
Parses on older Pythons, so that those get a sentence too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from _progress import Failed, step, stop_with

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
_SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OLDEST_PYTHON = (3, 11)
_BEGUN = "GRAFIK_COMMAND_BEGUN"

# The commands of bin/ use the product's packages, wherever they are called from.
if str(ROOT) not in sys.path:
    sys.path.insert(1, str(ROOT))


def ensure(*locks: str) -> None:
    """Make the environment hold `locks` ("base", "demo", "dev"), then run this very command inside it."""
    os.environ.setdefault(_BEGUN, repr(time.time()))
    if sys.version_info < OLDEST_PYTHON:
        _continue_with_newer_python()
    try:
        _make_ready(locks)
    except Failed as error:
        stop_with(error)
    except KeyboardInterrupt:
        stop_with("\nStopped.")
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])


def begun_at() -> float:
    """When the person's command began, in seconds since the epoch, whatever was installed in between."""
    return float(os.environ.pop(_BEGUN))


def apt(packages: Sequence[str], *, why: str) -> None:
    """Install Debian packages as root; Failed with the line to type for anybody else."""
    line = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Failed(f"{why} is missing here, and only root may install it: sudo {line}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"{why}: {line}"):
        _run(["apt-get", "update", "-qq"], env=quiet)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)


def beside(name: str) -> Path:
    """The Python of an environment of its own, filled from requirements/<name>.lock.

    For programs of others that bring what may not stand beside the product's packages.
    """
    folder, lock = ROOT / "var" / "clients" / name, REQUIREMENTS / f"{name}.lock"
    python, stamp = folder / "bin" / "python", folder / "grafik.txt"
    if stamp.exists() and stamp.read_text() == _digest(lock):
        return python
    with step(f"Packages from requirements/{name}.lock"):
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        uv, files = _uv(), ["--require-hashes", "-r", str(lock)]
        by_uv = [uv, "pip", "install", "--quiet", "--python", str(python), *files]
        by_pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *files]
        if not uv or subprocess.run(by_uv, capture_output=True, check=False).returncode:
            _run(by_pip)
        stamp.write_text(_digest(lock))
    return python


def _continue_with_newer_python() -> None:
    for minor in range(14, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    stop_with("Python 3.11 or newer is needed: sudo apt-get install python3.11 python3.11-venv")


def _make_ready(locks: Sequence[str]) -> None:
    wanted = {name: _digest(REQUIREMENTS / f"{name}.lock") for name in locks}
    with _one_at_a_time():
        stamp = _stamp()
        if all(stamp.get(name) == digest for name, digest in wanted.items()):
            return
        if not _python_works():
            with step(f"Python environment in {VENV.name}"):
                _make_venv()
        with step("Packages from " + ", ".join(f"requirements/{name}.lock" for name in locks)):
            _install([REQUIREMENTS / f"{name}.lock" for name in locks])
        (VENV / "grafik.json").write_text(json.dumps({**stamp, **wanted}))


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """bin/demo and bin/test started together wait for each other."""
    folder = os.open(REQUIREMENTS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads((VENV / "grafik.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp if _python_works() else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _python_works() -> bool:
    if Path(sys.prefix).resolve() == VENV.resolve():
        return True
    try:
        return subprocess.run([str(PYTHON), "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode == 0:
        return
    # A bare Debian has venv without ensurepip; pip of the system can still fill the environment.
    shutil.rmtree(VENV, ignore_errors=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt([f"{version}-venv"], why="Python's venv")
        _run([sys.executable, "-m", "venv", str(VENV)])
        return
    if shutil.which("uv") is None and not _system_pip():
        raise Failed(
            "Python's venv is missing here, and only root may install it: "
            f"sudo apt-get install {version}-venv"
        )
    _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])


def _system_pip() -> bool:
    return (
        subprocess.run(
            [sys.executable, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _install(locks: Sequence[Path]) -> None:
    files = [part for lock in locks for part in ("-r", str(lock))]
    uv = _uv()
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", *files]
        if _SYSTEM_CERTIFICATES.exists():
            command.append("--system-certs")  # an office's proxy signs by its own authority
        # uv does not read pip's configuration, so pip gets its turn behind a mirror.
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return
    tried = subprocess.run(
        [*_pip(), "install", "--quiet", "--disable-pip-version-check", "--require-hashes", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        reasons = [line for line in tried.stderr.splitlines() if line.startswith("ERROR:")]
        raise Failed(
            "The packages of requirements/*.lock could not be installed (is the network there?). "
            + "".join(f"\n{reason}" for reason in reasons[-2:])
        )


def _uv() -> str:
    own = VENV / "bin" / "uv"
    if not own.exists():
        command = [*_pip(), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*command, "-r", str(REQUIREMENTS / "uv.lock")], capture_output=True, check=False)
    return str(own) if own.exists() else shutil.which("uv") or ""


def _pip() -> list[str]:
    has_own = subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False)
    if has_own.returncode == 0:
        return [str(PYTHON), "-m", "pip"]
    base = getattr(sys, "_base_executable", sys.executable)
    return [base, "-m", "pip", "--python", str(PYTHON)]


def _run(command: Sequence[str], env: dict[str, str] | None = None) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        shown = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise Failed(f"`{' '.join(command[:6])} …` did not work:\n{shown}")


if __name__ == "__main__":
    ensure(*sys.argv[1:])
