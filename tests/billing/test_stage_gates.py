"""A stage that needs the deposit: who enters without it goes back, with a note."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import ledger, stage_gates
from crm import delivery
from crm.models import Account, Deal, Pipeline
from tests.billing.crm_calls import account as account
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import CONTRACT, PAYING, PIPELINE, WON, Amocrm, make_deal
from tests.factories import make_schedule

pytestmark = pytest.mark.django_db


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


def test_with_money_or_before_the_gate_was_seen_nobody_is_moved(account: Account) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=[PAYING])
    at = timezone.now()
    deal = make_deal(account, status_id=PAYING, previous_status_id=CONTRACT, status_seen_at=at)
    assert ledger.standing(deal, on=deal.local_day(at)).debt == 0
    assert stage_gates.hold(at=at) == 0
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
