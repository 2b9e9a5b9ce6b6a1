"""Receipts: every payment gets exactly one income receipt or one named reason why not, in the payment's
transaction.

Owns the Receipt rows and their states: planned -> sent -> registered | failed; not_required (somebody else's
register, or the law asks for none); missing (money without a receipt, a person's list). The provider is
called later by billing.provider_calls. Registration is told twice, by the notice and by following: the first
one counts. What rode on an order is told by nobody, so it is asked for by the order's number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from django.db import transaction

from billing import history, network, provider_queue, receipt_contents
from billing.models import (
    MerchantAccount,
    Payment,
    ProviderCall,
    Receipt,
)
from billing.receipt_readings import ReadAhead, Readings
from billing.rules import receipts as rules
from billing.rules.receipts import Maker
from crm.models import Deal

# The setting `receipts` of a shop whose provider makes the receipt with the payment.
RIDES = "order"
# Why money without a deal has no receipt yet.
UNPLACED = "unplaced"
STATES = {
    Maker.US: Receipt.State.PLANNED,
    Maker.ORDER: Receipt.State.SENT,
    Maker.ELSEWHERE: Receipt.State.NOT_REQUIRED,
    Maker.NOBODY: Receipt.State.NOT_REQUIRED,
    Maker.OPEN: Receipt.State.MISSING,
}
# The register needs a moment.
FOLLOW_AFTER = timedelta(seconds=2)
ON_ITS_WAY = (Receipt.State.PLANNED, Receipt.State.SENT, Receipt.State.FAILED)


class AlreadySettled(Exception):
    """The receipt is made, on its way, or was settled before."""


class InvalidChoice(Exception):
    """What is said about the receipt of an offline payment cannot be understood."""


@dataclass(frozen=True, kw_only=True)
class ReceiptChoice:
    """What a person says about the receipt of an offline payment; None when nothing was said."""

    maker: Maker
    reason: str = ""
    fiscal: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, value: object) -> Self | None:
        """true: ours; false: none yet; {fn, fd, fpd}: another register's; {none: reason}. Raises
        InvalidChoice.
        """
        if value is None:
            return None
        if isinstance(value, bool):
            return cls(maker=Maker.US) if value else cls(maker=Maker.OPEN, reason="none_yet")
        if not isinstance(value, Mapping):
            raise InvalidChoice
        texts = {str(name): str(text).strip()[:200] for name, text in value.items()}
        if set(texts) == {"none"} and texts["none"]:
            return cls(maker=Maker.NOBODY, reason=texts["none"])
        if set(texts) == {"fn", "fd", "fpd"} and all(text.isdecimal() for text in texts.values()):
            return cls(maker=Maker.ELSEWHERE, reason="other_register", fiscal=texts)
        raise InvalidChoice


def plan_income(*, payment: Payment, whole: bool, choice: ReceiptChoice | None, at: datetime) -> Receipt:
    """Write down the receipt of a payment, and the call that makes it when it is ours to make.

    `whole`: the payment covers all that is sold. Call it in the payment's transaction; a second call returns
    the first receipt. Never refuses: what cannot be planned is "missing" with the reason.
    """
    known = Receipt.objects.filter(payment=payment, kind=Receipt.Kind.INCOME).first()
    if known:
        return known
    receipt, merchant = _planned(payment, whole=whole, choice=choice, readings=Readings(), at=at)
    receipt.save()
    _follow_up(receipt, payment, at=at)
    if merchant:
        queue(receipt, merchant, at=at)
    return receipt


def plan_arrived(payments: Sequence[tuple[Payment, bool]], *, at: datetime) -> None:
    """plan_income() for money that has just come by providers: each payment, and whether it is `whole`.

    Call it once, in the payments' transaction.
    """
    readings = ReadAhead(payment for payment, _whole in payments)
    plans = [
        _planned(payment, whole=whole, choice=None, readings=readings, at=at) for payment, whole in payments
    ]
    made = Receipt.objects.bulk_create(receipt for receipt, _merchant in plans)
    for receipt in made:
        _follow_up(receipt, receipt.payment, at=at)
    calls = [_call(receipt, merchant, at=at) for receipt, merchant in plans if merchant]
    if calls:
        provider_queue.put(calls)


def plan_placed(*, payment: Payment, whole: bool, choice: ReceiptChoice | None, at: datetime) -> None:
    """Plan the receipt of money that has found its deal; what a person has said about it before stands."""
    waiting = Receipt.objects.filter(
        payment=payment, kind=Receipt.Kind.INCOME, state=Receipt.State.MISSING, reason=UNPLACED
    )
    receipt = waiting.first()
    if receipt is None or payment.deal is None:
        return
    decision, content, merchant = plan_of(payment, whole=whole, choice=choice, readings=Readings())
    receipt.state, receipt.reason, receipt.content = STATES[decision.maker], decision.reason, content
    receipt.fiscal = dict(choice.fiscal) if choice else {}
    receipt.save(update_fields=["state", "reason", "content", "fiscal"])
    receipt_contents.close(receipt, deal=payment.deal, payment=payment)
    if merchant:
        queue(receipt, merchant, at=at)


def of_order(
    *, deal: Deal, receiver: network.Receiver, amount: Decimal, whole: bool, buyer: rules.Buyer, at: datetime
) -> dict[str, Any]:
    """The receipt that rides on an order; empty where the shop makes none that way, or nobody knows the tax.

    The payment's own receipt repeats it (plan_income), so what the provider prints is what stands here.
    """
    if receiver.merchant.settings.get("receipts") != RIDES:
        return {}
    sale = receipt_contents.Sale(
        deal=deal,
        entity=receiver.legal_entity,
        programme=deal.programme,
        buyer=buyer,
        on=deal.local_day(at),
    )
    try:
        return dict(receipt_contents.income(sale, amount=amount, whole=whole))
    except network.NoTaxSetting:
        return {}


def settle(*, receipt: Receipt, choice: ReceiptChoice, author: str, at: datetime) -> None:
    """A person ends the wait of money without a receipt: another register's numbers, or why none is needed.

    Raises AlreadySettled when the receipt is on its way or made.
    """
    with transaction.atomic():
        waiting = Receipt.objects.filter(
            pk=receipt.pk, state__in=(Receipt.State.MISSING, Receipt.State.FAILED)
        )
        changed = waiting.update(
            state=STATES[choice.maker], reason=choice.reason[:255], fiscal=dict(choice.fiscal)
        )
        if not changed:
            raise AlreadySettled
        calls = ProviderCall.objects.filter(receipt=receipt).exclude(state=ProviderCall.State.DONE)
        calls.update(state=ProviderCall.State.DONE, done_at=at, leased_until=None)
        data = {"reason": choice.reason[:255]}
        _remember(receipt, "receipt_settled", when=at, at=at, author=author, data=data)


def mark_sent(receipt: Receipt, *, external_id: str, url: str) -> None:
    """The provider took the receipt; a registration that overtook this answer stays."""
    Receipt.objects.filter(pk=receipt.pk, external_id="").update(external_id=external_id)
    waiting = Receipt.objects.filter(pk=receipt.pk, state__in=(Receipt.State.PLANNED, Receipt.State.FAILED))
    waiting.update(state=Receipt.State.SENT, url=url, reason="")


def mark_registered(
    receipt: Receipt, *, url: str, fiscal: Mapping[str, str], registered_at: datetime, at: datetime
) -> bool:
    """The register printed it. True for the first who says so; a second one changes nothing."""
    with transaction.atomic():
        changed = Receipt.objects.filter(pk=receipt.pk, state__in=ON_ITS_WAY).update(
            state=Receipt.State.REGISTERED,
            reason="",
            url=url,
            fiscal=dict(fiscal),
            registered_at=registered_at,
        )
        if changed:
            _remember(receipt, "receipt_registered", when=registered_at, at=at, data={"url": url})
    return bool(changed)


def mark_failed(receipt: Receipt, *, reason: str, at: datetime) -> bool:
    """The provider will not make it as it is: a person must look."""
    with transaction.atomic():
        changed = Receipt.objects.filter(
            pk=receipt.pk, state__in=(Receipt.State.PLANNED, Receipt.State.SENT)
        ).update(state=Receipt.State.FAILED, reason=reason[:255])
        if changed:
            _remember(receipt, "receipt_failed", when=at, at=at, data={"reason": reason[:255]})
    return bool(changed)


def root_of(payment: Payment) -> Payment:
    """The payment whose receipt stands for this money: moved money has the one by which it once came."""
    while True:
        move = payment.moves_in.filter(amount__gt=0).select_related("source__merchant").first()
        if move is None:
            return payment
        payment = move.source


def deal_of(receipt: Receipt) -> Deal | None:
    """Whose history tells of the receipt; that of nobody's money is in none."""
    return receipt.rendering.deal if receipt.rendering else receipt.payment.deal


def order_number(receipt: Receipt) -> str:
    """Our name of what the receipt is about, as the provider's cabinet and its notices show it."""
    if receipt.rendering_id:
        return f"rendering-{receipt.rendering_id}"
    return order_number_of(receipt.payment)


def order_number_of(payment: Payment) -> str:
    return payment.order.number if payment.order else f"payment-{payment.pk}"


def total(receipt: Receipt) -> Decimal:
    """The sum that stands in a planned receipt, in roubles."""
    return sum((Decimal(line["amount"]) for line in receipt.content.get("lines", ())), Decimal(0))


def money_in(content: Mapping[str, Any]) -> Decimal:
    """The money of now in a plan: what is offset or given on credit is none."""
    paid = content.get("paid", {})
    return sum((Decimal(paid.get(way, "0")) for way in ("electronic", "cash")), Decimal(0))


def account_id(receipt: Receipt) -> str:
    """The payer's id of the order, so that the provider's cabinet shows one payer."""
    order = receipt.payment.order if receipt.payment_id else None
    return str(order.request.get("account_id", "")) if order else ""


def _planned(
    payment: Payment, *, whole: bool, choice: ReceiptChoice | None, readings: Readings, at: datetime
) -> tuple[Receipt, MerchantAccount | None]:
    """The income receipt of a payment, not stored yet, and the shop that makes it when it is ours to make."""
    decision, content, merchant = plan_of(payment, whole=whole, choice=choice, readings=readings)
    receipt = Receipt(
        payment=payment,
        kind=Receipt.Kind.INCOME,
        state=STATES[decision.maker],
        reason=decision.reason,
        content=content,
        external_id=order_number_of(payment) if decision.maker is Maker.ORDER else "",
        fiscal=dict(choice.fiscal) if choice else {},
        created_at=at,
    )
    return receipt, merchant


def _follow_up(receipt: Receipt, payment: Payment, *, at: datetime) -> None:
    """What a stored income receipt closes; and where it rode on the order, its shop is asked for it later."""
    if payment.deal:
        receipt_contents.close(receipt, deal=payment.deal, payment=payment)
    rode = receipt.state == STATES[Maker.ORDER]
    if rode and payment.merchant and not payment.merchant.settings.get("test"):
        follow(receipt, payment.merchant, not_before=at + FOLLOW_AFTER, at=at)


def plan_of(
    payment: Payment, *, whole: bool, choice: ReceiptChoice | None, readings: Readings
) -> tuple[rules.Decision, dict[str, Any], MerchantAccount | None]:
    """Who makes the income receipt of a payment; the content and the shop when it is ours."""
    if payment.deal is None:
        # Not ours until a person says so: the program it was meant for may make its own receipt.
        return rules.Decision(Maker.OPEN, UNPLACED), {}, None
    if not payment.counted:
        return rules.Decision(Maker.OPEN, "currency"), {}, None
    day = payment.deal.local_day(payment.received_at)
    try:
        tax = network.tax(legal_entity=payment.legal_entity, on=day)
    except network.NoTaxSetting:
        return rules.Decision(Maker.OPEN, "no_tax_setting"), {}, None
    merchant, desk = _registers(payment)
    ridden: dict[str, Any] = payment.order.request.get("receipt") or {} if payment.order else {}
    given = rules.Circumstances(
        tax_system=receipt_contents.system(payment.legal_entity, tax),
        method=payment.method,
        payer_is_organisation=payment.payer.get("kind") == "company",
        cloud=bool(merchant and merchant.settings.get("receipts") is True),
        cloud_cash=bool(merchant and merchant.settings.get("cash_receipts") is True),
        desk=desk,
        rode=bool(ridden),
        rode_elsewhere=_came_by_another_order(payment),
    )
    decision = _decide(given, choice)
    if decision.maker is Maker.ORDER:
        if money_in(ridden) != payment.amount:
            # What the register made of another sum than it was told nobody knows.
            return rules.Decision(Maker.OPEN, "amount_differs"), {}, None
        return decision, ridden, None
    if decision.maker is not Maker.US:
        return decision, {}, None
    sale = receipt_contents.Sale(
        deal=payment.deal,
        entity=payment.legal_entity,
        programme=payment.programme,
        buyer=receipt_contents.buyer_of(payment),
        on=day,
        cash=payment.method == "cash",
        above=readings.above(payment),
        readings=readings,
    )
    return decision, dict(receipt_contents.income(sale, amount=payment.amount, whole=whole)), merchant


def _came_by_another_order(payment: Payment) -> bool:
    """Through a shop that prints what rides on an order, by an order that is not ours."""
    shop = payment.merchant
    return shop is not None and payment.order_id is None and shop.settings.get("receipts") == RIDES


def _decide(given: rules.Circumstances, choice: ReceiptChoice | None) -> rules.Decision:
    if choice is None:
        return rules.maker(given)
    return rules.by_us(given) if choice.maker is Maker.US else rules.Decision(choice.maker, choice.reason)


def _registers(payment: Payment) -> tuple[MerchantAccount | None, bool | None]:
    """The shop that can make receipts for the entity that was paid, and whether a desk rings up its cash."""
    if payment.merchant:
        return payment.merchant, None
    deal = payment.deal
    if deal is None:
        return None, None
    try:
        receiver = network.receiver(deal=deal, on=deal.local_day(payment.received_at))
    except network.NoReceiver:
        return None, None
    merchant = receiver.merchant if receiver.legal_entity.pk == payment.legal_entity_id else None
    return merchant, receiver.location.cash_receipts == "desk" if receiver.location else None


def queue(receipt: Receipt, merchant: MerchantAccount, *, at: datetime) -> None:
    with transaction.atomic():
        provider_queue.put([_call(receipt, merchant, at=at)])


def _call(receipt: Receipt, merchant: MerchantAccount, *, at: datetime) -> ProviderCall:
    return ProviderCall(
        merchant=merchant,
        kind=ProviderCall.Kind.SEND_RECEIPT,
        key=f"receipt:{receipt.pk}",
        receipt=receipt,
        not_before=at,
        created_at=at,
    )


def follow(receipt: Receipt, merchant: MerchantAccount, *, not_before: datetime, at: datetime) -> None:
    """Ask by its name there what became of a receipt that was handed over."""
    provider_queue.add(
        merchant=merchant,
        kind=ProviderCall.Kind.FOLLOW_RECEIPT,
        key=f"follow:{receipt.pk}:{receipt.external_id}"[:80],
        receipt=receipt,
        not_before=not_before,
        at=at,
    )


def _remember(
    receipt: Receipt,
    kind: str,
    *,
    when: datetime,
    at: datetime,
    data: dict[str, str],
    author: str = history.SYSTEM,
) -> None:
    deal = deal_of(receipt)
    if deal is None:
        return
    amount = total(receipt) or (receipt.refund or receipt.rendering or receipt.payment).amount
    history.record(
        deal=deal,
        kind=kind,
        at=when,
        recorded_at=at,
        author=author,
        data={"amount": f"{amount.quantize(Decimal('0.01'))}", "of": receipt.kind, **data},
    )
