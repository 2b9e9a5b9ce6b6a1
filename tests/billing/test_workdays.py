"""The production calendar: what the program knows, and the years that the owner tells it."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from billing import schedules, workdays
from billing.api.words import of_remark
from billing.models import CalendarYear
from billing.rules.schedule import Terms
from tests.factories import TODAY, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel() -> Client:
    owner = get_user_model().objects.create(username="owner", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def warnings(terms: Terms) -> list[tuple[str, dict[str, str]]]:
    made = schedules.preview(deal=make_deal(), terms=terms, on=TODAY)
    return [(remark.code, remark.values) for remark in made.warnings]


def test_a_told_year_replaces_what_is_known_of_it() -> None:
    # 2027 is known: 22 February is off and Saturday 20 February is worked.
    known = workdays.calendar()
    assert not known.is_working(date(2027, 2, 22))
    assert known.is_working(date(2027, 2, 20))
    CalendarYear.objects.create(year=2027, days_off=[date(2027, 2, 23)])
    told = workdays.calendar()
    assert told.is_working(date(2027, 2, 22))
    assert not told.is_working(date(2027, 2, 20))
    assert told.next_working(date(2026, 12, 31)) == date(2027, 1, 1)


def test_a_schedule_beyond_the_calendar_is_warned_about_until_the_year_is_told() -> None:
    terms = Terms(rub(90000), first_due_on=date(2027, 11, 10), count=3)
    assert warnings(terms) == [("calendar_unknown", {"year": "2028"})]
    CalendarYear.objects.create(year=2028, days_off=[date(2028, 1, 10)])
    assert warnings(terms) == []
    made = schedules.preview(deal=make_deal(), terms=terms, on=TODAY)
    assert made.rows[-1].effective_due_on == date(2028, 1, 11)


def test_the_warning_says_what_is_moved_and_what_is_to_do() -> None:
    [warning] = schedules.preview(
        deal=make_deal(), terms=Terms(rub(90000), first_due_on=date(2027, 11, 10), count=3), on=TODAY
    ).warnings
    assert of_remark(warning) == (
        "Производственного календаря на 2028 год ещё нет: платежи переносятся с суббот, воскресений и "
        "ежегодных праздников, переносы выходных неизвестны. Проверьте даты, когда он выйдет."
    )


def test_a_last_row_that_moves_over_the_known_end_is_warned_about_too() -> None:
    terms = Terms(rub(90000), first_due_on=date(2027, 12, 31), count=1)
    assert warnings(terms) == [("calendar_unknown", {"year": "2028"})]
    assert warnings(Terms(rub(90000), first_due_on=date(2027, 12, 31), count=1, shift_weekends=False)) == []


def filled(**values: str) -> dict[str, Any]:
    return {"year": "2028", "days_off": "03.01.2028, 2028-01-04", "source": "Постановление"} | values


def test_a_year_is_told_in_the_panel(panel: Client) -> None:
    answer = panel.post(
        reverse("admin:billing_calendaryear_add"), filled(working_weekends="08.01.2028\n22.01.2028")
    )
    assert answer.status_code == 302
    told = CalendarYear.objects.get()
    assert told.days_off == [date(2028, 1, 3), date(2028, 1, 4)]
    assert workdays.calendar().is_working(date(2028, 1, 22))


def test_a_new_year_begins_with_its_fixed_holidays(panel: Client) -> None:
    page = panel.get(reverse("admin:billing_calendaryear_add")).content.decode()
    assert 'value="2028"' in page
    assert "03.01.2028" in page


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"days_off": "ёлка"}, "days_off"),
        ({"days_off": "31.02.2028"}, "days_off"),
        ({"days_off": "03.01.2029"}, "days_off"),
        ({"days_off": "01.01.2028"}, "days_off"),
        ({"days_off": ""}, "days_off"),
        ({"working_weekends": "03.01.2028"}, "working_weekends"),
        ({"year": "1999"}, "year"),
    ],
)
def test_a_day_that_cannot_be_is_refused_at_its_field(
    panel: Client, values: dict[str, str], field: str
) -> None:
    answer = panel.post(reverse("admin:billing_calendaryear_add"), filled(**values))
    assert field in answer.context["adminform"].form.errors
    assert not CalendarYear.objects.exists()


def test_the_panel_warns_when_schedules_reach_beyond_the_calendar(panel: Client) -> None:
    address = reverse("admin:billing_calendaryear_changelist")
    assert "календарь ещё не известен" not in panel.get(address).content.decode()
    make_schedule(first_due_on=date(2028, 5, 10), count=1)
    assert "Есть графики до 10.05.2028, где календарь ещё не известен" in panel.get(address).content.decode()
