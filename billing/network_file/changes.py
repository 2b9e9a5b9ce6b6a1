"""Writing what differs: every table row is compared with the entry and touched only when something is new.

A second run of the same file therefore changes the content of no table. Secrets are compared after
decryption, because the same secret encrypts differently every time; a report names changed fields, never
their values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class Action(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    LEFT = "left"


@dataclass
class Change:
    """What happened to one object of the file; `fields` are the changed ones by their names in the file."""

    what: str
    name: str
    action: Action = Action.LEFT
    fields: list[str] = field(default_factory=list)

    def put(
        self, model: type[Row], lookup: Mapping[str, Any], values: Mapping[str, Any], *, part: str = ""
    ) -> Row:
        """Make the row that `lookup` names, or save those of its values that differ. `part` names a row of
        the object.
        """
        row = model._default_manager.filter(**lookup).first()
        if row is None:
            row = model._default_manager.create(**lookup, **values)
            if part:
                self._changed([part])
            else:
                self.action = Action.CREATED
            return row
        differing = [name for name, value in values.items() if getattr(row, name) != value]
        if differing:
            for name in differing:
                setattr(row, name, values[name])
            row.save(update_fields=differing)
            self._changed([f"{part}.{name}" if part else name for name in differing])
        return row

    def _changed(self, names: list[str]) -> None:
        if self.action is not Action.CREATED:
            self.action = Action.CHANGED
            self.fields += names


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with the given values over it; a value given as None takes the key away."""
    return {key: value for key, value in {**before, **given}.items() if value is not None}


def only(values: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """The given values among `names`, and those among `renamed` (file's key=column) under their column."""
    columns = {**{name: name for name in names}, **renamed}
    return {column: values[key] for key, column in columns.items() if key in values}
