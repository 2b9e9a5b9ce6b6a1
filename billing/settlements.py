"""Closing a deal early: settled at a total that may be below what was paid, or cancelled at what was paid.

Promises: afterwards nothing is owed and nothing is asked; money above the new total is taken back from the
newest rows and becomes the deal's credit, to refund or to use; rows remember what they asked for. Money that
comes later is credit too. The next rebuild opens the deal again. Never: gives money back.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing import closings, consequences, ledger, schedules, versions
from billing.models import Schedule
from billing.rules import money
from billing.rules.schedule import InvalidTerms, Remark
from billing.versions import Act, Kind, Rank
from crm.models import Deal


def settle(
    *,
    deal: Deal,
    total: Decimal,
    reason: str,
    author: str,
    at: datetime,
    retained: str = "",
    version: int | None = None,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Close the deal at `total` roubles, at most what was paid; `retained` is why money is kept.

    1. Under the deal's lock check the total. 2. Take money back from the newest rows. 3. Replace the rows
    that hold nothing, close the one that holds a part. 4. Void their invoices, retire their orders, tell
    amoCRM. A second call with the same total changes nothing. Without `version` the caller has seen no
    particular one. Raises InvalidTerms and, of versions, ReasonRequired, StaleVersion, Signed, NoSchedule.
    """
    with transaction.atomic():
        act = Act(Kind.SETTLED, author, reason.strip(), {"total": money.text(total)}, retained=retained)
        schedule = _close(ledger.lock(deal.id), total, act, version=version, rank=rank, at=at)
        schedules.tell_price(schedule.deal, schedule, at=at)
    return schedule


def cancel(
    *,
    deal: Deal,
    reason: str,
    author: str,
    at: datetime,
    version: int | None = None,
    rank: Rank = Rank.MANAGER,
) -> Schedule:
    """Close the deal at what was paid. The lead's budget stays, as a lost deal's does.

    Raises as settle() does.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        paid = ledger.standing(deal, on=deal.local_day(at)).paid
        act = Act(Kind.CANCELLED, author, reason.strip(), {"total": money.text(paid)})
        return _close(deal, paid, act, version=version, rank=rank, at=at)


def _close(
    deal: Deal, total: Decimal, act: Act, *, version: int | None, rank: Rank, at: datetime
) -> Schedule:
    schedule = Schedule.objects.filter(deal=deal).first()
    standing = ledger.standing(deal, on=deal.local_day(at))
    held = standing.paid + standing.credit
    if schedule is None and held == 0:
        raise versions.NoSchedule
    if version is not None and (schedule is None or schedule.version != version):
        raise versions.StaleVersion
    if schedule is not None and (schedule.closing, schedule.total) == (closings.CLOSINGS[act.kind], total):
        return schedule
    if schedule is None and not act.reason:
        raise versions.ReasonRequired
    if schedule is not None:
        versions.check_change(schedule, reason=act.reason, rank=rank)
    _check_total(total, held=held)
    schedule = closings.write(deal=deal, schedule=schedule, total=total, act=act, at=at)
    consequences.follow(deal, cause=f"schedule:{schedule.id}:{schedule.version}", at=at)
    return schedule


def _check_total(total: Decimal, *, held: Decimal) -> None:
    if not money.is_whole_kopecks(total):
        raise InvalidTerms([Remark("kopecks", "total")])
    if total < 0:
        raise InvalidTerms([Remark("negative", "total")])
    if total > held:
        raise InvalidTerms([Remark("above_paid", "total", {"paid": money.text(held)})])
