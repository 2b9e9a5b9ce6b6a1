"""The history of a deal: an append-only table of events, written by the verbs in the transaction of the
fact.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing.models import Event
from crm.models import Deal

SYSTEM = "system"
PAYER = "payer"


def record(
    *, deal: Deal, kind: str, at: datetime, recorded_at: datetime, author: str, data: dict[str, Any]
) -> Event:
    """Remember that `author` did `kind` at `at`; sums in `data` are texts like '120000.00', dates are ISO."""
    return Event.objects.create(
        deal=deal, kind=kind, at=at, recorded_at=recorded_at, author=author, data=data
    )


def record_each(
    rows: Sequence[tuple[Deal, dict[str, Any]]],
    *,
    kind: str,
    at: datetime,
    recorded_at: datetime,
    author: str,
) -> None:
    """Remember the same of many deals, each with its own values, in one statement."""
    Event.objects.bulk_create(
        Event(deal=deal, kind=kind, at=at, recorded_at=recorded_at, author=author, data=data)
        for deal, data in rows
    )
