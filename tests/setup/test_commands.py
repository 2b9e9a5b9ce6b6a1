"""bin/serve and bin/demo as a person types them: what they refuse, and what they leave behind."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from config.embedded.ports import free_port, is_listening

pytestmark = [pytest.mark.processes, pytest.mark.long]
ROOT = Path(__file__).resolve().parents[2]
_OF_THE_TESTS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FIELD_KEYS",
    "PUBLIC_URL",
    "DJANGO_SETTINGS_MODULE",
)
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(reachable_folder: Path) -> Iterator[Start]:
    """Start a command of bin/ on a folder of its own; what it printed is read by communicate()."""
    started: list[subprocess.Popen[str]] = []

    def run(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        own = {key: value for key, value in os.environ.items() if key not in _OF_THE_TESTS}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "bin" / name), *arguments],
            env={**own, "DATA_DIR": str(reachable_folder), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
    _wait_until(lambda: not _processes_that_mention(reachable_folder))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TIME_ZONE", "Mars/Olympus"),
        ("FIELD_KEYS", "not-a-key"),
        ("PUBLIC_URL", "pay.example.org"),
        ("EMAIL_URL", "mail.example.org:25"),
        ("DATABASE_URL", "mysql://localhost/grafik"),
    ],
)
def test_serve_refuses_a_malformed_variable_with_one_sentence(
    start: Start, variable: str, value: str
) -> None:
    process = start("serve", "--port", str(free_port()), env={variable: value})
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.startswith(variable)
    assert "for example" in error
    assert len(error.strip().splitlines()) == 1


def _neighbours() -> int:
    """A free port amid free ones, from below those that the system hands out to the tests beside this one."""
    amid = range(20_002, 30_000, 7)
    return next(
        port
        for port in random.SystemRandom().sample(amid, len(amid))
        if not any(is_listening(beside) for beside in range(port - 2, port + 3))
    )


@pytest.mark.parametrize(("name", "offset"), [("serve", 0), ("demo", 0), ("demo", 1), ("demo", 2)])
def test_a_busy_port_is_named_with_the_way_out(start: Start, name: str, offset: int) -> None:
    port = _neighbours()
    with socket.create_server(("127.0.0.1", port)):
        process = start(name, "--port", str(port - offset))
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.startswith(f"Port {port} is busy")
    assert "--port" in error
    assert len(error.strip().splitlines()) == 1


def test_serve_answers_after_migration_and_leaves_nothing_running(
    start: Start, reachable_folder: Path
) -> None:
    port = free_port()
    process = start("serve", "--port", str(port))
    _wait_until(lambda: is_listening(port), seconds=90)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert answer.status == 200
    shown = subprocess.run(
        [sys.executable, "manage.py", "showmigrations", "--plan"],
        cwd=ROOT,
        env={**_without_test_servers(), "DATA_DIR": str(reachable_folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[X]" in shown.stdout
    assert "[ ]" not in shown.stdout
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert _processes_that_mention(reachable_folder) == []


def test_serve_stops_and_says_which_child_died(start: Start, reachable_folder: Path) -> None:
    port = free_port()
    process = start("serve", "--port", str(port))
    _wait_until(lambda: is_listening(port), seconds=90)
    [beat] = [pid for pid in _processes_that_mention(reachable_folder) if " beat " in _command(pid)]
    os.kill(beat, signal.SIGKILL)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.startswith("beat ended by itself")
    assert _processes_that_mention(reachable_folder) == []


def test_a_killed_serve_leaves_nothing_running(start: Start, reachable_folder: Path) -> None:
    port = free_port()
    process = start("serve", "--port", str(port))
    _wait_until(lambda: is_listening(port), seconds=90)
    process.kill()
    process.wait()
    _wait_until(lambda: not _processes_that_mention(reachable_folder), seconds=30)
    assert not is_listening(port)


def _without_test_servers() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in _OF_THE_TESTS}


def _processes_that_mention(folder: Path) -> list[int]:
    """Processes of this folder by their command line or environment, this one apart."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in text:
                found.append(int(entry.name))
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
