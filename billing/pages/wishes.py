"""What a payer may do on his page besides paying, and what he did: finished words and plain values.

Everything is allowed or not by the account's rules (billing.rules.payer_page); the verbs check it again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from billing import cards, date_requests, network, preferences, promises, providers, transfer_claims
from billing.ledger import RowState, Standing
from billing.models import Promise
from billing.rules import money, payer_page
from crm.models import Deal


@dataclass(frozen=True)
class Movable:
    """A row whose date may be asked to move, at most till `last`."""

    number: int
    due_on: date
    first: date
    last: date


@dataclass(frozen=True)
class Wishes:
    """`promise`, `claim` and `asked` say in words what is agreed on already; empty: nothing is.

    `card` is the state of automatic payment: "" where there is none, "off", "waiting" for its card, "on".
    """

    own_sum: bool
    may_promise: bool
    first_promise: date
    last_promise: date
    promise: str
    may_claim: bool
    claim: str
    movable: Movable | None
    asked: str
    reminded: bool
    card: str
    card_mask: str


def of(deal: Deal, standing: Standing, *, at: datetime) -> Wishes:
    """Return what the payer of a deal may do at a moment."""
    today = deal.local_day(at)
    rules = date_requests.rules_of(deal)
    owes = standing.debt > 0
    claim = transfer_claims.open_of(deal)
    card, mask = _card(deal, today, owes=owes)
    given = promises.open_of(deal)
    last_promise = rules.last_promise(promises.payers_first_day(deal, today))
    has_days = last_promise >= today and (given is None or given.until < last_promise)
    return Wishes(
        own_sum=owes and rules.own_sum,
        may_promise=owes and rules.may_promise and standing.overdue > 0 and has_days,
        first_promise=today,
        last_promise=last_promise,
        promise=_promise(given),
        may_claim=owes and claim is None,
        claim=_("We look for your transfer of %(amount)s.") % {"amount": money.words(claim.amount)}
        if claim
        else "",
        movable=_movable(deal, standing, rules, today),
        asked=_asked(deal, standing),
        reminded=preferences.of_deal(deal) != preferences.NONE,
        card=card,
        card_mask=mask,
    )


def _promise(given: Promise | None) -> str:
    return _("You promised to pay until %(day)s.") % {"day": f"{given.until:%d.%m.%Y}"} if given else ""


def _asked(deal: Deal, standing: Standing) -> str:
    """What became of the wish for another date, while the row that it was about is open."""
    request = date_requests.waiting_of(deal)
    if request is None and standing.next is not None:
        request = date_requests.last_of(standing.next.installment)
    if request is None or request.state in (date_requests.State.GRANTED, date_requests.State.LAPSED):
        return ""
    words = {"number": request.installment.number, "day": f"{request.wanted_on:%d.%m.%Y}"}
    if request.state == date_requests.State.REFUSED:
        return _("Payment %(number)d could not be moved to %(day)s: its date stays.") % words
    return _("You asked to move payment %(number)d to %(day)s. The manager will answer.") % words


def _movable(deal: Deal, standing: Standing, rules: payer_page.PayerRules, today: date) -> Movable | None:
    """The next open row, while the deal may still ask and its last possible day is ahead."""
    row = standing.next
    if row is None or row.state == RowState.PAID or not date_requests.may_ask(deal):
        return None
    due_on = row.installment.due_on
    first, last = max(due_on, today) + timedelta(days=1), rules.last_date(due_on)
    return Movable(row.installment.number, due_on, first, last) if first <= last else None


def _card(deal: Deal, today: date, *, owes: bool) -> tuple[str, str]:
    """Automatic payment, where something is owed and the shop that takes it can charge a card again.

    A consent that was given can always be withdrawn.
    """
    card = cards.live(deal)
    if card is not None:
        return ("on", card.mask) if card.token else ("waiting", "")
    if not owes:
        return "", ""
    try:
        merchant = network.asker(deal=deal, on=today).merchant
    except (network.NoReceiver, network.NoTaxSetting):
        return "", ""
    return ("off" if providers.of(merchant).charges_cards else ""), ""
