"""The sandbox's time: real time plus an offset, at an adjustable speed, remembered in the store.

Only the sandbox's own waits follow it (retry tables, receipt delays, X-Request-ID lifetimes, dates in
models). At speed 60 the five-minute retry of a notice comes after five seconds.
"""

import threading
from datetime import UTC, datetime, timedelta

from sandbox.store import Store

_COLLECTION, _KEY = "clock", "clock"
MAX_SPEED = 100_000.0


class Clock:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.reload()

    def reload(self) -> None:
        """Read the settings again (after the store was reset)."""
        saved = self._store.get(_COLLECTION, _KEY)
        now = datetime.now(UTC)
        with self._lock:
            self._real = datetime.fromisoformat(saved["real"]) if saved else now
            self._shown = datetime.fromisoformat(saved["shown"]) if saved else now
            self._speed = float(saved["speed"]) if saved else 1.0

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def offset(self) -> timedelta:
        """How far the sandbox's time is ahead of the real one at this moment."""
        return self.now() - datetime.now(UTC)

    def now(self) -> datetime:
        """The sandbox's time, aware, UTC."""
        with self._lock:
            return self._shown + (datetime.now(UTC) - self._real) * self._speed

    def set_speed(self, speed: float) -> None:
        """Run `speed` sandbox seconds per real second from now on, without a jump."""
        if not 0 < speed <= MAX_SPEED:
            raise ValueError(f"speed must be above 0 and at most {MAX_SPEED:.0f}")
        self._anchor(self.now(), speed)

    def set_offset(self, offset: timedelta) -> None:
        """Jump so that the sandbox's time is `offset` away from the real one."""
        self._anchor(datetime.now(UTC) + offset, self._speed)

    def _anchor(self, shown: datetime, speed: float) -> None:
        with self._lock:
            self._real, self._shown, self._speed = datetime.now(UTC), shown, speed
            saved = {"real": self._real.isoformat(), "shown": shown.isoformat(), "speed": speed}
        self._store.put(_COLLECTION, _KEY, saved)
