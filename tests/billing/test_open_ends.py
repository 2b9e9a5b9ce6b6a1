"""What is open on a deal is seen while it is open, so that its money is followed; and nothing else is."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from billing import (
    late_fees,
    open_ends,
    overdue,
    pause_state,
    pauses,
    payments,
    promises,
    sums,
    transfer_claims,
)
from billing.models import DateRequest, Schedule
from billing.payments import Offline
from crm.models import Deal
from tests.factories import NOW, TODAY, day, make_account, make_deal, make_order, make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db

DUE = day(-20)
CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def late_deal(**policy: Any) -> Deal:
    deal = make_deal(make_account(**policy))
    make_schedule(deal, first_due_on=DUE)
    return deal


def pay(deal: Deal, amount: object) -> None:
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)


def open_of(deal: Deal) -> list[str]:
    return [name for name, is_open in vars(open_ends.of(deal)).items() if is_open]


def order(deal: Deal) -> None:
    make_order(deal)


def flag(deal: Deal) -> None:
    overdue.flag(on=TODAY, at=NOW, account=deal.account)


def promise(deal: Deal) -> None:
    promises.give(deal=deal, word=promises.Word(day(3)), author="user:1", at=NOW)


def claim(deal: Deal) -> None:
    transfer_claims.claim(deal=deal, amount=rub(30000), paid_on=TODAY, comment="", author="payer", at=NOW)


def wish(deal: Deal) -> None:
    row = rows_of(deal.schedule)[0]
    DateRequest.objects.create(
        deal=deal, installment=row, was_on=row.due_on, wanted_on=day(3), recorded_at=NOW
    )


def test_a_deal_with_rows_alone_has_nothing_open() -> None:
    assert open_of(late_deal()) == []


@pytest.mark.parametrize(
    ("begin", "name"),
    [(order, "orders"), (flag, "flags"), (promise, "promise"), (claim, "claim"), (wish, "wish")],
)
def test_what_is_open_is_seen_until_money_ends_it(begin: Callable[[Deal], None], name: str) -> None:
    deal, other = late_deal(), late_deal()
    begin(deal)
    assert (open_of(deal), open_of(other)) == ([name], [])
    pay(deal, 90000)
    assert (open_of(deal), open_of(other)) == (["money"], [])


def test_late_fees_are_open_where_they_are_charged_or_were() -> None:
    terms = {"daily_percent": "0.1", "cap_percent": "10", "grace_days": 0, "from": "2026-01-01"}
    deal = late_deal(late_fee=terms)
    assert open_of(deal) == ["fees"]
    late_fees.charge(on=day(2), at=NOW + timedelta(days=2), account=deal.account)
    deal.account.policy.late_fee = {}
    deal.account.policy.save()
    assert open_of(deal) == ["fees"]


@pytest.mark.parametrize("until", [None, day(5)])
def test_plain_sql_and_the_queryset_agree_on_pauses(until: date | None) -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    pauses.pause(deal=deal, reason="отпуск", until=until, author="user:1", at=NOW)
    assert _both(deal, schedule) == [(False, False), (True, True), (True, True), (until is None,) * 2]
    pauses.resume(deal=deal, author="user:1", at=NOW.replace(day=24))
    assert _both(deal, schedule) == [(False, False), (True, True), (False, False), (False, False)]


def _both(deal: Deal, schedule: Schedule) -> list[tuple[bool, bool]]:
    """The day before the pause, its first day, when it was ended, when it runs out."""
    return [
        (sums.of(deal, on=on)[0].is_paused, pause_state.in_force(on=on).filter(schedule=schedule).exists())
        for on in (day(-1), TODAY, day(2), day(5))
    ]


def test_a_first_save_is_few_statements(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    deal = make_deal()
    # Eighteen, the factory's own question, and a savepoint where there is a transaction in production.
    with django_assert_max_num_queries(21):
        make_schedule(deal, total=deal.price, count=12)
