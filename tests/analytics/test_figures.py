"""The figures: what counts, on which day, for whom."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import ledger
from crm.models import Account, Deal
from tests.analytics.asking import (
    column,
    get,
    listed,
    make_location,
    moscow,
    pay,
    pay_at_the_desk,
    refund,
    summary,
    total,
    workbook,
)
from tests.factories import (
    NOW,
    TODAY,
    day,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_schedule,
    rub,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def account() -> Account:
    return make_account()


def test_a_payment_of_the_last_second_belongs_to_that_day_in_moscow(account: Account) -> None:
    deal = make_deal(account)
    pay(deal, 100, moscow("2026-10-31 23:59:59"))
    pay(deal, 20, moscow("2026-11-01 00:00:00"))
    october = {"from_": "2026-10-01", "to": "2026-10-31"}
    november = {"from_": "2026-11-01", "to": "2026-11-30"}
    assert summary(account, **october)["received"] == "100.00"
    assert summary(account, **november)["received"] == "20.00"
    assert [row["on"] for row in listed(account, "received", **october)] == ["2026-10-31"]
    months = {row["from"]: row["received"] for row in summary(account)["by_period"]}
    assert months == {"2026-10-01": "100.00", "2026-11-01": "20.00"}


def test_the_day_is_that_of_the_accounts_zone(account: Account) -> None:
    account.time_zone = "Asia/Vladivostok"
    account.save()
    pay(make_deal(account), 100, moscow("2026-10-31 23:59:59"))
    assert summary(account, to="2026-10-31")["received"] == "0.00"
    assert summary(account, from_="2026-11-01")["received"] == "100.00"


def test_a_refund_counts_on_its_own_day(account: Account) -> None:
    payment = pay(make_deal(account), 100, moscow("2026-10-10 12:00:00"))
    refund(payment, 30, moscow("2026-11-10 12:00:00"))
    assert summary(account, to="2026-10-31")["received"] == "100.00"
    assert summary(account, from_="2026-11-01")["received"] == "-30.00"
    assert summary(account)["received"] == "70.00"
    assert [(row["kind"], row["amount"]) for row in listed(account, "received")] == [
        ("refund", "-30.00"),
        ("payment", "100.00"),
    ]


def test_open_rows_are_late_from_the_day_after_their_effective_day(account: Account) -> None:
    # 22.11.2026 is a Sunday: what is due then may be paid on Monday.
    make_schedule(make_deal(account), total="300", count=3, first_due_on=day(0) - timedelta(days=1))
    found = summary(account, as_of=day(1).isoformat())
    assert (found["expected"], found["overdue"]) == ("300.00", "0.00")
    found = summary(account, as_of=day(2).isoformat())
    assert (found["expected"], found["overdue"]) == ("200.00", "100.00")
    [late] = listed(account, "overdue", as_of=day(2).isoformat())
    assert (late["due_on"], late["effective_due_on"], late["days_late"]) == ("2026-11-21", "2026-11-23", 1)


def test_as_of_ignores_later_payments_and_refunds(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(deal, total="300", count=3, first_due_on=date(2026, 9, 10))
    payment = pay(deal, 100, moscow("2026-10-05 12:00:00"))
    refund(payment, 100, moscow("2026-11-15 12:00:00"))
    overdue = {
        on: (summary(account, as_of=on)["received"], summary(account, as_of=on)["overdue"])
        for on in ("2026-10-04", "2026-10-05", "2026-11-12", "2026-11-15")
    }
    assert overdue == {
        "2026-10-04": ("0.00", "100.00"),
        "2026-10-05": ("100.00", "0.00"),
        "2026-11-12": ("100.00", "200.00"),
        "2026-11-15": ("0.00", "300.00"),
    }


def test_known_at_shows_a_day_as_it_was_known_then(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(
        deal, total="300", count=3, first_due_on=date(2026, 12, 10), at=moscow("2026-10-01 12:00:00")
    )
    paid, told = moscow("2026-10-10 12:00:00"), moscow("2026-10-20 12:00:00")
    pay(deal, 100, paid, known=told)
    make_schedule(
        deal, total="500", count=4, first_due_on=date(2027, 1, 10), at=moscow("2026-11-01 12:00:00")
    )
    seen = {
        known: (found["received"], found["expected"])
        for known in ("2026-09-30", "2026-10-19", "2026-10-20", "2026-11-01")
        if (found := summary(account, known_at=known))
    }
    assert seen == {
        "2026-09-30": ("0.00", "0.00"),
        "2026-10-19": ("0.00", "300.00"),
        "2026-10-20": ("100.00", "200.00"),
        "2026-11-01": ("100.00", "400.00"),
    }
    assert summary(account, known_at=told.isoformat())["received"] == "100.00"


def test_received_money_stays_with_the_manager_and_cohort_of_its_moment(account: Account) -> None:
    deal = make_deal(account, responsible_user_id=8100002, cohort="Поток 12", programme="Нутрициолог")
    pay(deal, 100, NOW)
    Deal.objects.filter(id=deal.id).update(
        responsible_user_id=8100003, cohort="Поток 13", programme="Психолог"
    )
    deal.refresh_from_db()
    make_schedule(deal, total="300", count=2, first_due_on=date(2026, 12, 10))
    found = summary(account)["by_group"]
    for name, before, after in (
        ("manager", 8100002, 8100003),
        ("cohort", "Поток 12", "Поток 13"),
        ("programme", "Нутрициолог", "Психолог"),
    ):
        sums = {group["value"]: (group["received"], group["expected"]) for group in found[name]}
        assert sums == {before: ("100.00", "0.00"), after: ("0.00", "200.00")}
        assert summary(account, **{name: before})["received"] == "100.00"
        assert summary(account, **{name: after})["received"] == "0.00"


def test_groups_and_months_add_up_to_the_whole(account: Account) -> None:
    for number in range(4):
        deal = make_deal(account, cohort=f"Поток {number % 2}", responsible_user_id=8100002 + number % 3)
        make_schedule(deal, total="1000", count=5, first_due_on=date(2026, 9, 1 + number))
        pay(deal, 150 + number, moscow(f"2026-10-{10 + number} 12:00:00"))
    found = summary(account)
    for parts in (found["by_period"], *found["by_group"].values()):
        for name in ("received", "expected", "overdue"):
            assert sum(Decimal(part[name]) for part in parts) == Decimal(found[name])
    assert sum(Decimal(month["expected"]) for month in found["forecast"]) == Decimal(found["expected"])


def test_locations_and_owners_narrow_and_the_owner_is_that_of_the_day_of_service(account: Account) -> None:
    first, second = (make_merchant(make_legal_entity(key=key)) for key in ("ip-one", "ip-two"))
    location = make_location(account, first, "baumana", since=date(2026, 1, 1))
    location.ownerships.create(
        legal_entity=second.legal_entity, merchant=second, valid_from=date(2026, 12, 1)
    )
    for service_on in (date(2026, 11, 25), date(2026, 12, 5)):
        deal = make_deal(account, location_value=location.crm_value, service_on=service_on)
        make_schedule(deal, total="100", count=1, first_due_on=date(2026, 11, 24))
    make_schedule(make_deal(account), total="1000", count=1, first_due_on=date(2026, 11, 24))
    assert summary(account)["expected"] == "1200.00"
    assert summary(account, location="baumana")["expected"] == "200.00"
    assert summary(account, legal_entity="ip-one")["expected"] == "100.00"
    assert summary(account, legal_entity="ip-two")["expected"] == "100.00"
    places = {
        one["value"]: (one["name"], one["expected"]) for one in summary(account)["by_group"]["location"]
    }
    assert places == {"baumana": ("Зал baumana", "200.00"), None: ("", "1000.00")}


def test_two_locations_of_one_value_double_no_sum(account: Account) -> None:
    merchant = make_merchant(make_legal_entity())
    location = make_location(account, merchant, "one", since=date(2026, 1, 1))
    twin = make_location(account, merchant, "two", since=date(2026, 1, 1))
    twin.crm_value = location.crm_value
    twin.save()
    make_schedule(make_deal(account, location_value=location.crm_value), total="100", count=1)
    assert summary(account)["expected"] == "100.00"


def test_the_provider_narrows_received_money_only(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(deal, total="300", count=3)
    pay(deal, 100, NOW)
    found = summary(account, provider="robokassa")
    assert (found["received"], found["expected"]) == ("0.00", "200.00")
    assert summary(account, provider="cloudpayments")["received"] == "100.00"
    pay_at_the_desk(deal, 30, NOW)
    assert summary(account, provider="offline")["received"] == "30.00"


def test_money_in_another_currency_is_not_counted(account: Account) -> None:
    assert not pay(make_deal(account), 100, NOW, currency="USD").counted
    assert summary(account)["received"] == "0.00"
    assert listed(account, "received") == []


def test_the_share_on_time_is_what_was_paid_by_its_day(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(deal, total="400", count=4, first_due_on=date(2026, 9, 10))
    assert summary(account, as_of="2026-09-10")["on_time_share"] is None
    pay(deal, 100, moscow("2026-09-10 23:59:59"))
    pay(deal, 50, moscow("2026-10-12 23:59:59"))  # effective: 10.10.2026 is a Saturday
    pay(deal, 50, moscow("2026-10-13 00:00:00"))
    assert summary(account, to="2026-10-31")["on_time_share"] == 0.75


def test_accounts_see_only_their_own(account: Account) -> None:
    other = make_account()
    deal = make_deal(other)
    make_schedule(deal, total="300", count=3, first_due_on=date(2026, 10, 1))
    pay(deal, 100, NOW)
    found = summary(account)
    assert (found["received"], found["expected"], found["overdue"]) == ("0.00", "0.00", "0.00")
    assert found["by_period"] == []
    for state in ("received", "expected", "overdue"):
        assert listed(account, state) == []
        assert len(listed(other, state)) == 1
    assert get(account, "aging/").json()["total"] == "0.00"
    assert get(account, "filters/").json()["cohort"] == []
    # The account is the token's, whatever the address says.
    assert get(account, f"summary/?account={other.key}").json()["received"] == "0.00"


def test_cohorts_are_offered_in_the_order_of_their_numbers(account: Account) -> None:
    for cohort in ("Поток 10", "Поток 2", "поток 1", "10", "Осень"):
        make_deal(account, cohort=cohort)
    offered = [one["value"] for one in get(account, "filters/").json()["cohort"]]
    assert offered == ["10", "Осень", "поток 1", "Поток 2", "Поток 10"]


def test_aging_is_by_row_and_by_days_past_the_effective_day(account: Account) -> None:
    deal = make_deal(account)
    schedule = make_schedule(deal, total="500", count=5, first_due_on=date(2026, 12, 10))
    # The bounds: 0, 1, 30, 31, 91 days past on 22.11.2026.
    for row, days in zip(schedule.installments.order_by("number"), (0, 1, 30, 31, 91), strict=True):
        on = TODAY - timedelta(days=days)
        schedule.installments.filter(id=row.id).update(due_on=on, effective_due_on=on)
    found = get(account, "aging/").json()
    assert {one["bucket"]: one["amount"] for one in found["buckets"]} == {
        "1-30": "200.00",
        "31-60": "100.00",
        "61-90": "0.00",
        "91+": "100.00",
    }
    assert (found["total"], found["deals"]) == ("400.00", 1)
    assert found["total"] == summary(account)["overdue"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_": "yesterday"}, "from"),
        ({"from_": "2026-02-30"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"from_": "2026-02-02", "to": "2026-02-01"}, "to"),
        ({"known_at": "2026-02-01T10:00:00"}, "known_at"),
        ({"known_at": "2026-02-31"}, "known_at"),
        ({"manager": "Мария"}, "manager"),
        ({"manager": "99999999999999999999"}, "manager"),
        ({"cohort": "а\x00б"}, "cohort"),
        ({"provider": "paypal"}, "provider"),
    ],
)
def test_what_cannot_be_asked_is_said_by_its_field(
    account: Account, query: dict[str, str], field: str
) -> None:
    answer = get(account, "summary/", **query)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "cursor", ["x", "W10=", "WyJyZWNlaXZlZCIsMSwyLDNd", "WyJleHBlY3RlZCIsIjIwMjYtMDEtMDEiLDFd"]
)
def test_a_cursor_that_is_none_is_an_error(account: Account, cursor: str) -> None:
    answer = get(account, "payments/", state="received", cursor=cursor)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["cursor"])


def test_an_empty_value_asks_nothing(account: Account) -> None:
    pay(make_deal(account), 100, NOW)
    assert summary(account, cohort="", from_="", manager="")["received"] == "100.00"


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_figures_lists_workbooks_and_ledger_say_the_same(account: Account, data: st.DataObject) -> None:
    account = make_account()
    deals = []
    for _number in range(data.draw(st.integers(1, 3))):
        deal = make_deal(account, cohort=data.draw(st.sampled_from(["Поток 1", "Поток 2"])))
        first = date(2026, 8, 1) + timedelta(days=data.draw(st.integers(0, 200)))
        make_schedule(
            deal,
            total=data.draw(st.integers(50, 900)),
            count=data.draw(st.integers(1, 6)),
            first_due_on=first,
        )
        for amount in data.draw(st.lists(st.decimals("0.01", "400", places=2), max_size=3)):
            payment = pay(deal, amount, NOW - timedelta(hours=data.draw(st.integers(0, 3000))))
            if data.draw(st.booleans()):
                refund(payment, (amount / 2).quantize(Decimal("0.01")) or amount, NOW)
        deals.append(deal)
    standings = [ledger.standing(deal, on=TODAY) for deal in deals]
    found = summary(account)
    assert rub(found["received"]) == sum(one.received - one.refunded for one in standings)
    assert rub(found["overdue"]) == sum(one.overdue for one in standings)
    assert rub(found["expected"]) == sum(one.debt - one.overdue for one in standings)
    narrow = {
        "from_": (date(2026, 8, 1) + timedelta(days=data.draw(st.integers(0, 120)))).isoformat(),
        "cohort": data.draw(st.sampled_from(["", "Поток 1"])),
    }
    for state, title in (("received", "Сумма"), ("expected", "Остаток"), ("overdue", "Остаток")):
        for query in ({}, narrow):
            rows = listed(account, state, **query)
            assert total(rows) == summary(account, **query)[state]
            cells = column(workbook(account, report="payments", state=state, **query), title)
            assert [f"{cell:.2f}" for cell in cells] == [row["amount"] for row in rows]
