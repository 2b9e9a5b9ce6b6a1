"""Finds money of our own young orders whose notice was lost, where the shop has a registry (CloudPayments).

Runs every few minutes, so a lost notice costs minutes; where there is no registry billing.order_watch asks.
What is found goes through the same inbox as its notice would, and counts once whichever comes first.
"""

from datetime import datetime, timedelta

import structlog

from billing import notice_store, providers
from billing.models import MerchantAccount, ProviderOrder
from billing.providers.base import ProviderError
from billing.registry_look import BUSINESS_ZONE, TIMEOUT_SECONDS, is_money, known_payments

log = structlog.get_logger("grafik.registry_watch")

WATCHED = timedelta(hours=24)
# A payment younger than that has a notice on its way.
NOTICE_TAKES = timedelta(minutes=1)
# So long after midnight yesterday is looked at too.
JUST_OVER = timedelta(minutes=15)


def run(*, at: datetime) -> int:
    """Find money of our own orders younger than a day whose notice was lost, where there is a registry.

    Called every few minutes. Returns how many payments were found.
    """
    young = ProviderOrder.objects.filter(
        opened_at__gt=at - WATCHED, payments__isnull=True, opened_at__isnull=False
    )
    shops = MerchantAccount.objects.filter(
        id__in=young.values("merchant"), provider=MerchantAccount.Provider.CLOUDPAYMENTS
    )
    return sum(_look(shop, at=at) for shop in shops)


def _look(merchant: MerchantAccount, *, at: datetime) -> int:
    today = at.astimezone(BUSINESS_ZONE).date()
    just_over = (at - JUST_OVER).astimezone(BUSINESS_ZONE).date()
    try:
        provider = providers.of(merchant)
        told = [
            operation
            for day in sorted({today, just_over})
            for operation in provider.registry(day=day, timeout=TIMEOUT_SECONDS)
        ]
    except (ProviderError, providers.NoAdapter) as error:
        log.warning("no registry", merchant=merchant.key, error=str(error))
        return 0
    numbers = {operation.order_number for operation in told}
    ours = ProviderOrder.objects.filter(merchant=merchant, number__in=numbers)
    own = set(ours.values_list("number", flat=True))
    known = known_payments(merchant, {operation.external_id for operation in told})
    lost = [
        operation
        for operation in told
        if operation.order_number in own
        and operation.external_id not in known
        and is_money(operation)
        and operation.created_at < at - NOTICE_TAKES
    ]
    for operation in lost:
        notice_store.found(merchant=merchant, operation=operation, at=at)
    return len(lost)
