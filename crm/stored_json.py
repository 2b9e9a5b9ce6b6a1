"""Stored JSON on the panel's read-only pages: lines of "name: value", names by the words of columns.

What lies deeper is indented. An unknown name stays as it is stored: a person of support can search for it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

_STEP = "    "


def lines(value: Any, names: Mapping[str, Any], words: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The lines of a stored value; `words` are those of its stored words."""
    margin = _STEP * depth
    if not isinstance(value, dict | list):
        yield margin + _word(value, words)
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    for key, inner in pairs:
        name = str(names.get(str(key), key))
        if isinstance(inner, dict | list) and inner:
            yield f"{margin}{name}:"
            yield from lines(inner, names, words, depth + 1)
        else:
            yield f"{margin}{name}: {_word(inner, words)}"


def shown(value: Any, names: Mapping[str, Any], words: Mapping[str, Any]) -> SafeString:
    if value in (None, "", {}, []):
        return SafeString("–")
    text = "\n".join(lines(value, names, words))
    return format_html('<span style="white-space: pre-wrap; overflow-wrap: anywhere">{}</span>', text)


def _word(value: Any, words: Mapping[str, Any]) -> str:
    if value in (None, "", {}, []):
        return "–"
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return str(words.get(value, value)) if isinstance(value, str) else str(value)
