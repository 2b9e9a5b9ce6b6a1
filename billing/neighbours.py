"""Does somebody else sell through this shop? Found in what the provider tells and in its registry.

The key check says so, because a shop that is shared needs `other_orders`, and numbers of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing import providers
from billing.models import MerchantAccount, Notice, ProviderOrder
from billing.providers.base import OperationKind, ProviderError, Unsupported

LOOKED_BACK = timedelta(days=90)
REGISTRY_DAYS = 2
TIMEOUT_SECONDS = 10.0
BUSINESS_ZONE = ZoneInfo("Europe/Moscow")
# What a notice came to when its order was not ours.
STRANGE = ("foreign", "forwarded", "unplaced", "declined_elsewhere", "signed_elsewhere")


@dataclass(frozen=True)
class Neighbours:
    """How many operations were not ours, and the number of one, to look up in the provider's cabinet."""

    count: int
    example: str


def found(*, merchant: MerchantAccount, at: datetime) -> Neighbours:
    """Operations of other programs: by notice in the last 90 days, by registry today and yesterday."""
    notices = Notice.objects.filter(
        merchant=merchant, outcome__in=STRANGE, created_at__gte=at - LOOKED_BACK
    ).order_by("-id")
    told = set(notices.values_list("external_id", flat=True)[:1000])
    listed = _listed(merchant, at)
    everything = sorted(told | listed)
    return Neighbours(count=len(everything), example=everything[-1] if everything else "")


def _listed(merchant: MerchantAccount, at: datetime) -> set[str]:
    """Payments of the registry by orders that we did not make; a provider may have none, or be away."""
    provider = providers.of(merchant)
    today = at.astimezone(BUSINESS_ZONE).date()
    days = [today - timedelta(days=back) for back in range(REGISTRY_DAYS)]
    try:
        rows = [row for day in days for row in provider.registry(day=day, timeout=TIMEOUT_SECONDS)]
    except (ProviderError, Unsupported):
        return set()
    paid = {row.external_id: row.order_number for row in rows if row.kind is OperationKind.PAYMENT}
    ours = ProviderOrder.objects.filter(merchant=merchant, number__in=paid.values())
    known = set(ours.values_list("number", flat=True))
    return {external_id for external_id, number in paid.items() if number not in known}
