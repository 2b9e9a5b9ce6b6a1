"""A past day is shown as it was known then, and by all that is known now."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import hindsight, payments
from billing.payments import Offline
from billing.rules import hindsight as rules
from crm import prices
from tests.billing.histories import HISTORIES, History, figures, lay_out, pay, refund
from tests.billing.test_guards import refused
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

MOMENT = timedelta(microseconds=1)
# The database is rolled back by hand after each example; shrinking would take minutes.
EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def undone() -> Iterator[None]:
    """The next example finds the database as this one did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@EXAMPLES
@given(acts=HISTORIES)
def test_every_moment_is_restored_as_it_was_seen_then(acts: list[tuple[Any, ...]]) -> None:
    with undone():
        history = History(make_deal(make_account()))
        for act, days, *values in acts:
            history.step(act, days, *values)
        for at, seen in history.seen:
            assert figures(history.then(at)) == seen


def test_before_the_first_schedule_a_deal_costs_what_its_budget_was_known_to_be() -> None:
    deal = make_deal(make_account(), price=rub(160000))
    first, second, laid_out = (NOW + timedelta(days=days) for days in (1, 3, 5))
    for price, at in [(120000, first), (120000, first), (90000, second)]:
        prices.remember(deal_id=deal.pk, before=deal.price, after=rub(price), at=at)
        deal.price = rub(price)
        deal.save(update_fields=["price"])
    cash = Offline(TODAY, "cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(100000), offline=cash, author="user:1", at=NOW)
    make_schedule(deal, total=200000, at=laid_out)
    found = [
        (seen.total, seen.paid, seen.debt, seen.credit)
        for at in (first - MOMENT, second - MOMENT, laid_out - MOMENT, laid_out)
        for seen in [hindsight.standing(deal, on=deal.local_day(at), known_at=at)]
    ]
    assert found == [
        (rub(160000), rub(100000), rub(60000), 0),
        (rub(120000), rub(100000), rub(20000), 0),
        (rub(90000), rub(90000), 0, rub(10000)),
        (rub(200000), rub(100000), rub(100000), 0),
    ]
    assert refused("UPDATE crm_pricechange SET before = 1", []) == "append_only"


@EXAMPLES
@given(acts=HISTORIES, back=st.integers(0, 200))
def test_what_is_known_now_of_any_day_adds_up(acts: list[tuple[Any, ...]], back: int) -> None:
    with undone():
        history = History(make_deal(make_account()))
        for act, days, *values in acts:
            history.step(act, days, *values)
        today = history.deal.local_day(history.at)
        assert figures(hindsight.standing(history.deal, on=today)) == figures(history.now())
        found = hindsight.standing(history.deal, on=today - timedelta(days=back))
        assert found.paid + found.debt + found.written_off == found.total
        assert found.credit == found.received - found.refunded - found.paid - found.fees.paid >= 0
        assert found.credit == 0 or found.debt <= 0
        assert all(0 <= row.paid <= row.installment.amount for row in found.rows)


def test_money_of_an_earlier_day_is_known_only_from_the_day_it_was_recorded() -> None:
    history = History(make_deal())
    history.step(lay_out, 0, 3, 3, 10)
    history.step(pay, 30, rub(100), 25)
    late = history.deal.local_day(history.at) - timedelta(days=5)
    before = history.at - timedelta(hours=1)
    assert hindsight.standing(history.deal, on=late, known_at=before).overdue == rub(100)
    assert hindsight.standing(history.deal, on=late).overdue == 0


def test_a_row_that_money_covered_before_a_later_refund_was_covered_then() -> None:
    history = History(make_deal())
    history.step(lay_out, 0, 2, 2, 1)
    history.step(pay, 0, rub(100), 0)
    history.step(pay, 1, rub(100), 0)
    day = history.deal.local_day(history.at)
    history.step(refund, 60, 0, 4)
    assert [row.paid for row in history.now().rows] == [0, rub(100)]
    assert [row.paid for row in hindsight.standing(history.deal, on=day).rows] == [rub(100), rub(100)]
    first = hindsight.standing(history.deal, on=TODAY)
    assert [row.paid for row in first.rows] == [rub(100), 0]


def test_the_schedule_of_then_comes_back_with_the_amounts_it_had() -> None:
    history = History(make_deal())
    history.step(lay_out, 0, 3, 1, 10)
    history.step(pay, 1, rub(120), 0)
    seen = history.at
    history.step(lay_out, 10, 5, 2, 40)
    assert [row.installment.amount for row in history.then(seen).rows] == [rub(300)]
    assert [row.installment.amount for row in history.now().rows] == [rub(120), rub(250), rub(250)]
    assert hindsight.standing(history.deal, on=TODAY, known_at=NOW).schedule is None


ROWS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), st.integers(0, 50)),
    min_size=1,
    max_size=6,
)


@given(rows=ROWS, kept=st.integers(0, 300), reopened=st.booleans())
def test_rows_hold_exactly_the_money_that_lay_here(
    rows: list[tuple[int, int, int, int]], kept: int, reopened: bool
) -> None:
    given_rows = [
        rules.Row(
            number, Decimal(amount), Decimal(min(written, amount)), Decimal(known), Decimal(come), number
        )
        for number, (amount, known, come, written) in enumerate(rows)
    ]
    found = rules.held(given_rows, kept=Decimal(kept), reopened=reopened)
    total = sum(row.amount for row in given_rows)
    assert sum(held.paid for held in found.values()) == min(kept, total)
    for row in given_rows:
        held = found[row.row]
        assert held.paid >= 0
        assert 0 <= held.written_off <= row.written_off
        assert held.paid + held.written_off <= row.amount


def test_nothing_moves_where_the_ledger_says_what_lay_here() -> None:
    rows = [
        rules.Row(1, Decimal(100), Decimal(0), Decimal(0), Decimal(0), 3),
        rules.Row(2, Decimal(100), Decimal(0), Decimal(70), Decimal(70), 2),
    ]
    found = rules.held(rows, kept=Decimal(70), reopened=True)
    assert [held.paid for held in found.values()] == [0, 70]


def test_what_had_not_come_is_taken_from_the_row_that_was_covered_last() -> None:
    rows = [
        rules.Row(1, Decimal(100), Decimal(0), Decimal(100), Decimal(0), 1),
        rules.Row(2, Decimal(100), Decimal(0), Decimal(100), Decimal(100), 2),
    ]
    found = rules.held(rows, kept=Decimal(100), reopened=False)
    assert [held.paid for held in found.values()] == [100, 0]
