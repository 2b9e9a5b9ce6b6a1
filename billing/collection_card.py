"""What the card says of collecting: promise, claimed transfer, asked date, stops, the payer's wish.

Reads only.
"""

from typing import Any

from django.utils.translation import gettext as _

from billing import date_requests, messages, payers, preferences, promises, stops, transfer_claims
from billing.models import AccountPolicy, Bounce, Promise, PromiseEnd
from billing.rules import money
from crm.models import Deal

# What fields() says of a deal without any of it.
NOTHING: dict[str, Any] = {
    "promise": None,
    "transfer_claim": None,
    "date_request": None,
    "stopped": [],
    "reminders_by": None,
}


def fields(deal: Deal) -> dict[str, Any]:
    """The card's keys of this module."""
    claim = transfer_claims.open_of(deal)
    asked = date_requests.waiting_of(deal)
    return {
        "promise": _promise(promises.last_of(deal)),
        "transfer_claim": {
            "amount": money.text(claim.amount),
            "paid_on": claim.paid_on.isoformat(),
            "held_until": claim.held_until.isoformat(),
            "comment": claim.comment,
        }
        if claim
        else None,
        "date_request": {
            "id": asked.pk,
            "number": asked.installment.number,
            "was_on": asked.was_on.isoformat(),
            "wanted_on": asked.wanted_on.isoformat(),
            "comment": asked.comment,
        }
        if asked
        else None,
        "stopped": stops.of_deal(deal),
        "reminders_by": preferences.of_deal(deal) or None,
    }


def channels(deal: Deal, named: payers.Payers, policy: AccountPolicy | None) -> list[dict[str, str]]:
    """By what an invoice can reach the payer, the first one by default: {channel, to}."""
    email = named.of().email or deal.contact_email
    found = [{"channel": messages.EMAIL, "to": email}] if email else []
    if policy is not None and policy.salesbot_id:
        found.append({"channel": messages.SALESBOT, "to": deal.contact_name})
    return found


def unreached(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """The warning of a payer whom no mail reaches, by the channels that there are."""
    if any(one["channel"] == messages.EMAIL for one in found):
        return []
    text = (
        _("The contact has no e-mail: invoices go to the chat.")
        if found
        else _("The contact has no e-mail: add it to the contact and invoices will go out.")
    )
    return [{"code": "no_email", "text": text}]


def warnings(shown: dict[str, Any], deal: Deal) -> list[dict[str, str]]:
    """What a manager should know before he writes or calls."""
    found: dict[str, str] = {}
    bounced = Bounce.objects.filter(message__deal=deal, message__to__iexact=deal.contact_email, final=True)
    if deal.contact_email and bounced.exists():
        found["bounced"] = _("Mail to this address comes back: ask the client for another one.")
    if shown["transfer_claim"]:
        found["transfer_claim"] = _(
            "The payer says that he paid by bank transfer: the accountant looks for it."
        )
    if shown["date_request"]:
        found["date_request"] = _("The payer asks for another date: decide.")
    if shown["reminders_by"] == preferences.NONE:
        found["reminders_refused"] = _("The payer wants no reminders: call or write yourself.")
    for what in shown["stopped"]:
        found[f"{what}_stopped"] = (
            _("Invoices of this deal are stopped.")
            if what == stops.Of.INVOICES
            else _("Reminders of this deal are stopped.")
        )
    return [{"code": code, "text": text} for code, text in found.items()]


def actions(shown: dict[str, Any], *, owes: bool) -> list[str]:
    """What a manager may do about collecting."""
    asked = ["decide_date"] if shown["date_request"] else []
    return [*(["promise", "stop"] if owes else []), *asked]


def _promise(last: Promise | None) -> dict[str, Any] | None:
    """The open promise, or the last one when it was broken; what was kept is history."""
    if last is None:
        return None
    end = getattr(last, "end", None)
    if end is not None and end.outcome != PromiseEnd.Outcome.BROKEN:
        return None
    return {
        "until": last.until.isoformat(),
        "amount": money.text(last.amount) if last.amount is not None else None,
        "comment": last.comment,
        "state": end.outcome if end else "open",
        "by": last.author,
    }
