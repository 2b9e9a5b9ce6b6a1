"""The history tells what the figures were before and after each event, by the facts of its moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings

from billing import moves, running_figures, settlements, write_offs
from billing.api import timeline
from billing.models import Event, Payment
from billing.rules import money
from tests.billing.histories import HISTORIES, History, lay_out, pay, pay_in_cash, refund
from tests.factories import NOW, make_account, make_deal, rub

pytestmark = pytest.mark.django_db

NAMES = ("received", "refunded", "total", "paid", "debt", "written_off", "credit")


@contextmanager
def undone() -> Iterator[None]:
    """The next example finds the database as this one did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=HISTORIES)
def test_after_each_act_the_figures_are_those_that_were_seen(acts: list[tuple[Any, ...]]) -> None:
    with undone():
        history = History(make_deal(make_account()))
        for act, days, *values in acts:
            history.step(act, days, *values)
        found = running_figures.of(history.deal)
        for at, seen in history.seen:
            after = found.after(at)
            assert after == {name: money.text(seen[name]) for name in after}
            assert set(after) == set(NAMES if seen["version"] else NAMES[:2])


def test_money_and_terms_are_told_with_before_and_after() -> None:
    account = make_account()
    history = History(make_deal(account))
    history.step(lay_out, 0, 900, 3, 10)
    history.step(pay, 1, rub(40000), 0)
    history.step(refund, 1, 0, 1)
    history.step(pay_in_cash, 1, rub(5000), 0)
    history.step(give_up, 1)
    history.step(carry_away, 1, make_deal(account))
    history.step(settle, 1)
    lines = timeline.of(history.deal, names={1: "Анна"})
    told = [(line["what"], (line["before"] or {}).get("debt"), line["after"].get("debt")) for line in lines]
    assert told == [
        ("schedule_created", None, "90000.00"),
        ("payment_received", "90000.00", "50000.00"),
        ("refund", "50000.00", "60000.00"),
        ("payment_received", "60000.00", "55000.00"),
        ("debt_written_off", "55000.00", "54000.00"),
        ("payment_moved_out", "54000.00", "56000.00"),
        ("schedule_settled", "56000.00", "0.00"),
    ]
    assert (lines[-1]["before"]["version"], lines[-1]["before"]["total"]) == (1, "90000.00")
    for event in Event.objects.filter(deal=history.deal):
        if "debt" in event.data:
            assert running_figures.of(history.deal).after(event.recorded_at)["debt"] == event.data["debt"]


def test_nothing_that_changed_no_figure_is_given_any() -> None:
    history = History(make_deal())
    history.step(lay_out, 0, 900, 3, 10)
    found = running_figures.of(history.deal)
    quiet = history.at + timedelta(days=1)
    assert found.before(quiet) == found.after(quiet)
    assert found.before(NOW) == {"received": "0.00", "refunded": "0.00"}


def give_up(history: History) -> None:
    write_offs.write_off(
        deal=history.deal, amount=rub(1000), reason="small", written_on=None, author="user:1", at=history.at
    )


def carry_away(history: History, to: Any) -> None:
    cash = Payment.objects.get(deal=history.deal, method="cash")
    moves.move(payment=cash, to=to, amount=rub(2000), reason="agreed", author="user:1", at=history.at)


def settle(history: History) -> None:
    settlements.settle(deal=history.deal, total=rub(30000), reason="left", author="user:1", at=history.at)
