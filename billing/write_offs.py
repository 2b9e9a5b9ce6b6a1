"""A debt that nobody hopes for any more: written off with a reason, and taken back when that was wrong.

Owns WriteOff but for money that comes after all (billing.ledger takes the write-off back for it). Promises:
paid + debt + written off = total on every day; signed rows, nothing is edited; what was written off is no
longer asked for, reminded of or overdue. Never: touches money.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from billing import consequences, history, ledger, versions
from billing.models import Installment, Payment, ScheduleVersion, WriteOff
from billing.rules import allocation, money
from billing.rules.schedule import EARLIEST
from billing.versions import Rank
from crm import outbox
from crm.models import Deal


class NothingToWriteOff(Exception):
    """The deal has no schedule or owes nothing."""


class AboveDebt(Exception):
    """More than the deal owes."""


class NothingWrittenOff(Exception):
    """No write-off of the deal stands."""


class AboveWrittenOff(Exception):
    """More than what was written off."""


class NotPositive(Exception):
    """A sum of zero or less, or with parts of a kopeck."""


class NotThatDay(Exception):
    """A decision of tomorrow."""


class TooLongAgo(Exception):
    """A day before any schedule of ours: a typing error."""


class BeforeTheDeal(Exception):
    """A day on which nothing of this debt was there yet."""


class ReasonRequired(Exception):
    """A debt is written off, and taken back, only with a reason."""


def write_off(
    *,
    deal: Deal,
    amount: Decimal | None,
    reason: str,
    written_on: date | None,
    author: str,
    at: datetime,
    rank: Rank = Rank.MANAGER,
) -> list[WriteOff]:
    """Give up `amount` of the debt (default: all of it), the oldest due rows first.

    1. Under the deal's lock: so much is owed. 2. A write-off for each row. 3. History, a note, and everything
    that follows. Raises NothingToWriteOff, AboveDebt, NotPositive, NotThatDay, TooLongAgo,
    BeforeTheDeal, ReasonRequired, versions.Signed.
    """
    today = deal.local_day(at)
    day = written_on or today
    if day > today:
        raise NotThatDay
    if day < EARLIEST:
        raise TooLongAgo
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        rows = list(Installment.objects.filter(schedule__deal=deal).open())
        owed = sum((row.rest for row in rows), money.ZERO)
        if owed <= 0:
            raise NothingToWriteOff
        if day < _begun_on(deal):
            raise BeforeTheDeal
        amount = _checked(amount, reason, whole=owed)
        _check_rank(deal, rank)
        if amount > owed:
            raise AboveDebt
        gaps = [allocation.Gap(row.pk, row.rest) for row in rows]
        shares = allocation.spread([allocation.Source(0, amount)], gaps)
        made = _write(shares, reason=reason, on=day, author=author, at=at)
        text = _("%(amount)s of the debt were written off. Reason: %(reason)s")
        _tell(deal, made, amount, "debt_written_off", text, at=at)
    return made


def reverse(
    *,
    deal: Deal,
    amount: Decimal | None,
    reason: str,
    author: str,
    at: datetime,
    rank: Rank = Rank.MANAGER,
) -> list[WriteOff]:
    """Ask again for `amount` of what was written off (default: all of it), the newest rows first.

    Raises NothingWrittenOff, AboveWrittenOff, NotPositive, ReasonRequired, versions.Signed.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        rows = list(Installment.objects.filter(schedule__deal=deal).given_up())
        given_up = sum((row.written_off for row in rows), money.ZERO)
        if given_up <= 0:
            raise NothingWrittenOff
        amount = _checked(amount, reason, whole=given_up)
        _check_rank(deal, rank)
        if amount > given_up:
            raise AboveWrittenOff
        standing = [allocation.Share(0, row.pk, row.written_off) for row in rows]
        shares = allocation.take_back(standing, amount)
        made = _write(shares, reason=reason, on=deal.local_day(at), author=author, at=at)
        text = _("%(amount)s that were written off are owed again. Reason: %(reason)s")
        _tell(deal, made, amount, "write_off_reversed", text, at=at)
    return made


def _begun_on(deal: Deal) -> date:
    """The first day of which the deal's schedule or money tells: what was taken over is older than its rows
    here.
    """
    made = ScheduleVersion.objects.filter(schedule__deal=deal).aggregate(at=Min("created_at"))["at"]
    paid = Payment.objects.filter(deal=deal).aggregate(at=Min("received_at"))["at"]
    due: date | None = Installment.objects.filter(schedule__deal=deal).aggregate(on=Min("due_on"))["on"]
    days = [deal.local_day(moment) for moment in (made, paid) if moment is not None]
    return min([*days, *([due] if due else [])])


def _checked(amount: Decimal | None, reason: str, *, whole: Decimal) -> Decimal:
    if not reason.strip():
        raise ReasonRequired
    if amount is None:
        return whole
    if not money.is_whole_kopecks(amount) or amount <= 0:
        raise NotPositive
    return amount


def _check_rank(deal: Deal, rank: Rank) -> None:
    """What a signed schedule asks for is given up, and asked again, by an administrator only."""
    if rank != Rank.ADMINISTRATOR and versions.is_signed(deal.schedule):
        raise versions.Signed


def _write(
    shares: Sequence[allocation.Share], *, reason: str, on: date, author: str, at: datetime
) -> list[WriteOff]:
    return WriteOff.objects.bulk_create(
        WriteOff(
            installment_id=share.installment,
            amount=share.amount,
            author=author,
            reason=reason.strip(),
            written_on=on,
            recorded_at=at,
        )
        for share in shares
    )


def _tell(
    deal: Deal, made: Sequence[WriteOff], amount: Decimal, kind: str, text: str, *, at: datetime
) -> None:
    first = made[0]
    standing = consequences.follow(deal, cause=f"write_off:{first.pk}", at=at)
    data = {
        "amount": money.text(amount),
        "reason": first.reason,
        "on": first.written_on.isoformat(),
        "debt": money.text(standing.debt),
        "written_off": money.text(standing.written_off),
    }
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=first.author, data=data)
    words = {"amount": money.words(amount), "reason": first.reason}
    outbox.note(deal=deal, key=f"write_off:{first.pk}", text=text % words, at=at)
