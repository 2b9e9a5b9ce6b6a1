"""What stands in a receipt: the seller's taxes, the programme's line and rate of that day, the buyer.

Puts network and the accountant's decisions into the pure rules. Money is a prepayment until the service is
rendered; what comes later pays for it; what is above the price is an advance, for nobody knows yet what it is
for. Where the accountant chose credit, access is handed over with the first money and the rest is a credit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing import ledger, network, prepayments
from billing.models import LegalEntity, Offset, Payment, Receipt, ReceiptPolicy, Rendering, TaxSetting
from billing.receipt_readings import Readings
from billing.rules import receipts as rules
from billing.rules.receipts import Content
from crm.models import Deal

NAME_MAX = 128


@dataclass(frozen=True, kw_only=True)
class Sale:
    """For whom, by whom, what for and on which day money is receipted; `above` of it is more than the deal
    costs.
    """

    deal: Deal
    entity: LegalEntity
    programme: str
    buyer: rules.Buyer
    on: date
    cash: bool = False
    above: Decimal = Decimal(0)
    readings: Readings = field(default_factory=Readings)


def income(sale: Sale, *, amount: Decimal, whole: bool) -> Content:
    """The receipt of money that comes. Raises network.NoTaxSetting."""
    decided = policy(entity=sale.entity, programme=sale.programme, on=sale.on)
    if decided is not None and decided.scheme == ReceiptPolicy.Scheme.CREDIT:
        return _on_credit(sale, decided, amount)
    late = min(amount, sale.readings.owed(sale.deal, sale.entity))
    if not late:
        return _ahead(sale, amount, whole=whole)
    return _joined(_settlement(sale, {_way(sale): late}), sale, amount - late)


def offset(sale: Sale, *, amount: Decimal) -> Content:
    """The receipt that closes prepayments when the service is rendered. Raises network.NoTaxSetting."""
    return _settlement(sale, {"advance": amount})


def on_credit(sale: Sale, *, amount: Decimal) -> Content:
    """The receipt of a service that is handed over before any money. Raises network.NoTaxSetting."""
    return _settlement(sale, {"credit": amount})


def close(receipt: Receipt, *, deal: Deal, payment: Payment) -> None:
    """Remember which part of a payment its own income receipt has closed, and what that handed over."""
    lines = [line for line in receipt.content.get("lines", ()) if line["method"] in rules.SETTLED]
    settled = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    if not settled:
        return
    credit = Decimal(receipt.content["paid"].get("credit", "0"))
    by_credit = credit or any(line["method"] == "credit_payment" for line in lines)
    missing = settled - prepayments.owed(deal, payment.legal_entity)
    if missing > 0 and (by_credit or not _is_rendered(deal)):
        Rendering.objects.create(
            deal=deal,
            legal_entity=payment.legal_entity,
            rendered_on=deal.local_day(payment.received_at),
            amount=missing,
            key=f"handover:{payment.pk}",
            author=payment.author or "system",
            recorded_at=payment.recorded_at,
        )
    Offset.objects.create(
        payment=payment,
        receipt=receipt,
        amount=min(settled - credit, payment.amount),
        recorded_at=payment.recorded_at,
    )


def policy(*, entity: LegalEntity, programme: str, on: date) -> ReceiptPolicy | None:
    """What the accountant decided for the programme, else for all of the entity, as of a day."""
    # A few rows, read whole: who handles much money of one entity has them at hand.
    rows = entity.receipt_policies.all()
    decided = (row for row in rows if row.programme in ("", programme) and row.valid_from <= on)
    return max(decided, key=lambda row: (row.programme, row.valid_from), default=None)


def system(entity: LegalEntity, tax: TaxSetting) -> str:
    return "npd" if entity.kind == LegalEntity.Kind.SELF_EMPLOYED else tax.tax_system


def buyer_of(payment: Payment) -> rules.Buyer:
    """What the payer said at the order, else the payer of the payment, else the deal's contact."""
    said: Mapping[str, Any] = payment.order.request if payment.order else {}
    deal = payment.deal
    own = (deal.contact_email, deal.contact_phone) if deal else ("", "")
    candidates = (
        (said.get("email"), said.get("phone")),
        (payment.payer.get("email"), payment.payer.get("phone")),
        own,
    )
    email, phone = next((pair for pair in candidates if pair[0] or pair[1]), ("", ""))
    return rules.Buyer(email=email or "", phone=phone or "")


def _on_credit(sale: Sale, decided: ReceiptPolicy, amount: Decimal) -> Content:
    """Access goes with the first money for the whole price; later money pays the credit."""
    if not _is_rendered(sale.deal):
        total = max(ledger.standing(sale.deal, on=sale.on).total, Decimal(0))
        now = min(amount, total) or amount
        credit = max(total - now, Decimal(0))
        return _joined(_settlement(sale, {_way(sale): now, "credit": credit}), sale, amount - now)
    late = min(amount, sale.readings.owed(sale.deal, sale.entity))
    if not late:
        return _ahead(sale, amount, whole=False)
    credit = min(late, prepayments.on_credit(sale.deal, sale.entity))
    if not credit:
        return _joined(_settlement(sale, {_way(sale): late}), sale, amount - late)
    terms = rules.CreditTerms(subject=decided.credit_subject, vat=decided.credit_vat)
    seller, item = _parts(sale)
    paid = rules.credit_payment(
        seller=seller, buyer=sale.buyer, item=item, terms=terms, amount=credit, cash=sale.cash
    )
    if late > credit:
        # Its money went back or was carried away: it was handed over, but no credit says so.
        paid = rules.together(paid, _settlement(sale, {_way(sale): late - credit}))
    return _joined(paid, sale, amount - late)


def _is_rendered(deal: Deal) -> bool:
    return Rendering.objects.filter(deal=deal).exists()


def _ahead(sale: Sale, amount: Decimal, *, whole: bool) -> Content:
    """A prepayment; an advance while nobody knows for what the money is, as with a gift certificate or with
    money above the price.
    """
    seller, item = _parts(sale)
    if not item.name or item.subject == rules.UNKNOWN_YET:
        return _advance(sale, item.name or _("Advance"), amount)
    above = min(_above(sale), amount)
    if above == amount:
        return _advance(sale, _("Advance"), amount)
    made = rules.prepayment(
        seller=seller, buyer=sale.buyer, item=item, amount=amount - above, whole=whole, cash=sale.cash
    )
    return rules.together(made, _advance(sale, _("Advance"), above)) if above else made


def _advance(sale: Sale, name: str, amount: Decimal) -> Content:
    seller, item = _parts(sale)
    return rules.advance(
        seller=seller, buyer=sale.buyer, name=name, vat=item.vat, amount=amount, cash=sale.cash
    )


def _above(sale: Sale) -> Decimal:
    """What of the money is an advance although its service is known: the accountant may want none."""
    decided = policy(entity=sale.entity, programme=sale.programme, on=sale.on) if sale.above else None
    of_the_service = decided is not None and decided.overpayment == ReceiptPolicy.Overpayment.PREPAYMENT
    return Decimal(0) if of_the_service else sale.above


def _settlement(sale: Sale, paid: Mapping[str, Decimal]) -> Content:
    seller, item = _parts(sale)
    # What was an advance is a service when it is rendered: a certificate is redeemed for one.
    subject = "service" if item.subject == rules.UNKNOWN_YET else item.subject
    named = rules.Item(name=item.name or _("Services under a contract"), subject=subject, vat=item.vat)
    return rules.settlement(seller=seller, buyer=sale.buyer, item=named, paid=paid)


def _joined(first: Content, sale: Sale, rest: Decimal) -> Content:
    return rules.together(first, _ahead(sale, rest, whole=False)) if rest > 0 else first


def _way(sale: Sale) -> str:
    return "cash" if sale.cash else "electronic"


def _parts(sale: Sale) -> tuple[rules.Seller, rules.Item]:
    tax = network.tax(legal_entity=sale.entity, on=sale.on)
    product = sale.readings.product(sale.programme)
    name = product.name if product else sale.programme or sale.deal.name
    return (
        rules.Seller(inn=sale.entity.inn, site=sale.entity.site, tax_system=system(sale.entity, tax)),
        rules.Item(
            name=name[:NAME_MAX],
            subject=product.subject if product else "service",
            vat=network.vat(product=product, setting=tax, on=sale.on),
        ),
    )
