"""A booking that was closed or signed is left alone by everything that changes bookings by itself."""

import pytest

from billing import deal_card, deposits, schedules, settlements, stages, versions
from billing.asking import What
from billing.models import Schedule, ScheduleVersion
from billing.rules.schedule import Terms
from crm.models import Deal, OutboxRow
from tests.billing.bookings import GAME, click, fresh, make_booking, make_links, make_network, pay
from tests.factories import NOW, TODAY, rub, standing_of

pytestmark = pytest.mark.django_db


def booked() -> Deal:
    _account, [place, _other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    return deal


def cancel(deal: Deal) -> Schedule:
    return settlements.cancel(deal=deal, reason="передумали", author="user:1", at=NOW)


def test_a_cancelled_booking_follows_no_price_and_no_click() -> None:
    deal = booked()
    cancel(deal)
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    assert deposits.follow_prices(at=NOW) == 0
    deposits.prepare(deal=fresh(deal), author="user:1", at=NOW)
    standing = standing_of(deal)
    assert (standing.total, standing.debt, standing.state) == (0, 0, "cancelled")
    links = deal_card.card(fresh(deal), at=NOW)["links"]
    assert [link["amount"] for link in links.values() if link] == ["0.00", "0.00"]


def test_a_signed_booking_follows_no_price() -> None:
    deal = booked()
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    before = standing_of(deal).total
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    assert deposits.follow_prices(at=NOW) == 0
    assert (standing_of(deal).total, ScheduleVersion.objects.count()) == (before, 1)


def test_who_did_not_come_loses_the_deposit_and_owes_nothing() -> None:
    deal = booked()
    pay(click(deal, What.DEPOSIT))
    deposit = standing_of(deal).paid
    assert deposit > 0
    settlements.settle(
        deal=deal, total=deposit, reason="не приехали", retained="no_show", author="user:1", at=NOW
    )
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.credit, standing.state) == (deposit, 0, 0, "paid")


def test_a_cancelled_booking_is_not_completed_when_its_day_is_over() -> None:
    deal = booked()
    pay(click(deal, What.DEPOSIT))
    cancel(deal)
    OutboxRow.objects.filter(deal=deal).delete()
    Deal.objects.filter(pk=deal.pk).update(status_id=55000240)
    after = NOW.replace(month=12, day=GAME.day + 1)
    stages.complete_served(at=after)
    assert not OutboxRow.objects.filter(deal=deal, kind="stage").exists()


def test_a_total_that_a_person_saved_is_not_taken_back_while_amocrm_still_hears_of_it() -> None:
    deal = booked()
    terms = Terms(rub(15000), first_due_on=GAME, count=1)
    schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="ещё игрок", at=NOW)
    assert deposits.follow_prices(at=NOW) == 0
    assert standing_of(deal).total == rub(15000)
