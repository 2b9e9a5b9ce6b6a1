"""Late fees: charged day by day on overdue principal where the account's policy says so, waived by a person.

Owns LateFee. Promises: a day is charged once, however often and late the run is, and a row of its own, so
that every day shows what was charged by then; money that is known later but came earlier puts the days right;
what was waived stays waived; the history tells each time that the deal's fees grew or fell. Paused days and
deals that are not alive cost nothing. Never: touches the debt; the fee stands apart (billing.rules.late_fees
computes).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils.translation import gettext as _

from billing import history, ledger
from billing.models import (
    AccountPolicy,
    FeeAllocation,
    Installment,
    LateFee,
    LostDeal,
    Pause,
    ScheduleVersion,
)
from billing.rules import allocation, money
from billing.rules import late_fees as rules
from billing.rules.late_fees import Change, Span, Terms
from crm import outbox
from crm.models import Account, Deal

DAY = timedelta(days=1)
PRECISE = {LateFee.Kind.CHARGED, LateFee.Kind.CORRECTED}


class NothingOwed(Exception):
    """No late fee of the deal is owed."""


class AboveOwed(Exception):
    """More than the late fees that are owed."""


class NotPositive(Exception):
    """A sum of zero or less, or with parts of a kopeck."""


class ReasonRequired(Exception):
    """A late fee is waived only with a reason."""


@dataclass(frozen=True)
class RowFees:
    """What one row was charged and what became of it, in roubles."""

    installment: Installment
    charged: Decimal
    waived: Decimal
    paid: Decimal

    @property
    def owed(self) -> Decimal:
        return self.charged - self.waived - self.paid


def charge_now(*, at: datetime) -> int:
    """Charge at this moment, each account by its own calendar day."""
    return sum(
        charge(on=at.astimezone(ZoneInfo(policy.account.time_zone)).date(), at=at, account=policy.account)
        for policy in _policies()
    )


def charge(*, on: date, at: datetime, account: Account | None = None) -> int:
    """Charge every day before `on` that is not charged yet; returns how many deals were charged.

    Each deal in its own transaction under its lock. A second run charges nothing.
    """
    charged = 0
    for policy in _policies():
        terms = _terms(policy)
        if terms is None or (account is not None and policy.account_id != account.pk):
            continue
        for deal_id in _late_deals(policy, terms, on):
            with transaction.atomic():
                deal = ledger.lock(deal_id)
                if _bring_up_to(deal, on - DAY, at=at):
                    ledger.settle_open(deal, at=at)
                    charged += 1
    return charged


def catch_up(deal: Deal, *, at: datetime) -> bool:
    """Charge and put right the days before today, when money changed; true when something was written.

    The caller holds the deal's lock.
    """
    return _bring_up_to(deal, deal.local_day(at) - DAY, at=at)


def of_deal(deal: Deal, *, on: date) -> list[RowFees]:
    """The fees on a day of every row that was charged by then, oldest due first."""
    rows = Installment.objects.filter(schedule__deal=deal, late_fees__until__lt=on).distinct()
    found = rows.prefetch_related("late_fees", "fee_allocations").order_by("due_on", "number", "id")
    return [_fees(row, on) for row in found]


def waive(*, deal: Deal, amount: Decimal | None, reason: str, author: str, at: datetime) -> list[LateFee]:
    """Give up `amount` of the owed fees (default: all), oldest due first; what was paid stays paid.

    Raises NothingOwed, AboveOwed, NotPositive, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        day = deal.local_day(at)
        rows = of_deal(deal, on=day)
        owed = sum((row.owed for row in rows), money.ZERO)
        if owed <= 0:
            raise NothingOwed
        amount = owed if amount is None else amount
        if not money.is_whole_kopecks(amount) or amount <= 0:
            raise NotPositive
        if amount > owed:
            raise AboveOwed
        gaps = [allocation.Gap(row.installment.pk, row.owed) for row in rows]
        shares = allocation.spread([allocation.Source(0, amount)], gaps)
        made = LateFee.objects.bulk_create(
            LateFee(
                installment_id=share.installment,
                kind=LateFee.Kind.WAIVED,
                amount=-share.amount,
                since=day,
                until=day,
                daily_percent=0,
                author=author,
                reason=reason.strip(),
                recorded_at=at,
            )
            for share in shares
        )
        _tell_waived(deal, made, amount, at=at)
    return made


def _policies() -> Iterable[AccountPolicy]:
    return AccountPolicy.objects.exclude(late_fee={}).select_related("account")


def _terms(policy: AccountPolicy | None) -> Terms | None:
    given = policy.late_fee if policy else {}
    if not given:
        return None
    return Terms(
        daily_percent=Decimal(given["daily_percent"]),
        cap_percent=Decimal(given["cap_percent"]),
        grace_days=int(given.get("grace_days", 0)),
        since=date.fromisoformat(given["from"]),
    )


def _late_deals(policy: AccountPolicy, terms: Terms, on: date) -> list[int]:
    rows = Installment.objects.filter(
        effective_due_on__lt=on - terms.grace_days * DAY,
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    return sorted(set(rows.open().values_list("schedule__deal", flat=True)))


def _bring_up_to(deal: Deal, until: date, *, at: datetime) -> bool:
    """Charge the deal's late rows up to a day and put right what was charged; the lock is held."""
    terms = _terms(AccountPolicy.objects.filter(account=deal.account_id).first())
    fees = LateFee.objects.filter(installment__schedule__deal=deal)
    if terms is None and not fees.exists():
        return False
    before = fees.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    of_row = LateFee.objects.filter(installment=OuterRef("pk"))
    rows = list(
        # A fee of a day ahead is put right too.
        Installment.objects.filter(Q(effective_due_on__lt=until) | Exists(of_row), schedule__deal=deal)
        .select_related("schedule")
        .prefetch_related("late_fees", "fee_allocations", "closings", "write_offs", "allocations__payment")
        .order_by("due_on", "number", "id")
    )
    versions = ScheduleVersion.objects.filter(schedule__deal=deal).values_list("number", "created_at")
    days = {number: deal.local_day(created_at) for number, created_at in versions}
    pauses = [*_paused(deal), *_lost(deal)]
    written = [fee for row in rows for fee in _charge_row(deal, row, terms, days, pauses, until=until, at=at)]
    _tell(deal, written, before, at=at)
    return bool(written)


def _paused(deal: Deal) -> Iterator[tuple[date, date]]:
    """Each pause by its first day and the day on which it was over."""
    for pause in Pause.objects.filter(schedule__deal=deal).select_related("end"):
        ended = pause.end.ended_on if hasattr(pause, "end") else None
        yield pause.begun_on, min(filter(None, (ended, pause.until, date.max)))


def _lost(deal: Deal) -> Iterator[tuple[date, date]]:
    """The same of the times for which the deal was lost or deleted and nobody went on with it."""
    for loss in LostDeal.objects.filter(deal=deal):
        went_on = loss.decided_at if loss.decision == LostDeal.Decision.GO_ON else loss.ended_at
        yield deal.local_day(loss.asked_at), deal.local_day(went_on) if went_on else date.max


def _charge_row(
    deal: Deal,
    row: Installment,
    terms: Terms | None,
    days: Mapping[int, date],
    pauses: Sequence[tuple[date, date]],
    *,
    until: date,
    at: datetime,
) -> list[LateFee]:
    """Write what a row's days cost beyond what was charged, or less when a charged day has changed."""
    changes, fees = list(_changes(deal, row, days)), list(row.late_fees.all())
    charged = sum((fee.amount for fee in fees if fee.kind in PRECISE), money.ZERO)
    done = sorted((fee for fee in fees if fee.kind == LateFee.Kind.CHARGED), key=lambda fee: fee.since)
    spans = [Span(fee.since, fee.until, fee.daily_percent) for fee in done]
    cap = rules.cap_of(_asked(row), terms) if terms else money.ZERO
    due = rules.shares(changes, spans, cap=cap, charged=charged)
    written = _correct(deal, row, spans, due, at=at)
    if terms is None or deal.state != Deal.State.LIVE:
        return written
    known = [span.until + DAY for span in spans]
    first = max(terms.first_day(row.effective_due_on), days.get(row.opened_in, date.min), *known)
    if first > until:
        return written
    ahead = rules.without(Span(first, until, terms.daily_percent), pauses)
    coming = rules.day_by_day(changes, spans, ahead, cap=cap, charged=sum(due, money.ZERO))
    made = [_fee(row, LateFee.Kind.CHARGED, span, amount, at=at) for span, amount in coming]
    if made and not fees:
        _tell_begun(deal, row, made[0], at=at)
    return [*written, *LateFee.objects.bulk_create(made)]


def _changes(deal: Deal, row: Installment, days: Mapping[int, date]) -> Iterable[Change]:
    """The principal by its days; money counts from its own day, what is taken back from when that was."""
    yield Change(row.effective_due_on, _asked(row))
    for closing in row.closings.all():
        yield Change(deal.local_day(closing.recorded_at), closing.after - closing.before)
    if row.replaced_in is not None:
        yield Change(days.get(row.replaced_in, row.effective_due_on), -row.amount)
    for write_off in row.write_offs.all():
        yield Change(write_off.written_on, -write_off.amount)
    for share in row.allocations.all():
        moment = share.payment.received_at if share.amount > 0 else share.recorded_at
        yield Change(deal.local_day(moment), -share.amount)


def _asked(row: Installment) -> Decimal:
    """What the row asked for before anything closed it."""
    return max([closing.before for closing in row.closings.all()], default=row.amount)


def _correct(
    deal: Deal, row: Installment, spans: Sequence[Span], due: Sequence[Decimal], *, at: datetime
) -> list[LateFee]:
    """Put charged days right, never below what was waived; money that paid too much of them is free again."""
    charged: dict[date, Decimal] = defaultdict(Decimal)
    for fee in row.late_fees.all():
        if fee.kind in PRECISE:
            charged[fee.until] += fee.amount
    today = deal.local_day(at)
    fees = _fees(row, today)
    changes = [right - charged[span.until] for span, right in zip(spans, due, strict=True)]
    past = sum(span.until < today for span in spans)
    changes[:past] = _at_least(changes[:past], -(fees.charged - fees.waived))
    made = [
        _fee(row, LateFee.Kind.CORRECTED, span, change, at=at)
        for span, change in zip(spans, changes, strict=True)
        if change
    ]
    _free(row, fees.paid - (fees.charged - fees.waived + sum(changes[:past], money.ZERO)), at=at)
    return LateFee.objects.bulk_create(made)


def _at_least(changes: Sequence[Decimal], least: Decimal) -> list[Decimal]:
    """The changes, of which the newest falls are softened until their sum is `least`."""
    short = max(least - sum(changes, money.ZERO), money.ZERO)
    softened = []
    for change in reversed(changes):
        part = min(max(-change, money.ZERO), short)
        softened.append(change + part)
        short -= part
    return softened[::-1]


def _free(row: Installment, amount: Decimal, *, at: datetime) -> None:
    """Take back `amount` of what paid the row's fees, if it is any, newest money first."""
    if amount <= 0:
        return
    paid = [
        allocation.Share(payment, row.pk, paid_by)
        for payment, paid_by in _paid_by(row).items()
        if paid_by > 0
    ]
    FeeAllocation.objects.bulk_create(
        FeeAllocation(payment_id=share.payment, installment=row, amount=share.amount, recorded_at=at)
        for share in allocation.take_back(paid, amount)
    )


def _fee(row: Installment, kind: LateFee.Kind, span: Span, amount: Decimal, *, at: datetime) -> LateFee:
    return LateFee(
        installment=row,
        kind=kind,
        amount=amount,
        since=span.since,
        until=span.until,
        daily_percent=span.daily_percent,
        author=history.SYSTEM,
        recorded_at=at,
    )


def _tell_begun(deal: Deal, row: Installment, first: LateFee, *, at: datetime) -> None:
    data = {
        "number": row.number,
        "since": first.since.isoformat(),
        "daily_percent": f"{first.daily_percent.normalize():f}",
    }
    kind = "late_fee_begun"
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)


def _tell(deal: Deal, written: Sequence[LateFee], before: Decimal, *, at: datetime) -> None:
    """One line for what all rows of the deal were charged, or relieved of, at once."""
    change = sum((fee.amount for fee in written), money.ZERO)
    if not change:
        return
    data = {
        "amount": money.text(abs(change)),
        "since": min(fee.since for fee in written).isoformat(),
        "through": max(fee.until for fee in written).isoformat(),
        "before": {"late_fees": money.text(before)},
        "late_fees": money.text(before + change),
    }
    kind = "late_fee_charged" if change > 0 else "late_fee_relieved"
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)


def _fees(row: Installment, on: date) -> RowFees:
    """What counts on a day: fees of the days before it, what was waived and what was paid."""
    fees = list(row.late_fees.all())
    charged = [fee for fee in fees if fee.kind in PRECISE and fee.until < on]
    return RowFees(
        installment=row,
        charged=sum((fee.amount for fee in charged), money.ZERO),
        waived=-sum((fee.amount for fee in fees if fee.kind == LateFee.Kind.WAIVED), money.ZERO),
        paid=sum((share.amount for share in row.fee_allocations.all()), money.ZERO),
    )


def _paid_by(row: Installment) -> dict[int, Decimal]:
    nets: dict[int, Decimal] = {}
    for share in row.fee_allocations.order_by("id"):
        nets[share.payment_id] = nets.get(share.payment_id, money.ZERO) + share.amount
    return nets


def _tell_waived(deal: Deal, made: Sequence[LateFee], amount: Decimal, *, at: datetime) -> None:
    first = made[0]
    data = {"amount": money.text(amount), "reason": first.reason}
    kind = "late_fee_waived"
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=first.author, data=data)
    text = _("Late fees of %(amount)s are waived. Reason: %(reason)s")
    words = {"amount": money.words(amount), "reason": first.reason}
    outbox.note(deal=deal, key=f"late_fee:{first.pk}", text=text % words, at=at)
