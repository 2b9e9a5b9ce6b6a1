"""The deposit: a share of the price, less what was paid, and covered for good once it was covered."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import deposit
from billing.rules.deposit import DepositTerms

roubles = st.integers(1, 10_000_000).map(lambda kopecks: Decimal(kopecks) / 100)
units = st.sampled_from([Decimal("0.01"), Decimal(1), Decimal(50), Decimal(100), Decimal(1000)])
terms = st.one_of(
    st.builds(
        DepositTerms,
        percent=st.decimals("0.01", "100", places=2),
        round_to=units,
        minimum=st.one_of(st.just(Decimal(0)), roubles),
    ),
    st.builds(DepositTerms, amount=roubles),
)


def rub(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


THIRTY = DepositTerms(percent=Decimal(30), round_to=Decimal(100), minimum=Decimal(1000))


@pytest.mark.parametrize(
    ("total", "share"),
    [
        # price, 30 % of it to the nearest hundred, at least 1000, never above the price
        (12000, 3600),
        (7500, 2300),  # 2250
        (7400, 2200),  # 2220
        (2000, 1000),  # 600
        (900, 900),
        (0, 0),
    ],
)
def test_the_share_as_a_bookkeeper_would_compute_it(total: int, share: int) -> None:
    assert deposit.share(THIRTY, total=rub(total)) == rub(share)


def test_a_fixed_sum_is_never_above_the_price() -> None:
    assert deposit.share(DepositTerms(amount=rub(2000)), total=rub(8000)) == rub(2000)
    assert deposit.share(DepositTerms(amount=rub(2000)), total=rub(1500)) == rub(1500)


def test_what_was_paid_is_taken_off() -> None:
    assert deposit.asked(share=rub(3600), held=rub(0)) == rub(3600)
    assert deposit.asked(share=rub(3600), held=rub(1000)) == rub(2600)
    assert deposit.asked(share=rub(3600), held=rub(5000)) == rub(0)


def test_once_covered_it_stays_covered_whatever_the_price_becomes() -> None:
    covered = [(rub(3600), rub(3600))]
    assert deposit.asked(share=rub(9000), held=rub(3600), earlier=covered) == rub(0)


def test_a_share_that_was_never_covered_is_asked_at_the_new_price() -> None:
    half_paid = [(rub(3600), rub(1000))]
    assert deposit.asked(share=rub(6000), held=rub(1000), earlier=half_paid) == rub(5000)


def test_money_that_went_back_opens_the_deposit_again() -> None:
    covered = [(rub(3600), rub(3600))]
    assert deposit.asked(share=rub(3600), held=rub(0), earlier=covered) == rub(3600)


@given(terms=terms, total=roubles)
def test_a_share_lies_between_nothing_and_the_price_in_whole_kopecks(
    terms: DepositTerms, total: Decimal
) -> None:
    share = deposit.share(terms, total=total)
    assert 0 <= share <= total
    assert share == share.quantize(Decimal("0.01"))
    assert share >= min(terms.minimum, total)


@given(terms=terms, total=roubles)
def test_a_share_is_whole_units_unless_the_minimum_or_the_price_says_otherwise(
    terms: DepositTerms, total: Decimal
) -> None:
    share = deposit.share(terms, total=total)
    if terms.amount is None and share not in (total, terms.minimum.quantize(Decimal("0.01"))):
        assert share % terms.round_to == 0
        exact = total * (terms.percent or 0) / 100
        assert abs(share - exact) * 2 <= terms.round_to


@given(share=roubles, steps=st.lists(roubles, max_size=6))
def test_paid_in_any_steps_no_more_than_the_share_is_ever_asked(share: Decimal, steps: list[Decimal]) -> None:
    held = Decimal(0)
    for step in steps:
        asked = deposit.asked(share=share, held=held)
        assert asked == max(Decimal(0), share - held)
        held += min(step, asked)
    assert held <= share


@given(share=roubles, later=roubles, more=roubles)
def test_a_covered_deposit_asks_nothing_at_any_later_price(
    share: Decimal, later: Decimal, more: Decimal
) -> None:
    assert deposit.asked(share=later, held=share + more, earlier=[(share, share)]) == 0
