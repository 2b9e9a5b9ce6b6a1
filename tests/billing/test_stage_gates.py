"""A stage that needs the deposit: who enters without it goes back, with a note."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing import ledger, payments, settlements, stage_gates
from billing.models import AccountPolicy
from billing.payments import Offline
from crm import delivery
from crm.models import Account, Deal, Pipeline
from tests.billing.bookings import make_location
from tests.billing.crm_calls import account as account
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import CONTRACT, PAYING, PIPELINE, WON, Amocrm, make_deal
from tests.factories import make_schedule, rub

pytestmark = pytest.mark.django_db


def arrived(account: Account, *, at: datetime, stage: int = PAYING, **values: Any) -> Deal:
    """A deal that came past a gate of its pipeline just now."""
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[stage])
    given = {"status_id": stage, "previous_status_id": CONTRACT, "status_seen_at": at, **values}
    return make_deal(account, **given)


def test_without_the_deposit_a_deal_goes_back_with_a_note(amocrm: Amocrm, account: Account) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[PAYING])
    at = timezone.now()
    deal = make_deal(
        account,
        status_id=PAYING,
        previous_status_id=CONTRACT,
        status_seen_at=at,
        contact_email="a@example.org",
    )
    make_schedule(deal, total="160000", count=4)
    amocrm.change(status_id=PAYING)
    assert [stage_gates.hold(at=at), stage_gates.hold(at=at)] == [1, 0]
    delivery.deliver(at=timezone.now())
    assert amocrm.lead()["status_id"] == CONTRACT
    assert any("40\xa0000" in note for note in amocrm.notes())


def test_whose_price_nobody_knows_has_not_paid(amocrm: Amocrm, account: Account) -> None:
    at = timezone.now()
    deal = arrived(account, at=at)
    amocrm.change(status_id=PAYING)
    assert ledger.standing(deal, on=deal.local_day(at)).debt == 0
    assert [stage_gates.hold(at=at), stage_gates.hold(at=at)] == [1, 0]
    delivery.deliver(at=timezone.now())
    assert amocrm.lead()["status_id"] == CONTRACT
    (note,) = [text for text in amocrm.notes() if "предоплаты" in text]
    assert note == (
        "Сделка возвращена на прежний этап: дальше — только после предоплаты, а сколько стоит сделка, "
        "неизвестно. Заполните бюджет или составьте график."
    )


def test_closed_without_a_price_it_stays_and_the_note_says_so(amocrm: Amocrm, account: Account) -> None:
    at = timezone.now()
    arrived(account, at=at, stage=WON)
    amocrm.change(status_id=WON)
    assert stage_gates.hold(at=at) == 1
    delivery.deliver(at=timezone.now())
    assert amocrm.lead()["status_id"] == WON
    assert "Сделка закрыта без предоплаты: у неё нет ни бюджета, ни графика." in amocrm.notes()


def test_a_booking_without_a_price_has_not_paid_its_deposit(account: Account) -> None:
    at = timezone.now()
    AccountPolicy.objects.filter(account=account).update(mode=AccountPolicy.Mode.DEPOSIT)
    place = make_location(account, "Баумана")
    deal = arrived(account, at=at, location_value=place.crm_value)
    assert ledger.standing(deal, on=deal.local_day(at)).deposit == 0
    assert stage_gates.hold(at=at) == 1


def test_a_deal_that_was_closed_at_nothing_passes(account: Account) -> None:
    at = timezone.now()
    deal = arrived(account, at=at)
    make_schedule(deal, total="160000")
    settlements.cancel(deal=deal, reason="бесплатно", author="user:1", at=at)
    assert stage_gates.hold(at=at) == 0


def test_money_passes_before_anybody_knows_the_price(account: Account) -> None:
    at = timezone.now()
    deal = arrived(account, at=at)
    offline = Offline(paid_on=deal.local_day(at), method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(500), offline=offline, author="user:1", at=at)
    assert stage_gates.hold(at=at) == 0


def test_before_the_gate_was_seen_nobody_is_moved(account: Account) -> None:
    at = timezone.now()
    deal = arrived(account, at=at)
    make_schedule(deal, total="160000")
    Deal.objects.update(previous_status_id=0)
    assert stage_gates.hold(at=at) == 0
    Deal.objects.update(previous_status_id=CONTRACT, status_seen_at=at - timedelta(days=3))
    assert stage_gates.hold(at=at) == 0


def test_a_deal_that_was_closed_without_its_deposit_is_told_of_once_and_stays(
    amocrm: Amocrm, account: Account
) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[WON])
    at = timezone.now()
    deal = make_deal(account, status_id=WON, previous_status_id=CONTRACT, status_seen_at=at)
    make_schedule(deal, total="160000", count=4)
    amocrm.change(status_id=WON)
    assert [stage_gates.hold(at=at), stage_gates.hold(at=at)] == [1, 0]
    delivery.deliver(at=timezone.now())
    assert amocrm.lead()["status_id"] == WON
    (note,) = [text for text in amocrm.notes() if "предоплаты" in text]
    assert note == "Сделка закрыта без предоплаты: не хватает 40\xa0000\xa0₽."
