"""Money covers rows oldest first, nothing is covered or taken twice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.allocation import Gap, Share, Source, left, spread, take_back


def test_oldest_rows_are_covered_first_and_the_rest_is_credit() -> None:
    gaps = [Gap(1, Decimal("30")), Gap(2, Decimal("30"))]
    assert spread([Source(7, Decimal("40")), Source(8, Decimal("50"))], gaps) == [
        Share(7, 1, Decimal("30")),
        Share(7, 2, Decimal("10")),
        Share(8, 2, Decimal("20")),
    ]


def test_money_is_taken_back_from_the_newest_share() -> None:
    shares = [Share(7, 1, Decimal("30")), Share(7, 2, Decimal("10"))]
    assert take_back(shares, Decimal("15")) == [Share(7, 2, Decimal("-10")), Share(7, 1, Decimal("-5"))]


def test_more_than_was_allocated_cannot_be_taken_back() -> None:
    with pytest.raises(ValueError, match="more is taken back"):
        take_back([Share(7, 1, Decimal("30"))], Decimal("30.01"))


amounts = st.integers(0, 10**7).map(lambda kopecks: Decimal(kopecks) / 100)


@given(st.lists(amounts), st.lists(amounts))
def test_as_much_as_possible_is_covered_and_never_more(sources: list[Decimal], gaps: list[Decimal]) -> None:
    shares = spread(
        [Source(number, free) for number, free in enumerate(sources)],
        [Gap(number, rest) for number, rest in enumerate(gaps)],
    )
    assert sum((share.amount for share in shares), Decimal(0)) == min(sum(sources), sum(gaps))
    for number, free in enumerate(sources):
        assert sum(share.amount for share in shares if share.payment == number) <= free
    for number, rest in enumerate(gaps):
        assert sum(share.amount for share in shares if share.installment == number) <= rest
    assert all(share.amount > 0 for share in shares)


@given(st.lists(amounts), st.lists(amounts), st.lists(amounts))
def test_what_one_purpose_leaves_is_all_that_the_next_one_gets(
    sources: list[Decimal], rows: list[Decimal], fees: list[Decimal]
) -> None:
    given_sources = [Source(number, free) for number, free in enumerate(sources)]
    first = spread(given_sources, [Gap(number, rest) for number, rest in enumerate(rows)])
    rest = left(given_sources, first)
    then = spread(rest, [Gap(number, owed) for number, owed in enumerate(fees)])
    taken = sum((share.amount for share in [*first, *then]), Decimal(0))
    assert taken == min(sum(sources), sum(rows) + sum(fees))
    assert sum((one.free for one in left(rest, then)), Decimal(0)) == sum(sources) - taken
    for number, free in enumerate(sources):
        assert sum(share.amount for share in [*first, *then] if share.payment == number) <= free
