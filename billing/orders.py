"""Orders at the provider, made at the payer's click and at no other moment.

Owns: which order a click leads to. Promises: the row with its idempotency key is committed before the
provider hears of it; two clicks at once, a killed process or a lost answer end in one order; the amount is
the one owed at the click; no provider is called inside a transaction. Never: refuses money that comes by an
order that was replaced.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from billing import (
    asking,
    history,
    ledger,
    links,
    network,
    order_numbers,
    provider_calls,
    providers,
    receipts,
)
from billing.asking import What
from billing.models import Invoice, MerchantAccount, ProviderOrder, SavedCard
from billing.providers.base import CreatedOrder, NotSent, OrderRequest, Provider, Refused, Unknown
from billing.receipt_contacts import Contact as Contact
from billing.receipt_contacts import NoReceiptContact as NoReceiptContact
from billing.receipt_contacts import contact_of as contact_of
from billing.rules import money
from billing.rules.receipts import Buyer
from crm.models import Deal

log = structlog.get_logger("grafik.orders")

PROVIDER_SECONDS = 4.0
# Within this time a creation that was sent may still be on its way: another click waits for it.
CALL_LASTS = timedelta(seconds=PROVIDER_SECONDS + 1)
POLL_SECONDS = 0.1
EXPIRED_AT_ONCE = 500
# No zone has its midnight earlier before that of UTC.
EARLIEST_MIDNIGHT = timedelta(hours=14)
LIVE = (ProviderOrder.State.CREATING, ProviderOrder.State.OPEN)


class NothingOwed(Exception):
    """Nothing is owed for what was asked; `covered` when that is because it is paid."""

    def __init__(self, *, covered: bool) -> None:
        super().__init__()
        self.covered = covered


@dataclass(frozen=True)
class Demand:
    """What one order asks for; `whole`: it pays for all that is sold; `card`: it is charged, not clicked."""

    purpose: str
    invoice: Invoice | None
    amount: Decimal
    whole: bool
    words: str
    contact: Contact
    card: SavedCard | None = None

    @property
    def buyer(self) -> Buyer:
        return Buyer(email=self.contact.email, phone=self.contact.phone)


def open_order(
    *,
    deal: Deal,
    what: What,
    at: datetime,
    invoice: Invoice | None = None,
    contact: Contact | None = None,
    own: Decimal | None = None,
) -> ProviderOrder:
    """Return the order by which the payer pays what is owed for `what` at this moment.

    1. Under the deal's lock: find the amount, reuse the open order of the same amount, else replace it by a
       new row with its number, key and body. Committed.
    2. Ask the provider, 4 s at most, outside of any transaction.
    3. Keep the address, and in the history that the payer goes there. State OPEN: send the payer there.
       CREATING: nobody knows yet, ask again soon; a second call repeats the same body under the same key.
       REFUSED: the provider said no. Raises NothingOwed, NoReceiptContact, network.NoReceiver.
    """
    order, calls = _reserve(deal=deal, what=what, at=at, invoice=invoice, contact=contact, own=own)
    if calls:
        return _create(order, at=at)
    return order if order.state != ProviderOrder.State.CREATING else _await(order)


def retire(*, deal: Deal, standing: ledger.Standing, at: datetime) -> int:
    """Replace the deal's open orders whose amount is no longer what is owed; returns how many.

    The caller holds the deal's lock. A superseded order is cancelled where the provider can; money that still
    comes by it is recorded. A second call does nothing.
    """
    stale = [
        order
        for order in ProviderOrder.objects.filter(deal=deal, state__in=LIVE).select_related("invoice")
        if (order.invoice is not None and order.invoice.voided_at is not None)
        or asking.amount_of_purpose(standing, purpose=order.purpose, invoice=order.invoice) != order.amount
    ]
    for order in stale:
        _supersede(order, at=at)
    return len(stale)


def close_page(*, deal: Deal, purpose: str, at: datetime) -> None:
    """Replace the open order of a purpose, if there is one. The caller holds the deal's lock."""
    order = ProviderOrder.objects.filter(deal=deal, purpose=purpose, state__in=LIVE).first()
    if order is not None:
        _supersede(order, at=at)


def expire(*, at: datetime) -> int:
    """Close the open orders whose time is over, or whose taxes, receipt or owner have changed since; returns
    how many. A second call does nothing.
    """
    live = ProviderOrder.objects.filter(state__in=LIVE).select_related("legal_entity", "location", "merchant")
    changed = network.changed_since_ordered(by=(at + EARLIEST_MIDNIGHT).date())
    over = live.filter(Q(expires_at__lte=at) | changed)
    oldest_first = over.order_by(F("expires_at").asc(nulls_last=True), "id")
    closed = 0
    for pk, deal_id in list(oldest_first.values_list("id", "deal_id")[:EXPIRED_AT_ONCE]):
        with transaction.atomic():
            deal = ledger.lock(deal_id)
            order = live.filter(pk=pk).first()
            if order is not None and _is_over(order, deal, at=at):
                _supersede(order, at=at)
                closed += 1
    return closed


def _is_over(order: ProviderOrder, deal: Deal, *, at: datetime) -> bool:
    receiver = network.Receiver(
        order.legal_entity, order.merchant, order.location, order.owned_on or order.ordered_on
    )
    ends = [end for end in (order.expires_at, _next_change(deal, receiver, order.ordered_on)) if end]
    return any(end <= at for end in ends)


def _reserve(
    *,
    deal: Deal,
    what: What,
    at: datetime,
    invoice: Invoice | None,
    contact: Contact | None,
    own: Decimal | None,
) -> tuple[ProviderOrder, bool]:
    """Commit the row of the order and say whether this caller is the one who asks the provider."""
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        day = locked.local_day(at)
        if invoice is not None and Invoice.objects.get(pk=invoice.pk).voided_at is not None:
            # The address of a void invoice asks for the first open row, by that row's order.
            what, invoice = What.INSTALLMENT, None
        standing = ledger.standing(locked, on=day)
        amount = asking.amount(standing, what=what, invoice=invoice, own=own)
        if amount <= money.ZERO:
            raise NothingOwed(covered=asking.is_covered(standing, what=what, invoice=invoice))
        receiver = network.asker(deal=locked, on=day)
        purpose = asking.purpose_of(what, invoice, own)
        order = ProviderOrder.objects.filter(deal=locked, purpose=purpose, state__in=LIVE).first()
        if order is not None and _is_being_charged(order, at=at):
            return order, False
        if order is not None and _still_right(order, locked, amount=amount, receiver=receiver, at=at):
            return order, _take_call(order, at=at)
        contact = contact_of(locked, contact)
        for replaced in _replaced(locked, what, purpose):
            _supersede(replaced, at=at)
        demand = Demand(
            purpose=purpose,
            invoice=invoice,
            amount=amount,
            whole=amount >= standing.total,
            words=asking.description(locked, standing, what=what, invoice=invoice),
            contact=contact,
        )
        return insert(locked, demand, receiver, at=at), True


def _replaced(deal: Deal, what: What, purpose: str) -> QuerySet[ProviderOrder]:
    """The open orders that a new one replaces: of its purpose; of every sum where the payer names his own."""
    same = Q(purpose__startswith=f"{What.OWN}:") if what == What.OWN else Q(purpose=purpose)
    return ProviderOrder.objects.filter(same, deal=deal, state__in=LIVE).order_by("id")


def _is_being_charged(order: ProviderOrder, *, at: datetime) -> bool:
    """A charge of a saved card that may still succeed: a page beside it would take the money twice."""
    if order.card_id is None or order.state != ProviderOrder.State.CREATING:
        return False
    return at - order.created_at < providers.of(order.merchant).request_id_lives


def _still_right(
    order: ProviderOrder, deal: Deal, *, amount: Decimal, receiver: network.Receiver, at: datetime
) -> bool:
    """True when the order asks the right sum for the right owner under today's taxes and can be used."""
    if order.amount != amount or order.merchant_id != receiver.merchant.pk:
        return False
    if order.location_id and order.location_id != (receiver.location.pk if receiver.location else None):
        return False
    if order.expires_at is not None and order.expires_at <= at:
        return False
    change = _next_change(deal, receiver, order.ordered_on)
    # Entered after the order was made: a page that ends by itself would outlive it, others are closed then.
    if change is not None and (change <= at or (order.expires_at is not None and order.expires_at > change)):
        return False
    # A creation that nobody answered is only safe to repeat while the provider remembers its key, or where
    # it can be asked for the order.
    provider = providers.of(receiver.merchant)
    is_safe = provider.finds_orders or at - order.created_at < provider.request_id_lives
    return order.state == ProviderOrder.State.OPEN or is_safe


def _take_call(order: ProviderOrder, *, at: datetime) -> bool:
    """Under the deal's lock: true for one caller at a time, again when an earlier one got no answer."""
    if order.state != ProviderOrder.State.CREATING:
        return False
    if order.called_at is not None and order.called_at <= at < order.called_at + CALL_LASTS:
        return False
    order.called_at = at
    order.save(update_fields=["called_at"])
    return True


def insert(deal: Deal, demand: Demand, receiver: network.Receiver, *, at: datetime) -> ProviderOrder:
    provider = providers.of(receiver.merchant)
    pk = order_numbers.next_id()
    # Behind the dash: other programs count too, and a restored backup gives our numbers a second time.
    number = order_numbers.draw(merchant=receiver.merchant) or f"G{pk}-{secrets.token_hex(3)}"
    page = links.page_url(deal=deal, at=at)
    expires_at = _expires_at(deal, receiver, provider.order_lives, at)
    request = OrderRequest(
        number=number,
        # A restored backup gives numbers a second time; the provider must not take that for a repeat.
        request_id=f"order:{pk}:{secrets.token_hex(4)}",
        amount=demand.amount,
        description=demand.words,
        account_id=f"{deal.account.key}-{deal.external_id}",
        email=demand.contact.email,
        phone=demand.contact.phone,
        success_url=f"{page}done/?order={number}",
        fail_url=f"{page}failed/?order={number}",
        notice_url=_notice_url(receiver.merchant),
        receipt=receipts.of_order(
            deal=deal, receiver=receiver, amount=demand.amount, whole=demand.whole, buyer=demand.buyer, at=at
        ),
        expires_at=expires_at,
    )
    return ProviderOrder.objects.create(
        id=pk,
        deal=deal,
        merchant=receiver.merchant,
        legal_entity=receiver.legal_entity,
        location=receiver.location,
        owned_on=receiver.owned_on,
        invoice=demand.invoice,
        purpose=demand.purpose,
        amount=demand.amount,
        number=request.number,
        request_id=request.request_id,
        request=request.as_json(),
        ordered_on=deal.local_day(at),
        created_at=at,
        expires_at=expires_at,
        called_at=at,
        card=demand.card,
    )


def _expires_at(
    deal: Deal, receiver: network.Receiver, lives: timedelta | None, at: datetime
) -> datetime | None:
    """No order outlives the next change of tax or owner, nor what its provider lets it live."""
    ends = [_next_change(deal, receiver, deal.local_day(at)), at + lives if lives else None]
    return min((end for end in ends if end is not None), default=None)


def _next_change(deal: Deal, receiver: network.Receiver, ordered_on: date) -> datetime | None:
    """The midnight from which an order made on that day would carry another receipt or have another owner."""
    change = network.next_change(deal=deal, receiver=receiver, on=ordered_on)
    return datetime.combine(change, clock_time(0), tzinfo=deal.zone) if change else None


def _notice_url(merchant: MerchantAccount) -> str:
    """Where a provider that signs its word a second time sends it (billing.webhook_urls)."""
    return f"{settings.PUBLIC_URL}/webhooks/{merchant.provider}/{merchant.key}/result2/"


def _create(order: ProviderOrder, *, at: datetime) -> ProviderOrder:
    """Ask the provider and keep what it said; no answer leaves the row as it is."""
    provider = providers.of(order.merchant)
    try:
        created = _made_before(provider, order, at=at) or provider.create_order(
            OrderRequest.from_json(order.request), timeout=PROVIDER_SECONDS
        )
    except Refused as error:
        return _refuse(order, error, at=at)
    except (NotSent, Unknown) as error:
        log.warning("order unknown", order=order.pk, error=str(error))
        # This call is over, so the next look need not wait for it.
        ProviderOrder.objects.filter(pk=order.pk, called_at=order.called_at).update(called_at=None)
        order.refresh_from_db()
        return order
    return _keep(order, created, at=at)


def _made_before(provider: Provider, order: ProviderOrder, *, at: datetime) -> CreatedOrder | None:
    """What an earlier call made without an answer, where no key protects from making it again."""
    if not provider.finds_orders or order.created_at == at:
        return None
    return provider.find_order(number=order.number, created_on=order.ordered_on, timeout=PROVIDER_SECONDS / 2)


def _keep(order: ProviderOrder, created: CreatedOrder, *, at: datetime) -> ProviderOrder:
    with transaction.atomic():
        stored = (
            ProviderOrder.objects.select_for_update(of=("self",))
            .select_related("merchant", "deal")
            .get(pk=order.pk)
        )
        if stored.external_id:
            return stored
        stored.external_id, stored.url, stored.opened_at = created.external_id, created.url, at
        if stored.state == ProviderOrder.State.CREATING:
            stored.state = ProviderOrder.State.OPEN
        stored.save(update_fields=["external_id", "url", "opened_at", "state"])
        if stored.state == ProviderOrder.State.OPEN:
            _tell_opened(stored, at=at)
        if stored.state == ProviderOrder.State.SUPERSEDED:
            # It was replaced while the provider was making it.
            provider_calls.add_cancel_order(order=stored, at=at)
        return stored


def _tell_opened(order: ProviderOrder, *, at: datetime) -> None:
    """An order opens at a click and only once, so this is the payer's first way to its page."""
    history.record(
        deal=order.deal,
        kind="payment_opened",
        at=at,
        recorded_at=at,
        author=history.SYSTEM,
        data={"amount": money.text(order.amount), "purpose": order.purpose, "order": order.number},
    )


def _refuse(order: ProviderOrder, error: Refused, *, at: datetime) -> ProviderOrder:
    with transaction.atomic():
        stored = ProviderOrder.objects.select_for_update(of=("self",)).select_related("deal").get(pk=order.pk)
        if stored.state == ProviderOrder.State.CREATING:
            stored.state = ProviderOrder.State.REFUSED
            stored.save(update_fields=["state"])
            history.record(
                deal=stored.deal,
                kind="order_refused",
                at=at,
                recorded_at=at,
                author=history.SYSTEM,
                data={"amount": money.text(stored.amount), "reason": error.detail},
            )
        return stored


def _await(order: ProviderOrder) -> ProviderOrder:
    """Another click is asking the provider right now: give it the time that it has."""
    until = time.monotonic() + PROVIDER_SECONDS
    while order.state == ProviderOrder.State.CREATING and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        order.refresh_from_db()
    return order


def _supersede(order: ProviderOrder, *, at: datetime) -> None:
    order.state = ProviderOrder.State.SUPERSEDED
    order.save(update_fields=["state"])
    if order.external_id or providers.of(order.merchant).finds_orders:
        provider_calls.add_cancel_order(order=order, at=at)
