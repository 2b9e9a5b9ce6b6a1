"""amoCRM's documents as plain values, read with distrust.

amoCRM sends null for empty lists, numbers as text and the other way round, and whatever people typed: what
does not fit its type is read as empty, never as an error. PostgreSQL stores no NUL, so none gets in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAME_MAX = 500
PRICE_MAX = 999_999_999_999


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A lead; `fields` is custom field id -> its first value as amoCRM sent it; `price` whole roubles."""

    id: int
    name: str
    price: int
    pipeline_id: int
    status_id: int
    responsible_user_id: int
    fields: Mapping[int, Any] = field(default_factory=dict)
    contact_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    company_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A person of a deal; the first e-mail and the first phone that the card shows."""

    id: int
    name: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company of a deal, with what its field of requisites (`legal_entity`) says; unknown is empty."""

    id: int
    name: str
    inn: str
    kpp: str
    address: str
    bic: str
    bank_account: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A subscription to web hooks; amoCRM disables one that failed too often."""

    destination: str
    events: tuple[str, ...]
    is_disabled: bool


@dataclass(frozen=True, kw_only=True)
class CrmEvent:
    """One line of the account's list of events; `leads` are the leads that it names beside its own.

    `left_pipeline` and `left_stage` are what a change of stage went away from, else 0.
    """

    id: str
    type: str
    entity: str
    entity_id: int
    at: int
    contact_id: int
    leads: tuple[int, ...]
    left_pipeline: int
    left_stage: int


@dataclass(frozen=True, kw_only=True)
class User:
    id: int
    name: str
    is_active: bool
    is_admin: bool
    sees_all: bool


@dataclass(frozen=True, kw_only=True)
class AccountInfo:
    id: int
    subdomain: str
    name: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file in the account's drive."""

    uuid: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Stage:
    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class PipelineInfo:
    id: int
    name: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class CustomField:
    """A custom field of leads; `choices` are the labels of a select, `code` our own word for it."""

    id: int
    name: str
    type: str
    code: str
    choices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Note:
    id: int
    lead_id: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Task:
    id: int
    lead_id: int
    text: str
    till: int


def lead(document: Any) -> Lead:
    raw = mapping(document)
    contacts = items(mapping(raw.get("_embedded")).get("contacts"))
    ids = [number(contact.get("id")) for contact in sorted(contacts, key=lambda one: not one.get("is_main"))]
    companies = items(mapping(raw.get("_embedded")).get("companies"))
    return Lead(
        id=number(raw.get("id")),
        name=text(raw.get("name")),
        price=max(-PRICE_MAX, min(PRICE_MAX, number(raw.get("price")))),
        pipeline_id=number(raw.get("pipeline_id")),
        status_id=number(raw.get("status_id")),
        responsible_user_id=number(raw.get("responsible_user_id")),
        fields={number(item.get("field_id")): first(item) for item in items(raw.get("custom_fields_values"))},
        contact_id=next(filter(None, ids), None),
        contact_ids=tuple(filter(None, ids)),
        company_id=number(companies[0].get("id")) or None if companies else None,
    )


def contact(document: Any) -> Contact:
    raw = mapping(document)
    by_code = {item.get("field_code"): first(item) for item in items(raw.get("custom_fields_values"))}
    return Contact(
        id=number(raw.get("id")),
        name=text(raw.get("name")),
        email=text(by_code.get("EMAIL")),
        phone=text(by_code.get("PHONE")),
    )


def company(document: Any) -> Company:
    """Requisites stand in a field of the type legal_entity; others are found by their code or their name."""
    raw = mapping(document)
    fields = items(raw.get("custom_fields_values"))
    by_code = {item.get("field_code"): first(item) for item in fields}
    legal = next((mapping(first(item)) for item in fields if item.get("field_type") == "legal_entity"), {})

    def told(word: str, *names: str) -> str:
        """The part of the requisites of one of these names, else the field whose code or name is the word."""
        known = next((text(legal.get(name)) for name in names if legal.get(name)), "")
        plain = (
            text(first(item)) for item in fields if word in (item.get("field_code"), item.get("field_name"))
        )
        return known or next(filter(None, plain), "")

    return Company(
        id=number(raw.get("id")),
        name=text(legal.get("name")) or text(raw.get("name")),
        inn=told("ИНН", "vat_id"),
        kpp=told("КПП", "kpp", "tax_registration_reason_code"),
        address=told("ADDRESS", "address", "real_address"),
        bic=told("БИК", "bank_code"),
        bank_account=told("Расчётный счёт", "bank_account_number"),
        email=text(by_code.get("EMAIL")),
        phone=text(by_code.get("PHONE")),
    )


def hook(document: Any) -> Hook:
    raw = mapping(document)
    settings = raw.get("settings")
    return Hook(
        destination=text(raw.get("destination")),
        events=tuple(text(code) for code in settings) if isinstance(settings, list) else (),
        is_disabled=raw.get("disabled") is True,
    )


def event(document: Any) -> CrmEvent:
    raw = mapping(document)
    before = items(raw.get("value_before"))
    changes = before + items(raw.get("value_after"))
    left = mapping(before[0].get("lead_status")) if before else {}
    entities = [mapping(mapping(part).get("entity")) for change in changes for part in change.values()]
    return CrmEvent(
        id=text(raw.get("id")),
        type=text(raw.get("type")),
        entity=text(raw.get("entity_type")),
        entity_id=number(raw.get("entity_id")),
        at=number(raw.get("created_at")),
        contact_id=number(mapping(raw.get("_embedded")).get("linked_talk_contact_id")),
        leads=tuple(number(one.get("id")) for one in entities if one.get("type") == "lead"),
        left_pipeline=number(left.get("pipeline_id")),
        left_stage=number(left.get("id")),
    )


def user(document: Any) -> User:
    raw = mapping(document)
    rights = mapping(raw.get("rights"))
    return User(
        id=number(raw.get("id")),
        name=text(raw.get("name")),
        is_active=rights.get("is_active") is not False,
        is_admin=rights.get("is_admin") is True,
        # A all, G the group's, M one's own, D none; an administrator has no limits.
        sees_all=rights.get("is_admin") is True or mapping(rights.get("leads")).get("view") in (None, "A"),
    )


def account(document: Any) -> AccountInfo:
    raw = mapping(document)
    moments = mapping(mapping(raw.get("_embedded")).get("datetime_settings"))
    return AccountInfo(
        id=number(raw.get("id")),
        subdomain=text(raw.get("subdomain")),
        name=text(raw.get("name")),
        time_zone=text(moments.get("timezone")),
    )


def pipeline(document: Any) -> PipelineInfo:
    raw = mapping(document)
    stages = items(mapping(raw.get("_embedded")).get("statuses"))
    return PipelineInfo(
        id=number(raw.get("id")),
        name=text(raw.get("name")),
        stages=tuple(Stage(id=number(stage.get("id")), name=text(stage.get("name"))) for stage in stages),
    )


def custom_field(document: Any) -> CustomField:
    raw = mapping(document)
    return CustomField(
        id=number(raw.get("id")),
        name=text(raw.get("name")),
        type=text(raw.get("type")),
        code=text(raw.get("code")),
        choices=tuple(text(choice.get("value")) for choice in items(raw.get("enums"))),
    )


def note(document: Any) -> Note:
    raw = mapping(document)
    return Note(
        id=number(raw.get("id")),
        lead_id=number(raw.get("entity_id")),
        text=str(mapping(raw.get("params")).get("text", "")),
    )


def task(document: Any) -> Task:
    raw = mapping(document)
    return Task(
        id=number(raw.get("id")),
        lead_id=number(raw.get("entity_id")),
        text=str(raw.get("text", "")),
        till=number(raw.get("complete_till")),
    )


def stored_file(document: Any) -> StoredFile:
    raw = mapping(document)
    return StoredFile(uuid=text(raw.get("uuid")), version=text(raw.get("version_uuid")))


def embedded(document: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list answer; an empty list for an empty answer."""
    return items(mapping(mapping(document).get("_embedded")).get(name))


def created_id(document: Any, name: str) -> int | None:
    """The id of the one object that was just created."""
    found = embedded(document, name)
    return number(found[0].get("id")) or None if found else None


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(item: dict[str, Any]) -> Any:
    """The first value of a custom field."""
    values = items(item.get("values"))
    return values[0].get("value") if values else None


def text(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    # A lone surrogate is legal JSON and no text that a database could keep.
    return str(value).encode("utf-8", "ignore").decode().replace("\x00", "").strip()[:NAME_MAX]


def number(value: Any) -> int:
    """A whole number within what the database keeps; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        found = int(value)
    except (ValueError, OverflowError):
        return 0
    return found if abs(found) < 2**63 else 0
