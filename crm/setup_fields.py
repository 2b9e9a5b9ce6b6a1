"""The custom fields that we fill or read, and what a field of the account must be like to serve.

A field is found by its id only, never by its name: people rename fields. One that we made carries our code,
so that a second set-up finds it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.records import CustomField

TEXTS = ("text", "textarea", "streetaddress")
SUMS = ("text", "textarea", "numeric", "monetary", "price")
DATES = ("date", "date_time")
LINKS = ("url", "text", "textarea")
CHOICES = ("text", "textarea", "select", "radiobutton", "category")
# The labels are a promise of the public interface.
STATES = ("Нет графика", "Предоплата", "По графику", "Просрочено", "Оплачено", "Отменено")
GROUP_SORT = 510


@dataclass(frozen=True)
class Spec:
    """A field as we would make it; `types` are those that serve, `is_ours` is written by us."""

    name: str
    type: str
    types: tuple[str, ...]
    is_ours: bool = True
    choices: tuple[str, ...] = ()


# The names are what people read in their amoCRM, so they are Russian.
SPECS: Mapping[str, Spec] = {
    "programme": Spec("Направление", "text", CHOICES, is_ours=False),
    "cohort": Spec("Поток", "text", CHOICES, is_ours=False),
    "location": Spec("Локация", "text", CHOICES, is_ours=False),
    "service_on": Spec("День услуги", "date", DATES, is_ours=False),
    "debt": Spec("Долг", "text", SUMS),
    "next_due_on": Spec("Следующий платёж", "date", DATES),
    "next_amount": Spec("Сумма следующего платежа", "text", SUMS),
    "payment_state": Spec("Статус оплаты", "select", CHOICES, choices=STATES),
    "payment_link": Spec("Ссылка на оплату", "url", LINKS),
    "payment_text": Spec("Текст для чата", "textarea", TEXTS),
    "deposit_link": Spec("Ссылка на предоплату", "url", LINKS),
    "full_link": Spec("Ссылка на полную оплату", "url", LINKS),
    "schedule_count": Spec("Количество платежей", "numeric", SUMS, is_ours=False),
    "schedule_monthly": Spec("Платёж в месяц", "numeric", SUMS, is_ours=False),
    "schedule_first_on": Spec("Первый платёж", "date", DATES, is_ours=False),
}


def code_of(ours: str) -> str:
    """The code by which a field that we made is known in the account."""
    return f"GRAFIK_{ours.upper()}"


def to_make(ours: str) -> dict[str, Any]:
    """The field as amoCRM wants it described; people cannot type into what we fill."""
    spec = SPECS[ours]
    place = list(SPECS).index(ours)
    enums = [{"value": label, "sort": step * 10} for step, label in enumerate(spec.choices)]
    return {
        "name": spec.name,
        "type": spec.type,
        "code": code_of(ours),
        "sort": GROUP_SORT + place,
        "is_api_only": spec.is_ours,
        "request_id": ours,
        **({"enums": enums} if enums else {}),
    }


def serves(ours: str, field: CustomField) -> bool:
    """May this field of the account be used for that?"""
    return field.type in SPECS[ours].types


def lacking_choices(ours: str, field: CustomField) -> list[str]:
    """Labels that a field with choices must have and has not."""
    wanted = SPECS[ours].choices if field.type not in TEXTS else ()
    return [label for label in wanted if label not in field.choices]


def known_by_code(fields: Sequence[CustomField]) -> dict[str, int]:
    """ours -> id of the fields that an earlier set-up has made."""
    by_code = {field.code: field.id for field in fields if field.code}
    return {ours: by_code[code_of(ours)] for ours in SPECS if code_of(ours) in by_code}
