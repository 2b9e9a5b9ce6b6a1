"""Child processes that never outlive the one who started them.

Every child gets a session of its own, so Ctrl-C in a terminal reaches the supervisor alone and the order of
stopping is ours. On Linux the kernel signals the child when its parent dies, so that `kill -9` of the
supervisor leaves nothing behind; elsewhere the next start finds and ends what was left.
Standard library only: used before and beside Django.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class User:
    """An operating-system user that a child runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a child whose output is appended to `log`; raises OSError when it cannot be started."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=_tie_to_parent(on_parent_death),
        )


def end(process: "subprocess.Popen[bytes]", *, signals: Sequence[signal.Signals], seconds: float) -> None:
    """Signal a child, each signal with `seconds` to obey; whatever is left of its session is killed."""
    for wanted in signals:
        if process.poll() is not None:
            break
        process.send_signal(wanted)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
    _kill_session(process.pid)
    process.wait()


def command_line(pid: int) -> str:
    """What process `pid` runs; empty when there is none, or when it is a zombie."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def end_leftover(pid: int, *, marker: str, signals: Sequence[signal.Signals], seconds: float) -> None:
    """End a process that is not our child if it is still what it was: its command line has `marker`."""
    for wanted in signals:
        if marker not in command_line(pid):
            return
        try:
            os.kill(pid, wanted)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and marker in command_line(pid):
            time.sleep(0.05)


def tail(log: Path, *, lines: int = 40) -> str:
    """The last lines of a log file, for a person who must know why something did not start."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _tie_to_parent(wanted: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: a child must not import. The kernel forgets the wish when the user changes,
    # and subprocess calls this after it has changed the user.
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(wanted))
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _kill_session(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
