"""What a lead's budget was at a moment: without a schedule a deal costs it, so changes are remembered.

Owns PriceChange. The budget itself stands on the mirrored deal (crm.deals).
"""

from datetime import datetime
from decimal import Decimal

from crm.models import Deal, PriceChange


def remember(*, deal_id: int, before: Decimal, after: Decimal, at: datetime) -> None:
    """Write down that we know another budget of the deal now; the same one again writes nothing."""
    if before != after:
        PriceChange.objects.create(deal_id=deal_id, before=before, after=after, recorded_at=at)


def known(deal: Deal, *, at: datetime) -> Decimal:
    """The budget as it was known at that moment, in roubles."""
    later = PriceChange.objects.filter(deal=deal, recorded_at__gt=at).order_by("recorded_at", "id").first()
    return later.before if later else deal.price
