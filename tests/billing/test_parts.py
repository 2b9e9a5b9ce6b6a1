"""Parts of structured settings: what a page shows comes back as it was, whatever is stored."""

import json
from typing import Any

import pytest
from django.forms import Form
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.admin import policy_parts
from billing.admin.parts import Part
from billing.admin.parts.field import PartField, PartWidget
from billing.admin.policy_texts import TEXTS
from billing.network_file.schema import ACCOUNT, CHANNELS
from billing.rules import texts
from tests.billing.typed_forms import inputs

NAME = "setting"
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
days = st.integers(-60, 365)
reminders = st.lists(
    st.fixed_dictionaries({"days": days, "channels": st.lists(st.sampled_from(CHANNELS), unique=True)}),
    max_size=7,
)
people = st.one_of(st.just("deal"), st.integers(1, 10**9))
STORED: list[tuple[str, Part, Any]] = [
    ("reminders", policy_parts.REMINDERS, reminders),
    (
        "cohort_reminders",
        policy_parts.COHORT_REMINDERS,
        st.lists(
            st.fixed_dictionaries({"cohort": words.filter(str.strip), "reminders": reminders}), max_size=4
        ),
    ),
    (
        "escalation",
        policy_parts.ESCALATION,
        st.fixed_dictionaries({"days": days, "responsible": people}, optional={"type": st.integers(1, 99)}),
    ),
    (
        "payer_page",
        policy_parts.PAYER_PAGE,
        st.dictionaries(
            st.sampled_from(["own_sum", "promise_days", "moves", "grants", "later"]),
            st.one_of(st.booleans(), st.integers(0, 99)),
        ),
    ),
    (
        "texts",
        TEXTS,
        st.dictionaries(
            st.sampled_from(sorted(texts.EVENTS)),
            st.fixed_dictionaries(
                {}, optional={"subject": words, "text": st.text("аб {}<&\"'\n\r", max_size=30)}
            ),
        ),
    ),
    (
        "admin_only",
        policy_parts.ADMIN_ONLY,
        st.lists(st.sampled_from(["refund", "move", "news"]), unique=True),
    ),
]


def shown_and_sent(part: Part, stored: Any) -> QueryDict:
    """What a browser sends of the page on which this is stored."""
    page = PartWidget(part).render(NAME, part.raw(stored))
    data = QueryDict(mutable=True)
    for name, values in inputs(f'<form id="f">{page}</form>', "f").items():
        data.setlist(name, values)
    return data


@pytest.mark.parametrize(("column", "part", "stored"), STORED, ids=[column for column, *_ in STORED])
def test_what_nobody_changed_comes_back_as_it_was_stored(column: str, part: Part, stored: Any) -> None:
    @settings(deadline=None, max_examples=60)
    @given(stored)
    def comes_back(value: Any) -> None:
        field = PartField(part, ACCOUNT.keys[column])
        field.stored = value
        before = json.dumps(value)
        sent = field.widget.value_from_datadict(shown_and_sent(part, value), {}, NAME)
        assert not field.has_changed(None, sent)
        assert json.dumps(field.clean(sent)) == before

    comes_back()


def test_a_form_that_does_not_send_the_setting_leaves_it_alone() -> None:
    class Sent(Form):
        setting = PartField(policy_parts.REMINDERS, ACCOUNT.keys["reminders"])

    form = Sent(QueryDict("other=1"))
    form.fields["setting"].stored = [{"days": 1, "channels": ["email"]}]  # type: ignore[attr-defined]
    assert form.is_valid()
    assert (form.cleaned_data["setting"], form.changed_data) == ([{"days": 1, "channels": ["email"]}], [])


@pytest.mark.parametrize("count", ["", "-1", "x", "9" * 30, "1.5"])
def test_a_forged_number_of_rows_reads_no_rows(count: str) -> None:
    data = QueryDict(mutable=True)
    data.update({f"{NAME}-rows": count, f"{NAME}-0-days": "1"})
    assert policy_parts.REMINDERS.read(data, NAME) == []
