"""What was handed over before any money for it: its own receipt "on credit" (54-FZ, tag 1214 = 6).

Only where the accountant chose credit. The money that comes later pays this credit with receipts of its own
(billing.receipt_contents).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import network, payers, prepayments, receipt_contents, receipts
from billing.models import MerchantAccount, Receipt, ReceiptPolicy, Rendering
from billing.rules import money
from billing.rules.receipts import Buyer


def plan(*, rendering: Rendering, at: datetime) -> Receipt | None:
    """Write down the receipt of what no money has paid yet, and the call that makes it; None where all is
    paid or the accountant chose prepayments.

    Call it in the rendering's transaction, after its prepayments are closed. A second call returns the first
    receipt.
    """
    known = Receipt.objects.filter(rendering=rendering).first()
    deal, entity = rendering.deal, rendering.legal_entity
    decided = receipt_contents.policy(entity=entity, programme=deal.programme, on=rendering.rendered_on)
    if known or decided is None or decided.scheme != ReceiptPolicy.Scheme.CREDIT:
        return known
    amount = unpaid(rendering)
    if amount <= money.ZERO:
        return None
    receipt = Receipt(rendering=rendering, kind=Receipt.Kind.CREDIT, created_at=at)
    shop = fill(receipt, amount=amount, at=at)
    receipt.save()
    if shop:
        receipts.queue(receipt, shop, at=at)
    return receipt


def unpaid(rendering: Rendering) -> Decimal:
    """What of a rendering no money has paid yet."""
    return min(rendering.amount, prepayments.owed(rendering.deal, rendering.legal_entity))


def fill(receipt: Receipt, *, amount: Decimal, at: datetime) -> MerchantAccount | None:
    """Set the state, reason and content of a credit receipt; returns the shop that can make it."""
    rendering = receipt.rendering
    if rendering is None:
        raise ValueError("a credit receipt is of a rendering")
    try:
        tax = network.tax(legal_entity=rendering.legal_entity, on=rendering.rendered_on)
        if receipt_contents.system(rendering.legal_entity, tax) == "npd":
            receipt.state, receipt.reason = Receipt.State.NOT_REQUIRED, "npd"
            return None
        receipt.content = _content(rendering, amount)
    except network.NoTaxSetting:
        receipt.state, receipt.reason = Receipt.State.MISSING, "no_tax_setting"
        return None
    shop = shop_of(rendering, at=at)
    receipt.state = Receipt.State.PLANNED if shop else Receipt.State.MISSING
    receipt.reason = "" if shop else "no_register"
    return shop


def _content(rendering: Rendering, amount: Decimal) -> dict[str, Any]:
    payer = payers.of_deal(rendering.deal).of()
    sale = receipt_contents.Sale(
        deal=rendering.deal,
        entity=rendering.legal_entity,
        programme=rendering.deal.programme,
        buyer=Buyer(email=payer.email, phone=payer.phone),
        on=rendering.rendered_on,
    )
    return dict(receipt_contents.on_credit(sale, amount=amount))


def shop_of(rendering: Rendering, *, at: datetime) -> MerchantAccount | None:
    """A shop of the same entity whose receipts need no payment."""
    deal = rendering.deal
    try:
        receiver = network.receiver(deal=deal, on=deal.local_day(at))
    except network.NoReceiver:
        return None
    same = receiver.legal_entity.pk == rendering.legal_entity_id
    return receiver.merchant if same and receiver.merchant.settings.get("receipts") is True else None
