"""Parts made of parts: a mapping, and a list of mappings whose rows can be added and taken away.

Without a script the spare rows simply stand there; with one they appear when a row is asked for.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.admin.parts import OMIT, Page, Part, step

# More rows than a form of the panel may have inputs.
ROWS_MAX = 2000


@dataclass(frozen=True, kw_only=True)
class Group(Part):
    """A mapping; stored keys that are no part's are kept. Without its `switch` the rest is nothing."""

    parts: tuple[Part, ...]
    switch: str = ""

    def raw(self, stored: Any) -> dict[str, Any]:
        values = stored if isinstance(stored, dict) else {}
        return {part.key: part.raw(values.get(part.key)) for part in self.parts}

    def read(self, data: QueryDict, name: str) -> dict[str, Any]:
        found = {part.key: part.read(data, f"{name}-{part.key}") for part in self.parts}
        for part in self.parts:
            if part.when and found[part.when[0]] != part.when[1]:
                found[part.key] = part.raw(None)
        return found

    def is_empty(self, raw: dict[str, Any]) -> bool:
        deciding = [part for part in self.parts if self.switch in ("", part.key)]
        return all(part.is_empty(raw[part.key]) for part in deciding)

    def given(self, raw: dict[str, Any]) -> Any:
        if self.is_empty(raw):
            return OMIT
        found = {part.key: part.given(raw[part.key]) for part in self.parts}
        return {key: value for key, value in found.items() if value is not OMIT}

    def extras(self, stored: Any) -> dict[str, Any]:
        """What is stored and has no input."""
        keys = {part.key for part in self.parts}
        return (
            {key: one for key, one in stored.items() if key not in keys} if isinstance(stored, dict) else {}
        )

    def merged(self, stored: Any, raw: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
        before = stored if isinstance(stored, dict) else {}
        merged = self.extras(before)
        for part in self.parts:
            key = part.key
            if key in before and raw[key] == part.raw(before[key]):
                merged[key] = before[key]
            elif key in value:
                merged[key] = part.merged(before.get(key), raw[key], value[key])
        return merged

    def where(self, path: str) -> list[str]:
        key, rest = _first(path)
        part = next((part for part in self.parts if part.key == key), None)
        return [*super().where(path), *(part.where(rest) if part else ())]

    def view(self, raw: dict[str, Any], name: str, path: str, page: Page) -> dict[str, Any]:
        return {
            "template": "admin/billing/parts/group.html",
            "label": self.label,
            "help": self.help,
            "faults": page.at(path),
            "parts": [
                part.view(raw[part.key], f"{name}-{part.key}", step(path, part.key), page)
                for part in self.parts
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Rows(Part):
    """A list of mappings. Its raw value is [{was, values}]: `was` is the row's place in what is stored."""

    item: Group
    spare: int = 5
    more: Any
    gone: Any

    def raw(self, stored: Any) -> list[dict[str, Any]]:
        return [{"was": str(n), "values": self.item.raw(one)} for n, one in enumerate(stored or ())]

    def read(self, data: QueryDict, name: str) -> list[dict[str, Any]]:
        count = data.get(f"{name}-rows", "")
        found = []
        for n in range(min(int(count), ROWS_MAX) if re.fullmatch("[0-9]{1,6}", count) else 0):
            row = f"{name}-{n}"
            values = self.item.read(data, row)
            if f"{row}-gone" not in data and not self.item.is_empty(values):
                found.append({"was": data.get(f"{row}-was", ""), "values": values})
        return found

    def given(self, raw: list[dict[str, Any]]) -> Any:
        return [self.item.given(row["values"]) for row in raw]

    def merged(self, stored: Any, raw: list[dict[str, Any]], value: list[Any]) -> list[Any]:
        before = {str(n): one for n, one in enumerate(stored or ())}
        pairs = zip(raw, value, strict=True)
        return [self.item.merged(before.get(row["was"]), row["values"], one) for row, one in pairs]

    def where(self, path: str) -> list[str]:
        found = re.match(r"\[([0-9]+)\]\.?(.*)", path)
        if found is None:
            return super().where(path)
        row = _("row %(number)s") % {"number": found[1]}
        return [*super().where(path), row, *self.item.where(found[2])]

    def view(self, raw: list[dict[str, Any]], name: str, path: str, page: Page) -> dict[str, Any]:
        empty = {"was": "", "values": self.item.raw(None)}
        rows = []
        for n, row in enumerate([*raw, *[empty] * self.spare]):
            place = f"{path}[{n + 1}]"
            view = self.item.view(row["values"], f"{name}-{n}", place, page)
            rows.append({**view, "name": f"{name}-{n}", "was": row["was"], "number": n})
        return {
            "template": "admin/billing/parts/rows.html",
            "label": self.label,
            "help": self.help,
            "faults": page.at(path),
            "name": name,
            "rows": rows,
            "filled": len(raw),
            "more": self.more,
            "gone": self.gone,
        }


def _first(path: str) -> tuple[str, str]:
    """The first key of a path, and what is left of it."""
    found = re.match(r"([^.\[]*)\.?(.*)", path)
    return (found[1], found[2]) if found else ("", "")
