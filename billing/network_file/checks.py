"""Checks that need more than one entry: keys that stand twice, references, owners, conflicts with the
database.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from billing import network
from billing.models import Ownership
from billing.network_file import entity_checks
from billing.network_file.content import Content, Known
from billing.network_file.entity_checks import missing
from billing.network_file.nodes import Problem
from billing.network_file.shapes import Entry
from crm import hooks
from crm.models import Account, Integration

ACCOUNT_NEEDED = ("subdomain", "account_id", "client_id", "client_secret", "redirect_uri")
# Settings of an account that rules() looks at together.
RULES = ("reminders", "cohort_reminders", "cohorts", "rendered")
# amoCRM's own stage of a deal that was won.
WON = 142


def check(content: Content, known: Known) -> Iterator[Problem]:
    """Every problem of the whole file that no single value shows."""
    merchants = [merchant for _entity, merchant in content.merchants()]
    yield from _repeated(content.accounts, "key", "account_id", "subdomain", "webhook_key")
    yield from _repeated_clients(content.accounts)
    yield from _repeated(content.legal_entities, "key")
    yield from _repeated(merchants, "key")
    yield from _repeated(content.products, "programme")
    yield from entity_checks.check(content, known)
    for account in content.accounts:
        yield from _account(account, content, known)
    yield from _locations(content, known)
    for product in content.products:
        yield from missing(product, ("name",), known.products.get(product.values.get("programme", "")))
        yield from entity_checks.repeated_days(product.values.get("vat"))


def _repeated(entries: Iterable[Entry], *keys: str) -> Iterator[Problem]:
    for key in keys:
        first: dict[Any, int] = {}
        for entry in entries:
            value = entry.values.get(key)
            if value is None:
                continue
            if value in first:
                yield entry.problem(key, _("It stands on line %(line)s already.") % {"line": first[value]})
            first.setdefault(value, entry.lines.get(key, entry.line))


def _repeated_clients(accounts: list[Entry]) -> Iterator[Problem]:
    yield from _repeated([part for account in accounts for part in _integrations(account)], "client_id")


def _integrations(account: Entry) -> list[Entry]:
    return [account, account.values["widget"]] if "widget" in account.values else [account]


def _account(account: Entry, content: Content, known: Known) -> Iterator[Problem]:
    values = account.values
    before = known.accounts.get(values.get("key", ""))
    yield from missing(account, ACCOUNT_NEEDED, before)
    yield from _taken(account)
    if {"pipeline", "pipelines"} <= values.keys():
        yield account.problem("pipeline", _("Give either pipeline or pipelines."))
    yield from _repeated(values.get("pipelines", []), "id")
    yield from rules(account, before)
    yield from _templates(account)
    yield from _unknown(account, "legal_entity", _entities(content, known))


def rules(account: Entry, before: Account | None = None) -> Iterator[Problem]:
    """What the billing rules of an account say against each other, in the file and in the panel."""
    values = account.values
    yield from _repeated(values.get("reminders", []), "days")
    yield from _repeated(values.get("cohort_reminders", []), "cohort")
    for own in values.get("cohort_reminders", []):
        yield from _repeated(own.values.get("reminders", []), "days")
    yield from _repeated(values.get("cohorts", []), "cohort")
    for cohort in values.get("cohorts", []):
        if {"starts_on", "ends_on"} <= cohort.values.keys() and cohort.values["ends_on"] < cohort.values[
            "starts_on"
        ]:
            yield cohort.problem("ends_on", _("The end is before the start."))
    yield from _rendered(account)
    yield from _salesbot(account, before)


def _rendered(account: Entry) -> Iterator[Problem]:
    """A stage that says "rendered" is named, and is not one to which full payment leads by itself."""
    rule = account.values.get("rendered")
    if rule is None or "by" not in rule.values:
        return
    named = rule.values.get("statuses", [])
    if bool(named) != (rule.values["by"] == "stage"):
        yield rule.problem("statuses", _("Name the stages when a stage says it, and only then."))
    pipelines = [*account.values.get("pipelines", []), *_one(account, "pipeline")]
    for pipeline in pipelines:
        ours = {pipeline.values.get("completed_status", WON), pipeline.values.get("paid_status")}
        if ours & set(named):
            yield rule.problem("statuses", _("A stage to which paid deals move by themselves cannot say it."))
            return


def _one(entry: Entry, key: str) -> list[Entry]:
    return [entry.values[key]] if key in entry.values else []


def _templates(account: Entry) -> Iterator[Problem]:
    """A template needs one way of counting its payments, and a bracket that is none the wrong way round."""
    templates = account.values.get("schedule_templates", [])
    yield from _repeated(templates, "name")
    for template in templates:
        given = template.values
        # What could not be read has its own problem already.
        told = [key in template.lines and given.get(key, key) for key in ("count", "monthly_amount")]
        if bool(told[0]) == bool(told[1]):
            yield template.problem("count", _("Give either the number of payments or the monthly payment."))
        if given.get("down_percent") is not None and given.get("down_amount") is not None:
            yield template.problem("down_amount", _("Give the down payment as a share or as a sum."))
        if Decimal(given.get("down_percent") or 0) >= 100:
            yield template.problem("down_percent", _("A down payment is less than the whole."))
        low, high = given.get("total_from"), given.get("total_to")
        if low is not None and high is not None and Decimal(low) > Decimal(high):
            yield template.problem("total_to", _("The bracket ends below its beginning."))


def _taken(account: Entry) -> Iterator[Problem]:
    """What another account of the database has already: amoCRM's own names are unique."""
    others = Account.objects.exclude(key=account.values.get("key", ""))
    columns = {"account_id": "external_id", "subdomain": "subdomain", "webhook_key": "webhook_key_hash"}
    for key, column in columns.items():
        value = account.values.get(key)
        if value and key == "webhook_key":
            value = hooks.hash_of(value)
        other = others.filter(**{column: value}).first() if value else None
        if other is not None:
            yield account.problem(key, _("The account %(key)s has it already.") % {"key": other.key})
    for part in _integrations(account):
        taken = Integration.objects.filter(client_id=part.values.get("client_id"), account__in=others).first()
        if taken is not None:
            yield part.problem(
                "client_id", _("The account %(key)s has it already.") % {"key": taken.account.key}
            )


def _salesbot(account: Entry, before: Account | None) -> Iterator[Problem]:
    policy = getattr(before, "policy", None)
    bot = account.values.get("salesbot_id", policy.salesbot_id if policy else None)
    of_cohorts = [own.values.get("reminders", []) for own in account.values.get("cohort_reminders", [])]
    for reminder in chain(account.values.get("reminders", []), *of_cohorts):
        channels = reminder.values.get("channels", [])
        if len(set(channels)) != len(channels):
            yield reminder.problem("channels", _("A channel stands here twice."))
        if "salesbot" in channels and bot is None and "salesbot_id" not in account.lines:
            yield reminder.problem("channels", _("Reminders by Salesbot need salesbot_id of the account."))


def _locations(content: Content, known: Known) -> Iterator[Problem]:
    entities, accounts = _entities(content, known), {*known.accounts, *_keys(content.accounts)}
    merchants = {key: merchant.legal_entity.key for key, merchant in known.merchants.items()}
    for entity, merchant in content.merchants():
        merchants[merchant.values.get("key", "")] = entity.values.get("key", "")
    yield from _two_owners(content.locations)
    yield from _one_value(content.locations, known)
    made: set[tuple[str, str]] = set()
    for location in content.locations:
        place = (location.values.get("account", ""), location.values.get("key", ""))
        yield from missing(
            location, ("name", "crm_value"), known.locations.get(place) or place in made or None
        )
        made.add(place)
        yield from _unknown(location, "account", accounts)
        yield from _unknown(location, "legal_entity", entities)
        yield from _unknown(location, "merchant", merchants.keys())
        yield from _foreign_merchant(location, merchants)
        yield from _other_owner(location)
        yield from _deposit(location)


def _foreign_merchant(location: Entry, merchants: dict[str, str]) -> Iterator[Problem]:
    owner, merchant = location.values.get("legal_entity"), location.values.get("merchant")
    if owner and merchant in merchants and merchants[merchant] != owner:
        yield location.problem(
            "merchant",
            _("The merchant account %(merchant)s belongs to %(entity)s, the location to %(owner)s.")
            % {"merchant": merchant, "entity": merchants[merchant], "owner": owner},
        )


def _other_owner(location: Entry) -> Iterator[Problem]:
    """The owner of a day under whom orders were made stays: a change of owner begins on another day."""
    values = location.values
    owner, day = values.get("legal_entity"), values.get("valid_from")
    if owner is None or day is None:
        return
    place = {"location__account__key": values.get("account", ""), "location__key": values.get("key", "")}
    before = Ownership.objects.filter(**place, valid_from=day).first()
    if before and before.legal_entity.key != owner and network.has_orders(before):
        yield location.problem(
            "legal_entity",
            _("Orders were made for %(key)s since that day: give the new owner a later valid_from.")
            % {"key": before.legal_entity.key},
        )


def _two_owners(locations: list[Entry]) -> Iterator[Problem]:
    first: dict[tuple[Any, Any, Any], int] = {}
    for location in locations:
        values = location.values
        day = values.get("valid_from")
        if day is None:
            continue
        owner_day = (values.get("account"), values.get("key"), day)
        if owner_day in first:
            reason = _("The location has two owners on %(day)s, the other one on line %(line)s.")
            yield location.problem("valid_from", reason % {"day": day.isoformat(), "line": first[owner_day]})
        first.setdefault(owner_day, location.line)


def _one_value(locations: list[Entry], known: Known) -> Iterator[Problem]:
    """A value of amoCRM's location field means one location."""
    owner_of = {(account, place.crm_value): key for (account, key), place in known.locations.items()}
    given = {
        (entry.values.get("account"), entry.values.get("key"))
        for entry in locations
        if "crm_value" in entry.values
    }
    owner_of = {value: key for value, key in owner_of.items() if (value[0], key) not in given}
    for location in locations:
        value = (location.values.get("account", ""), location.values.get("crm_value", ""))
        key = location.values.get("key", "")
        if value[1] and owner_of.setdefault(value, key) != key:
            reason = _("The location %(key)s has this value already.") % {"key": owner_of[value]}
            yield location.problem("crm_value", reason)


def _deposit(location: Entry) -> Iterator[Problem]:
    deposit = location.values.get("deposit")
    if deposit is None:
        return
    if ("percent" in deposit.lines) == ("amount" in deposit.lines):
        yield deposit.problem("amount", _("A deposit is either percent or amount."))
    elif "amount" in deposit.lines and {"round_to", "minimum"} & deposit.lines.keys():
        yield deposit.problem("amount", _("A fixed amount is neither rounded nor has a minimum."))


def _unknown(entry: Entry, key: str, known: Iterable[str]) -> Iterator[Problem]:
    value = entry.values.get(key)
    if value is not None and value not in known:
        reason = _("There is no “%(value)s” in this file or in the database.") % {"value": value}
        yield entry.problem(key, reason)


def _entities(content: Content, known: Known) -> set[str]:
    return {*known.legal_entities, *_keys(content.legal_entities)}


def _keys(entries: Iterable[Entry]) -> list[str]:
    return [entry.values["key"] for entry in entries if "key" in entry.values]
