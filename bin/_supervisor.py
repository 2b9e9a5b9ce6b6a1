"""Runs the product's processes as one: starts them in order, watches them, stops them all.

A signal to stop or the death of one child ends the rest in reverse order. Each child writes to
DATA_DIR/logs/<name>.log, whose last lines are shown when it does not start. Children die with this process
even when it is killed (config.embedded.processes).
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from _progress import Failed, say
from _setup import ROOT
from config import embedded
from config.embedded import processes

STOP_SECONDS = 15
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A person or the system asked to stop."""


class Supervisor:
    """Owns DATA_DIR's engines and the children that use them."""

    def __init__(self, *, data_dir: Path, env: Mapping[str, str]) -> None:
        self.data_dir = data_dir
        self.env = dict(env)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for wanted in _SIGNALS:
            signal.signal(wanted, _raise_stopped)

    def log(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child and go on at once."""
        # Only this start's lines answer the question why this start failed.
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        _keep_previous(self.log(name))
        self._children[name] = processes.spawn(command, log=self.log(name), cwd=ROOT, env=self.env)

    def wait_until(self, name: str, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait for a child to be ready; Failed with its last words otherwise."""
        deadline = time.monotonic() + seconds
        while not ready():
            self._complain_about_the_dead()
            if time.monotonic() > deadline:
                raise Failed(self._words(name, f"did not get ready within {seconds:.0f} seconds"))
            time.sleep(0.05)

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        seconds: float = 300,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Run one command to its end; Failed with its last words when it does not succeed.

        `meanwhile` is called twice a second.
        """
        self.start(name, command)
        child = self._children[name]
        ends_at = time.monotonic() + seconds
        while (code := child.poll()) is None:
            if time.monotonic() > ends_at:
                raise Failed(self._words(name, f"did not end within {seconds:.0f} seconds"))
            meanwhile()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=0.5)
        del self._children[name]
        if code:
            raise Failed(self._words(name, "did not work"))

    def watch(self) -> None:
        """Return never: Stopped on a signal, Failed when a child or an engine dies."""
        while True:
            self._complain_about_the_dead()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop everything, newest first; signals are ignored meanwhile, so nothing stays half stopped."""
        for wanted in _SIGNALS:
            signal.signal(wanted, signal.SIG_IGN)
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in reversed(self._children.values()):
            processes.end(child, signals=(signal.SIGTERM,), seconds=STOP_SECONDS)
        embedded.stop(self.data_dir)

    def _complain_about_the_dead(self) -> None:
        for name, child in self._children.items():
            if child.poll() is not None:
                raise Failed(self._words(name, f"ended by itself with code {child.returncode}"))
        engine = embedded.ended(self.data_dir)
        if engine:
            raise Failed(self._words(engine, "ended by itself"))

    def _words(self, name: str, what: str) -> str:
        return f"{name} {what}; the last lines of {self.log(name)}:\n{processes.tail(self.log(name))}"


def supervise(supervisor: Supervisor, body: Callable[[], None]) -> int:
    """Run `body` under the supervisor's rules and return the exit code of the command."""
    try:
        body()
    except Stopped:
        say("\nStopping …")
        code = 0
    except (Failed, embedded.EmbeddedError) as error:
        print(f"{error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        supervisor.stop()
    if code == 0:
        say("Stopped.")
    return code


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _keep_previous(log: Path) -> None:
    if log.exists():
        os.replace(log, log.with_suffix(".previous.log"))
