"""Work to be done later: notices with their retry tables, receipts that need a moment.

A job is a row until its function has returned, so a killed sandbox does it again after its start: at least
once, as the real providers. One dispatcher thread sleeps until the next due time and hands due jobs to four
workers, so one product address that answers slowly does not hold up the others. Due times follow the
sandbox's clock.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.store import Document, Store

COLLECTION = "jobs"
WORKERS = 4
_LONGEST_NAP = 0.5

logger = logging.getLogger(__name__)

JobFunction = Callable[[dict[str, Any]], None]


class Retry(Exception):
    """Raised by a job's function: run me again after so many seconds of the sandbox's clock.

    A changed payload may be handed over for the next attempt.
    """

    def __init__(self, after_seconds: float, payload: dict[str, Any] | None = None) -> None:
        super().__init__(f"again after {after_seconds} s")
        self.after_seconds = after_seconds
        self.payload = payload


class Jobs:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._functions: dict[str, JobFunction] = {}
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def register(self, kind: str, function: JobFunction) -> None:
        self._functions[kind] = function

    def add(self, kind: str, payload: dict[str, Any], due_at: datetime) -> str:
        """Remember a job; returns its key. May be called inside a store transaction."""
        key = str(self._store.next_number("job"))
        job = {"key": key, "kind": kind, "payload": payload, "due_at": due_at.isoformat(), "attempts": 0}
        self._store.put(COLLECTION, key, job)
        self._wake.set()
        return key

    def waiting(self, kind: str | None = None) -> list[Document]:
        return [job for job in self._store.all(COLLECTION) if kind in (None, job["kind"])]

    def wake(self) -> None:
        """Look at the rows now (after the clock was moved)."""
        self._wake.set()

    def run_due(self) -> int:
        """Run what is due in this thread, once each; returns how many ran."""
        due = self._claim()
        for job in due:
            self._run(job)
        return len(due)

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._dispatch, name="sandbox-jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread:
            self._thread.join()

    def _dispatch(self) -> None:
        with ThreadPoolExecutor(WORKERS, "sandbox-job") as pool:
            while not self._stopping:
                self._wake.clear()
                for job in self._claim():
                    pool.submit(self._run, job)
                self._wake.wait(self._nap())

    def _nap(self) -> float:
        """Real seconds until the next due job, at most half a second."""
        due = [datetime.fromisoformat(j["due_at"]) for j in self.waiting() if j["key"] not in self._running]
        if not due:
            return _LONGEST_NAP
        wait = (min(due) - self._clock.now()).total_seconds() / self._clock.speed
        return min(max(wait, 0.01), _LONGEST_NAP)

    def _claim(self) -> list[Document]:
        now = self._clock.now()
        with self._lock:
            free = [job for job in self.waiting() if job["key"] not in self._running]
            due = [job for job in free if datetime.fromisoformat(job["due_at"]) <= now]
            due.sort(key=lambda job: str(job["due_at"]))
            self._running.update(job["key"] for job in due)
        return due

    def _run(self, job: Document) -> None:
        try:
            # A row claimed just before another worker finished it, or before a reset, is no longer there.
            if self._store.get(COLLECTION, job["key"]) is not None:
                self._functions[job["kind"]](job["payload"])
                self._store.delete(COLLECTION, job["key"])
        except Retry as again:
            self._postpone(job, again)
        except Exception:
            logger.exception("job %s %s failed and is dropped", job["kind"], job["key"])
            self._store.delete(COLLECTION, job["key"])
        finally:
            with self._lock:
                self._running.discard(job["key"])
            self._wake.set()

    def _postpone(self, job: Document, again: Retry) -> None:
        due_at = self._clock.now() + timedelta(seconds=again.after_seconds)
        job |= {"attempts": job["attempts"] + 1, "due_at": due_at.isoformat()}
        job["payload"] = again.payload if again.payload is not None else job["payload"]
        with self._store.transaction():
            if self._store.get(COLLECTION, job["key"]) is not None:
                self._store.put(COLLECTION, job["key"], job)
