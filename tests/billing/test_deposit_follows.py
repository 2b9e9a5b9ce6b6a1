"""A booking without money asks for the deposit of the location that it has now, everywhere the same sum."""

from datetime import timedelta
from typing import Any

import pytest

from billing import amendments, deal_card, deposits, schedules, versions
from billing.amendments import Ask
from billing.asking import What
from billing.models import Location, ProviderOrder, Schedule, ScheduleVersion
from billing.rules.schedule import Row, Terms
from crm.models import Deal, OutboxRow
from tests.billing.bookings import (
    GAME,
    click,
    fresh,
    make_booking,
    make_links,
    make_network,
    nothing_changes,
    pay,
)
from tests.factories import NOW, TODAY, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def places() -> list[Location]:
    """Two locations of two partners: 30 % of the price, and a fixed sum."""
    account, places = make_network()
    account.fields = {**account.fields, "next_amount": 6}
    account.save()
    Location.objects.filter(pk=places[1].pk).update(deposit={"amount": "5000.00"})
    return places


@pytest.fixture
def deal(places: list[Location]) -> Deal:
    deal = make_booking(places[0])
    make_links(deal)
    return deal


def carry(deal: Deal, place: str) -> None:
    """The manager chooses another location in amoCRM."""
    Deal.objects.filter(pk=deal.pk).update(location_value=place)


def rows_of(deal: Deal) -> list[tuple[Any, Any]]:
    return [(row.installment.due_on, row.installment.amount) for row in standing_of(fresh(deal)).rows]


def shown(deal: Deal) -> tuple[str, str, str]:
    """The deposit by the link, by the card's first row, and by what amoCRM is told to show next."""
    card = deal_card.card(fresh(deal), at=NOW)
    fields = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.FIELDS).latest("id").payload
    return card["links"]["deposit"]["amount"], card["installments"][0]["amount"], fields["next_amount"]


def test_link_card_and_fields_ask_for_the_deposit_of_the_new_location(deal: Deal) -> None:
    assert shown(deal) == ("3600.00", "3600.00", "3600.00")
    carry(deal, "Ленина")
    assert [deposits.follow_prices(at=NOW), deposits.follow_prices(at=NOW)] == [1, 0]
    assert rows_of(deal) == [(TODAY, rub(5000)), (GAME, rub(7000))]
    assert shown(deal) == ("5000.00", "5000.00", "5000.00")
    last = ScheduleVersion.objects.latest("number")
    assert (last.number, last.author) == (2, "system")
    assert last.reason == "У локации брони другая предоплата."


def test_the_click_does_not_wait_for_anybody_to_look(deal: Deal) -> None:
    carry(deal, "Ленина")
    make_links(deal)
    assert shown(deal) == ("5000.00", "5000.00", "5000.00")
    assert click(deal, What.DEPOSIT).amount == rub(5000)


def test_what_was_opened_for_the_old_deposit_is_closed(deal: Deal) -> None:
    old = click(deal, What.DEPOSIT)
    carry(deal, "Ленина")
    deposits.follow_prices(at=NOW)
    old.refresh_from_db()
    assert old.state != ProviderOrder.State.OPEN


def test_terms_that_the_network_changes_hold_for_bookings_without_money(deal: Deal) -> None:
    Location.objects.update(deposit={"percent": "50"})
    assert deposits.follow_prices(at=NOW) == 1
    assert shown(deal) == ("6000.00", "6000.00", "6000.00")


def test_a_location_without_a_deposit_leaves_one_row(deal: Deal, places: list[Location]) -> None:
    Location.objects.filter(pk=places[1].pk).update(deposit={})
    carry(deal, "Ленина")
    assert [deposits.follow_prices(at=NOW), deposits.follow_prices(at=NOW)] == [1, 0]
    assert rows_of(deal) == [(GAME, rub(12000))]
    carry(deal, "Баумана")
    assert deposits.follow_prices(at=NOW) == 1
    assert rows_of(deal) == [(TODAY, rub(3600)), (GAME, rub(8400))]


def test_an_unknown_location_changes_nothing(deal: Deal) -> None:
    carry(deal, "")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0
    carry(deal, "Новая")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0


def test_other_terms_of_the_same_sum_make_no_version(deal: Deal, places: list[Location]) -> None:
    Location.objects.filter(pk=places[1].pk).update(deposit={"amount": "3600.00"})
    carry(deal, "Ленина")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0
        make_links(deal)


def test_rows_that_a_person_laid_out_stay(deal: Deal) -> None:
    rows = (Row(TODAY, rub(4000)), Row(GAME, rub(8000)))
    terms = Terms(rub(12000), rows=rows, shift_weekends=False)
    schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="договорились", at=NOW)
    carry(deal, "Ленина")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0
        make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(4000)), (GAME, rub(8000))]


def test_a_date_that_a_person_moved_stays(deal: Deal) -> None:
    ask = Ask(version=1, reason="завтра", author="user:1")
    amendments.move_date(deal=deal, number=1, due_on=TODAY + timedelta(days=1), ask=ask, at=NOW)
    carry(deal, "Ленина")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0
        make_links(deal)


def test_a_signed_booking_stays(deal: Deal) -> None:
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    carry(deal, "Ленина")
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0


def test_with_money_a_person_decides(deal: Deal) -> None:
    pay(click(deal, What.DEPOSIT))
    Location.objects.update(deposit={"percent": "50"})
    with nothing_changes(Schedule, ScheduleVersion):
        assert deposits.follow_prices(at=NOW) == 0
        make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (GAME, rub(8400))]


def test_price_and_location_changed_together_make_one_version(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000), location_value="Ленина")
    assert deposits.follow_prices(at=NOW) == 1
    assert rows_of(deal) == [(TODAY, rub(5000)), (GAME, rub(15000))]
    assert ScheduleVersion.objects.count() == 2
