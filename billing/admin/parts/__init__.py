"""Structured settings as form fields: a list or a mapping of the network file, filled in by people.

A part is one thing to fill in. It knows what its inputs hold (`raw`: texts as typed, from a stored value or
from a POST), what of it the reader of the network file is given (`given`), and how it is drawn (`view`). The
reader's shapes do all the checking; what it finds is shown at the part of that path. Works without a script.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict

from crm.models import Account

# Stands for what was left empty: the reader is not given the key at all.
OMIT: Final = object()


@dataclass(frozen=True)
class Page:
    """What a part needs to draw itself: whose settings these are, and what was found wrong, by path."""

    account: Account | None = None
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def at(self, path: str) -> list[str]:
        """What is wrong exactly here."""
        return list(self.faults.get(path, ()))

    def within(self, path: str) -> list[str]:
        """What is wrong here or deeper."""
        deeper = (f"{path}[", f"{path}.")
        return [
            one
            for place in self.faults
            if place == path or place.startswith(deeper)
            for one in self.at(place)
        ]


@dataclass(frozen=True, kw_only=True)
class Part(ABC):
    """One thing to fill in; `key` is its key in the stored mapping.

    `when` (key, word) names a choice of the same group: the part counts only while that word is chosen.
    """

    key: str = ""
    label: Any = ""
    help: Any = ""
    when: tuple[str, str] | None = None

    @abstractmethod
    def raw(self, stored: Any) -> Any:
        """What the inputs of a stored value hold; None is a value that is not there."""

    @abstractmethod
    def read(self, data: QueryDict, name: str) -> Any:
        """What the inputs held when the form was sent."""

    def is_empty(self, raw: Any) -> bool:
        """Was nothing filled in? A choice that stands at its default is nothing."""
        return not raw

    @abstractmethod
    def given(self, raw: Any) -> Any:
        """What the reader of the network file is given; OMIT leaves the key out."""

    def merged(self, stored: Any, raw: Any, value: Any) -> Any:
        """The value that was read, with what is stored here and has no input."""
        return value

    def where(self, path: str) -> list[str]:
        """The words that lead a person to the path, from outside in."""
        return [str(self.label)] if self.label else []

    @abstractmethod
    def view(self, raw: Any, name: str, path: str, page: Page) -> dict[str, Any]:
        """What the template of the part draws."""


def step(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path else key
