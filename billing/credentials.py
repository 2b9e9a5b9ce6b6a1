"""Do the stored keys work? Asks amoCRM and each payment provider, changes nothing there.

One answer per account and merchant account, in words that name the next step and never a secret; for an
account whose key works also what crm.setup finds of its settings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing import neighbours, providers
from billing.models import MerchantAccount
from billing.providers import base
from crm import connection, setup
from crm.client import CrmError, Priority
from crm.models import Account

TIMEOUT_SECONDS = 10.0


class UnknownKey(Exception):
    """No account and no merchant account has this key."""


@dataclass(frozen=True)
class Result:
    """`what` is account or merchant; `is_key` is about a key, else about a setting of the account."""

    what: str
    key: str
    works: bool
    words: str
    is_key: bool = True


def check(*, keys: Sequence[str], at: datetime) -> list[Result]:
    """Try the named accounts and merchant accounts, or all of them. Raises UnknownKey before any call."""
    accounts, merchants = Account.objects.order_by("key"), MerchantAccount.objects.order_by("key")
    if keys:
        accounts, merchants = accounts.filter(key__in=keys), merchants.filter(key__in=keys)
        known = {*accounts.values_list("key", flat=True), *merchants.values_list("key", flat=True)}
        for key in keys:
            if key not in known:
                raise UnknownKey(_("There is no account or merchant account “%(key)s”.") % {"key": key})
    of_merchants = [result for merchant in merchants for result in _merchant(merchant, at)]
    return [*_accounts(list(accounts), at), *of_merchants]


def shared(*, merchant: MerchantAccount, at: datetime) -> str:
    """A sentence when somebody else sells through this shop, else nothing."""
    others = neighbours.found(merchant=merchant, at=at)
    if not others.count:
        return ""
    rule = {
        "refuse": _("their payments are recorded as unplaced"),
        "accept": _("their payments are let pass"),
    }.get(merchant.other_orders, _("their notices are forwarded"))
    words = _(
        "Somebody else sells through this shop too: %(count)s operations are not ours (the last one is "
        "%(example)s); %(rule)s. See the setting “Orders that are not ours”."
    )
    return words % {"count": others.count, "example": others.example, "rule": rule}


def _merchant(merchant: MerchantAccount, at: datetime) -> Iterator[Result]:
    result = check_merchant(merchant=merchant)
    yield result
    words = shared(merchant=merchant, at=at) if result.works else ""
    if words:
        yield Result("merchant", merchant.key, merchant.other_orders != "refuse", words, is_key=False)


def check_merchant(*, merchant: MerchantAccount) -> Result:
    """Try the keys of one merchant account."""
    try:
        untried = providers.of(merchant).check_credentials(timeout=TIMEOUT_SECONDS)
    except base.Refused as error:
        words = _("The provider refuses the keys: %(reason)s. Copy them from its cabinet again.")
        return Result("merchant", merchant.key, False, words % {"reason": error.detail})
    except base.ProviderError as error:
        words = _("The provider does not answer: %(reason)s. Try again later.")
        return Result("merchant", merchant.key, False, words % {"reason": error.detail})
    except (providers.NoAdapter, base.Unsupported):
        return Result("merchant", merchant.key, False, _("The keys of this provider cannot be tried yet."))
    return Result("merchant", merchant.key, True, " ".join([_("The keys work."), *_untried(untried)]))


def _untried(names: tuple[str, ...]) -> list[str]:
    """What of the keys nobody can try before a payer or a refund does."""
    words = {
        "password1": _(
            "Password 1 could not be tried: open a payment page, where a wrong one shows as error 29."
        ),
        "password3": _("Password 3 shows at the first refund only."),
    }
    return [words[name] for name in names]


def _accounts(accounts: list[Account], at: datetime) -> Iterator[Result]:
    for account in accounts:
        works, words = _account(account, at)
        yield Result("account", account.key, works, words)
        for finding in _findings(account, at) if works else ():
            yield Result("account", account.key, finding.works, finding.words, is_key=False)


def _findings(account: Account, at: datetime) -> list[setup.Finding]:
    """What of the account's settings amoCRM does not know or does not allow."""
    try:
        return setup.findings(account=account, found=setup.survey(account=account, at=at))
    except CrmError as error:
        words = _("amoCRM does not answer: %(reason)s. Try again later.")
        return [setup.Finding(False, words % {"reason": error})]


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
