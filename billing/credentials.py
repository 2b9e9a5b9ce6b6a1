"""Do the stored keys work? Asks amoCRM and each payment provider, changes nothing there.

One answer per account and merchant account, in words that name the next step and never a secret.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing import providers
from billing.models import MerchantAccount
from billing.providers import base
from crm import connection
from crm.client import CrmError, Priority
from crm.models import Account

TIMEOUT_SECONDS = 10.0


class UnknownKey(Exception):
    """No account and no merchant account has this key."""


@dataclass(frozen=True)
class Result:
    """`what` is account or merchant."""

    what: str
    key: str
    works: bool
    words: str


def check(*, keys: Sequence[str], at: datetime) -> list[Result]:
    """Try the named accounts and merchant accounts, or all of them. Raises UnknownKey before any call."""
    accounts, merchants = Account.objects.order_by("key"), MerchantAccount.objects.order_by("key")
    if keys:
        accounts, merchants = accounts.filter(key__in=keys), merchants.filter(key__in=keys)
        known = {*accounts.values_list("key", flat=True), *merchants.values_list("key", flat=True)}
        for key in keys:
            if key not in known:
                raise UnknownKey(_("There is no account or merchant account “%(key)s”.") % {"key": key})
    return [*_accounts(list(accounts), at), *(check_merchant(merchant=merchant) for merchant in merchants)]


def check_merchant(*, merchant: MerchantAccount) -> Result:
    """Try the keys of one merchant account."""
    try:
        providers.of(merchant).check_credentials(timeout=TIMEOUT_SECONDS)
    except base.Refused as error:
        words = _("The provider refuses the keys: %(reason)s. Copy them from its cabinet again.")
        return Result("merchant", merchant.key, False, words % {"reason": error.detail})
    except base.ProviderError as error:
        words = _("The provider does not answer: %(reason)s. Try again later.")
        return Result("merchant", merchant.key, False, words % {"reason": error.detail})
    except (providers.NoAdapter, base.Unsupported):
        return Result("merchant", merchant.key, False, _("The keys of this provider cannot be tried yet."))
    return Result("merchant", merchant.key, True, _("The keys work."))


def _accounts(accounts: list[Account], at: datetime) -> Iterator[Result]:
    for account in accounts:
        works, words = _account(account, at)
        yield Result("account", account.key, works, words)


def _account(account: Account, at: datetime) -> tuple[bool, str]:
    try:
        found = connection.run(
            account=account, at=at, work=lambda client: client.account(), priority=Priority.PERSON
        )
    except connection.NeedsReconnect:
        return False, _("amoCRM refuses the token: connect the account again.")
    except CrmError as error:
        return False, _("amoCRM does not answer: %(reason)s. Try again later.") % {"reason": error}
    if found.id != account.external_id:
        words = _("The token belongs to the account %(found)s, the network file says %(expected)s.")
        return False, words % {"found": found.id, "expected": account.external_id}
    return True, _("The token works.")
