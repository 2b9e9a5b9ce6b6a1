"""What the payer's page says, in finished words: first name, who asks, what is owed, what was paid.

No contact data and no family name leave this module (interface.md 5). Sums are those of billing.asking, so a
button and the order behind it say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

from billing import asking, ledger, letters, network, papers
from billing.asking import What
from billing.ledger import RowStanding, RowState, Standing
from billing.models import LegalEntity, Payment, Receipt
from billing.pages import wishes
from billing.pages.wishes import Wishes
from billing.rules import money, names
from crm import users
from crm.models import Deal
from documents.models import Document

PAYMENTS_SHOWN = 60
# "in 12 days" helps, "in 212 days" does not.
SOON_DAYS = 31


@dataclass(frozen=True)
class Button:
    """One way to pay: where it leads, what it asks in roubles, and its words."""

    what: What
    amount: Decimal
    label: str


@dataclass(frozen=True)
class Row:
    """One line of the schedule; `mood` is the row's state for colours."""

    number: int
    due_on: date
    amount: str
    rest: str
    mood: str
    words: str


@dataclass(frozen=True)
class Paid:
    """Money that came, with the address of its receipt where there is one."""

    received_on: date
    amount: str
    method: str
    refunded: str
    receipt_url: str


@dataclass(frozen=True)
class Content:
    """The whole page. `entity` is None where nobody may take the money now: then there are no buttons."""

    name: str
    subject: str
    entity: LegalEntity | None
    total: str
    paid: str
    debt: str
    overdue: str
    credit: str
    fees: str
    share: int
    owes: bool
    headline: str
    amount: str
    buttons: Sequence[Button]
    rows: Sequence[Row]
    payments: Sequence[Paid]
    documents: Sequence[Document]
    wishes: Wishes
    # The deal's manager by name; empty where amoCRM has not told it yet.
    manager: str

    @property
    def invoice(self) -> Document | None:
        """The newest invoice that the payer may open."""
        return next((one for one in self.documents if one.kind == Document.Kind.INVOICE), None)


def of(deal: Deal, *, at: datetime) -> Content:
    """Return what the payer of a deal sees at a moment."""
    today = deal.local_day(at)
    standing = ledger.standing(deal, on=today)
    entity = _entity(deal, today)
    headline, amount = _headline(standing, today)
    return Content(
        name=names.first_name(deal.contact_name),
        subject=letters.subject_of(deal),
        entity=entity,
        total=money.words(standing.total),
        paid=money.words(standing.paid),
        debt=money.words(standing.debt),
        overdue=money.words(standing.overdue) if standing.overdue else "",
        credit=money.words(standing.credit) if standing.credit > 0 else "",
        fees=money.words(standing.fees.owed) if standing.fees.owed > 0 else "",
        share=int(100 * standing.paid / standing.total) if standing.total else 0,
        owes=standing.debt > 0,
        headline=headline,
        amount=amount,
        buttons=_buttons(standing) if entity else (),
        rows=[_row(row, today) for row in standing.rows],
        payments=_payments(deal),
        wishes=wishes.of(deal, standing, at=at),
        manager=users.remembered(account=deal.account).get(deal.responsible_user_id, ""),
        documents=list(papers.for_payer(deal).defer("values").order_by("-id")[:PAYMENTS_SHOWN]),
    )


def _entity(deal: Deal, today: date) -> LegalEntity | None:
    try:
        return network.asker(deal=deal, on=today).legal_entity
    except network.NoReceiver:
        return None


def _headline(standing: Standing, today: date) -> tuple[str, str]:
    """The first thing to read: what is asked now and till when."""
    if standing.debt <= 0:
        return _("Everything is paid"), money.words(standing.paid)
    if standing.overdue:
        return _("Overdue"), money.words(standing.overdue)
    if standing.next is None:
        return _("To pay"), money.words(standing.debt)
    due_on = standing.next.installment.effective_due_on
    words = (
        _("To pay today") if due_on == today else _("To pay by %(day)s") % {"day": _short_day(due_on, today)}
    )
    return words, money.words(standing.next.rest)


def _short_day(day: date, today: date) -> str:
    """A day without its year where the year goes without saying."""
    return formats.date_format(day, "j E") if day.year == today.year else letters.day_words(day)


def _buttons(standing: Standing) -> list[Button]:
    """The most pressing way to pay first; two buttons never ask the same sum."""
    in_advance = [(What.DEPOSIT, _("Pay the deposit: %(amount)s"))] if standing.deposit else []
    ways = [
        (What.OVERDUE, _("Pay what is overdue: %(amount)s")),
        *in_advance,
        (What.INSTALLMENT, _("Pay one payment: %(amount)s")),
        (What.FULL, _("Pay all: %(amount)s")),
    ]
    buttons: list[Button] = []
    for what, label in ways:
        amount = asking.amount(standing, what=what)
        if amount > 0 and all(button.amount != amount for button in buttons):
            words = label if buttons else _("Pay %(amount)s")
            buttons.append(Button(what, amount, words % {"amount": money.words(amount)}))
    return buttons


def _row(row: RowStanding, today: date) -> Row:
    return Row(
        number=row.installment.number,
        due_on=row.installment.effective_due_on,
        amount=money.words(row.installment.amount),
        rest=money.words(row.rest) if row.paid > 0 and row.rest > 0 else "",
        mood=_mood(row, today),
        words=_state_words(row, today),
    )


def _mood(row: RowStanding, today: date) -> str:
    if row.state == RowState.PAID:
        return "paid"
    if row.state == RowState.OVERDUE:
        return "late"
    return "now" if row.installment.effective_due_on == today else "ahead"


def _state_words(row: RowStanding, today: date) -> str:
    if row.state == RowState.PAID:
        return _("no longer asked") if row.written_off else _("paid")
    days = (today - row.installment.effective_due_on).days
    if days < -SOON_DAYS:
        return ""
    return letters.DueRow(row.installment.effective_due_on, row.rest, days).when


def _payments(deal: Deal) -> list[Paid]:
    payments = (
        Payment.objects.filter(deal=deal)
        .prefetch_related("receipts", "refunds")
        .order_by("-received_at", "-id")
    )
    return [_paid(deal, payment) for payment in payments[:PAYMENTS_SHOWN]]


def _paid(deal: Deal, payment: Payment) -> Paid:
    urls = [
        receipt.url
        for receipt in payment.receipts.all()
        if receipt.kind == Receipt.Kind.INCOME and receipt.url
    ]
    refunded = sum((refund.amount for refund in payment.refunds.all()), money.ZERO)
    return Paid(
        received_on=deal.local_day(payment.received_at),
        amount=money.words(payment.amount)
        if payment.currency == "RUB"
        else f"{payment.amount} {payment.currency}",
        method=_method(payment.method),
        refunded=money.words(refunded) if refunded else "",
        receipt_url=urls[0] if urls else "",
    )


def _method(method: str) -> str:
    words = {
        "card": _("by card"),
        "sbp": _("by the Faster Payments System"),
        "cash": _("in cash"),
        "card_terminal": _("by card at the terminal"),
        "bank_transfer": _("by bank transfer"),
        "transfer": _("from another deal"),
    }
    return words.get(method, "")
