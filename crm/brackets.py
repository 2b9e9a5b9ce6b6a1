"""Forms with PHP brackets, as amoCRM sends its web hooks: `leads[add][0][id]=77` as nested mappings.

Read from the raw bytes, because a framework's form keeps flat keys and gives up on fat leads. Every dimension
has a limit, and whatever breaks one is Malformed, never another error. Lists come out as mappings of their
indices, which need not be contiguous. A key said twice keeps its last value.
"""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

BYTES_MAX = 1_048_576
PAIRS_MAX = 8_000
DEPTH_MAX = 10
KEY_MAX = 400
KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")

Nested = dict[str, Any]


class Malformed(ValueError):
    """Not such a form, or beyond its limits."""


def parse(body: bytes) -> Nested:
    """The form as nested mappings with texts as leaves; raises Malformed."""
    if not body or len(body) > BYTES_MAX:
        raise Malformed("empty or too long")
    pairs = body.split(b"&")
    if len(pairs) > PAIRS_MAX:
        raise Malformed("too many fields")
    nested: Nested = {}
    for pair in pairs:
        if pair:
            name, _, value = pair.partition(b"=")
            _put(nested, _path(_text(name)), _text(value))
    return nested


def _text(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    if "\x00" in text:
        raise Malformed("a NUL")
    return text


def _path(name: str) -> list[str]:
    match = KEY.fullmatch(name) if len(name) <= KEY_MAX else None
    if match is None:
        raise Malformed("a key that is none")
    path = [match[1], *PART.findall(match[2])]
    if len(path) > DEPTH_MAX:
        raise Malformed("nested too deep")
    return path


def _put(nested: Nested, path: list[str], value: str) -> None:
    *way, last = path
    for name in way:
        below = nested.get(name)
        if not isinstance(below, dict):
            below = nested[name] = {}
        nested = below
    nested[last] = value
