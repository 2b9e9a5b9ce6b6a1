"""Wakes the worker of the inbox, at most five times a second in each process.

A storm of notices needs one worker awake, not a message to the broker for each. A kick that falls into the
quiet time is made up for at its end, so a row never waits for the beat's sweep because of it. The broker is
spoken to by a thread of its own: a provider's answer does not wait for it, nor suffer when it is away.
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
            self._is_coming = True
            wait = self._last + QUIET_SECONDS - time.monotonic()
        sender = threading.Timer(max(wait, 0), self._send)
        sender.daemon = True
        sender.start()

    def _send(self) -> None:
        with self._lock:
            self._is_coming = False
            self._last = time.monotonic()
        kick.now(TASK)


_kicks = Kicks()


def soon() -> None:
    """Wake a worker after the commit."""
    transaction.on_commit(partial(_kicks.now))
