"""The network's flow: two links, the deposit, the rest, the stages; whose shop, and when it stops."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing import (
    deal_card,
    deposits,
    orders,
    payments,
    stages,
)
from billing.asking import What
from billing.ledger import DealState
from billing.models import (
    Schedule,
    ScheduleVersion,
)
from billing.payments import Offline
from crm.models import Deal, OutboxRow
from tests.billing.bookings import (
    DEPOSIT_STAGE,
    DONE_STAGE,
    GAME,
    PAID_STAGE,
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

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def rows_of(deal: Deal) -> list[tuple[date, Decimal]]:
    return [(row.installment.due_on, row.installment.amount) for row in standing_of(deal).rows]


def stages_of(deal: Deal) -> list[int]:
    rows = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.STAGE).order_by("id")
    return [row.payload["status_id"] for row in rows]


def links_of(deal: Deal) -> dict[str, tuple[str, str]]:
    shown = deal_card.card(fresh(deal), at=NOW)["links"]
    return {name: (link["amount"], link["state"]) for name, link in shown.items() if link}


def test_deposit_then_the_rest_then_the_stage() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (GAME, rub(8400))]
    assert links_of(deal) == {"deposit": ("3600.00", "open"), "full": ("12000.00", "open")}

    pay(click(deal, What.DEPOSIT))
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.state) == (rub(3600), rub(8400), DealState.PREPAID)
    assert links_of(deal) == {"deposit": ("0.00", "paid"), "full": ("8400.00", "open")}
    covered = deal_card.card(fresh(deal), at=NOW)["links"]["deposit"]
    assert covered["text"].startswith("По этой ссылке платить больше не нужно")
    assert stages_of(deal) == [DEPOSIT_STAGE]

    rest = click(deal, What.FULL)
    assert rest.amount == rub(8400)
    pay(rest)
    assert standing_of(deal).state == DealState.PAID
    assert stages_of(deal) == [DEPOSIT_STAGE, PAID_STAGE]
    with pytest.raises(orders.NothingOwed):
        click(deal, What.FULL)


def test_paying_all_at_once_needs_no_deposit() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.FULL))
    assert standing_of(deal).state == DealState.PAID
    assert stages_of(deal) == [PAID_STAGE]
    assert links_of(deal)["deposit"] == ("0.00", "paid")


def test_a_paid_booking_is_completed_when_its_day_is_over_and_once() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.FULL))
    Deal.objects.filter(pk=deal.pk).update(status_id=PAID_STAGE)
    evening = datetime.combine(GAME, datetime.max.time(), ZoneInfo("Europe/Moscow"))
    assert stages.complete_served(at=evening) == 0
    assert stages.complete_served(at=evening + timedelta(minutes=1)) == 1
    assert stages.complete_served(at=evening + timedelta(minutes=2)) == 0
    assert stages_of(deal) == [PAID_STAGE, DONE_STAGE]


def test_the_total_follows_the_price_until_the_first_money() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    assert deposits.follow_prices(at=NOW) == 1
    assert rows_of(deal) == [(TODAY, rub(6000)), (GAME, rub(14000))]
    assert deposits.follow_prices(at=NOW) == 0
    # A newer price may be on its way from amoCRM: none is written there.
    assert not OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.PRICE).exists()

    pay(click(deal, What.DEPOSIT))
    Deal.objects.filter(pk=deal.pk).update(price=rub(50000))
    assert deposits.follow_prices(at=NOW) == 0
    make_links(deal)
    assert standing_of(deal).total == rub(20000)
    assert links_of(deal)["deposit"] == ("0.00", "paid")
    warnings = [warning["code"] for warning in deal_card.card(fresh(deal), at=NOW)["warnings"]]
    assert "price_differs" in warnings


def test_making_the_links_again_changes_nothing() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    before = deal_card.card(fresh(deal), at=NOW)["links"]
    with nothing_changes(Schedule, ScheduleVersion):
        make_links(deal)
    assert deal_card.card(fresh(deal), at=NOW)["links"] == before


def test_the_rest_follows_the_day_of_the_game() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    later = GAME + timedelta(days=7)
    Deal.objects.filter(pk=deal.pk).update(service_on=later)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (later, rub(8400))]
    assert standing_of(deal).state == DealState.PREPAID


def test_without_a_day_both_parts_are_due_today() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place, service_on=None)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (TODAY, rub(8400))]


def test_a_deposit_of_the_whole_price_is_one_row() -> None:
    _, [place, _] = make_network(amount="20000.00")
    deal = make_booking(place)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(12000))]


def test_a_part_of_the_deposit_leaves_the_rest_of_it_to_ask() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    payments.receive_offline(deal=fresh(deal), amount=rub(1000), offline=CASH, author="user:1", at=NOW)
    assert links_of(deal)["deposit"] == ("2600.00", "open")
    assert standing_of(deal).state == DealState.ON_SCHEDULE
    assert stages_of(deal) == []


def test_a_booking_without_a_price_makes_no_links() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place, price=rub(0))
    with pytest.raises(deposits.NoPrice):
        make_links(deal)
    assert not Schedule.objects.exists()


def test_the_card_offers_links_and_no_schedule() -> None:
    _, [place, _] = make_network()
    card = deal_card.card(fresh(make_booking(place)), at=NOW)
    assert "links" in card["actions"]
    assert "schedule" not in card["actions"]
    assert card["links"] == {"deposit": None, "full": None}


def test_a_paid_booking_offers_no_more_links() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    assert "links" in deal_card.card(fresh(deal), at=NOW)["actions"]
    pay(click(deal, What.FULL))
    assert "links" not in deal_card.card(fresh(deal), at=NOW)["actions"]


def test_amocrm_gets_both_links_and_the_state() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    fields = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.FIELDS).latest("id").payload
    assert fields["payment_state"] == "Предоплата"
    assert fields["debt"] == "8400.00"
    assert fields["deposit_link"].endswith("/go/?what=deposit")
    assert fields["full_link"].endswith("/go/?what=full")
