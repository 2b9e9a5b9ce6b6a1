"""What amoCRM does not take: the rest is written all the same, the reason says what to do, and a person may
let go of it.
"""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from crm import deals, outbox
from crm.models import Account, Alert, Deal, OutboxRow
from tests.crm.school import DEBT, LEAD, LINK, NOW, OVERDUE, PAYING, PIPELINE, Amocrm

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


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


def test_what_was_parked_while_the_lead_was_in_the_bin_goes_when_it_is_restored(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    amocrm.change(is_deleted=True)
    deals.refresh(account=account, lead_id=LEAD, at=NOW)
    outbox.put_fields(deal=deal, values={"debt": "5.00"}, at=NOW)
    outbox.set_price(deal=deal, price=95000, at=NOW)
    outbox.move_stage(deal=deal, key="completed:1", status_id=PAYING, at=NOW)
    outbox.run_salesbot(deal=deal, key="bot", bot_id=3301, at=NOW)
    outbox.deliver(at=NOW)
    assert len(parked()) == 4
    outbox.deliver(at=LATER)
    assert len(parked()) == 4

    amocrm.change(is_deleted=False)
    deals.refresh(account=account, lead_id=LEAD, at=LATER)
    outbox.deliver(at=LATER)
    assert [row.kind for row in parked()] == ["salesbot"]
    assert (amocrm.value(DEBT), amocrm.lead()["price"], amocrm.lead()["status_id"]) == ("5.00", 95000, PAYING)


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
