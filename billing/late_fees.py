"""Late fees: charged day by day on overdue principal where the account's policy says so, waived by a person.

Owns LateFee. Promises: a day is charged once, however often and late the run is; money that is known later
but came earlier puts the charge right; what was waived stays waived. Paused days and deals that are not alive
cost nothing. Never: touches the debt; the fee stands apart (billing.rules.late_fees computes).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, ledger
from billing.models import AccountPolicy, FeeAllocation, Installment, LateFee, Pause, ScheduleVersion
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


def of_deal(deal: Deal) -> list[RowFees]:
    """The fees of every row that was ever charged, oldest due first."""
    rows = Installment.objects.filter(schedule__deal=deal, late_fees__isnull=False).distinct()
    found = rows.prefetch_related("late_fees", "fee_allocations").order_by("due_on", "number", "id")
    return [_fees(row) for row in found]


def waive(*, deal: Deal, amount: Decimal | None, reason: str, author: str, at: datetime) -> list[LateFee]:
    """Give up `amount` of the owed fees (default: all), oldest due first; what was paid stays paid.

    Raises NothingOwed, AboveOwed, NotPositive, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        rows = of_deal(deal)
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
        day = deal.local_day(at)
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
    if terms is None and not LateFee.objects.filter(installment__schedule__deal=deal).exists():
        return False
    rows = list(
        Installment.objects.filter(schedule__deal=deal, effective_due_on__lt=until)
        .select_related("schedule")
        .prefetch_related("late_fees", "fee_allocations", "closings", "write_offs", "allocations__payment")
        .order_by("due_on", "number", "id")
    )
    versions = ScheduleVersion.objects.filter(schedule__deal=deal).values_list("number", "created_at")
    days = {number: deal.local_day(created_at) for number, created_at in versions}
    pauses = [_days_of(pause) for pause in Pause.objects.filter(schedule__deal=deal).select_related("end")]
    # Not any(): every row has its turn.
    written = [_charge_row(deal, row, terms, days, pauses, until=until, at=at) for row in rows]
    return any(written)


def _days_of(pause: Pause) -> tuple[date, date]:
    ended = pause.end.ended_on if hasattr(pause, "end") else None
    return pause.begun_on, min(filter(None, (ended, pause.until, date.max)))


def _charge_row(
    deal: Deal,
    row: Installment,
    terms: Terms | None,
    days: Mapping[int, date],
    pauses: Sequence[tuple[date, date]],
    *,
    until: date,
    at: datetime,
) -> bool:
    """Write what a row's days cost beyond what was charged, or less when a charged day has changed."""
    changes, fees = list(_changes(deal, row, days)), list(row.late_fees.all())
    charged = sum((fee.amount for fee in fees if fee.kind in PRECISE), money.ZERO)
    spans = [
        Span(fee.since, fee.until, fee.daily_percent) for fee in fees if fee.kind == LateFee.Kind.CHARGED
    ]
    cap = rules.cap_of(_asked(row), terms) if terms else money.ZERO
    right = rules.within(rules.exact(changes, spans), cap=cap, charged=charged)
    written = _correct(row, spans, right - charged, at=at) if spans and right != charged else False
    if terms is None or deal.state != Deal.State.LIVE:
        return written
    known = [span.until + DAY for span in spans]
    first = max(terms.first_day(row.effective_due_on), days.get(row.opened_in, date.min), *known)
    if first > until:
        return written
    for span in rules.without(Span(first, until, terms.daily_percent), pauses):
        spans.append(span)
        total = rules.within(rules.exact(changes, spans), cap=cap, charged=right)
        if total > right:
            _write(deal, row, span, total - right, is_first=not fees and not written, at=at)
            right, written = total, True
    return written


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


def _correct(row: Installment, spans: Sequence[Span], change: Decimal, *, at: datetime) -> bool:
    """Put a charge right, never below what was waived of it; money that paid too much of it is free again."""
    fees = _fees(row)
    change = max(change, -(fees.charged - fees.waived))
    if not change:
        return False
    LateFee.objects.create(
        installment=row,
        kind=LateFee.Kind.CORRECTED,
        amount=change,
        since=min(span.since for span in spans),
        until=max(span.until for span in spans),
        daily_percent=spans[-1].daily_percent,
        author=history.SYSTEM,
        recorded_at=at,
    )
    above = fees.paid - (fees.charged - fees.waived + change)
    if above > 0:
        paid = [
            allocation.Share(payment, row.pk, amount)
            for payment, amount in _paid_by(row).items()
            if amount > 0
        ]
        FeeAllocation.objects.bulk_create(
            FeeAllocation(payment_id=share.payment, installment=row, amount=share.amount, recorded_at=at)
            for share in allocation.take_back(paid, above)
        )
    return True


def _write(
    deal: Deal, row: Installment, span: Span, amount: Decimal, *, is_first: bool, at: datetime
) -> None:
    LateFee.objects.create(
        installment=row,
        kind=LateFee.Kind.CHARGED,
        amount=amount,
        since=span.since,
        until=span.until,
        daily_percent=span.daily_percent,
        author=history.SYSTEM,
        recorded_at=at,
    )
    if is_first:
        data = {
            "number": row.number,
            "since": span.since.isoformat(),
            "daily_percent": f"{span.daily_percent.normalize():f}",
            "amount": money.text(amount),
        }
        kind = "late_fee_begun"
        history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)


def _fees(row: Installment) -> RowFees:
    fees = list(row.late_fees.all())
    return RowFees(
        installment=row,
        charged=sum((fee.amount for fee in fees if fee.kind in PRECISE), money.ZERO),
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
