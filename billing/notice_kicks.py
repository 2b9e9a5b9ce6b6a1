"""Wakes the worker of the inbox, at most five times a second in each process.

A storm of notices needs one worker awake, not a message to the broker for each. A kick that falls into the
quiet time is made up for at its end, so a row never waits for the beat's sweep because of it.
"""

import threading
import time
from functools import partial

from django.db import transaction

from crm import kick

QUIET_SECONDS = 0.2
TASK = "billing.apply_notices"


class Kicks:
    """The kicks of one process. Every row that was committed before `now` returns is seen by some kick."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = float("-inf")
        self._is_coming = False

    def now(self) -> None:
        with self._lock:
            if self._is_coming:
                return
            wait = self._last + QUIET_SECONDS - time.monotonic()
            if wait > 0:
                self._is_coming = True
                late = threading.Timer(wait, self._late)
                late.daemon = True
                late.start()
                return
            self._last = time.monotonic()
        kick.soon(TASK)

    def _late(self) -> None:
        with self._lock:
            self._is_coming = False
            self._last = time.monotonic()
        kick.soon(TASK)


_kicks = Kicks()


def soon() -> None:
    """Wake a worker after the commit."""
    transaction.on_commit(partial(_kicks.now))
