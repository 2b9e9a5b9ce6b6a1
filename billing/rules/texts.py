"""An account's own words for messages: which variables each may have, and how they are filled. Values only.

A variable stands in braces: {name}. Nothing else is read from a text: no attributes, no formats. A text with
a variable that its message does not have is refused when it is saved, not when it is sent.
"""

import re
from collections.abc import Mapping

# Event, and the variables that its texts may have.
EVENTS: dict[str, tuple[str, ...]] = {
    "invoice": ("name", "entity", "subject", "number", "amount", "day", "link"),
    "reminder": ("name", "entity", "subject", "amount", "day", "link"),
    "overdue": ("name", "entity", "subject", "amount", "day", "link"),
    "sms": ("name", "entity", "amount", "day", "link"),
    "salesbot": ("name", "entity", "subject", "amount", "day", "link"),
}
SAMPLE = {
    "name": "Анна",
    "entity": "ООО «Школа»",
    "subject": "Нутрициолог, Договор 14/26",
    "number": "2026-00051",
    "amount": "20 000 ₽",
    "day": "10 декабря 2026 г.",
    "link": "https://pay.example.ru/pay/…/go/?what=installment",
}
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def unknown(text: str, *, event: str) -> list[str]:
    """Return what stands in braces and is no variable of the event; a lone brace counts as well."""
    known = EVENTS[event]
    found = [name for name in _VARIABLE.findall(text) if name not in known]
    left = _VARIABLE.sub("", text)
    return found + sorted({brace for brace in "{}" if brace in left})


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its variables; a value is shown as it is, braces in it too."""
    return _VARIABLE.sub(lambda found: values.get(found[1], ""), text)
