"""Charges a card that a payer let us keep: the row first, then the call, never twice.

`charge_saved_card` is the way in; whoever calls it has decided that the deal is to be charged now. The charge
is an order like any other, so *check*, notices, receipts and the ledger know it; it is its own call
(ProviderCall) with its key. While it is on its way a payer's click waits for it instead of opening a page.
"""

from datetime import datetime

from django.db import transaction

from billing import asking, cards, history, ledger, network, orders, provider_queue, providers
from billing.asking import What
from billing.models import ProviderCall, ProviderOrder, SavedCard
from billing.rules import money
from crm.models import Deal


class NoCard(Exception):
    """No consent, no card yet, or a card of another shop than the one that takes the money."""


class CardRests(Exception):
    """The card was declined; it may be charged again from `until` on, or never (None)."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__(until)
        self.until = until


def charge_saved_card(*, deal: Deal, what: What, at: datetime) -> ProviderOrder:
    """Have what is owed for `what` taken from the deal's saved card; returns the order of the charge.

    Under the deal's lock: the amount of this moment, the card, its rests after declines; an open page of the
    same purpose is closed; the order and its call are committed together. A second call while the first one
    is on its way returns its order. Raises orders.NothingOwed, NoCard, CardRests, network.NoReceiver.
    """
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        day = locked.local_day(at)
        standing = ledger.standing(locked, on=day)
        amount = asking.amount(standing, what=what)
        if amount <= money.ZERO:
            raise orders.NothingOwed(covered=asking.is_covered(standing, what=what, invoice=None))
        running = _running(locked)
        if running is not None:
            return running
        receiver = network.asker(deal=locked, on=day)
        card = _card(locked, receiver, at=at)
        orders.close_page(deal=locked, purpose=asking.purpose_of(what, None), at=at)
        demand = orders.Demand(
            purpose=asking.purpose_of(what, None),
            invoice=None,
            amount=amount,
            whole=amount >= standing.total,
            words=asking.description(locked, standing, what=what, invoice=None),
            contact=orders.contact_of(locked, None),
            card=card,
        )
        order = orders.insert(locked, demand, receiver, at=at)
        provider_queue.add(
            merchant=order.merchant,
            kind=ProviderCall.Kind.CHARGE_CARD,
            key=f"charge:{order.request_id}",
            order=order,
            at=at,
        )
        _tell(locked, order, at=at)
        return order


def _running(deal: Deal) -> ProviderOrder | None:
    creating = ProviderOrder.objects.filter(deal=deal, state=ProviderOrder.State.CREATING)
    return creating.filter(card__isnull=False).first()


def _card(deal: Deal, receiver: network.Receiver, *, at: datetime) -> SavedCard:
    card = cards.live(deal)
    if card is None or not card.token or card.merchant_id != receiver.merchant.pk:
        raise NoCard
    if not providers.of(receiver.merchant).charges_cards:
        raise NoCard
    until = cards.chargeable_at(card)
    if until is None or until > at:
        raise CardRests(until)
    return card


def _tell(deal: Deal, order: ProviderOrder, *, at: datetime) -> None:
    history.record(
        deal=deal,
        kind="charge_begun",
        at=at,
        recorded_at=at,
        author=history.SYSTEM,
        data={"amount": money.text(order.amount), "card": order.card.mask if order.card else ""},
    )
