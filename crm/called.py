"""What stands behind amoCRM's numbers in the panel's rows: people, pipelines, stages; and who did something.

Names are those that were last heard (crm.users, crm.stage_names): a page of the panel does not wait for
amoCRM. What was never heard stays a number, an author of an unknown kind stays as stored.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from crm import stage_names, users
from crm.models import Account, Pipeline

# How a row leads to its account.
_OWNERS = ("account", "deal", "schedule", "payment", "installment", "receipt", "card")
AUTHORS = ("author", "closed_by", "created_by", "decided_by", "withdrawn_by")


def shower(column: "models.Field[Any, Any]") -> Callable[[models.Model], str] | None:
    """How a column with amoCRM's numbers or an author is shown; None for any other column."""
    if column.model is Pipeline and column.name == "external_id":
        return lambda row: pipeline(account_of(row), getattr(row, column.name))
    if column.name in AUTHORS:
        return lambda row: author(account_of(row), getattr(row, column.name))
    if column.name in _NUMBERS:
        named = _NUMBERS[column.name]
        return lambda row: named(row, getattr(row, column.name))
    return None


def person(account: Account | None, number: int | None) -> str:
    """The user's name, else the number; nothing for nobody."""
    known = users.remembered(account=account) if account and number else {}
    return known.get(number or 0) or _plain(number)


def pipeline(account: Account | None, number: int | None) -> str:
    """The pipeline's name, else its number."""
    known = stage_names.remembered(account=account) if account and number else {}
    found = known.get(number or 0)
    return found.name if found else _plain(number)


def stage(account: Account | None, number: int | None, *, of: int) -> str:
    """The name of a stage of the pipeline `of`, else its number."""
    known = stage_names.remembered(account=account) if account and number else {}
    names = known[of].stages if of in known else {}
    return names.get(number or 0) or _plain(number)


def author(account: Account | None, stored: str) -> str:
    """Who did it, in words: a person of amoCRM or of the panel, another program, the payer, Grafik itself."""
    kind, _colon, name = stored.partition(":")
    if kind == "user" and name.isdecimal():
        return person(account, int(name))
    words = {
        "staff": _("%(name)s (panel)") % {"name": name} if name else _("panel"),
        "token": _("program “%(name)s”") % {"name": name},
        "payer": _("the payer himself"),
        "system": "Grafik",
    }
    return words.get(kind, stored)


def account_of(row: models.Model) -> Account | None:
    """The account that a row belongs to."""
    for name in _OWNERS:
        owner = getattr(row, name, None)
        if isinstance(owner, Account):
            return owner
        if isinstance(owner, models.Model):
            return account_of(owner)
    return None


def _of_deal(row: Any, number: int) -> str:
    return stage(account_of(row), number, of=row.pipeline_id)


_NUMBERS: dict[str, Callable[[Any, int], str]] = {
    "manager": lambda row, number: person(account_of(row), number),
    "responsible_user_id": lambda row, number: person(account_of(row), number),
    "pipeline_id": lambda row, number: pipeline(account_of(row), number),
    "status_id": _of_deal,
    "previous_status_id": _of_deal,
}


def _plain(number: int | None) -> str:
    return str(number) if number else ""
