"""One click makes both links of a booking: the same that the card shows, in few statements, once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import deal_card, ledger, payments, versions
from billing.models import Location, Schedule, ScheduleVersion
from billing.payments import Offline
from crm import deals, queues
from crm.models import Deal, OutboxRow
from tests.billing.bookings import fresh, make_booking, make_network
from tests.factories import make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

# Without amoCRM a copy younger than ten minutes stands for its answer.
STATEMENTS_MAX = 13


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    return client


def booking(**values: Any) -> Deal:
    _, [place, _other] = make_network()
    return make_booking(place, fetched_at=timezone.now(), **values)


def ask(staff: Client, deal: Deal) -> Any:
    path = f"/api/v1/deals/{deal.external_id}/payment-links/?account={deal.account.key}"
    return staff.post(path, "{}", content_type="application/json")


def test_one_click_gives_both_links_and_says_whose_money_it_is(staff: Client) -> None:
    deal = booking()
    answer = ask(staff, deal)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    place = Location.objects.get(crm_value=deal.location_value)
    owner = place.ownerships.get()
    assert said["deposit"]["amount"] == "3600.00"
    assert said["full"]["amount"] == "12000.00"
    assert said["location"] == {"key": place.key, "name": place.name}
    assert said["legal_entity"] == {"key": owner.legal_entity.key, "name": owner.legal_entity.name}
    assert said["merchant"] == owner.merchant.key


def test_the_click_says_what_the_card_says(staff: Client) -> None:
    deal = booking()
    ask(staff, deal)
    now = timezone.now()
    cash = Offline(paid_on=deal.local_day(now), method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=fresh(deal), amount=rub(1000), offline=cash, author="user:1", at=now)
    said = ask(staff, deal).json()
    card = deal_card.card(fresh(deal), at=timezone.now())
    assert {name: said[name] for name in ("deposit", "full")} == card["links"]
    assert (said["location"], said["legal_entity"]) == (card["location"], card["legal_entity"])
    assert said["full"]["amount"] == "11000.00"


def test_a_second_click_gives_the_same_and_makes_nothing_in_few_statements(staff: Client) -> None:
    deal = booking()
    first = ask(staff, deal).json()
    with CaptureQueriesContext(connection) as asked:
        assert ask(staff, deal).json() == first
    assert ScheduleVersion.objects.count() == 1
    mine = [one["sql"] for one in asked if "crm_connection" not in one["sql"]]
    assert len(mine) <= STATEMENTS_MAX, mine
    assert not [sql for sql in mine if re.search(r"\b(INSERT|UPDATE|DELETE)\b", sql)]


def shown(deal: Deal) -> OutboxRow:
    return OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.FIELDS).latest("id")


def test_a_click_after_the_delivery_tells_amocrm_again(staff: Client) -> None:
    deal = booking()
    ask(staff, deal)
    first = shown(deal)
    queues.finish(first, at=timezone.now())
    ask(staff, deal)
    again = shown(deal)
    assert again.pk != first.pk
    assert again.payload == first.payload


def read_just_now(monkeypatch: pytest.MonkeyPatch, deal: Deal, **changes: str | None) -> None:
    """amoCRM answers a click, and shows in the mapped fields what it was told last, but for `changes`."""
    told: dict[str, Any] = shown(deal).payload | changes

    def reread(**_asked: Any) -> Deal:
        found = fresh(deal)
        fields = found.account.fields
        found.shown = {fields[ours]: value for ours, value in told.items() if ours in fields}
        return found

    monkeypatch.setattr(deals, "reread", reread)


def test_a_click_after_the_delivery_writes_nothing_that_amocrm_shows(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = booking()
    account = deal.account
    account.fields = {"debt": 1, "payment_state": 2, "full_link": 3}
    account.save()
    ask(staff, deal)
    first = shown(deal)
    queues.finish(first, at=timezone.now())
    read_just_now(monkeypatch, deal, debt="12000")
    assert ask(staff, deal).status_code == 200
    assert shown(deal).pk == first.pk
    read_just_now(monkeypatch, deal, full_link="")
    ask(staff, deal)
    assert shown(deal).payload["full_link"] == first.payload["full_link"]
    assert shown(deal).pk != first.pk


def test_what_is_on_its_way_is_put_right_whatever_amocrm_shows(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = booking()
    account = deal.account
    account.fields = {"debt": 1}
    account.save()
    ask(staff, deal)
    read_just_now(monkeypatch, deal)
    later = timezone.now() + timedelta(hours=1)
    OutboxRow.objects.filter(pk=shown(deal).pk).update(payload={"debt": "1.00"}, not_before=later)
    ask(staff, deal)
    assert shown(deal).payload == {"debt": "12000.00"}
    assert shown(deal).not_before <= timezone.now()


def test_a_click_does_not_wait_for_a_refused_delivery(staff: Client) -> None:
    deal = booking()
    ask(staff, deal)
    later = timezone.now() + timedelta(hours=1)
    OutboxRow.objects.filter(pk=shown(deal).pk).update(not_before=later)
    ask(staff, deal)
    assert shown(deal).not_before <= timezone.now()


@pytest.mark.parametrize("what", ["price", "payment", "field"])
def test_what_has_changed_since_the_first_click_is_told(staff: Client, what: str) -> None:
    deal = booking()
    account = deal.account
    account.fields = {"debt": 1}
    account.save()
    ask(staff, deal)
    before = shown(deal).payload
    now = timezone.now()
    if what == "payment":
        cash = Offline(paid_on=deal.local_day(now), method="cash", payer={}, comment="", receipt=None)
        payments.receive_offline(deal=fresh(deal), amount=rub(3600), offline=cash, author="user:1", at=now)
    elif what == "field":
        account.fields |= {"full_link": 3}
        account.save()
    else:
        Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    said = ask(staff, deal).json()
    after = shown(deal).payload
    assert after["debt"] == said["full"]["amount"]
    assert after != before


def test_a_game_on_another_day_moves_the_rest_at_the_next_click(staff: Client) -> None:
    deal = booking()
    ask(staff, deal)
    moved = deal.local_day(timezone.now()) + timedelta(days=40)
    Deal.objects.filter(pk=deal.pk).update(service_on=moved)
    ask(staff, deal)
    rows = ledger.standing(fresh(deal), on=deal.local_day(timezone.now())).rows
    assert [row.installment.due_on for row in rows if row.rest > 0][-1] == moved


def test_a_signed_schedule_is_left_alone(staff: Client) -> None:
    deal = booking()
    ask(staff, deal)
    now = timezone.now()
    versions.sign(deal=fresh(deal), version=1, signed_on=deal.local_day(now), author="user:1", at=now)
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    assert ask(staff, deal).json()["full"]["amount"] == "12000.00"
    assert Schedule.objects.get().version == 1


def test_a_booking_without_a_price_is_refused_in_words(staff: Client) -> None:
    answer = ask(staff, booking(price=rub(0)))
    assert answer.status_code == 422
    assert not Schedule.objects.exists()


def test_a_school_has_only_the_full_link(staff: Client) -> None:
    deal = make_deal(fetched_at=timezone.now())
    make_schedule(deal, total="90000", count=3)
    said = ask(staff, deal).json()
    assert (said["deposit"], said["full"]["amount"], said["location"]) == (None, "90000.00", None)
