"""One deal and one day: card, figures and workbook say the same number, as known at any moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics import queries
from analytics.filters import Filter
from billing import deal_card, hindsight
from crm import auth
from crm.models import Deal
from tests.analytics.asking import column, summary, token, workbook
from tests.billing.histories import HISTORIES, History, lay_out, pay, refund
from tests.factories import make_account, make_deal, rub

pytestmark = pytest.mark.django_db


@contextmanager
def undone() -> Iterator[None]:
    """The next example finds the database as this one did."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def agree(history: History, *, on: date, known_at: datetime | None) -> None:
    """The figures of the account with this one deal are those of the deal."""
    today = history.deal.local_day(history.at)
    asked = Filter(account=history.deal.account, as_of=on, today=today, known_at=known_at)
    standing = hindsight.standing(history.deal, on=on, known_at=known_at)
    figures = queries.summary(asked).figures
    assert figures.received == standing.received - standing.refunded
    if standing.schedule is None:
        assert (figures.expected, figures.overdue) == (0, 0)
        return
    assert figures.overdue == standing.overdue
    assert figures.overdue + figures.expected == standing.debt
    rows = [
        (row["number"], row["amount"], row["paid"], row["rest"])
        for row in queries.rows(asked, late=None, after=None, limit=None)
    ]
    shown = [(row.installment.number, row.installment.amount, row.paid, row.rest) for row in standing.rows]
    assert sorted(rows) == sorted(shown)
    assert sum((one["overdue"] for one in queries.debtors(asked)), Decimal(0)) == standing.overdue


# Each example makes a school and lives through its deal; shrinking would take minutes.
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    acts=HISTORIES,
    looks=st.lists(st.tuples(st.integers(-30, 200), st.none() | st.integers(0, 150)), min_size=3, max_size=6),
)
def test_card_figures_and_rows_agree_on_any_day_and_knowledge(
    acts: list[tuple[Any, ...]], looks: list[tuple[int, int | None]]
) -> None:
    with undone():
        history = History(make_deal(make_account()))
        for act, days, *values in acts:
            history.step(act, days, *values)
        today = history.deal.local_day(history.at)
        for back, known_back in looks:
            known_at = None if known_back is None else history.at - timedelta(days=known_back)
            agree(history, on=today - timedelta(days=back), known_at=known_at)


def test_the_doors_tell_one_number_for_one_day(time_machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whom amoCRM lets see a deal is tested in tests/crm.
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    account = make_account()
    history = History(make_deal(account))
    history.step(lay_out, 0, 6, 3, 5)
    history.step(pay, 10, rub(250), 3)
    known = history.at
    history.step(refund, 40, 0, 2)
    history.step(lay_out, 1, 9, 2, 30)
    time_machine.move_to(history.at, tick=False)
    Deal.objects.update(fetched_at=history.at)
    day = history.deal.local_day(known).isoformat()

    answer = Client().get(
        f"/api/v1/deals/{history.deal.external_id}/standing/",
        {"on": day, "known_at": known.isoformat()},
        headers={"X-Auth-Token": token(account)},
    )
    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert (shown["total"], shown["paid"], shown["debt"]) == ("600.00", "250.00", "350.00")
    assert (shown["version"], shown["on"]) == (1, day)
    assert [row["paid"] for row in shown["installments"]] == ["200.00", "50.00", "0.00"]

    asked = {"as_of": day, "known_at": known.isoformat()}
    found = summary(account, **asked)
    assert Decimal(found["expected"]) + Decimal(found["overdue"]) == Decimal(shown["debt"])
    assert found["overdue"] == shown["overdue"]
    book = workbook(account, report="schedule", **asked)
    assert [Decimal(str(cell)) for cell in column(book, "Оплачено")] == [200, 50, 0]

    now = deal_card.card(Deal.objects.get(pk=history.deal.pk), at=history.at)
    assert now["debt"] == summary(account)["expected"]
    assert (now["version"], now["paid"]) == (2, "125.00")
