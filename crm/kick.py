"""Wake a worker after the commit.

The row that says what must happen is committed already, so a kick is only about speed: when the broker is
away the beat's sweep finds the row within seconds, and nobody's click fails for it. Tasks are named, not
imported: a verb stands below the doors that carry it out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger("grafik.kick")
_held: ContextVar[bool] = ContextVar("held", default=False)


def soon(task: str) -> None:
    """Start the task of that name once the current transaction is committed; a dead broker is logged.

    However many rows a transaction writes, a worker is woken once.
    """
    if not _held.get() and not _is_coming(task):
        transaction.on_commit(partial(_send, task))


def _is_coming(task: str) -> bool:
    """True when this transaction kicks the task already, whichever of its savepoints is rolled back."""
    connection = transaction.get_connection()
    return any(
        isinstance(hook, partial) and hook.func is _send and hook.args == (task,)
        for savepoints, hook, _robust in connection.run_on_commit
        if savepoints <= set(connection.savepoint_ids)
    )


def now(task: str) -> None:
    """Start the task at once, for who knows that its rows are committed; needs no database."""
    if not _held.get():
        _send(task)


@contextmanager
def held() -> Iterator[None]:
    """Kicks inside are dropped: for a bulk run whose rows the sweep would find one by one anyway."""
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


def _send(task: str) -> None:
    try:
        current_app.send_task(task, retry=False)
    except Exception as error:  # kombu, redis and socket errors: whatever it is, the row waits for the sweep
        log.warning("kick lost", task=task, error=type(error).__name__)
