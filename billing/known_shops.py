"""The shops whose notices come, kept in memory between two notices: row, decrypted secrets, adapter.

A copy is good for as long as its row is the very version that was read: who uses one says so with the `stamp`
in the statement that depends on it (billing.notice_store), so what a person changes counts from its commit
on, in every process. Holds nothing but what was read; never more than there are shops.
"""

from dataclasses import dataclass

from django.db.models import CharField
from django.db.models.expressions import RawSQL

from billing import providers
from billing.models import MerchantAccount
from billing.providers.base import Provider

# PostgreSQL's own name of a row's version. A lock by a foreign key leaves it, any update changes it.
STAMP = "billing_merchantaccount.xmin::text || billing_merchantaccount.ctid::text"


class UnknownMerchant(Exception):
    """No merchant account of this provider has the key."""


@dataclass(frozen=True)
class KnownShop:
    """A merchant account as it was read, its adapter, and the version of the row."""

    merchant: MerchantAccount
    adapter: Provider
    stamp: str


_known: dict[tuple[str, str], KnownShop] = {}


def _stamp() -> RawSQL:
    return RawSQL(STAMP, [], output_field=CharField())  # noqa: S611 - a constant


def remembered(*, provider: str, key: str) -> KnownShop | None:
    """The shop as an earlier notice found it; it may have changed since."""
    return _known.get((provider, key))


def read(*, provider: str, key: str) -> KnownShop:
    """The shop as it is now, remembered for the next notice. Raises UnknownMerchant."""
    found = MerchantAccount.objects.filter(provider=provider, key=key)
    # The model declares what this sets.
    merchant = found.annotate(stamp=_stamp()).first()  # type: ignore[no-redef]
    if merchant is None:
        _known.pop((provider, key), None)
        raise UnknownMerchant
    shop = KnownShop(merchant, providers.of(merchant), merchant.stamp)
    _known[provider, key] = shop
    return shop
