"""A form as a browser without scripts would send it: what its inputs hold on the page, by name."""

from html.parser import HTMLParser
from typing import Any


class _Inputs(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside = form, False
        self.found: dict[str, list[str]] = {}
        self._select: tuple[str, list[str], list[str]] | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form
        name = given.get("name", "")
        if not self.inside or "disabled" in given:
            return
        if tag == "select":
            self._select = (name, [], [])
        elif tag == "option" and self._select:
            self._select[2].append(given.get("value", ""))
            if "selected" in given:
                self._select[1].append(given.get("value", ""))
        elif tag == "textarea":
            self._area = (name, [])
        elif tag == "input" and name and _is_sent(given):
            empty = "on" if given.get("type") == "checkbox" else ""
            self.found.setdefault(name, []).append(given.get("value", empty))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self._select:
            name, chosen, offered = self._select
            self.found[name] = chosen or offered[:1]
            self._select = None
        elif tag == "textarea" and self._area:
            name, text = self._area
            # HTML drops the newline right after the tag, and sends the others as two characters.
            self.found[name] = ["".join(text).removeprefix("\r").removeprefix("\n").replace("\n", "\r\n")]
            self._area = None


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type")
    return kind not in ("submit", "button") and (kind not in ("checkbox", "radio") or "checked" in given)


def inputs(html: str, form: str) -> dict[str, list[str]]:
    """The values of the form with this id, as a POST carries them."""
    reader = _Inputs(form)
    reader.feed(html)
    return reader.found


def changed(html: str, form: str, **typed: Any) -> dict[str, list[str]]:
    """The same, with some inputs typed over; `__` in a name stands for the dash, None takes an input away."""
    found = inputs(html, form)
    for name, value in typed.items():
        key = name.replace("__", "-")
        found.pop(key, None)
        if value is not None:
            found[key] = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
    return found
