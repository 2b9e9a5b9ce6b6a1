"""How often we may call one amoCRM account: at most 7 requests in any second, over all processes.

A sliding window per account lives in Redis, moved on by one small script, so that no two processes see the
same free place. A person's call goes first: while one waits, the outbox gets no place. A 429 or a block
pauses the account for everybody, longer each time in a row. While Redis is away each process keeps a small
share by itself: slow, never over.
"""

import threading
import time
from collections import defaultdict, deque
from enum import StrEnum
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

log = structlog.get_logger("grafik.limits")

PER_SECOND = 7
# Requests travel for unequal times: counted at the other end, the eighth may come closer to the first than we
# sent it.
WINDOW_MS = 1030
ALONE_PER_SECOND = 2
PAUSE_MAX_SECONDS = 60.0
# How long the queue stands back after a person was told to wait; the person asks again far sooner.
PERSON_WAITS_MS = 250
_POLL_SECONDS = 0.03


class Priority(StrEnum):
    PERSON = "person"
    QUEUE = "queue"


class NoPlace(Exception):
    """No place became free in time; `seconds` is how long the account stays paused (0: just busy)."""

    def __init__(self, seconds: float) -> None:
        super().__init__(_("amoCRM's limit of requests is used up"))
        self.seconds = seconds


# Answers milliseconds to wait: 0 = the place is taken, negative = the account is paused for so long.
_TAKE = """
local paused = redis.call('PTTL', KEYS[2])
if paused > 0 then return -paused end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if ARGV[3] == 'queue' and redis.call('EXISTS', KEYS[3]) == 1 then return 40 end
local oldest = redis.call('LINDEX', KEYS[1], ARGV[1] - 1)
if oldest and now - oldest < tonumber(ARGV[2]) then
  if ARGV[3] == 'person' then redis.call('SET', KEYS[3], 1, 'PX', ARGV[4]) end
  return tonumber(ARGV[2]) - (now - oldest)
end
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
"""

# Each refusal in a row doubles the pause; a row of refusals is forgotten some time after its last pause.
_PAUSE = """
if redis.call('PTTL', KEYS[1]) > 0 then return redis.call('PTTL', KEYS[1]) end
local streak = redis.call('INCR', KEYS[2])
local wait = math.max(tonumber(ARGV[1]), math.min(tonumber(ARGV[2]), 1000 * 2 ^ (streak - 1)))
redis.call('SET', KEYS[1], 1, 'PX', math.floor(wait))
redis.call('PEXPIRE', KEYS[2], math.floor(wait) * 2 + 5000)
return math.floor(wait)
"""


def take(account: str, *, priority: Priority, patience: float) -> None:
    """Wait for a place of the account's limit, at most `patience` seconds; raises NoPlace."""
    until = time.monotonic() + patience
    while True:
        wait = _ask(account, priority)
        if wait == 0:
            return
        seconds = abs(wait) / 1000
        left = until - time.monotonic()
        if left <= 0 or (wait < 0 and seconds > left):
            raise NoPlace(seconds if wait < 0 else 0.0)
        time.sleep(
            min(seconds, left, 1.0) if priority == Priority.QUEUE else min(seconds, left, _POLL_SECONDS)
        )


def pause(account: str, *, at_least: float = 0.0, at_most: float = PAUSE_MAX_SECONDS) -> float:
    """amoCRM refused to be asked so often (or at all): nobody calls this account for the seconds returned."""
    keys = (f"amocrm:{account}:pause", f"amocrm:{account}:streak")
    at_most = max(at_most, at_least)
    try:
        return float(_redis().eval(_PAUSE, 2, *keys, int(at_least * 1000), int(at_most * 1000))) / 1000
    except redis.RedisError as error:
        log.warning("limits without redis", error=type(error).__name__)
        return _alone.pause(account, max(at_least, 1.0))


def pause_left(account: str) -> float:
    """Seconds for which the account may not be called; 0 when it may."""
    try:
        return max(0, int(_redis().pttl(f"amocrm:{account}:pause"))) / 1000
    except redis.RedisError:
        return _alone.pause_left(account)


def _ask(account: str, priority: Priority) -> float:
    keys = (f"amocrm:{account}:window", f"amocrm:{account}:pause", f"amocrm:{account}:person")
    try:
        given = (PER_SECOND, WINDOW_MS, priority.value, PERSON_WAITS_MS)
        return float(_redis().eval(_TAKE, 3, *keys, *given))
    except redis.RedisError as error:
        log.warning("limits without redis", error=type(error).__name__)
        return _alone.take(account)


@cache
def _redis() -> Any:
    return redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=0.5)


class _Alone:
    """The same window for one process that cannot see the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, deque[float]] = defaultdict(deque)
        self._paused: dict[str, float] = {}

    def take(self, account: str) -> float:
        with self._lock:
            now, seen = time.monotonic() * 1000, self._seen[account]
            paused = self._paused.get(account, 0.0) - now
            if paused > 0:
                return -paused
            while seen and now - seen[0] >= WINDOW_MS:
                seen.popleft()
            if len(seen) >= ALONE_PER_SECOND:
                return WINDOW_MS - (now - seen[0])
            seen.append(now)
            return 0

    def pause(self, account: str, seconds: float) -> float:
        with self._lock:
            self._paused[account] = (time.monotonic() + seconds) * 1000
        return seconds

    def pause_left(self, account: str) -> float:
        with self._lock:
            return max(0.0, self._paused.get(account, 0.0) / 1000 - time.monotonic())


_alone = _Alone()
