"""The deadline of a deposit: one release, by a task or a stage; what was paid, held or lost is left alone."""

from datetime import date, timedelta
from typing import Any

import pytest

from billing import deposit_deadlines, payments, stops
from billing.models import AccountPolicy, DepositDeadline, Event, Location
from billing.payments import Offline
from crm.models import Deal, OutboxRow
from tests.billing.bookings import make_booking, make_links, make_network
from tests.factories import NOW, TODAY, rub

pytestmark = pytest.mark.django_db

TERMS = {"minutes": 180, "same_day": 60, "then": "task"}


def booking(service_on: date | None = None, **terms: Any) -> Deal:
    _account, (place, _other) = make_network()
    Location.objects.filter(pk=place.pk).update(deposit_due={**TERMS, **terms})
    deal = make_booking(place, **({"service_on": service_on} if service_on else {}))
    make_links(deal)
    return deal


def passed(minutes: int) -> int:
    return deposit_deadlines.pass_due(at=NOW + timedelta(minutes=minutes))


def effects(deal: Deal) -> list[str]:
    rows = OutboxRow.objects.filter(deal=deal, key__startswith="deposit_due:")
    return list(rows.values_list("kind", flat=True))


def test_a_deposit_that_was_not_paid_in_time_is_a_task_once() -> None:
    deal = booking()
    assert [passed(179), passed(180), passed(181), passed(600)] == [0, 1, 0, 0]
    assert effects(deal) == ["task"]
    assert Event.objects.filter(deal=deal, kind="deposit_unpaid").count() == 1


def test_on_the_day_of_the_game_the_time_is_shorter() -> None:
    booking(service_on=TODAY)
    assert [passed(59), passed(60)] == [0, 1]


@pytest.mark.parametrize(("then", "kinds"), [("task", ["task"]), (55000290, ["stage"]), ("stage", ["task"])])
def test_what_happens_then_is_the_locations_word(then: Any, kinds: list[str]) -> None:
    """This pipeline has no stage for what is overdue: a task takes its place."""
    deal = booking(then=then)
    assert passed(180) == 1
    assert effects(deal) == kinds


def test_a_paid_held_lost_or_stopped_booking_is_left_alone() -> None:
    paid, lost, stopped = booking(), booking(), booking()
    cash = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=paid, amount=rub(6000), offline=cash, author="user:1", at=NOW)
    Deal.objects.filter(pk=lost.pk).update(state=Deal.State.LOST)
    stops.stop(deal=stopped, of="reminders", reason="", author="user:1", at=NOW)
    assert passed(300) == 0
    stops.go_on(deal=stopped, of="reminders", author="user:1", at=NOW)
    assert passed(301) == 1
    assert DepositDeadline.objects.get().installment.schedule.deal == stopped


def test_without_terms_or_outside_deposit_mode_nothing_runs_out() -> None:
    booking()
    AccountPolicy.objects.update(mode=AccountPolicy.Mode.INSTALLMENTS)
    assert passed(300) == 0
    AccountPolicy.objects.update(mode=AccountPolicy.Mode.DEPOSIT)
    Location.objects.update(deposit_due={})
    assert passed(300) == 0


def test_money_that_comes_after_the_deadline_is_recorded() -> None:
    deal = booking()
    passed(180)
    cash = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(6000), offline=cash, author="user:1", at=NOW)
    assert deal.payments.count() == 1
