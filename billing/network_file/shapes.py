"""Shapes: which values may stand where. Reading collects every problem and goes on.

A shape turns a node into plain values; SKIP stands for what could not be read (its problem is already noted).
Mappings become Entry, which remembers the line of each key and holds only the keys that were given: what the
file omits is left as it is in the database.
"""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from django.utils.translation import gettext as _

from billing.network_file.kinds import Kind, Wrong
from billing.network_file.nodes import Items, Keys, Node, Nothing, Problem, Text

SKIP: Final = object()
NEEDED: Final = object()
ITEMS_MAX = 20_000


@dataclass
class Entry:
    """One mapping of the file, read."""

    line: int
    path: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def problem(self, key: str, reason: str) -> Problem:
        """A problem that is shown at the key, or at the entry when the key is absent."""
        path = f"{self.path}.{key}" if self.path else key
        return Problem(self.lines.get(key, self.line), path, reason)

    def plain(self) -> dict[str, Any]:
        """The values as JSON can hold them; dates become ISO text, nested entries plain mappings."""
        return {key: plain(value) for key, value in self.values.items()}


def plain(value: Any) -> Any:
    """A value of an entry as JSON can hold it."""
    if isinstance(value, Entry):
        return value.plain()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


class Shape(Protocol):
    def read(self, node: Node, path: str, found: list[Problem]) -> Any: ...


@dataclass(frozen=True)
class Scalar:
    """A single value; `empty` is what an empty value clears it to (NEEDED: it may not be empty)."""

    kind: Kind
    empty: Any = NEEDED

    def read(self, node: Node, path: str, found: list[Problem]) -> Any:
        if isinstance(node, Nothing) or (isinstance(node, Text) and not node.text.strip()):
            if self.empty is not NEEDED:
                return self.empty
            found.append(Problem(node.line, path, _("It is empty.")))
            return SKIP
        if not isinstance(node, Text):
            found.append(Problem(node.line, path, _("Here stands one value, not a list or a mapping.")))
            return SKIP
        try:
            return self.kind(node.text)
        except Wrong as error:
            found.append(Problem(node.line, path, str(error)))
            return SKIP


@dataclass(frozen=True)
class Mapping:
    """A mapping with known keys; `needed` are those that may not be absent."""

    keys: MappingOf[str, Shape]
    needed: tuple[str, ...] = ()

    def read(self, node: Node, path: str, found: list[Problem]) -> Any:
        if not isinstance(node, Keys):
            found.append(Problem(node.line, path, _("Here stand keys with values.")))
            return SKIP
        entry = Entry(node.line, path, lines=dict(node.lines))
        for key, value in node.values.items():
            shape = self.keys.get(key)
            if shape is None:
                known = ", ".join(self.keys)
                found.append(entry.problem(key, _("Unknown key; known are: %(keys)s.") % {"keys": known}))
                continue
            read = shape.read(value, f"{path}.{key}" if path else key, found)
            if read is not SKIP:
                entry.values[key] = read
        for key in self.needed:
            if key not in node.values:
                found.append(entry.problem(key, _("The key is missing.")))
        return entry


@dataclass(frozen=True)
class ListOf:
    """A list of one shape; nothing at all is an empty list. Items that could not be read are left out."""

    item: Shape

    def read(self, node: Node, path: str, found: list[Problem]) -> Any:
        if isinstance(node, Nothing):
            return []
        if not isinstance(node, Items):
            found.append(Problem(node.line, path, _("Here stands a list.")))
            return SKIP
        if len(node.items) > ITEMS_MAX:
            found.append(
                Problem(node.line, path, _("The list is longer than %(limit)s.") % {"limit": ITEMS_MAX})
            )
            return SKIP
        values = [
            self.item.read(item, f"{path}[{_name(item, n)}]", found) for n, item in enumerate(node.items, 1)
        ]
        return [value for value in values if value is not SKIP]


def _name(item: Node, number: int) -> str:
    """How a path names an item: by its key, which a person knows, else by its number."""
    key = item.values.get("key") if isinstance(item, Keys) else None
    return key.text if isinstance(key, Text) and key.text else str(number)


@dataclass(frozen=True)
class ValueOrList:
    """Either one value or a list, as in `vat: none` and `vat: [{from: …, vat: …}]`."""

    value: Shape
    many: ListOf

    def read(self, node: Node, path: str, found: list[Problem]) -> Any:
        return (self.many if isinstance(node, Items) else self.value).read(node, path, found)
