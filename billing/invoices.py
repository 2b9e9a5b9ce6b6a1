"""Invoices: made when a row falls due (billing.invoice_runs) or by a click, sent once, void when what they
asked for is gone.

Promises: one live invoice per installment, whoever asks for it and however often; an invoice asks for the
open rest and its link asks for what is owed at the click.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    history,
    invoice_post,
    invoice_rows,
    invoice_state,
    ledger,
    messages,
    network,
    orders,
    payers,
)
from billing.invoice_post import Leaving as Leaving
from billing.invoice_runs import issue_due as issue_due
from billing.invoice_runs import issue_now as issue_now
from billing.ledger import Standing
from billing.models import AccountPolicy, Installment, Invoice, Message
from crm.models import Deal


class NoSuchRow(Exception):
    """The schedule has no open row of that number."""


class NothingToInvoice(Exception):
    """Nothing is owed."""


class AboveDebt(Exception):
    """An invoice for more than is owed."""


class AlreadyVoid(Exception):
    """The invoice is void."""


class AlreadyPaid(Exception):
    """What the invoice asked for is paid: it is neither sent again nor made void."""


class OtherSum(Exception):
    """The row of the invoice owes another sum by now than its paper asks for."""


class NoAddress(Exception):
    """The payer has no e-mail address."""


class NoBot(Exception):
    """The account has no Salesbot."""


@dataclass(frozen=True)
class Demand:
    """What an invoice should ask for: the row of a number, or a sum, or by default the first open row."""

    number: int | None = None
    amount: Decimal | None = None
    payer: dict[str, Any] = field(default_factory=dict)


def issue(*, deal: Deal, demand: Demand, author: str, at: datetime) -> Invoice:
    """Make an invoice by a click; the live one of the row is returned when it asks for what is owed now, and
    void when it does not.

    Raises NoSuchRow, NothingToInvoice, AboveDebt, network.NoReceiver.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        if standing.debt <= 0:
            raise NothingToInvoice
        if demand.amount is not None:
            if demand.amount > standing.debt:
                raise AboveDebt
            return _make(deal, None, demand.amount, standing, demand.payer, author=author, at=at)
        row = _row_of(standing, demand.number)
        if row.invoice is not None:
            live = Invoice.objects.get(id=row.invoice)
            if live.amount == row.rest:
                return live
            invoice_rows.void(deal, live, reason=_("another sum is owed now"), author=author, at=at)
        return _make(deal, row.installment, row.rest, standing, demand.payer, author=author, at=at)


def send(
    *,
    invoice: Invoice,
    at: datetime,
    channels: Collection[str] = (messages.EMAIL,),
    leaves_at: datetime | None = None,
) -> None:
    """Queue the invoice's messages, to leave at once or at `leaves_at`. A second call sends it again: the
    person who clicks wants that.

    Raises AlreadyVoid, AlreadyPaid, OtherSum, NoAddress, NoBot.
    """
    with transaction.atomic():
        invoice = Invoice.objects.select_related("deal__account", "legal_entity", "installment").get(
            id=invoice.id
        )
        deal = ledger.lock(invoice.deal_id)
        if invoice.voided_at:
            raise AlreadyVoid
        standing = _must_be_open(invoice, deal, at=at)
        if invoice.installment_id and invoice_state.open_rest(invoice, standing) != invoice.amount:
            raise OtherSum
        letters = [_again(invoice, channel, leaves_at) for channel in channels]
        messages.queue_invoices(letters, at=at)
        # A letter that a run holds back need not follow what a person sends.
        Invoice.objects.filter(pk=invoice.pk, letter_waits=True).update(letter_waits=False)


def mail(
    *,
    invoice: Invoice,
    at: datetime,
    channels: Collection[str] = (messages.EMAIL,),
    leaves_at: datetime | None = None,
) -> None:
    """Queue the invoice's messages by the channels by which none leaves that day: whoever wants one again
    says so by send(). Raises AlreadyVoid, AlreadyPaid, OtherSum, NoAddress, NoBot.
    """
    today = invoice.deal.local_day(leaves_at or at)
    sent = Message.objects.filter(Q(invoice=invoice) | Q(also=invoice)).exclude(state=Message.State.PARKED)
    told = {one.channel for one in sent if invoice.deal.local_day(one.created_at) == today}
    left = [channel for channel in channels if channel not in told]
    if left:
        send(invoice=invoice, at=at, channels=left, leaves_at=leaves_at)


def void(*, invoice: Invoice, reason: str, author: str, at: datetime) -> None:
    """Void an invoice; its address goes on to ask for the deal's first open row. A second call changes
    nothing. Raises AlreadyPaid.
    """
    with transaction.atomic():
        deal = ledger.lock(invoice.deal_id)
        _must_be_open(invoice, deal, at=at)
        invoice_rows.void(deal, invoice, reason=reason, author=author, at=at)
        orders.retire(deal=deal, standing=ledger.standing(deal, on=deal.local_day(at)), at=at)


def void_of_rows(*, deal: Deal, rows: list[Installment], at: datetime) -> None:
    """Void the live invoices of rows that are being replaced; the caller holds the deal's lock."""
    for invoice in Invoice.objects.filter(installment__in=rows, voided_at__isnull=True):
        invoice_rows.void(deal, invoice, reason=_("the schedule was changed"), author=history.SYSTEM, at=at)


def _again(invoice: Invoice, channel: str, leaves_at: datetime | None) -> messages.InvoiceLetter:
    """One more message of an invoice by a channel. Raises NoAddress, NoBot."""
    if channel == messages.SALESBOT:
        if not AccountPolicy.objects.filter(account=invoice.deal.account_id, salesbot_id__gt=0).exists():
            raise NoBot
        to = invoice.deal.contact_name
    else:
        to = invoice_post.address(invoice)
        if not to:
            raise NoAddress
    times = invoice.messages.filter(channel=channel).count()
    key = f"invoice:{invoice.pk}:{channel}:{times + 1}"
    return messages.InvoiceLetter(to, key, [invoice], channel, leaves_at)


def _must_be_open(invoice: Invoice, deal: Deal, *, at: datetime) -> Standing:
    standing = ledger.standing(deal, on=deal.local_day(at))
    if invoice_state.state_of(invoice, standing) == "paid":
        raise AlreadyPaid
    return standing


def _row_of(standing: Standing, number: int | None) -> ledger.RowStanding:
    if number is None:
        if standing.next is None:
            raise NoSuchRow
        return standing.next
    for row in standing.rows:
        if row.installment.number == number and row.rest > 0:
            return row
    raise NoSuchRow


def _make(
    deal: Deal,
    row: Installment | None,
    amount: Decimal,
    standing: Standing,
    payer: dict[str, Any],
    *,
    author: str,
    at: datetime,
) -> Invoice:
    today = deal.local_day(at)
    entity = network.biller(deal=deal, on=today).legal_entity
    payer = payer or payers.of_deal(deal).given(row.number if row else None)
    kept = standing.received - standing.refunded
    ask = invoice_rows.Ask(deal, row, amount, entity, payer, kept, today)
    return invoice_rows.make([ask], author=author, at=at)[0]
