"""Invoices: made when a row falls due or by a click, sent once, void when what they asked for is gone.

Promises: one live invoice per installment, whoever asks for it and however often; an invoice asks for the
open rest and its link asks for what is owed at the click.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    history,
    invoice_state,
    issuing,
    ledger,
    letters,
    links,
    messages,
    network,
    orders,
    papers,
    payers,
)
from billing.ledger import DealState, Standing
from billing.models import Installment, Invoice, Message
from billing.rules import money
from crm import outbox
from crm.models import Account, Deal
from documents import numbers

# So many invoices fit into one letter; further ones of the same payer get another.
LETTER_HOLDS = 10
FIELDS = {one.name for one in fields(payers.Payer)}


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


class NoAddress(Exception):
    """The payer has no e-mail address."""


@dataclass(frozen=True)
class Demand:
    """What an invoice should ask for: the row of a number, or a sum, or by default the first open row."""

    number: int | None = None
    amount: Decimal | None = None
    payer: dict[str, Any] = field(default_factory=dict)


def issue_now(*, at: datetime) -> int:
    """Issue for every account whose local hour has come; what was issued today is not due again."""
    made = 0
    for policy in issuing.policies():
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        if local.time() >= policy.issue_at:
            made += issue_due(on=local.date(), at=at, account=policy.account)
    return made


def issue_due(*, on: date, at: datetime, account: Account | None = None) -> int:
    """Make and send the invoice of every row that is due up to `on` (with the account's lead days).

    Returns how many were made; a second run makes none. What is due to one payer, after missed days or by
    several deals, is one letter. A deal that nobody can take money for stays for the next run.
    """
    made = 0
    for policy in issuing.policies(account):
        for rows in issuing.by_payer(policy, on=on):
            made += _issue_rows(rows, on=on, at=at)
    return made


def issue(*, deal: Deal, demand: Demand, author: str, at: datetime) -> Invoice:
    """Make an invoice by a click; the live one of the row is returned when there is one.

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
            return Invoice.objects.get(id=row.invoice)
        return _make(deal, row.installment, row.rest, standing, demand.payer, author=author, at=at)


def send(*, invoice: Invoice, at: datetime) -> None:
    """Queue the invoice's mail. A second call sends it again: the person who clicks wants that.

    Raises AlreadyVoid, AlreadyPaid, NoAddress.
    """
    with transaction.atomic():
        invoice = Invoice.objects.select_related("deal__account", "legal_entity", "installment").get(
            id=invoice.id
        )
        deal = ledger.lock(invoice.deal_id)
        if invoice.voided_at:
            raise AlreadyVoid
        _must_be_open(invoice, deal, at=at)
        times = invoice.messages.filter(channel="email").count()
        _queue([invoice], key=f"invoice:{invoice.id}:email:{times + 1}", at=at)


def mail(*, invoice: Invoice, at: datetime) -> None:
    """Queue the invoice's mail unless one left today: whoever wants it again says so by send().

    Raises AlreadyVoid, AlreadyPaid, NoAddress.
    """
    today = invoice.deal.local_day(at)
    sent = Message.objects.filter(Q(invoice=invoice) | Q(also=invoice), channel="email")
    sent = sent.exclude(state=Message.State.PARKED)
    if all(invoice.deal.local_day(one.created_at) != today for one in sent):
        send(invoice=invoice, at=at)


def void(*, invoice: Invoice, reason: str, author: str, at: datetime) -> None:
    """Void an invoice; its address goes on to ask for the deal's first open row. A second call changes
    nothing. Raises AlreadyPaid.
    """
    with transaction.atomic():
        deal = ledger.lock(invoice.deal_id)
        _must_be_open(invoice, deal, at=at)
        _void(deal, invoice, reason=reason, author=author, at=at)
        orders.retire(deal=deal, standing=ledger.standing(deal, on=deal.local_day(at)), at=at)


def void_of_rows(*, deal: Deal, rows: list[Installment], at: datetime) -> None:
    """Void the live invoices of rows that are being replaced; the caller holds the deal's lock."""
    for invoice in Invoice.objects.filter(installment__in=rows, voided_at__isnull=True):
        _void(deal, invoice, reason=_("the schedule was changed"), author=history.SYSTEM, at=at)


def _must_be_open(invoice: Invoice, deal: Deal, *, at: datetime) -> None:
    if invoice_state.state_of(invoice, ledger.standing(deal, on=deal.local_day(at))) == "paid":
        raise AlreadyPaid


def _void(deal: Deal, invoice: Invoice, *, reason: str, author: str, at: datetime) -> None:
    live = Invoice.objects.filter(id=invoice.id, voided_at__isnull=True)
    if live.update(voided_at=at, void_reason=reason):
        data = {"invoice": invoice.number, "amount": money.text(invoice.amount), "reason": reason}
        history.record(deal=deal, kind="invoice_void", at=at, recorded_at=at, author=author, data=data)


def _issue_rows(row_ids: list[int], *, on: date, at: datetime) -> int:
    """Issue a payer's rows in one transaction, with one letter; returns how many were made.

    A row that was done, paid, stopped or paused in the meantime is left out.
    """
    with transaction.atomic():
        rows = Installment.objects.filter(pk__in=row_ids).select_related("schedule").order_by("due_on", "id")
        deals = ledger.lock_all(row.schedule.deal_id for row in rows)
        made = [
            invoice for row in rows if (invoice := _issue_row(row, deals[row.schedule.deal_id], on=on, at=at))
        ]
        to = [invoice for invoice in made if _address(invoice)]
        for start in range(0, len(to), LETTER_HOLDS):
            part = to[start : start + LETTER_HOLDS]
            _queue(part, key=f"invoice:{part[0].id}:email:1", at=at)
    return len(made)


def _issue_row(row: Installment, deal: Deal, *, on: date, at: datetime) -> Invoice | None:
    standing = ledger.standing(deal, on=on)
    found = next((one for one in standing.rows if one.installment.id == row.id), None)
    if found is None or found.rest <= 0 or found.invoice is not None or deal.state != Deal.State.LIVE:
        return None
    if standing.state == DealState.PAUSED:
        return None
    try:
        return _make(deal, row, found.rest, standing, {}, author=history.SYSTEM, at=at)
    except network.NoReceiver:
        return None


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
    receiver = network.receiver(deal=deal, on=today)
    serial = numbers.next_number(series=f"invoice:{receiver.legal_entity.key}", year=today.year)
    invoice = Invoice.objects.create(
        deal=deal,
        legal_entity=receiver.legal_entity,
        installment=row,
        number=f"{today.year}-{serial:05d}",
        amount=amount,
        received_before=standing.received - standing.refunded,
        payer=payer or payers.of_deal(deal).given(row.number if row else None),
        issued_on=today,
        created_at=at,
    )
    data = {
        "invoice": invoice.number,
        "amount": money.text(amount),
        "installment": row.number if row else None,
    }
    history.record(deal=deal, kind="invoice_issued", at=at, recorded_at=at, author=author, data=data)
    text = _("Invoice %(number)s for %(amount)s issued.") % {
        "number": invoice.number,
        "amount": money.words(amount),
    }
    outbox.note(deal=deal, key=f"invoice:{invoice.id}", text=text, at=at)
    papers.of_invoice(invoice=invoice, author=author, at=at)
    return invoice


def _address(invoice: Invoice) -> str:
    given = {field: value for field, value in invoice.payer.items() if field in FIELDS}
    return issuing.address(invoice.deal, payers.Payer(**given) if given else None)


def _queue(made: Sequence[Invoice], *, key: str, at: datetime) -> None:
    """One letter for invoices that go to one address."""
    first = made[0]
    address = _address(first)
    if not address:
        raise NoAddress
    letter = letters.invoices(
        asked=[letters.Asked(one, _url(one, at=at)) for one in made],
        on=first.deal.local_day(at),
    )
    message = messages.queue_email(
        deal=first.deal,
        key=key,
        to=address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        at=at,
        invoice=first,
    )
    if made[1:]:
        message.also.add(*made[1:])


def _url(invoice: Invoice, *, at: datetime) -> str:
    return links.go_url(deal=invoice.deal, what="invoice", at=at, invoice=invoice)
