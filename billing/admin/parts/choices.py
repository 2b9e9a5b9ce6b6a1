"""Parts that are chosen: one word, one of amoCRM's numbers by its name, several of them.

A stored word or number that is not among the offered ones is offered as it is, so that nothing gets lost.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from billing.admin.parts import OMIT, Page, Part
from billing.admin.parts.lines import leaf, text_input
from crm.models import Account

OWN = "own"
Named = tuple[str, Any]


@dataclass(frozen=True, kw_only=True)
class Choice(Part):
    """One of a few words; `default` is chosen where nothing is stored."""

    words: tuple[Named, ...]
    default: str = ""

    def raw(self, stored: Any) -> str:
        return self.default if stored is None else str(stored)

    def read(self, data: QueryDict, name: str) -> str:
        return data.get(name, self.default)

    def is_empty(self, raw: str) -> bool:
        return raw in ("", self.default)

    def given(self, raw: str) -> Any:
        return raw or OMIT

    def view(self, raw: str, name: str, path: str, page: Page) -> dict[str, Any]:
        offered = with_stored(self.words, [raw])
        widget = UnfoldAdminSelectWidget(attrs={"id": f"id_{name}"}, choices=offered)
        return leaf(self, widget.render(name, raw), name, path, page, wide=True)


@dataclass(frozen=True, kw_only=True)
class Pick(Part):
    """One word, or one of amoCRM's numbers by its name; a number without a name can be typed."""

    words: tuple[Named, ...]
    known: Callable[[Account], Iterable[Named]] | None = None
    default: str = ""

    def raw(self, stored: Any) -> dict[str, str]:
        return {"pick": self.default if stored is None else str(stored), "own": ""}

    def read(self, data: QueryDict, name: str) -> dict[str, str]:
        pick = data.get(name, self.default)
        return {"pick": pick, "own": data.get(f"{name}-own", "").strip() if pick == OWN else ""}

    def is_empty(self, raw: dict[str, str]) -> bool:
        return raw["pick"] in ("", self.default)

    def given(self, raw: dict[str, str]) -> Any:
        if raw["pick"] == OWN:
            return raw["own"]
        return raw["pick"] or OMIT

    def view(self, raw: dict[str, str], name: str, path: str, page: Page) -> dict[str, Any]:
        known = list(self.known(page.account)) if self.known and page.account else []
        other = (OWN, _("Another number…"))
        offered = with_stored([*self.words, *known, other], [raw["pick"]])
        attrs = {"id": f"id_{name}", "x-model": "pick"}
        html = UnfoldAdminSelectWidget(attrs=attrs, choices=offered).render(name, raw["pick"])
        label = _("Number in amoCRM")
        own = text_input(
            f"{name}-own", raw["own"], inputmode="numeric", placeholder=label, **{"aria-label": label}
        )
        return leaf(self, html, name, path, page, own=own, pick=raw["pick"], wide=True)


@dataclass(frozen=True, kw_only=True)
class Ticks(Part):
    """Several words or numbers of amoCRM; with `others` further numbers can be typed into a line."""

    words: tuple[Named, ...] = ()
    known: Callable[[Account], Iterable[Named]] | None = None
    others: bool = False

    def raw(self, stored: Any) -> list[str]:
        return _ordered(str(one) for one in stored or ())

    def read(self, data: QueryDict, name: str) -> list[str]:
        typed = re.split(r"[\s,;]+", data.get(f"{name}-others", "")) if self.others else []
        return _ordered([*data.getlist(name), *typed])

    def given(self, raw: list[str]) -> Any:
        return raw or OMIT

    def view(self, raw: list[str], name: str, path: str, page: Page) -> dict[str, Any]:
        known = list(self.known(page.account)) if self.known and page.account else []
        ticks = []
        for number, (value, words) in enumerate(with_stored([*self.words, *known], raw)):
            key = f"id_{name}-{number}"
            widget = UnfoldBooleanWidget(attrs={"id": key, "value": value})
            ticks.append({"id": key, "html": widget.render(name, value in raw), "words": words})
        label = _("Other numbers, separated by commas")
        others = text_input(f"{name}-others", "", placeholder=label, **{"aria-label": label})
        few = self.key and not self.others
        more = {"ticks": ticks, "others": others if self.others else "", "wide": few, "whole": not few}
        return leaf(self, "", name, path, page, **more)


def with_stored(offered: Iterable[Named], stored: Iterable[str]) -> list[Named]:
    """What is offered, and what is stored although it is not."""
    found = list(offered)
    known = {value for value, _words in found}
    lacking = [value for value in stored if value and value not in known]
    return found + [
        (value, _("Number %(id)s") % {"id": value} if value.isdecimal() else value) for value in lacking
    ]


def _ordered(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})
