"""How often we may call one amoCRM account: at most 7 requests in any second, over all processes.

A sliding window per account lives in Redis, moved on by small scripts, so that no two processes see the same
free place. Requests travel for unequal times, and amoCRM counts them where they arrive: a place is held from
the moment it is given, and once the answer is there a second from that moment, so the eighth request cannot
come within a second of the first. A person's call goes first: while one waits, the outbox gets no place.
A 429 or a block pauses the account for everybody, longer each time in a row. While Redis is away each
process keeps a small share by itself: slow, never over.
"""

import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

log = structlog.get_logger("grafik.limits")

PER_SECOND = 7
# A second, and what the clocks' whole milliseconds lose.
WINDOW_MS = 1005
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
if ARGV[4] == 'queue' and redis.call('EXISTS', KEYS[3]) == 1 then return 40 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
  if ARGV[4] == 'person' then redis.call('SET', KEYS[3], 1, 'PX', ARGV[5]) end
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return tonumber(oldest[2]) + ARGV[2] - now
end
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
"""

# The request of a place has arrived by now, not later.
_ANSWERED = """
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', clock[1] * 1000 + math.ceil(clock[2] / 1000), ARGV[1])
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


@contextmanager
def place(account: str, *, priority: Priority, patience: float) -> Iterator[None]:
    """Make one request inside: wait for its place, at most `patience` seconds; raises NoPlace."""
    taken = take(account, priority=priority, patience=patience)
    try:
        yield
    finally:
        _answered(account, taken)


def take(account: str, *, priority: Priority, patience: float) -> str:
    """Wait for a place of the account's limit, at most `patience` seconds; raises NoPlace."""
    until = time.monotonic() + patience
    wanted = uuid.uuid4().hex
    while True:
        wait = _ask(account, priority, wanted)
        if wait == 0:
            return wanted
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


def _ask(account: str, priority: Priority, wanted: str) -> float:
    keys = (f"amocrm:{account}:window", f"amocrm:{account}:pause", f"amocrm:{account}:person")
    try:
        given = (PER_SECOND, WINDOW_MS, wanted, priority.value, PERSON_WAITS_MS)
        return float(_redis().eval(_TAKE, 3, *keys, *given))
    except redis.RedisError as error:
        log.warning("limits without redis", error=type(error).__name__)
        return _alone.take(account)


def _answered(account: str, taken: str) -> None:
    try:
        _redis().eval(_ANSWERED, 1, f"amocrm:{account}:window", taken, WINDOW_MS)
    except redis.RedisError as error:
        log.warning("limits without redis", error=type(error).__name__)


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
