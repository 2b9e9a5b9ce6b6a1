"""Other sessions of the test's database: whether they are in the middle of something, and their end."""

import time

BUSY = """
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND state <> 'idle'
"""


def forget_inherited() -> None:
    """To be called first in a forked child: it must not speak over its parent's sessions.

    Closing them before the fork is not enough. Where Playwright's event loop runs, Django keeps connections
    per context, and the child, in which no loop runs, finds those that were open before the loop began.
    """
    from django.db import connections

    for one in connections.all(initialized_only=True):
        one.connection = None


def are_idle(*, within: float) -> bool:
    """Wait so many seconds at most until no other session is in the middle of anything."""
    from django.db import connection

    until = time.monotonic() + within
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {BUSY}")
            if cursor.fetchone() == (0,):
                return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)


def end_busy(*, after: float) -> int:
    """End the sessions that are still busy after so many seconds; returns how many."""
    from django.db import connection

    if are_idle(within=after):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {BUSY}")
        return len(cursor.fetchall())
