"""How a worker takes queue rows and puts them down again; the same few steps for every queue.

claim() leases rows (skipping those that another worker holds) and counts the attempt in a committed
transaction, so no row is in two hands and no lock is held during a call. finish(), retry() and park() end the
lease.
"""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, Q

from crm.models import QueueRow

Row = TypeVar("Row", bound=QueueRow)

LEASE = timedelta(seconds=40)
ATTEMPTS_MAX = 60
# Seconds until the next attempt after the n-th failure; the last one repeats.
DELAYS = (2, 5, 15, 60, 120, 300, 600, 1800)


def claim(
    model: type[Row], *, at: datetime, limit: int = 1, where: Q | None = None, ignore_not_before: bool = False
) -> list[Row]:
    """Lease up to `limit` waiting rows, oldest first, and return them as they now are (attempts already
    counted).
    """
    due = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
    if not ignore_not_before:
        due &= Q(not_before__lte=at)
    with transaction.atomic():
        rows = model._default_manager.filter(due & (where or Q()), state=QueueRow.State.WAITING).order_by(
            "id"
        )
        ids = list(
            rows.select_for_update(skip_locked=True, of=("self",)).values_list("id", flat=True)[:limit]
        )
        model._default_manager.filter(id__in=ids).update(leased_until=at + LEASE, attempts=F("attempts") + 1)
    return list(model._default_manager.filter(id__in=ids).order_by("id"))


def finish(row: QueueRow, *, at: datetime) -> None:
    """The effect exists."""
    values = finished(at=at)
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def finished(*, at: datetime) -> dict[str, Any]:
    """What finish() writes, for an update of several rows."""
    return {"state": QueueRow.State.DONE, "done_at": at, "leased_until": None, "last_error": ""}


def retry(row: QueueRow, *, at: datetime, error: str, after: timedelta | None = None) -> None:
    """The effect is unknown or did not happen: try again later, ask a person after ATTEMPTS_MAX attempts."""
    if row.attempts >= ATTEMPTS_MAX:
        park(row, error=error)
        return
    delay = after or timedelta(seconds=DELAYS[min(row.attempts, len(DELAYS)) - 1])
    row.not_before, row.leased_until, row.last_error = at + delay, None, error[:1000]
    row.save(update_fields=["not_before", "leased_until", "last_error"])


def park(row: QueueRow, *, error: str) -> None:
    """A person must look."""
    row.state, row.leased_until, row.last_error = QueueRow.State.PARKED, None, error[:1000]
    row.save(update_fields=["state", "leased_until", "last_error"])


def wake(row: QueueRow, *, at: datetime) -> None:
    """A person says: try again. One attempt stays on the counter: the effect may exist already."""
    row.attempts = min(row.attempts, 1)
    row.state, row.not_before, row.leased_until = QueueRow.State.WAITING, at, None
    row.save(update_fields=["state", "attempts", "not_before", "leased_until"])
