"""What may be forgotten: short-lived answers kept in the cache, which may be away.

A missing cache is a miss, never an error: everything kept here can be asked again.
"""

from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger("grafik.memory")


def recall(key: str) -> Any:
    """The kept value, or None."""
    try:
        return cache.get(key)
    except RedisError as error:
        log.warning("cache is away", error=type(error).__name__)
        return None


def keep(key: str, value: Any, *, seconds: int) -> None:
    """Keep a value for so long."""
    try:
        cache.set(key, value, seconds)
    except RedisError as error:
        log.warning("cache is away", error=type(error).__name__)


def forget(key: str) -> None:
    """Drop a value."""
    try:
        cache.delete(key)
    except RedisError as error:
        log.warning("cache is away", error=type(error).__name__)
