"""Workbooks that a worker makes: ask, build, open, forget.

ask() fixes the day of view, so that the file shows what the screen showed however late it is made. build()
takes one row after another by a lease as long as a task may run; the finished file is put in its place in
one step, so a killed worker leaves no half of one and the next one begins again. Files live for a day.
"""

import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from analytics import reports, workbook
from analytics.models import Export
from crm import kick, queues
from crm.models import Account

log = structlog.get_logger("grafik.exports")

TASK = "analytics.build_exports"
LEASE = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
ATTEMPTS_MAX = 3
KEPT = timedelta(hours=24)
WAITING_MAX = 20


class TooManyWaiting(Exception):
    """The account already waits for as many workbooks as a worker makes in minutes."""


class TooManyRows(Exception):
    """More rows than a sheet of Excel holds."""


class NotReady(Exception):
    """The workbook is not made yet, or already forgotten."""


def ask(
    *, account: Account, author: str, asked: reports.Asked, query: dict[str, Any], at: datetime
) -> Export:
    """Put a workbook on the queue. Raises TooManyRows, TooManyWaiting."""
    expected = reports.count(asked)
    if expected > workbook.ROWS_MAX:
        raise TooManyRows
    if Export.objects.filter(account=account, state=Export.State.WAITING).count() >= WAITING_MAX:
        raise TooManyWaiting
    export = Export.objects.create(
        account=account,
        author=author,
        report=asked.report,
        query=query,
        rows_expected=expected,
        not_before=at,
        created_at=at,
    )
    kick.soon(TASK)
    return export


def build(*, at: datetime, read: Callable[[Export], reports.Asked]) -> int:
    """Make every waiting workbook and forget the old ones; return how many were made.

    `read` makes the question of a row's query, as the door did.
    """
    _forget(at)
    made = 0
    while claimed := queues.claim(Export, at=at):
        export = claimed[0]
        Export.objects.filter(pk=export.pk).update(leased_until=at + LEASE, rows=0)
        made += _made(export, read, at)
    return made


def path(export: Export) -> Path:
    """Where the file lies. Raises NotReady."""
    found = _path(export)
    if export.state != Export.State.DONE or not found.exists():
        raise NotReady
    return found


def _made(export: Export, read: Callable[[Export], reports.Asked], at: datetime) -> int:
    if export.attempts > ATTEMPTS_MAX:
        queues.park(export, error=_("The workbook is too big: narrow the period."))
        return 0
    try:
        with translation.override("ru"):
            rows = _write(export, reports.table(read(export)))
    except (OSError, DatabaseError) as error:
        log.warning("export failed", export=export.pk, error=type(error).__name__)
        queues.retry(export, at=at, error=type(error).__name__)
        return 0
    Export.objects.filter(pk=export.pk).update(rows=rows, rows_expected=rows)
    queues.finish(export, at=at)
    return 1


def _write(export: Export, table: workbook.Table) -> int:
    place = _path(export)
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=place.parent, suffix=".xlsx")
    os.close(handle)
    try:
        rows = workbook.write(table, Path(unfinished), progress=lambda count: _tell(export, count))
        os.replace(unfinished, place)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return rows


def _tell(export: Export, rows: int) -> None:
    Export.objects.filter(pk=export.pk).update(rows=rows)


def _forget(at: datetime) -> None:
    """Drop workbooks older than a day, with their files."""
    for export in Export.objects.filter(created_at__lt=at - KEPT)[:100]:
        _path(export).unlink(missing_ok=True)
        export.delete()


def _path(export: Export) -> Path:
    return Path(settings.DATA_DIR) / "exports" / f"{export.pk}.xlsx"
