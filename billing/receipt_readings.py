"""What the content of a receipt depends on beside its payment: the product, what waits to be paid for, and
what of the money nothing waits for.

Asked for one payment at a time, or ahead for several that are planned together. Reads only.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Sum

from billing import ledger, network, prepayments
from billing.models import Allocation, LegalEntity, Payment, Product, Rendering
from billing.rules import money
from crm.models import Deal


class Readings:
    """Asks the database each time."""

    def product(self, programme: str) -> Product | None:
        return network.product(programme=programme)

    def owed(self, deal: Deal, entity: LegalEntity) -> Decimal:
        """What was rendered and is closed by no money yet."""
        return prepayments.owed(deal, entity)

    def above(self, payment: Payment) -> Decimal:
        """What of a booked payment is above all that its deal costs; nothing while nobody knows the price."""
        free = ledger.with_free(Payment.objects.filter(pk=payment.pk)).get().free
        if payment.deal is None or free <= 0:
            return money.ZERO
        standing = ledger.standing(payment.deal, on=payment.deal.local_day(payment.received_at))
        is_unknown = standing.schedule is None and standing.total <= 0
        return money.ZERO if is_unknown else max(min(free, standing.credit), money.ZERO)


class ReadAhead(Readings):
    """Has asked for these payments; most have no service rendered yet and are covering rows to the kopeck, so
    nothing of it is to be summed.
    """

    def __init__(self, payments: Iterable[Payment]) -> None:
        given = list(payments)
        products = Product.objects.filter(programme__in={payment.programme for payment in given} - {""})
        self._products = {product.programme: product for product in products}
        rendered = Rendering.objects.filter(deal__in={payment.deal_id for payment in given} - {None})
        self._rendered = set(rendered.values_list("deal", "legal_entity"))
        covering = Allocation.objects.filter(payment__in=given).values("payment").annotate(sum=Sum("amount"))
        self._covering = dict(covering.values_list("payment", "sum"))

    def product(self, programme: str) -> Product | None:
        return self._products.get(programme)

    def owed(self, deal: Deal, entity: LegalEntity) -> Decimal:
        return super().owed(deal, entity) if (deal.pk, entity.pk) in self._rendered else money.ZERO

    def above(self, payment: Payment) -> Decimal:
        is_covering = self._covering.get(payment.pk) == payment.amount
        return money.ZERO if is_covering else super().above(payment)
