"""Checks of legal entities, their taxes and their merchant accounts."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from billing import requisites, shops
from billing.models import LegalEntity, MerchantAccount
from billing.network_file import taxes
from billing.network_file.content import Content, Known
from billing.network_file.nodes import Problem
from billing.network_file.shapes import Entry

NEEDED = ("kind", "name", "inn", "tax_system", "vat")
# Keys by provider: those that a new merchant account must have, then those that it may have.
PROVIDER_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "robokassa": (
        ("login", "password1", "password2"),
        (
            *("password3", "algorithm", "test", "test_password1", "test_password2", "receipts"),
            *("inv_id_from", "orders", "certificate"),
        ),
    ),
    "cloudpayments": (("public_id", "api_secret"), ("api_secret_previous", "cash_receipts", "receipts")),
}
RECEIPTS = {"robokassa": ("order", "none"), "cloudpayments": ("true", "false")}


def check(content: Content, known: Known) -> Iterator[Problem]:
    for entity in content.legal_entities:
        before = known.legal_entities.get(entity.values.get("key", ""))
        yield from missing(entity, NEEDED, before)
        yield from _requisites(entity, before)
        yield from _taxes(entity, before)
    for entity, merchant in content.merchants():
        yield from _merchant(entity, merchant, known.merchants.get(merchant.values.get("key", "")))
    yield from _shops(content)


def _shops(content: Content) -> Iterator[Problem]:
    """A shop at a provider has one home: its numbers are counted and its notices arrive in one place."""
    homes: dict[tuple[str, str], str] = {}
    for _entity, merchant in content.merchants():
        key, provider = merchant.values.get("key", ""), merchant.values.get("provider")
        name = {"robokassa": "login", "cloudpayments": "public_id"}.get(provider or "")
        shop = merchant.values.get(name) if name else None
        if name is None or provider is None or not shop:
            continue
        stored = shops.registered(provider=provider, name=shop)
        home = homes.setdefault((provider, shop.lower()), stored.key if stored else key)
        if home != key:
            yield merchant.problem(name, _("This shop is registered already: %(key)s.") % {"key": home})


def missing(entry: Entry, needed: tuple[str, ...], before: object | None) -> Iterator[Problem]:
    """Keys that an object must have when it is made; for one that exists, an omitted key is left as it is."""
    if before is None:
        for key in needed:
            if key not in entry.lines:
                yield entry.problem(key, _("The key is missing."))


def _requisites(entity: Entry, before: LegalEntity | None) -> Iterator[Problem]:
    values = entity.values
    kind = values.get("kind") or (before.kind if before else None)
    if kind is None:
        return
    bank = values.get("bank")
    wrong = requisites.problems(
        kind=kind,
        inn=values.get("inn"),
        kpp=values.get("kpp"),
        ogrn=values.get("ogrn"),
        bank={**(before.bank if before else {}), **bank.values} if bank else None,
    )
    for name, reason in wrong.items():
        if bank is not None and name.startswith("bank."):
            yield bank.problem(name.removeprefix("bank."), reason)
        else:
            yield entity.problem(name, reason)


def _taxes(entity: Entry, before: LegalEntity | None) -> Iterator[Problem]:
    for key in ("tax_system", "vat"):
        yield from repeated_days(entity.values.get(key))
    for day, (system, rate) in taxes.settings(entity, before).items():
        reason = requisites.tax_problem(tax_system=system, vat=rate)
        if reason:
            key = "vat" if "vat" in entity.values else "tax_system"
            since = "" if day == requisites.BEGINNING else _(" Since %(day)s.") % {"day": day.isoformat()}
            yield entity.problem(key, reason + since)


def repeated_days(value: object) -> Iterator[Problem]:
    """Two values of a dated key that begin on one day, or a dated key without values."""
    seen = set()
    for item in value if isinstance(value, list) else ():
        day = item.values.get("from")
        if day in seen:
            yield item.problem("from", _("Two values begin on %(day)s.") % {"day": day.isoformat()})
        seen.add(day)


def _merchant(entity: Entry, merchant: Entry, before: MerchantAccount | None) -> Iterator[Problem]:
    provider = merchant.values.get("provider")
    if provider is None:
        return
    needed, optional = PROVIDER_KEYS[provider]
    yield from missing(merchant, needed, before)
    for key in merchant.values.keys() - {"key", "provider", "other_orders", *needed, *optional}:
        yield merchant.problem(key, _("%(provider)s has no such setting.") % {"provider": provider})
    receipts = merchant.values.get("receipts")
    if receipts is not None and receipts.lower() not in RECEIPTS[provider]:
        words = ", ".join(RECEIPTS[provider])
        yield merchant.problem("receipts", _("It must be one of: %(words)s.") % {"words": words})
    if before is not None and before.provider != provider:
        yield merchant.problem(
            "provider", _("The merchant account is of %(provider)s.") % {"provider": before.provider}
        )
    if before is not None and before.legal_entity.key != entity.values.get("key"):
        yield merchant.problem(
            "key",
            _("The merchant account belongs to %(entity)s; an account never changes its legal entity.")
            % {"entity": before.legal_entity.key},
        )
