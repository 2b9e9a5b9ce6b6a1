"""Whatever was paid and however a schedule is changed: paid rows stay bit-identical and sums are exact."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import amendments, payments, schedules, settlements, verification, versions
from billing.amendments import Ask, Spread
from billing.models import Installment, Schedule
from billing.payments import Offline
from billing.rules import money
from billing.rules.schedule import InvalidTerms, Terms
from crm.models import Deal
from tests.factories import NOW, TODAY, make_deal, make_schedule, rows_of, standing_of

pytestmark = pytest.mark.django_db

KOPECKS = st.integers(1, 20_000_000).map(lambda kopecks: Decimal(kopecks) / 100)
# One change of a schedule: what kind, and numbers to make its values of.
CHANGES = st.lists(
    st.tuples(st.sampled_from(["pay", "rebuild", "move", "total", "settle"]), KOPECKS, st.integers(1, 12)),
    min_size=1,
    max_size=6,
)


def paid_rows(schedule: Schedule) -> dict[int, tuple[Any, ...]]:
    """Every column of the rows that money covers in full."""
    columns = [column.attname for column in Installment._meta.concrete_fields]
    return {
        row.pk: tuple(getattr(row, column) for column in columns)
        for row in rows_of(schedule)
        if row.paid == row.amount
    }


def carry_out(deal: Deal, kind: str, amount: Decimal, number: int) -> None:
    """Do one change; what the rules refuse changes nothing."""
    schedule = Schedule.objects.get(deal=deal)
    ask = Ask(version=schedule.version, reason="проверка", author="user:1")
    standing = standing_of(deal)
    if kind == "pay":
        cash = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
        payments.receive_offline(deal=deal, amount=amount, offline=cash, author="user:1", at=NOW)
    elif kind == "rebuild":
        terms = Terms(standing.paid + amount, TODAY + timedelta(days=number), number)
        schedules.save(
            deal=deal, terms=terms, version=schedule.version, author="user:1", reason="проверка", at=NOW
        )
    elif kind == "move":
        due_on = date(2027, number, 1 + number)
        amendments.move_date(deal=deal, number=number, due_on=due_on, ask=ask, at=NOW)
    elif kind == "total":
        spread = Spread.EVENLY if number % 2 else Spread.AT_THE_END
        total = standing.paid + amount
        day = None if standing.debt else TODAY
        amendments.change_total(deal=deal, total=total, spread=spread, due_on=day, ask=ask, at=NOW)
    else:
        share = (standing.paid * number / 12).quantize(money.KOPECK)
        settlements.settle(deal=deal, total=share, reason="проверка", author="user:1", at=NOW)


REFUSED = (InvalidTerms, amendments.NoOpenRow, versions.Closed)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(total=KOPECKS, count=st.integers(1, 12), changes=CHANGES)
def test_paid_rows_stay_and_sums_are_exact_whatever_is_changed(
    total: Decimal, count: int, changes: list[tuple[str, Decimal, int]]
) -> None:
    with transaction.atomic():
        deal = make_deal()
        try:
            make_schedule(deal, total=total, count=count)
        except InvalidTerms:
            return
        for kind, amount, number in changes:
            schedule = Schedule.objects.get(deal=deal)
            before = paid_rows(schedule)
            try:
                with transaction.atomic():
                    carry_out(deal, kind, amount, number)
            except REFUSED:
                assert kind != "pay"
            after = {row.pk: row for row in rows_of(schedule)}
            if kind != "settle":
                assert before.items() <= paid_rows(schedule).items()
            schedule.refresh_from_db()
            standing = standing_of(deal)
            assert sum(row.amount for row in after.values()) == schedule.total == standing.total
            assert standing.paid + standing.debt == standing.total
            assert standing.credit == standing.received - standing.paid >= 0
            assert len({row.number for row in after.values()}) == len(after)
        assert not list(verification.violations())
        transaction.set_rollback(True)
