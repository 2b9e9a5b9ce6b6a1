"""Invoices: made when a row falls due or by a click, sent once, void when what they asked for is gone.

Promises: one live invoice per installment, whoever asks for it and however often; an invoice asks for the
open rest and its link asks for what is owed at the click.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from billing import (
    history,
    invoice_state,
    ledger,
    letters,
    links,
    messages,
    network,
    orders,
    papers,
    pause_state,
    payers,
)
from billing.ledger import DealState, Standing
from billing.models import AccountPolicy, Installment, Invoice
from billing.rules import money
from crm import outbox
from crm.models import Account, Deal
from documents import numbers


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


def issue_due(*, on: date, at: datetime, account: Account | None = None) -> int:
    """Make and send the invoice of every row that is due up to `on` (with the account's lead days).

    Returns how many were made; a second run makes none. A deal that nobody can take money for stays for the
    next run. Bookings in deposit mode are asked by their two links, an invoice of theirs is made by a click.
    """
    made = 0
    policies = AccountPolicy.objects.filter(mode=AccountPolicy.Mode.INSTALLMENTS)
    if account:
        policies = policies.filter(account=account)
    for policy in policies:
        until = on + timedelta(days=policy.issue_days_before)
        for row in _due_rows(policy, until, on=on).iterator(chunk_size=500):
            made += _issue_row(row.id, on=on, at=at)
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
        _queue(invoice, key=f"invoice:{invoice.id}:email:{times + 1}", at=at)


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


def _due_rows(policy: AccountPolicy, until: date, *, on: date) -> QuerySet[Installment]:
    # A void one counts too: who voids the invoice of a row does not want it to go out again by itself.
    made = Invoice.objects.filter(installment=OuterRef("pk"))
    rows = Installment.objects.filter(
        Q(due_on__lte=until),
        ~Exists(made),
        ~pause_state.of_rows(on=on),
        replaced_in__isnull=True,
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    if policy.starts_on:
        rows = rows.filter(due_on__gte=policy.starts_on)
    return rows.uncovered().order_by("due_on", "id")


def _issue_row(row_id: int, *, on: date, at: datetime) -> int:
    """Issue one row in its own transaction; 0 when it was done, paid or paused in the meantime."""
    with transaction.atomic():
        row = Installment.objects.select_related("schedule").get(id=row_id)
        deal = ledger.lock(row.schedule.deal_id)
        standing = ledger.standing(deal, on=on)
        found = next((one for one in standing.rows if one.installment.id == row_id), None)
        if found is None or found.rest <= 0 or found.invoice is not None:
            return 0
        if standing.state == DealState.PAUSED:
            return 0
        try:
            invoice = _make(deal, row, found.rest, standing, {}, author=history.SYSTEM, at=at)
        except network.NoReceiver:
            return 0
        if _address(invoice):
            _queue(invoice, key=f"invoice:{invoice.id}:email:1", at=at)
    return 1


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
    """Where the invoice goes; one for a row that waits for a third party never goes to the contact."""
    own = str(invoice.payer.get("email") or "")
    return own if own or invoice.payer.get("of_row") else str(invoice.deal.contact_email)


def _queue(invoice: Invoice, *, key: str, at: datetime) -> None:
    address = _address(invoice)
    if not address:
        raise NoAddress
    url = links.go_url(deal=invoice.deal, what="invoice", at=at, invoice=invoice)
    letter = letters.invoice(invoice=invoice, url=url, on=invoice.deal.local_day(at))
    messages.queue_email(
        deal=invoice.deal,
        key=key,
        to=address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        at=at,
        invoice=invoice,
    )
