"""Money comes: by a provider, over the counter, by bank transfer.

The ledger never refuses money: a payment is recorded first, what fits is allocated, the rest is the deal's
credit. Everything that must follow (receipt, history, note, fields, stage) is written as rows in the same
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing import consequences, credit_tasks, history, late_fees, ledger, network, payers, receipts
from billing.models import Event, MerchantAccount, Payment, ProviderOrder, Transfer
from billing.receipts import ReceiptChoice
from billing.rules import allocation, money
from billing.rules.schedule import EARLIEST
from crm import outbox
from crm.models import Deal

# What an offline payment may be for before anything else.
FEES = "fees"
METHODS = ("cash", "card_terminal", "bank_transfer", "other")


class NothingOwed(Exception):
    """Full payment of a deal that owes nothing."""


class DebtDiffers(Exception):
    """The debt is not what the caller saw; nothing was recorded."""


class InTheFuture(Exception):
    """Money cannot have come tomorrow."""


class TooLongAgo(Exception):
    """A day before any schedule of ours: a typing error."""


class NotPositive(Exception):
    """A sum of zero or less, or with parts of a kopeck."""


class TooBig(Exception):
    """A sum beyond every limit: a typing error."""


@dataclass(frozen=True)
class Offline:
    """What a manager says of money received past the providers; `covers` "fees": late fees come first."""

    paid_on: date
    method: str
    payer: dict[str, Any]
    comment: str
    receipt: ReceiptChoice | None
    covers: str = ""


def receive(
    *,
    merchant: MerchantAccount,
    external_id: str,
    amount: Decimal,
    currency: str,
    received_at: datetime,
    method: str,
    order: ProviderOrder | None,
    at: datetime,
    said: Mapping[str, str] | None = None,
) -> Payment:
    """Record money that a provider took, and everything that follows from it.

    A second call with the same merchant and external id returns the first payment and changes nothing.
    Without an order the payment is unplaced: recorded, and on the list of a person, with what the notice
    `said` of its payer (account_id, email).
    """
    with transaction.atomic():
        deal = ledger.lock(order.deal_id) if order else None
        known = Payment.objects.filter(merchant=merchant, external_id=external_id).first()
        if known:
            return known
        try:
            with transaction.atomic():
                payment = Payment.objects.create(
                    deal=deal,
                    legal_entity=merchant.legal_entity,
                    merchant=merchant,
                    order=order,
                    amount=amount,
                    currency=currency,
                    counted=currency == "RUB",
                    method=method,
                    external_id=external_id,
                    received_at=min(received_at, at),
                    recorded_at=at,
                    payer={} if deal else dict(said or {}),
                    **circumstances(deal),
                )
        except IntegrityError:
            return Payment.objects.get(merchant=merchant, external_id=external_id)
        if order:
            ProviderOrder.objects.filter(id=order.id).update(state=ProviderOrder.State.PAID)
        if deal and payment.counted:
            _book(deal, payment, choice=None, author=history.SYSTEM, at=at)
        else:
            # Nobody's money yet, but it is on the list of money without a receipt.
            receipts.plan_income(payment=payment, whole=False, choice=None, at=at)
            if deal:
                _tell_uncounted(deal, payment, at=at)
    return payment


@dataclass(frozen=True)
class Arrived:
    """Roubles that a provider took by an order; the order has its deal, whose lock is held, and its shop."""

    order: ProviderOrder
    external_id: str
    amount: Decimal
    received_at: datetime
    method: str


def receive_all(arrived: Sequence[Arrived], *, at: datetime) -> list[Payment]:
    """receive() for money of several deals, one payment for each, in few statements; the locks are held.

    Returns what was recorded now; what is known already changes nothing.
    """
    numbers = [one.external_id for one in arrived]
    told = Payment.objects.filter(merchant__in={one.order.merchant_id for one in arrived})
    known = set(told.filter(external_id__in=numbers).values_list("merchant", "external_id"))
    new = [one for one in arrived if (one.order.merchant_id, one.external_id) not in known]
    if not new:
        return []
    made = Payment.objects.bulk_create(_payment(one, at=at) for one in new)
    orders = ProviderOrder.objects.filter(id__in=[one.order.pk for one in new])
    orders.update(state=ProviderOrder.State.PAID)
    booked = [(payment, one.order.deal) for payment, one in zip(made, new, strict=True)]
    changes = [consequences.Change(deal, f"payment:{payment.pk}") for payment, deal in booked]
    standings = consequences.follow_all(changes, at=at)
    whole = [(payment, payment.amount >= standings[deal.pk].total) for payment, deal in booked]
    receipts.plan_arrived(whole, at=at)
    Event.objects.bulk_create(
        Event(
            deal=deal,
            kind="payment_received",
            at=payment.received_at,
            recorded_at=at,
            author=history.SYSTEM,
            data=_told(payment, standings[deal.pk]),
        )
        for payment, deal in booked
    )
    notes = [(deal, f"payment:{payment.pk}", _note(payment, standings[deal.pk])) for payment, deal in booked]
    outbox.notes(notes, at=at)
    for payment, deal in booked:
        credit_tasks.follow_payment(deal, payment, standing=standings[deal.pk], at=at)
    return made


def receive_offline(*, deal: Deal, amount: Decimal, offline: Offline, author: str, at: datetime) -> Payment:
    """Record a partial payment received past the providers.

    Raises NotPositive, TooBig, InTheFuture, TooLongAgo, or network.NoReceiver when nobody knows whose money
    it is.
    """
    check(deal=deal, amount=amount, offline=offline, at=at)
    with transaction.atomic():
        return enter(deal=ledger.lock(deal.id), amount=amount, offline=offline, author=author, at=at)


def check(*, deal: Deal, amount: Decimal, offline: Offline, at: datetime) -> None:
    """Raise NotPositive, TooBig, InTheFuture or TooLongAgo for what cannot have been received."""
    check_sum(amount)
    if offline.paid_on > deal.local_day(at):
        raise InTheFuture
    if offline.paid_on < EARLIEST:
        raise TooLongAgo


def check_sum(amount: Decimal) -> None:
    """Raise NotPositive or TooBig for a sum that cannot have come."""
    if not money.is_whole_kopecks(amount) or amount <= 0:
        raise NotPositive
    if amount > money.LIMIT:
        raise TooBig


def enter(
    *,
    deal: Deal,
    amount: Decimal,
    offline: Offline,
    author: str,
    at: datetime,
    transfer: Transfer | None = None,
) -> Payment:
    """Write a checked offline payment, as a part of a transfer or alone; the caller holds the deal's lock.

    Who is not named as payer is the deal's own. Raises network.NoReceiver.
    """
    receiver = network.receiver(deal=deal, on=offline.paid_on)
    payment = Payment.objects.create(
        deal=deal,
        legal_entity=receiver.legal_entity,
        transfer=transfer,
        amount=amount,
        method=offline.method,
        external_id=transfer.external_id if transfer else "",
        received_at=_moment(deal, offline.paid_on, at),
        recorded_at=at,
        author=author,
        comment=offline.comment,
        payer=offline.payer or payers.of_deal(deal).given(),
        **circumstances(deal),
    )
    if offline.covers == FEES:
        late_fees.catch_up(deal, at=at)
        ledger.pay_fees(deal, [allocation.Source(payment.pk, amount)], at=at)
    _book(deal, payment, choice=offline.receipt, author=author, at=at)
    return payment


def receive_full(
    *, deal: Deal, expected: Decimal | None, offline: Offline, author: str, at: datetime
) -> Payment:
    """Record that the whole debt was received past the providers.

    Raises NothingOwed, DebtDiffers when the debt is not `expected`, and what receive_offline raises.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        debt = ledger.standing(deal, on=deal.local_day(at)).debt
        if expected is not None and debt != expected:
            raise DebtDiffers
        if debt <= 0:
            raise NothingOwed
        return receive_offline(deal=deal, amount=debt, offline=offline, author=author, at=at)


def _book(deal: Deal, payment: Payment, *, choice: ReceiptChoice | None, author: str, at: datetime) -> None:
    """Allocate a new payment and write down everything that follows from it."""
    standing = consequences.follow(deal, cause=f"payment:{payment.id}", at=at)
    receipts.plan_income(payment=payment, whole=payment.amount >= standing.total, choice=choice, at=at)
    history.record(
        deal=deal,
        kind="payment_received",
        at=payment.received_at,
        recorded_at=at,
        author=author,
        data=_told(payment, standing),
    )
    outbox.note(deal=deal, key=f"payment:{payment.id}", text=_note(payment, standing), at=at)
    credit_tasks.follow_payment(deal, payment, standing=standing, at=at)


def _payment(one: Arrived, *, at: datetime) -> Payment:
    return Payment(
        deal=one.order.deal,
        legal_entity=one.order.merchant.legal_entity,
        merchant=one.order.merchant,
        order=one.order,
        amount=one.amount,
        method=one.method,
        external_id=one.external_id,
        received_at=min(one.received_at, at),
        recorded_at=at,
        **circumstances(one.order.deal),
    )


def _told(payment: Payment, standing: ledger.Standing) -> dict[str, Any]:
    return {
        "payment": payment.id,
        "amount": money.text(payment.amount),
        "method": payment.method,
        "external_id": payment.external_id,
        "comment": payment.comment,
        "debt": money.text(standing.debt),
    }


def _tell_uncounted(deal: Deal, payment: Payment, *, at: datetime) -> None:
    """Money of another currency pays nothing here, and its manager is the one who must know."""
    came = f"{money.text(payment.amount)} {payment.currency}"
    history.record(
        deal=deal,
        kind="payment_uncounted",
        at=payment.received_at,
        recorded_at=at,
        author=history.SYSTEM,
        data={
            "payment": payment.id,
            "money": came,
            "method": payment.method,
            "external_id": payment.external_id,
        },
    )
    text = _(
        "Money in another currency received: %(money)s (operation %(operation)s). It is not counted as paid: "
        "settle it with the accountant, give it back or record it in roubles by hand."
    )
    words = {"money": came, "operation": payment.external_id}
    outbox.note(deal=deal, key=f"payment:{payment.id}", text=text % words, at=at)


def _note(payment: Payment, standing: ledger.Standing) -> str:
    words = {
        "amount": money.words(payment.amount),
        "debt": money.words(standing.debt),
        "source": _source(payment),
    }
    if standing.debt > 0:
        return _("Payment of %(amount)s received (%(source)s). Left to pay: %(debt)s.") % words
    if standing.credit > 0:
        words["credit"] = money.words(standing.credit)
        return (
            _("Payment of %(amount)s received (%(source)s). Everything is paid, overpaid by %(credit)s.")
            % words
        )
    return _("Payment of %(amount)s received (%(source)s). Everything is paid.") % words


def _source(payment: Payment) -> str:
    """Where a person finds the money: the provider's operation, or the way it came and our number."""
    if payment.external_id:
        return _("operation %(number)s") % {"number": payment.external_id}
    ways = {
        "cash": _("cash"),
        "card_terminal": _("card at the terminal"),
        "bank_transfer": _("bank transfer"),
    }
    way = ways.get(payment.method, _("received at the desk"))
    return _("%(way)s, payment %(number)s") % {"way": way, "number": payment.pk}


def circumstances(deal: Deal | None) -> dict[str, Any]:
    """Manager, programme and cohort of the payment's moment."""
    if deal is None:
        return {}
    return {"manager": deal.responsible_user_id, "programme": deal.programme, "cohort": deal.cohort}


def _moment(deal: Deal, day: date, at: datetime) -> datetime:
    """The moment for a day that a person named: now for today, behind what was before it, else noon there."""
    return at if day == deal.local_day(at) else min(datetime.combine(day, time(12), tzinfo=deal.zone), at)
