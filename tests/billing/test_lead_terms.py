"""The schedule that a trigger makes: from the deal's own fields, over the account's template, or alone."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import lead_terms, schedule_templates
from billing.models import Schedule, ScheduleTemplate, ScheduleVersion
from billing.rules.schedule import InvalidTerms
from crm.models import Deal
from tests.factories import NOW, TODAY, make_account, make_deal, rows_of, rub

pytestmark = pytest.mark.django_db


def template(deal: Deal, **values: Any) -> None:
    given: dict[str, Any] = {"name": "Четыре платежа", "count": 4, "due_day": 10}
    ScheduleTemplate.objects.create(account=deal.account, **given | values)


def applied(deal: Deal) -> list[tuple[date, Decimal]]:
    schedule = lead_terms.apply(deal=deal, at=NOW, author="pipeline")
    return [(row.due_on, row.amount) for row in rows_of(schedule)]


def test_the_closest_template_makes_the_first_schedule_and_only_once() -> None:
    deal = make_deal(price=rub(160000))
    template(deal, name="Общий", count=2)
    template(deal, name="Нутрициолог", programme="Нутрициолог", count=4)
    assert [amount for _day, amount in applied(deal)] == [rub(40000)] * 4
    applied(deal)
    assert Schedule.objects.get().version == 1
    assert ScheduleVersion.objects.get().author == "pipeline"


def test_the_deals_own_fields_need_no_template() -> None:
    deal = make_deal(price=rub(90000), asked={"count": "3", "first_on": "2026-12-15"})
    days = [date(2026, 12, 15), date(2027, 1, 15), date(2027, 2, 15)]
    assert applied(deal) == [(day, rub(30000)) for day in days]


def test_the_deals_own_monthly_sum_goes_as_far_as_it_goes() -> None:
    deal = make_deal(price=rub(50000), asked={"monthly": "20 000,00 ₽", "first_on": "2026-12-01"})
    assert [amount for _day, amount in applied(deal)] == [rub(20000), rub(20000), rub(10000)]


def test_the_deals_own_monthly_sum_need_not_be_as_round_as_the_template() -> None:
    deal = make_deal(price=rub(50000), asked={"monthly": "20 050"})
    template(deal, count=4, round_to="100")
    assert [amount for _day, amount in applied(deal)] == [rub(20050), rub(20050), rub(9900)]


def test_the_deals_own_fields_go_over_the_template_field_by_field() -> None:
    deal = make_deal(price=rub(160000), asked={"first_on": "2026-12-25"})
    template(deal, count=4, due_day=10, down_percent=Decimal(20), down_after_days=60)
    first, *others = applied(deal)
    assert first == (date(2026, 12, 25), rub(32000)), "the down payment is not after the first row"
    assert [day.day for day, _amount in others] == [25] * 4
    other = make_deal(price=rub(160000), asked={"count": "2"}, account=deal.account)
    assert len(applied(other)) == 3


def test_an_account_without_templates_gets_the_budget_in_one_payment() -> None:
    deal = make_deal(price=rub(160000))
    assert applied(deal) == [(TODAY, rub(160000))]
    later = make_deal(price=rub(5000), asked={"first_on": "2026-12-15"}, account=deal.account)
    assert applied(later) == [(date(2026, 12, 15), rub(5000))]


def test_where_templates_are_kept_and_none_fits_a_person_must_look() -> None:
    deal = make_deal(price=rub(160000))
    template(deal, programme="Психолог")
    with pytest.raises(schedule_templates.NoTemplate):
        applied(deal)
    assert not Schedule.objects.exists()
    ScheduleTemplate.objects.update(is_active=False)
    assert len(applied(deal)) == 1


def test_another_accounts_templates_are_no_reason_to_park() -> None:
    template(make_deal(account=make_account()), programme="Психолог")
    assert applied(make_deal(price=rub(700))) == [(TODAY, rub(700))]


def test_without_a_budget_there_is_nothing_to_lay_out() -> None:
    with pytest.raises(schedule_templates.NoSum):
        applied(make_deal(price=rub(0), asked={"count": "3"}))


@pytest.mark.parametrize("typed", ["шесть", "2,5", "0", "-3", "1e999", "NaN", "Infinity", "6 платежей"])
def test_a_field_that_holds_no_count_is_named(typed: str) -> None:
    deal = make_deal(price=rub(160000), asked={"count": typed})
    with pytest.raises(lead_terms.Unreadable) as error:
        applied(deal)
    assert (error.value.ours, error.value.typed) == ("schedule_count", typed)
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [{"count": "241"}, {"monthly": "0.005"}, {"count": "2", "first_on": "2099-01-01"}, {"monthly": "1"}],
)
def test_terms_that_no_schedule_can_have_make_none(asked: dict[str, str]) -> None:
    with pytest.raises(InvalidTerms):
        applied(make_deal(price=rub(160000), asked=asked))
    assert not Schedule.objects.exists()


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 60),
    price=st.integers(100, 5_000_000),
    first=st.dates(TODAY, TODAY + timedelta(days=700)),
)
def test_whatever_the_fields_say_the_rows_add_up(count: int, price: int, first: date) -> None:
    deal = make_deal(price=rub(price), asked={"count": f"{count}.0", "first_on": first.isoformat()})
    rows = applied(deal)
    assert (len(rows), rows[0][0]) == (count, first)
    assert sum(amount for _day, amount in rows) == rub(price)
