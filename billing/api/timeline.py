"""The history of a deal in words: who, when, what, before, after."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from billing import letter_holds, running_figures
from billing.api.words import of_channel, of_decision, of_receipt, of_retained, of_stored_change, of_way
from billing.deal_card import moment
from billing.models import Event, ScheduleVersion
from billing.rules import money
from billing.running_figures import Running
from crm.models import Deal

SHOWN_MAX = 500
WORDS: dict[str, Callable[[], str]] = {
    "schedule_created": lambda: _("Schedule made: %(total)s, %(count)s payments"),
    "schedule_rebuilt": lambda: _("Schedule changed: %(total)s, %(count)s payments ahead. %(reason)s"),
    "schedule_moved": lambda: _("Payment %(number)s moved from %(was_on)s to %(due_on)s. %(reason)s"),
    "schedule_shifted": lambda: _("Payments moved by the time of the pause: %(count)s ahead"),
    "schedule_total": lambda: _("The deal's total changed: %(total)s, %(count)s payments ahead. %(reason)s"),
    "schedule_transferred": lambda: _(
        "Deal transferred to %(where)s: %(total)s, %(count)s payments ahead. %(reason)s"
    ),
    "schedule_settled": lambda: _("Deal closed at %(total)s. %(reason)s %(retained)s"),
    "schedule_cancelled": lambda: _("Schedule cancelled, %(total)s stay paid. %(reason)s %(retained)s"),
    "schedule_signed": lambda: _("Version %(version)s of the schedule is signed: %(signed_on)s"),
    "deal_lost": lambda: _("The deal was lost or deleted in amoCRM; %(debt)s are owed. Collecting stopped"),
    "deal_returned": lambda: _("The deal is live in amoCRM again. Collecting goes on"),
    "loss_decided": lambda: _("Decided about the lost deal: %(decision)s. %(reason)s"),
    "price_differs": lambda: _("The budget in amoCRM was changed to %(price)s: the schedule is as it was"),
    "price_restored": lambda: _("The schedule's total was written to the budget: %(total)s"),
    "schedule_paused": lambda: _("Collecting paused. %(until)s %(reason)s"),
    "schedule_resumed": lambda: _("Collecting goes on"),
    "payment_received": lambda: _("Payment of %(amount)s received"),
    "payment_moved_out": lambda: _("%(amount)s moved to the deal “%(deal)s”. %(reason)s"),
    "payment_moved_in": lambda: _("%(amount)s came from the deal “%(deal)s”. %(reason)s"),
    "payer_named": lambda: _("Payer of the deal: %(name)s"),
    "row_payer_named": lambda: _("Payer of payment %(number)s: %(name)s"),
    "debt_written_off": lambda: _("Debt of %(amount)s written off. %(reason)s"),
    "write_off_reversed": lambda: _("%(amount)s that were written off are owed again. %(reason)s"),
    "payment_reversed": lambda: _("Payment of %(amount)s taken out as a mistake. %(reason)s"),
    "late_fee_begun": lambda: _("Payment %(number)s costs a late fee from now on: %(daily_percent)s%% a day"),
    "late_fee_charged": lambda: _("Late fees grew by %(amount)s for %(days)s: %(late_fees)s"),
    "late_fee_relieved": lambda: _(
        "Late fees fell by %(amount)s, a fact of an earlier day is known now: %(late_fees)s"
    ),
    "late_fee_waived": lambda: _("Late fees of %(amount)s waived. %(reason)s"),
    "uncounted_settled": lambda: _("Money in another currency is settled: %(money)s. %(reason)s"),
    "payment_placed": lambda: _("Money of %(amount)s placed to this deal. %(reason)s"),
    "debt_recovered": lambda: _("Money came for what was written off: %(amount)s"),
    "payment_uncounted": lambda: _("Money in another currency received, not counted: %(money)s"),
    "payment_declined": lambda: _("Payment of %(amount)s declined: %(reason)s"),
    "payment_opened": lambda: _("The payer opened the payment page: %(amount)s"),
    "card_consented": lambda: _("The payer agreed to charges of a saved card"),
    "card_saved": lambda: _("Card saved: %(card)s"),
    "card_withdrawn": lambda: _("Consent to charges withdrawn, card %(card)s forgotten"),
    "charge_begun": lambda: _("Charge of the saved card %(card)s: %(amount)s"),
    "refund": lambda: _("Refund of %(amount)s. %(reason)s"),
    "service_rendered": lambda: _("Service rendered: %(amount)s, %(rendered_on)s"),
    "refund_requested": lambda: _("Refund of %(amount)s requested, %(way)s. %(reason)s"),
    "refund_given_up": lambda: _("The payout of %(amount)s was given up: %(reason)s"),
    "refund_failed": lambda: _("Refund of %(amount)s was not made: %(reason)s"),
    "chargeback": lambda: _("The payer's bank took %(amount)s back"),
    "receipt_registered": lambda: _("%(of)s for %(amount)s made"),
    "receipt_retried": lambda: _("%(of)s for %(amount)s sent to the register again"),
    "receipt_settled": lambda: _("%(of)s for %(amount)s settled by hand. %(reason)s"),
    "receipt_failed": lambda: _("%(of)s for %(amount)s failed: %(reason)s"),
    "order_refused": lambda: _("The provider refused an order of %(amount)s: %(reason)s"),
    "invoice_issued": lambda: _("Invoice %(invoice)s for %(amount)s issued"),
    "invoice_void": lambda: _("Invoice %(invoice)s for %(amount)s is void: %(reason)s"),
    "document_made": lambda: _("Document made: %(name)s"),
    "act_accepted": lambda: _("%(name)s signed by the payer %(signed_on)s"),
    "act_void": lambda: _("%(name)s is void. %(reason)s"),
    "invoice_sent": lambda: _("Invoice %(invoice)s sent %(by)s"),
    "invoice_held": lambda: _("The letter of invoice %(invoice)s waits: %(why)s. %(until)s"),
    "reminder_sent": lambda: _("Reminder sent %(by)s"),
    "message_refused": lambda: _("A message was not delivered: %(subject)s. %(reason)s"),
    "message_sent": lambda: _("Message sent %(by)s"),
    "promise_given": lambda: _("Promised to pay. %(until)s %(comment)s"),
    "promise_kept": lambda: _("The promise was kept"),
    "promise_broken": lambda: _("The promise was broken. %(until)s"),
    "transfer_claimed": lambda: _("The payer says that he paid %(amount)s by bank transfer. %(comment)s"),
    "transfer_found": lambda: _("The bank transfer of %(amount)s was found"),
    "transfer_missing": lambda: _("The bank transfer of %(amount)s did not come"),
    "date_requested": lambda: _(
        "The payer asks to move payment %(number)s from %(was_on)s to %(due_on)s. %(comment)s"
    ),
    "date_granted": lambda: _("The payer's wish was granted: payment %(number)s on %(due_on)s"),
    "date_refused": lambda: _("The payer's wish was refused: payment %(number)s stays on %(was_on)s"),
    "date_lapsed": lambda: _("The payer's wish about payment %(number)s is over: it is paid or was changed"),
    "reminders_refused": lambda: _("The payer wants no reminders"),
    "channel_chosen": lambda: _("How the payer is reminded was changed"),
    "invoices_stopped": lambda: _("Invoices stopped. %(reason)s"),
    "invoices_go_on": lambda: _("Invoices go on"),
    "reminders_stopped": lambda: _("Reminders stopped. %(reason)s"),
    "reminders_go_on": lambda: _("Reminders go on"),
    "message_bounced": lambda: _("A mail came back: %(reason)s"),
    "escalated": lambda: _("The head was told of overdue payment %(number)s: %(amount)s"),
    "deposit_unpaid": lambda: _("The deposit of %(amount)s was not paid in time"),
    "charge_announced": lambda: _("The payer was told of the charge of %(amount)s on %(due_on)s"),
    "overdue": lambda: _("Payment %(number)s is overdue: %(amount)s"),
    "link_revoked": lambda: _("The payer's link was replaced"),
}


def of(deal: Deal, *, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return every event in the order in which it was recorded; `names` are those of amoCRM's users."""
    events = Event.objects.filter(deal=deal).order_by("-id")[:SHOWN_MAX]
    figures = running_figures.of(deal)
    return [_line(event, deal, names, figures) for event in reversed(events)]


def version(found: ScheduleVersion, deal: Deal, *, names: Mapping[int, str]) -> dict[str, Any]:
    """One version of a schedule: who made it, when, why, and what it changed, in values and words."""
    signature = getattr(found, "signature", None)
    return {
        "version": found.number,
        "kind": found.kind,
        "at": moment(found.created_at, deal),
        "who": found.author,
        "who_name": _name(found.author, names),
        "reason": found.reason,
        "total": money.text(found.total),
        "retained": found.retained or None,
        "signed_on": signature.signed_on.isoformat() if signature else None,
        "terms": found.terms,
        "changes": [{**line, "text": of_stored_change(line)} for line in found.changes],
    }


def _line(event: Event, deal: Deal, names: Mapping[int, str], figures: Running) -> dict[str, Any]:
    data = event.data
    before, after = data.get("before"), {name: value for name, value in data.items() if name != "before"}
    was, became = figures.before(event.recorded_at), figures.after(event.recorded_at)
    if was != became and not isinstance(before, str):
        # Money or terms changed: what the deal's figures were and became, beside what the event tells itself.
        before, after = was | (before or {}), became | after
    return {
        "id": event.pk,
        "at": moment(event.at, deal),
        "recorded_at": moment(event.recorded_at, deal),
        "who": event.author,
        "who_name": _name(event.author, names),
        "what": event.kind,
        "text": _text(event),
        "before": before,
        "after": after,
    }


def _name(author: str, names: Mapping[int, str]) -> str | None:
    """What a person of amoCRM is called; None for every other author."""
    kind, _colon, user_id = author.partition(":")
    return names[int(user_id)] if kind == "user" and user_id.isdecimal() else None


def _text(event: Event) -> str:
    words = WORDS.get(event.kind)
    if words is None:
        return event.kind
    # What an event does not tell leaves no gap.
    return re.sub(r" {2,}", " ", words() % _Values(event.data)).strip()


class _Values(dict[str, Any]):
    """Values of an event for its words; sums are written as people read them, what is missing stays empty."""

    def __getitem__(self, name: str) -> Any:
        value = self.get(name)
        if name in ("amount", "total", "debt", "price", "late_fees") and value:
            return money.words(Decimal(value))
        if name in ("signed_on", "due_on", "was_on", "rendered_on", "since", "through") and value:
            return date_format(date.fromisoformat(value), "d.m.Y")
        if name == "until" and value:
            return _("Until %(day)s.") % {"day": date_format(date.fromisoformat(value), "d.m.Y")}
        if name == "retained" and value:
            return of_retained(value)
        if name == "decision":
            return of_decision(str(value))
        if name == "of":
            return of_receipt(str(value or ""))
        if name == "why" and value:
            return letter_holds.words_of(value)
        if name == "by":
            return of_channel(self.get("channel", ""))
        if name == "days":
            return " – ".join(dict.fromkeys([self["since"], self["through"]]))
        if name == "where":
            return ", ".join(filter(None, [self.get("programme"), self.get("cohort")]))
        if name == "daily_percent" and value:
            return number_format(Decimal(str(value)))
        if name == "way":
            return of_way(self.get("method", ""))
        return "" if value is None else value
