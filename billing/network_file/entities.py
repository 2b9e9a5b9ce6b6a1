"""Legal entities, merchant accounts, locations and products of the file as rows."""

import json
from typing import Any

from billing.models import LegalEntity, Location, MerchantAccount, Ownership, Product, TaxSetting
from billing.network_file import taxes
from billing.network_file.changes import Change, merged, only
from billing.network_file.shapes import Entry, plain
from crm.models import Account

SECRETS = (
    "password1",
    "password2",
    "password3",
    "test_password1",
    "test_password2",
    "api_secret",
    "api_secret_previous",
)
# What a new merchant account does where the file says nothing. Robokassa's shops hash by MD5 until they are
# told else.
SETTINGS: dict[str, dict[str, Any]] = {
    "robokassa": {"algorithm": "md5", "test": False, "receipts": "order"},
    "cloudpayments": {"cash_receipts": False, "receipts": True},
}


def write_entity(entry: Entry) -> Change:
    """Make or change a legal entity and its dated taxes."""
    values = entry.values
    change = Change("legal_entity", values["key"])
    before = LegalEntity.objects.filter(key=values["key"]).first()
    columns = only(
        values, "kind", "name", "inn", "kpp", "ogrn", "address", "site", "email", "phone", "vat_basis"
    )
    for key in ("signatory", "bank"):
        if key in values:
            columns[key] = merged(getattr(before, key) if before else {}, values[key].values)
    entity = change.put(LegalEntity, {"key": values["key"]}, columns)
    for day, (system, vat) in taxes.settings(entry, before).items():
        lookup = {"legal_entity": entity, "valid_from": day}
        change.put(TaxSetting, lookup, {"tax_system": system, "vat": vat}, part=f"tax {day.isoformat()}")
    return change


def write_merchant(entity_key: str, entry: Entry) -> Change:
    """Make or change a merchant account."""
    values = entry.values
    change = Change("merchant", values["key"])
    before = MerchantAccount.objects.filter(key=values["key"]).first()
    given = {
        key: value
        for key, value in values.items()
        if key not in {"key", "provider", "other_orders", *SECRETS}
    }
    if values["provider"] == "cloudpayments" and "receipts" in given:
        given["receipts"] = given["receipts"].lower() == "true"
    secrets = json.loads(before.secrets_json) if before else {}
    columns = {
        "provider": values["provider"],
        "settings": merged(before.settings if before else SETTINGS[values["provider"]], given),
        "secrets_json": json.dumps(merged(secrets, only(values, *SECRETS)), sort_keys=True),
        **only(values, "other_orders"),
    }
    if before is None:
        columns["legal_entity"] = LegalEntity.objects.get(key=entity_key)
    change.put(MerchantAccount, {"key": values["key"]}, columns)
    return change


def write_locations(entries: list[Entry]) -> list[Change]:
    """Make or change the locations; several entries of one key are its owners one after another.

    The location's own values are those of the entry that comes last in time.
    """
    changes: dict[tuple[str, str], Change] = {}
    for entry in sorted(entries, key=lambda entry: entry.values["valid_from"]):
        values = entry.values
        place = (values["account"], values["key"])
        change = changes.setdefault(place, Change("location", "/".join(place)))
        last = _merged_entries(entries, place)
        location = change.put(
            Location,
            {"account": Account.objects.get(key=values["account"]), "key": values["key"]},
            only(last, "name", "crm_value", "time_zone", "deposit", "deposit_due", "cash_receipts"),
        )
        owner = {
            "legal_entity": LegalEntity.objects.get(key=values["legal_entity"]),
            "merchant": MerchantAccount.objects.get(key=values["merchant"]),
        }
        day = values["valid_from"]
        change.put(
            Ownership, {"location": location, "valid_from": day}, owner, part=f"owner {day.isoformat()}"
        )
    return list(changes.values())


def _merged_entries(entries: list[Entry], place: tuple[str, str]) -> dict[str, Any]:
    of_place = [entry for entry in entries if (entry.values["account"], entry.values["key"]) == place]
    values: dict[str, Any] = {}
    for entry in sorted(of_place, key=lambda entry: entry.values["valid_from"]):
        values |= {key: plain(value) for key, value in entry.values.items()}
    return values


def write_product(entry: Entry) -> Change:
    """Make or change a product."""
    values = entry.values
    change = Change("product", values["programme"])
    columns = only(values, "name", "subject")
    vat = values.get("vat")
    if isinstance(vat, list):
        columns |= {"vat": "", "vat_dates": plain(vat)}
    elif vat:
        columns |= {"vat": vat, "vat_dates": []}
    change.put(Product, {"programme": values["programme"]}, columns)
    return change
