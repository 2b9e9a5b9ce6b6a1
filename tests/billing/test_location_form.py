"""A location in the panel: who registers a partner types numbers, not a programmer's braces."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Location, Product
from crm import memory
from tests.billing.bookings import make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    _, [place, _] = make_network(percent="30", round_to="100.00", minimum="1000.00")
    return place


def save(client: Client, place: Location, **lines: str) -> dict[str, Any]:
    """Save the page with these lines; return the errors of the form by field."""
    given = {
        "name": place.name,
        "key": "baumana",
        "account": place.account_id,
        "crm_value": place.crm_value,
        "cash_receipts": "desk",
        "ownerships-TOTAL_FORMS": "0",
        "ownerships-INITIAL_FORMS": "0",
        **lines,
    }
    answer = client.post(reverse("admin:billing_location_change", args=[place.pk]), given)
    place.refresh_from_db()
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def shown(client: Client, place: Location) -> dict[str, Any]:
    page = client.get(reverse("admin:billing_location_change", args=[place.pk]))
    initial: dict[str, Any] = page.context["adminform"].form.initial
    return initial


def test_a_deposit_is_typed_in_lines(admin_client: Client, place: Location) -> None:
    assert shown(admin_client, place)["deposit_minimum"] == "1000.00"
    assert save(admin_client, place, deposit_percent="12,5", deposit_round_to="50") == {}
    assert place.deposit == {"percent": "12.5", "round_to": "50.00"}
    assert save(admin_client, place, deposit_amount="2000") == {}
    assert place.deposit == {"amount": "2000.00"}
    assert save(admin_client, place) == {}
    assert place.deposit == {}


def test_a_deadline_is_typed_in_lines(admin_client: Client, place: Location) -> None:
    assert save(admin_client, place, due_minutes="180", due_same_day="60", due_then="task") == {}
    assert place.deposit_due == {"minutes": 180, "same_day": 60, "then": "task"}
    assert save(admin_client, place, due_minutes="180", due_then="own", due_stage="55000230") == {}
    assert place.deposit_due == {"minutes": 180, "then": 55000230}
    again = shown(admin_client, place)
    assert (again["due_then"], again["due_stage"]) == ("own", 55000230)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ({"deposit_percent": "130"}, "deposit_percent"),
        ({"deposit_percent": "30", "deposit_amount": "2000"}, "deposit_percent"),
        ({"deposit_round_to": "100"}, "deposit_percent"),
        ({"deposit_amount": "две тысячи"}, "deposit_amount"),
        ({"due_minutes": "0", "due_then": "task"}, "due_minutes"),
        ({"due_minutes": "60", "due_then": "own"}, "due_then"),
        ({"due_same_day": "60", "due_then": "task"}, "due_minutes"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_line(
    admin_client: Client, place: Location, lines: dict[str, str], wrong: str
) -> None:
    before = place.deposit
    assert list(save(admin_client, place, **lines)) == [wrong]
    assert (place.deposit, place.deposit_due) == (before, {})


def test_what_is_missing_is_asked_for_in_the_words_of_a_form(admin_client: Client, place: Location) -> None:
    assert save(admin_client, place, deposit_percent="", deposit_amount="", deposit_round_to="100") == {
        "deposit_percent": ["Заполните."]
    }
    assert save(admin_client, place, due_minutes="10") == {"due_then": ["Заполните."]}


def test_the_subject_of_a_product_is_chosen_and_listed_in_words(admin_client: Client) -> None:
    product = Product.objects.create(programme="Психолог", name="Курс", subject="service", vat="vat22")
    form = admin_client.get(reverse("admin:billing_product_change", args=[product.pk])).content.decode()
    listed = admin_client.get(reverse("admin:billing_product_changelist")).content.decode()
    assert ["услуга" in form, "intellectual_activity</" in form] == [True, False]
    assert ["услуга" in listed, "НДС 22%" in listed] == [True, True]


def test_another_stage_is_chosen_by_its_name(admin_client: Client, place: Location) -> None:
    names = {6200001: ("Бронирования", {55000230: "Просрочена"})}
    memory.keep(f"stages-heard:{place.account_id}", names, seconds=60)
    page = admin_client.get(reverse("admin:billing_location_change", args=[place.pk])).content.decode()
    assert "Бронирования · Просрочена" in page
    assert save(admin_client, place, due_minutes="180", due_then="55000230") == {}
    assert place.deposit_due == {"minutes": 180, "then": 55000230}
    assert shown(admin_client, place)["due_then"] == "55000230"
