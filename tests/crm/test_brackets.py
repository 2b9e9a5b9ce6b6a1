"""The bracket parser: documented bodies, its limits, and no other error than Malformed."""

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import brackets

Nested = dict[str, object]


def written(nested: Nested, prefix: str = "") -> str:
    """The form of a nested mapping as PHP writes it; independent of the parser."""
    pairs = []
    for name, value in nested.items():
        key = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, dict):
            pairs.append(written(value, key))
        else:
            pairs.append(f"{quote(key)}={quote(str(value))}")
    return "&".join(pair for pair in pairs if pair)


names = st.text(st.characters(codec="utf-8", exclude_characters="[]\x00"), min_size=1, max_size=12)
leaves = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
forms = st.dictionaries(
    names,
    st.recursive(leaves, lambda below: st.dictionaries(names, below, min_size=1, max_size=3), max_leaves=8),
    min_size=1,
    max_size=4,
)


@given(forms)
def test_what_was_written_is_read(form: Nested) -> None:
    assert brackets.parse(written(form).encode()) == form


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(brackets.Malformed):
        assert isinstance(brackets.parse(body), dict)


@given(st.text("[]=&%a0+", max_size=60))
def test_any_brackets_are_read_or_malformed(body: str) -> None:
    with contextlib.suppress(brackets.Malformed):
        assert isinstance(brackets.parse(body.encode()), dict)


def test_a_hook_as_it_was_captured() -> None:
    body = (
        b"account%5Bid%5D=31000001&leads[update][0][id]=7700123&leads[update][0][name]=&leads[status][3][id]=7700124"
        b"&leads[status][3][custom_fields][1][values][0]=1790100000&leads[status][3][tags][0][name]=%D0%B0+b"
    )
    assert brackets.parse(body) == {
        "account": {"id": "31000001"},
        "leads": {
            "update": {"0": {"id": "7700123", "name": ""}},
            "status": {
                "3": {
                    "id": "7700124",
                    "custom_fields": {"1": {"values": {"0": "1790100000"}}},
                    "tags": {"0": {"name": "а b"}},
                }
            },
        },
    }


def test_the_last_of_two_values_stays_and_a_mapping_beats_a_text() -> None:
    assert brackets.parse(b"a=1&a=2&b=1&b[c]=2") == {"a": "2", "b": {"c": "2"}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=\xff",
        b"a=%ff",
        b"a=%00",
        b"%00=1",
        b"=1",
        b"[a]=1",
        b"a[b=1",
        b"a]b=1",
        b"a[b]c=1",
        b"a" + b"[b]" * 10 + b"=1",
        b"a" * 401 + b"=1",
        b"&".join(b"a%d=1" % number for number in range(8001)),
        b"a=" + b"x" * brackets.BYTES_MAX,
        b'{"leads": {}}[',
    ],
    ids=lambda body: body[:20].decode(errors="replace").replace("\x00", "0"),
)
def test_beyond_a_limit_is_malformed(body: bytes) -> None:
    with pytest.raises(brackets.Malformed):
        brackets.parse(body)


def test_five_thousand_fields_are_read() -> None:
    body = b"&".join(b"leads[update][0][custom_fields][%d][id]=1" % number for number in range(5000))
    assert len(brackets.parse(body)["leads"]["update"]["0"]["custom_fields"]) == 5000
