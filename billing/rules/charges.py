"""When may a saved card be charged again after a decline? Pure (facts: CloudPayments, "ReasonCode table").

The documentation binds whoever charges on a schedule: after some codes never again without a payment of the
holder; after the others two attempts, then a rest of 24 hours. A code that it does not list is treated like
those. We stop after the fourth decline anyway: a person talks to the payer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

NEVER = frozenset({"5001", "5003", "5005", "5012", "5017", "5033", "5034", "5057"})
# Lost and stolen cards, and a token of another terminal: no time will make them work.
DEAD = frozenset({"5004", "5007", "5041", "5043", "6025"})
PAUSE, REST = timedelta(hours=3), timedelta(hours=24)
ATTEMPTS_BEFORE_REST = 2
DECLINES_MAX = 4
# Of a row that could not be charged for so long its reminders and the manager take care.
TRIED_DAYS = 7


@dataclass(frozen=True)
class Decline:
    at: datetime
    code: str


def charged_on(due_on: date, announced_on: date | None, *, today: date) -> date | None:
    """Return the day on which a row is charged: its own, and never that of the announcement. None for a row
    that is not announced any more.
    """
    day = timedelta(days=1)
    if announced_on is None:
        if due_on <= today - TRIED_DAYS * day:
            return None
        announced_on = max(today, due_on - day)
    return max(due_on, announced_on + day)


def next_at(declines: Sequence[Decline], *, since: datetime) -> datetime | None:
    """The first moment of the next charge after these declines in a row, in any order; None: no more.

    `since` is the moment from which the card may be charged at all.
    """
    if any(decline.code in NEVER | DEAD for decline in declines) or len(declines) >= DECLINES_MAX:
        return None
    if not declines:
        return since
    moments = sorted(decline.at for decline in declines)
    last = moments[-1]
    tried = [moment for moment in moments if moment > last - REST]
    return last + (REST if len(tried) >= ATTEMPTS_BEFORE_REST else PAUSE)
