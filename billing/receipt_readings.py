"""What the content of a receipt depends on beside its payment: the product, and what waits to be paid for.

Asked for one payment at a time, or ahead for several that are planned together. Reads only.
"""

from collections.abc import Iterable
from decimal import Decimal

from billing import network, prepayments
from billing.models import LegalEntity, Payment, Product, Rendering
from billing.rules import money
from crm.models import Deal


class Readings:
    """Asks the database each time."""

    def product(self, programme: str) -> Product | None:
        return network.product(programme=programme)

    def owed(self, deal: Deal, entity: LegalEntity) -> Decimal:
        """What was rendered and is closed by no money yet."""
        return prepayments.owed(deal, entity)


class ReadAhead(Readings):
    """Has asked for these payments; most have no service rendered yet, so nothing of it is to be summed."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        given = list(payments)
        products = Product.objects.filter(programme__in={payment.programme for payment in given} - {""})
        self._products = {product.programme: product for product in products}
        rendered = Rendering.objects.filter(deal__in={payment.deal_id for payment in given} - {None})
        self._rendered = set(rendered.values_list("deal", "legal_entity"))

    def product(self, programme: str) -> Product | None:
        return self._products.get(programme)

    def owed(self, deal: Deal, entity: LegalEntity) -> Decimal:
        return super().owed(deal, entity) if (deal.pk, entity.pk) in self._rendered else money.ZERO
