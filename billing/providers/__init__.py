"""Payment providers: `of(merchant)` gives the adapter that speaks for a merchant account."""

from collections.abc import Callable

from django.conf import settings

from billing.providers.base import Provider, Shop
from billing.providers.cloudpayments import CloudPayments
from billing.providers.robokassa import Robokassa

ADAPTERS: dict[str, Callable[[Shop], Provider]] = {
    CloudPayments.name: lambda shop: CloudPayments(shop, url=settings.CLOUDPAYMENTS_URL),
    Robokassa.name: lambda shop: Robokassa(
        shop,
        url=settings.ROBOKASSA_AUTH_URL,
        services_url=settings.ROBOKASSA_SERVICES_URL,
        fiscal_url=settings.ROBOKASSA_FISCAL_URL,
    ),
}


class NoAdapter(Exception):
    """The merchant's provider cannot be spoken to yet."""


def of(merchant: Shop) -> Provider:
    """The adapter of a merchant account; raises NoAdapter."""
    try:
        adapter = ADAPTERS[merchant.provider]
    except KeyError:
        raise NoAdapter(merchant.provider) from None
    return adapter(merchant)
