"""Parts that are typed: a line, days before or after, a tick."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from billing.admin.parts import OMIT, Page, Part
from crm.models import Account

LEAF = "admin/billing/parts/leaf.html"
SUGGESTED_MAX = 200


def leaf(part: Part, html: str, name: str, path: str, page: Page, **more: Any) -> dict[str, Any]:
    """The view of a part that has nothing below it."""
    faults = page.within(path)
    view = {"template": LEAF, "label": part.label, "help": part.help, "html": SafeString(html)}
    return {**view, "id": f"id_{name}", "faults": faults, "when": part.when and part.when[1], **more}


def text_input(name: str, value: str, **attrs: Any) -> str:
    widget = UnfoldAdminTextInputWidget(attrs={"id": f"id_{name}", "autocomplete": "off", **attrs})
    return str(widget.render(name, value))


def _one_newline(text: str) -> str:
    """Browsers send two characters for a new line, whatever was stored."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


@dataclass(frozen=True, kw_only=True)
class Line(Part):
    """A text, a whole number or a share; `empty_words` stand in the input while it is empty."""

    mode: str = "text"  # text, numeric, decimal
    unit: Any = ""
    empty_words: Any = ""
    suggested: Callable[[Account], Iterable[str]] | None = None

    def raw(self, stored: Any) -> str:
        text = "" if stored is None else str(stored).strip()
        return text.replace(".", ",") if self.mode == "decimal" else text

    def read(self, data: QueryDict, name: str) -> str:
        return data.get(name, "").strip()

    def given(self, raw: str) -> Any:
        if self.mode != "text":
            raw = raw.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", ".")
        return raw or OMIT

    def view(self, raw: str, name: str, path: str, page: Page) -> dict[str, Any]:
        found = self.suggested(page.account) if self.suggested and page.account else ()
        suggested = list(found)[:SUGGESTED_MAX]
        attrs = {"list": f"id_{name}-list"} if suggested else {}
        html = text_input(name, raw, inputmode=self.mode, placeholder=str(self.empty_words), **attrs)
        wide = self.mode == "text"
        return leaf(self, html, name, path, page, unit=self.unit, suggested=suggested, wide=wide)


@dataclass(frozen=True, kw_only=True)
class Area(Part):
    """A text of several lines."""

    rows: int = 3

    def raw(self, stored: Any) -> str:
        return "" if stored is None else _one_newline(str(stored))

    def read(self, data: QueryDict, name: str) -> str:
        return _one_newline(data.get(name, ""))

    def given(self, raw: str) -> Any:
        return raw or OMIT

    def view(self, raw: str, name: str, path: str, page: Page) -> dict[str, Any]:
        widget = UnfoldAdminTextareaWidget(attrs={"id": f"id_{name}", "rows": self.rows})
        return leaf(self, widget.render(name, raw), name, path, page, whole=True)


@dataclass(frozen=True, kw_only=True)
class Day(Part):
    """A date; the browser's own calendar."""

    def raw(self, stored: Any) -> str:
        return "" if stored is None else str(stored)

    def read(self, data: QueryDict, name: str) -> str:
        return data.get(name, "").strip()

    def given(self, raw: str) -> Any:
        return raw or OMIT

    def view(self, raw: str, name: str, path: str, page: Page) -> dict[str, Any]:
        html = text_input(name, raw, type="date", **{"class": " ".join(INPUT_CLASSES)})
        return leaf(self, html, name, path, page)


@dataclass(frozen=True, kw_only=True)
class DaysAround(Part):
    """Whole days before or after a day; stored as a number, negative = before."""

    def raw(self, stored: Any) -> dict[str, str]:
        text = "" if stored is None else str(stored)
        return {"days": text.removeprefix("-"), "side": "before" if text.startswith("-") else "after"}

    def read(self, data: QueryDict, name: str) -> dict[str, str]:
        side = "before" if data.get(f"{name}-side") == "before" else "after"
        return {"days": data.get(name, "").strip(), "side": side}

    def is_empty(self, raw: dict[str, str]) -> bool:
        return not raw["days"]

    def given(self, raw: dict[str, str]) -> Any:
        if not raw["days"]:
            return OMIT
        return "-" + raw["days"] if raw["side"] == "before" else raw["days"]

    def view(self, raw: dict[str, str], name: str, path: str, page: Page) -> dict[str, Any]:
        sides = [("before", _("before the due date")), ("after", _("after the due date"))]
        attrs = {"id": f"id_{name}-side", "aria-label": str(_("Before or after"))}
        side = UnfoldAdminSelectWidget(attrs=attrs, choices=sides).render(f"{name}-side", raw["side"])
        html = text_input(name, raw["days"], inputmode="numeric")
        return leaf(self, html, name, path, page, beside=side)


@dataclass(frozen=True, kw_only=True)
class Tick(Part):
    """Yes or no; no is the default and is not written."""

    def raw(self, stored: Any) -> bool:
        return stored is True

    def read(self, data: QueryDict, name: str) -> bool:
        return name in data

    def given(self, raw: bool) -> Any:
        return "true" if raw else OMIT

    def view(self, raw: bool, name: str, path: str, page: Page) -> dict[str, Any]:
        html = UnfoldBooleanWidget(attrs={"id": f"id_{name}"}).render(name, raw)
        return leaf(self, html, name, path, page, tick=True)
