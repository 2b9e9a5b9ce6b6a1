"""When a saved card may be charged again: the provider's rules, and ours on top."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import charges
from billing.rules.charges import Decline

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def declined(*hours: float, code: str = "5051") -> list[Decline]:
    return [Decline(at=START + hour * HOUR, code=code) for hour in hours]


def test_a_card_that_was_never_declined_may_be_charged_since_it_was_saved() -> None:
    assert charges.next_at([], since=START) == START


@pytest.mark.parametrize("code", sorted(charges.NEVER | charges.DEAD))
def test_after_some_codes_only_the_holder_can_pay(code: str) -> None:
    assert charges.next_at(declined(0, code=code), since=START) is None


@pytest.mark.parametrize(
    "code", ["5013", "5014", "5030", "5054", "5055", "5063", "5051", "5065", "5096", "9999"]
)
def test_after_the_others_two_attempts_then_a_day_of_rest(code: str) -> None:
    assert charges.next_at(declined(0, code=code), since=START) == START + 3 * HOUR
    assert charges.next_at(declined(0, 3, code=code), since=START) == START + 27 * HOUR


def test_a_decline_of_the_day_before_does_not_count_as_the_second() -> None:
    assert charges.next_at(declined(0, 25), since=START) == START + 28 * HOUR


def test_after_the_fourth_decline_a_person_talks_to_the_payer() -> None:
    assert charges.next_at(declined(0, 3, 30, 33), since=START) is None


@given(st.lists(st.integers(0, 200), max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_declines_are_known_changes_nothing(
    hours: list[int], shuffle: "random.Random"
) -> None:
    rows = declined(*hours)
    before = charges.next_at(rows, since=START)
    shuffle.shuffle(rows)
    assert charges.next_at(rows, since=START) == before


@given(st.lists(st.integers(0, 200), max_size=6))
def test_never_more_than_two_charges_in_any_day(hours: list[int]) -> None:
    """Charging as early as the rule allows, from any past."""
    rows = declined(*sorted(hours)[:2])
    while (moment := charges.next_at(rows, since=START)) is not None:
        rows.append(Decline(at=moment, code="5051"))
    made = [row.at for row in rows[min(len(hours), 2) :]]
    for moment in made:
        assert sum(moment <= other < moment + charges.REST for other in made) <= 2
