"""What payers read: the mail of an invoice, a reminder, the ready text for a messenger.

Renders finished values into a subject, a plain text and HTML without anything from outside. Names come from
amoCRM and are shown as text. Sends nothing; nothing here reads the clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import texts
from billing.models import Installment, Invoice, LegalEntity
from billing.rules import money, names
from crm.models import Deal

# Five parts of a long SMS in Cyrillic; gateways charge each, and some networks cut what is longer.
SMS_LONGEST = 5 * 67


@dataclass(frozen=True)
class Letter:
    """A mail without addresses; `html` stands on its own."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class DueRow:
    """A payment that a reminder speaks of; `days` after its effective due date, negative = before."""

    due_on: date
    rest: Decimal
    days: int

    @property
    def amount_words(self) -> str:
        return money.words(self.rest)

    @property
    def when(self) -> str:
        """Return how far the day is, in words."""
        if self.days == 0:
            return _("today")
        if self.days < 0:
            return ngettext("in %(days)d day", "in %(days)d days", -self.days) % {"days": -self.days}
        return ngettext("overdue by %(days)d day", "overdue by %(days)d days", self.days) % {
            "days": self.days
        }


@dataclass(frozen=True)
class DueDeal:
    """What a reminder says of one deal; `url` asks exactly `amount`."""

    deal: Deal
    entity: LegalEntity
    rows: Sequence[DueRow]
    amount: Decimal
    url: str
    refuse_url: str = ""

    @property
    def subject(self) -> str:
        return subject_of(self.deal)

    @property
    def amount_words(self) -> str:
        return money.words(self.amount)

    @property
    def is_overdue(self) -> bool:
        return any(row.days > 0 for row in self.rows)


@dataclass(frozen=True)
class Asked:
    """An invoice of a letter; `url` is the address of its button."""

    invoice: Invoice
    url: str

    @property
    def subject(self) -> str:
        return subject_of(self.invoice.deal)

    @property
    def amount_words(self) -> str:
        return money.words(self.invoice.amount)

    @property
    def row(self) -> str:
        return row_words(self.invoice.installment)

    @property
    def due_on(self) -> date | None:
        return self.invoice.installment.effective_due_on if self.invoice.installment else None

    def is_late(self, on: date) -> bool:
        return self.due_on is not None and self.due_on < on


def invoices(*, asked: Sequence[Asked], on: date) -> Letter:
    """Return the mail that sends one invoice or several of a payer; `on` is the day it is written."""
    return _invoice(asked[0], on) if len(asked) == 1 else _invoices(asked, on)


def heading(asked: Sequence[Invoice]) -> str:
    """Return the subject of that mail where the account has no words of its own."""
    if len(asked) > 1:
        total = money.words(sum((one.amount for one in asked), money.ZERO))
        words = ngettext("%(count)d invoice for %(amount)s", "%(count)d invoices for %(amount)s", len(asked))
        return " ".join((words % {"count": len(asked), "amount": total}).split())
    subject = _("Invoice %(number)s: %(amount)s for %(subject)s") % {
        "number": asked[0].number,
        "amount": money.words(asked[0].amount),
        "subject": subject_of(asked[0].deal),
    }
    return " ".join(subject.split())


def _invoice(one: Asked, on: date) -> Letter:
    """The invoice of a row whose day has passed says so, instead of asking to pay by a day of the past."""
    context = {
        "invoice": one.invoice,
        "entity": one.invoice.legal_entity,
        "name": names.first_name(one.invoice.deal.contact_name),
        "subject": one.subject,
        "amount": one.amount_words,
        "row": one.row,
        "due_on": one.due_on,
        "late": one.is_late(on),
        "url": one.url,
    }
    own = texts.of(
        one.invoice.deal.account_id,
        "invoice",
        {
            "name": names.first_name(one.invoice.deal.contact_name),
            "entity": one.invoice.legal_entity.name,
            "subject": one.subject,
            "number": one.invoice.number,
            "amount": one.amount_words,
            "day": day_words(one.due_on) if one.due_on else "",
            "link": one.url,
        },
    )
    return _letter(
        "invoice", own.get("subject") or heading([one.invoice]), {**context, "own": own.get("text", "")}
    )


def _invoices(asked: Sequence[Asked], on: date) -> Letter:
    context = {
        "asked": [(one, one.is_late(on)) for one in asked],
        "entities": list({one.invoice.legal_entity_id: one.invoice.legal_entity for one in asked}.values()),
        "name": names.first_name(asked[0].invoice.deal.contact_name),
        "total": money.words(sum((one.invoice.amount for one in asked), money.ZERO)),
    }
    return _letter("invoices", heading([one.invoice for one in asked]), context)


def reminder(*, deals: Sequence[DueDeal]) -> Letter:
    """Return the one mail of a day for a payer: everything that is due, deal by deal, overdue first."""
    late = [deal for deal in deals if deal.is_overdue]
    total = money.words(sum((deal.amount for deal in late or deals), money.ZERO))
    if late:
        subject = _("A payment of %(amount)s is overdue") % {"amount": total}
    else:
        first = min(row.due_on for deal in deals for row in deal.rows)
        subject = _("Reminder: %(amount)s by %(day)s") % {"amount": total, "day": day_words(first)}
    context = {
        "deals": sorted(deals, key=lambda deal: not deal.is_overdue),
        "name": names.first_name(deals[0].deal.contact_name),
        "entities": list({deal.entity.pk: deal.entity for deal in deals}.values()),
        "overdue": bool(late),
        "refuse_url": deals[0].refuse_url,
    }
    own = texts.of(deals[0].deal.account_id, "overdue" if late else "reminder", _values(late or deals))
    return _letter("reminder", own.get("subject") or subject, {**context, "own": own.get("text", "")})


def announcement(*, deal: Deal, amount: Decimal, on: date, card: str, url: str) -> Letter:
    """Return the mail that tells of a charge of the saved card before it is made."""
    words = {"amount": money.words(amount), "day": day_words(on), "card": card}
    return _plain(
        deal,
        subject=_("On %(day)s %(amount)s will be charged from your card") % words,
        text=_(
            "As you agreed, %(amount)s will be charged from your card %(card)s on %(day)s. To pay otherwise "
            "or to switch automatic payment off, open your payment page."
        )
        % words,
        label=_("Open the payment page"),
        url=url,
    )


def not_charged(*, deal: Deal, amount: Decimal, url: str) -> Letter:
    """Return the mail with the link for what the saved card could not pay."""
    words = {"amount": money.words(amount)}
    return _plain(
        deal,
        subject=_("Your card could not pay %(amount)s") % words,
        text=_("The payment of %(amount)s could not be charged from your card. Please pay by the link.")
        % words,
        label=_("Pay %(amount)s") % words,
        url=url,
    )


def _plain(deal: Deal, *, subject: str, text: str, label: str, url: str) -> Letter:
    context: dict[str, object] = {
        "name": names.first_name(deal.contact_name),
        "title": subject,
        "words": text,
        "what": subject_of(deal),
        "label": label,
        "url": url,
    }
    return _letter("plain", subject, context)


def short(*, deals: Sequence[DueDeal]) -> str:
    """Return the SMS of a day for a payer: who asks, how much, the first deal's address, whom to call."""
    return _ready(deals, event="sms", longest=SMS_LONGEST)


def chat(*, asked: Sequence[Invoice], url: str) -> str:
    """Return what a bot says of invoices of one deal: the account's own text, else a ready message."""
    first = asked[0]
    days = [one.installment.effective_due_on for one in asked if one.installment]
    own = texts.of(
        first.deal.account_id,
        "salesbot",
        {
            "name": names.first_name(first.deal.contact_name),
            "entity": first.legal_entity.name,
            "subject": subject_of(first.deal),
            "amount": money.words(sum((one.amount for one in asked), money.ZERO)),
            "day": day_words(min(days)) if days else "",
            "link": url,
        },
    )
    return own.get("text") or (
        invoice_text(invoice=first, url=url) if len(asked) == 1 else f"{heading(asked)}. {url}"
    )


def chat_reminder(*, deals: Sequence[DueDeal]) -> str:
    """Return what a bot says of a day's reminder."""
    return _ready(deals, event="salesbot")


def _ready(deals: Sequence[DueDeal], *, event: str, longest: int | None = None) -> str:
    """The account's own short text of an event, else a ready one: what is overdue goes first.

    It has room for one address, so it speaks of one deal, and then of what it leaves out.
    """
    late = [deal for deal in deals if deal.is_overdue]
    first, *others = late or deals
    own = texts.of(first.deal.account_id, event, _values([first]))
    text = own.get("text") or _of_one(first)
    return f"{text} {_besides(first, others, longest and longest - len(text) - 1)}" if others else text


def _of_one(asked: DueDeal) -> str:
    """Who speaks of a debt must say who he is and where to call (Federal Law 230-FZ, article 7)."""
    words = {
        "entity": asked.entity.name,
        "amount": asked.amount_words,
        "day": day_words(min(row.due_on for row in asked.rows)),
        "url": asked.url,
        "phone": asked.entity.phone,
    }
    if not asked.is_overdue:
        return _("%(entity)s: %(amount)s by %(day)s. %(url)s") % words
    if not asked.entity.phone:
        return _("%(entity)s: %(amount)s are overdue. %(url)s") % words
    return _("%(entity)s: %(amount)s are overdue. %(url)s Questions: %(phone)s") % words


def _besides(asked: DueDeal, others: Sequence[DueDeal], room: int | None) -> str:
    """Which deal the address is for, and what else is asked; a long name gives way."""
    words = ngettext(
        "The link is for “%(subject)s”; besides, %(amount)s for %(count)d more deal.",
        "The link is for “%(subject)s”; besides, %(amount)s for %(count)d more deals.",
        len(others),
    )
    amount = money.words(sum((deal.amount for deal in others), money.ZERO))
    values = {"amount": amount, "count": len(others)}
    subject = asked.subject
    if room is not None:
        left = room - len(words % {**values, "subject": ""})
        subject = subject if len(subject) <= left else subject[: max(0, left - 1)] + "…"
    return words % {**values, "subject": subject}


def _values(asked: Sequence[DueDeal]) -> dict[str, str]:
    """What the account's own texts may speak of; of several deals the sum, the first day and address."""
    return {
        "name": names.first_name(asked[0].deal.contact_name),
        "entity": ", ".join(dict.fromkeys(deal.entity.name for deal in asked)),
        "subject": "; ".join(deal.subject for deal in asked),
        "amount": money.words(sum((deal.amount for deal in asked), money.ZERO)),
        "day": day_words(min(row.due_on for deal in asked for row in deal.rows)),
        "link": asked[0].url,
    }


def invoice_text(*, invoice: Invoice, url: str) -> str:
    """Return a ready message for a messenger: who asks, for what, how much, till when, and the address."""
    words = {
        "entity": invoice.legal_entity.name,
        "number": invoice.number,
        "subject": subject_of(invoice.deal),
        "amount": money.words(invoice.amount),
        "url": url,
    }
    if invoice.installment is None:
        return _("%(entity)s: invoice %(number)s, %(subject)s. To pay: %(amount)s. %(url)s") % words
    words["day"] = day_words(invoice.installment.effective_due_on)
    return _("%(entity)s: invoice %(number)s, %(subject)s. To pay by %(day)s: %(amount)s. %(url)s") % words


def subject_of(deal: Deal) -> str:
    """Return what the money is for: programme and deal."""
    return ", ".join(filter(None, [deal.programme, deal.name]))


def row_words(row: Installment | None) -> str:
    """Return which payment of how many this is, empty for a sum without a row."""
    if row is None:
        return ""
    last = Installment.objects.filter(schedule=row.schedule_id).current().last()
    return row_of(row.number, last.number if last else 0)


def row_of(number: int, last: int) -> str:
    """The same where the schedule's last number is known."""
    return _("Payment %(number)d of %(count)d") % {"number": number, "count": max(number, last)}


def day_words(day: date) -> str:
    """Return a day as people write it: 10 December 2026."""
    return formats.date_format(day, "DATE_FORMAT")


def _letter(template: str, subject: str, context: dict[str, object]) -> Letter:
    return Letter(
        subject=" ".join(subject.split()),
        text=render_to_string(f"mail/{template}.txt", context).strip() + "\n",
        html=render_to_string(f"mail/{template}.html", context),
    )
