"""The answer to a Salesbot that waits for a payment button: a link for what is owed at this moment.

The bot goes on by our call to its return address, and may go two ways: `{{json.status}}` is success with a
button and fail without one, `{{json.outcome}}` says why (button, nothing_owed, no_sum, deal_closed). amoCRM
cuts a button's text at 80 signs. A bot that waits no longer is no error.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from billing import asking, ledger, links
from billing.asking import What
from billing.rules import money
from crm import connection
from crm.client import Priority, Refused
from crm.models import Account, Deal

BUTTON = "button"
TEXT_MAX = 80
CANDIDATES = 20


def lead_of_contact(*, account: Account, contact_id: int, at: datetime) -> int | None:
    """The newest live deal of this person that owes something, else the newest one; None without any."""
    found = Deal.objects.filter(account=account, contact_id=contact_id, state=Deal.State.LIVE)
    newest = list(found.order_by("-external_id")[:CANDIDATES])
    owing = (deal for deal in newest if ledger.standing(deal, on=deal.local_day(at)).debt > 0)
    chosen = next(owing, newest[0] if newest else None)
    return chosen.external_id if chosen else None


def answer(*, deal: Deal, return_url: str, what: str, at: datetime) -> str:
    """Let the bot show the button and go on; returns what was shown. Raises Unavailable, Refused."""
    handlers, outcome = _handlers(deal, what, at)
    told = {"status": "success" if outcome == BUTTON else "fail", "outcome": outcome}
    try:
        connection.run(
            account=deal.account,
            at=at,
            work=lambda amocrm: amocrm.continue_bot(return_url, told=told, handlers=handlers),
            priority=Priority.PERSON,
        )
    except Refused as error:
        if error.status != 404:
            raise
        return "waits_no_longer"
    return outcome


def _handlers(deal: Deal, what: str, at: datetime) -> tuple[list[dict[str, Any]], str]:
    if deal.state != Deal.State.LIVE:
        return [_show({"type": "text", "value": _("Nothing is to be paid now.")})], "deal_closed"
    standing = ledger.standing(deal, on=deal.local_day(at))
    purpose = (
        What(what) if what in (What.INSTALLMENT, What.OVERDUE, What.FULL, What.DEPOSIT) else _usual(standing)
    )
    amount = asking.amount(standing, what=purpose)
    if standing.total <= 0:
        return [_show({"type": "text", "value": _("Nothing is to be paid now.")})], "no_sum"
    if amount <= 0:
        return [_show({"type": "text", "value": _("Everything is paid. Thank you!")})], "nothing_owed"
    text = _("To pay: %(amount)s") % {"amount": money.words(amount)}
    url = links.go_url(deal=deal, what=purpose, at=at)
    return [_show({"type": "buttons_url", "value": text[:TEXT_MAX], "buttons": [url]})], BUTTON


def _usual(standing: ledger.Standing) -> What:
    """An open deposit first, else the next payment."""
    return What.DEPOSIT if standing.deposit is not None and standing.deposit > 0 else What.INSTALLMENT


def _show(params: dict[str, Any]) -> dict[str, Any]:
    return {"handler": "show", "params": params}
