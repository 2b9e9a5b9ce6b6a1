"""What a person sees while something is set up: one line a step, in plain words, with its time.

Works on any Python 3 because it runs before the right one is found.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

_begun = time.monotonic()


class Failed(Exception):
    """Stops the command with one sentence for a person."""


@contextlib.contextmanager
def step(words: str) -> Iterator[None]:
    """Print `words` before and how long it took after."""
    print(f"  {words} …", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(" stopped here", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def show_share(words: str, percent: int) -> None:
    """Draw over the line of a step that takes longer: how much of it is done. Only for a terminal."""
    if sys.stdout.isatty():
        print(f"\r  {words} … {'█' * (percent // 5):░<20} {percent:>3} %", end="", flush=True)


def say(words: str) -> None:
    print(words, flush=True)


def elapsed() -> float:
    """Seconds since this command began."""
    return time.monotonic() - _begun


def stop_with(error: object) -> None:
    """One sentence on standard error and exit code 1."""
    print(f"{error}", file=sys.stderr, flush=True)
    sys.exit(1)
