"""What amoCRM does not take: the rest is written all the same, the reason says what to do, and a person may
let go of it.
"""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from crm import outbox
from crm.models import Account, Alert, Deal, OutboxRow
from tests.crm.school import DEBT, LEAD, LINK, NOW, OVERDUE, PIPELINE, Amocrm

pytestmark = pytest.mark.django_db


def parked() -> list[OutboxRow]:
    return list(OutboxRow.objects.filter(state="parked").order_by("id"))


def without_stage(amocrm: Amocrm, stage: int) -> None:
    pipeline = amocrm.crm.get("pipelines", PIPELINE)
    assert pipeline is not None
    kept = [one for one in pipeline["statuses"] if one["id"] != stage]
    amocrm.crm.put("pipelines", pipeline | {"statuses": kept})


def test_two_fields_that_amocrm_refuses_keep_no_other_from_being_written(amocrm: Amocrm, deal: Deal) -> None:
    amocrm.crm.drop("fields", DEBT)
    values = {"debt": "5.00", "payment_state": "Нет такого", "payment_link": "https://pay.example.ru/x/"}
    outbox.put_fields(deal=deal, values=values, at=NOW)
    assert outbox.deliver(at=NOW) == 1
    assert amocrm.value(LINK) == "https://pay.example.ru/x/"
    (row,) = parked()
    assert "Долг" in row.last_error
    assert "Статус оплаты" in row.last_error


def test_a_note_for_a_deal_that_is_gone_says_so(amocrm: Amocrm, deal: Deal) -> None:
    amocrm.crm.drop("leads", LEAD)
    outbox.note(deal=deal, key="payment:1", text="Получено 20 000 ₽", at=NOW)
    outbox.deliver(at=NOW)
    assert [row.last_error for row in parked()] == ["Сделка удалена в amoCRM."]


def test_a_stage_that_is_gone_is_named_with_the_way_out(amocrm: Amocrm, deal: Deal) -> None:
    without_stage(amocrm, OVERDUE)
    outbox.move_stage(deal=deal, key="overdue:1", status_id=OVERDUE, at=NOW)
    outbox.deliver(at=NOW)
    (row,) = parked()
    assert str(OVERDUE) in row.last_error
    assert "«Настроить»" in row.last_error


def test_a_person_lets_go_of_a_change_that_can_never_be_made(amocrm: Amocrm, deal: Deal) -> None:
    without_stage(amocrm, OVERDUE)
    outbox.move_stage(deal=deal, key="overdue:1", status_id=OVERDUE, at=NOW)
    outbox.note(deal=deal, key="payment:1", text="Получено", at=NOW)
    outbox.deliver(at=NOW)
    owner = Client()
    owner.force_login(get_user_model().objects.create_superuser("owner", "owner@example.org", "x"))
    page = "/admin/crm/outboxrow/"
    everything = [row.pk for row in OutboxRow.objects.all()]
    answer = owner.post(page, {"action": "give_up", "_selected_action": everything}, follow=True)
    assert "1 строка" in re.sub(r"<[^>]+>", "", answer.content.decode())
    assert not parked()
    letting_go, note = OutboxRow.objects.order_by("id")
    assert (letting_go.state, bool(letting_go.last_error)) == ("done", True)
    assert (note.state, note.last_error) == ("done", "")
    reader = Client()
    reader.force_login(get_user_model().objects.create_user("reader", password="x", is_staff=True))
    assert reader.post(page, {"action": "give_up", "_selected_action": everything}).status_code == 403


def test_an_account_that_is_not_paid_for_tells_its_owner_until_it_is(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    amocrm.spoil("unpaid")
    outbox.note(deal=deal, key="payment:1", text="Получено", at=NOW)
    outbox.deliver(at=NOW)
    told = Alert.objects.get(closed_at=None)
    assert "не оплачен" in told.text
    assert "поддержку" not in told.text
    outbox.deliver(at=NOW, ignore_not_before=True)
    assert not Alert.objects.filter(closed_at=None).exists()
