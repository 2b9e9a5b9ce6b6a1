"""The set-up page of the panel, clicked through against the emulator."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from crm import outbox
from crm.models import Account, Connection, Pipeline
from tests.crm.school import CONTRACT, DEBT, LEAD, LINK, LOST, MARIA, OVERDUE, PAYING, PIPELINE, Amocrm

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("owner", "owner@example.org", "x"))
    return client


def address(account: Account) -> str:
    return f"/admin/crm/account/{account.pk}/setup/"


def click(panel: Client, account: Account, act: str, **values: Any) -> str:
    """Press a button and return the page that follows, tags taken out."""
    answer = panel.post(address(account), {"act": act, **values}, follow=True)
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", " ", answer.content.decode())


def test_the_page_shows_what_amocrm_has(panel: Client, amocrm: Amocrm, account: Account) -> None:
    page = panel.get(address(account)).content.decode()
    for word in ("Продажи курсов", "Просрочка", "Ссылка на оплату", "Ольга Демидова", "Подключить amoCRM"):
        assert word in page
    assert "demo-amo" not in page


def test_fields_are_chosen_and_made(panel: Client, amocrm: Amocrm, account: Account) -> None:
    chosen = {name: str(number) for name, number in account.fields.items() if name != "debt"}
    page = click(panel, account, "fields", **chosen, deposit_link="make")
    assert "Ссылка на предоплату" in page
    account.refresh_from_db()
    assert "debt" not in account.fields
    made = amocrm.crm.get("fields", account.fields["deposit_link"])
    assert made is not None
    assert made["code"] == "GRAFIK_DEPOSIT_LINK"
    assert account.fields["payment_link"] == LINK


def test_a_field_that_does_not_fit_is_not_taken(panel: Client, amocrm: Amocrm, account: Account) -> None:
    before = dict(account.fields)
    click(panel, account, "fields", next_due_on=str(LINK))
    account.refresh_from_db()
    assert account.fields == before


def test_choices_that_do_not_go_together_are_said_and_not_taken(
    panel: Client, amocrm: Amocrm, account: Account
) -> None:
    before = dict(account.fields)
    said = click(panel, account, "fields", debt=str(DEBT), next_amount=str(DEBT))
    assert "каждому нужно своё" in said
    account.refresh_from_db()
    assert account.fields == before
    click(panel, account, "stages", pipeline=PIPELINE, completed_status=142, overdue_status=142)
    assert Pipeline.objects.get(external_id=PIPELINE).overdue_status == OVERDUE


def test_stages_are_chosen(panel: Client, amocrm: Amocrm, account: Account) -> None:
    values = {"pipeline": PIPELINE, "completed_status": 142, "overdue_status": OVERDUE}
    click(panel, account, "stages", **values, lost_statuses=[LOST, CONTRACT], gated_statuses=[PAYING])
    row = Pipeline.objects.get(external_id=PIPELINE)
    assert (row.overdue_status, row.paid_status) == (OVERDUE, None)
    assert (set(row.lost_statuses), row.gated_statuses) == ({CONTRACT, LOST}, [PAYING])


def test_the_other_buttons_do_what_they_say(panel: Client, amocrm: Amocrm, account: Account) -> None:
    click(panel, account, "people", fallback_user=MARIA)
    account.refresh_from_db()
    assert account.fallback_user == MARIA
    click(panel, account, "hooks")
    account.refresh_from_db()
    assert any(account.webhook_key in row["destination"] for row in amocrm.crm.rows("hooks"))
    assert str(LEAD) in click(panel, account, "try", lead_id=LEAD)
    for wrong in ("", "x", "0", "9" * 30):
        click(panel, account, "try", lead_id=wrong)
    assert amocrm.calls().count(f"PATCH api/v4/leads/{LEAD}") == 2


def test_an_unknown_button_and_pipeline_change_nothing(
    panel: Client, amocrm: Amocrm, account: Account
) -> None:
    click(panel, account, "nothing")
    click(panel, account, "stages", pipeline="777")
    assert Pipeline.objects.count() == 1


def test_a_lost_connection_offers_the_button(panel: Client, amocrm: Amocrm, account: Account) -> None:
    Connection.objects.update(state=Connection.State.NEEDS_RECONNECT)
    page = panel.get(address(account)).content.decode()
    assert "/oauth?client_id=" in page
    assert "Продажи курсов" not in page
    assert click(panel, account, "hooks")


def test_a_stranger_and_a_reader_are_kept_out(amocrm: Amocrm, account: Account) -> None:
    assert Client().get(address(account)).status_code == 302
    reader = Client()
    reader.force_login(get_user_model().objects.create_user("reader", password="x", is_staff=True))
    assert reader.get(address(account)).status_code == 403


def test_what_becomes_a_note_is_ticked(panel: Client, amocrm: Amocrm, account: Account) -> None:
    page = panel.get(address(account)).content.decode()
    assert re.findall(r'name="written" value="(\w+)"[^>]*checked', page) == list(outbox.NOTES)
    shown = click(panel, account, "notes", written=["payment", "refund"])
    assert "Виды примечаний сохранены" in shown
    account.refresh_from_db()
    assert sorted({*account.silent_notes, "payment", "refund"}) == sorted(outbox.NOTES)
    assert "payment" not in account.silent_notes
    page = panel.get(address(account)).content.decode()
    assert re.findall(r'name="written" value="(\w+)"[^>]*checked', page) == ["payment", "refund"]
    click(panel, account, "notes", written=["weather"])
    account.refresh_from_db()
    assert "payment" not in account.silent_notes


def test_each_pipeline_of_the_page_has_labels_of_its_own(
    panel: Client, amocrm: Amocrm, account: Account
) -> None:
    """A label that named the same field of another pipeline would tick that one."""
    first = amocrm.crm.get("pipelines", PIPELINE)
    assert first is not None
    amocrm.crm.put("pipelines", first | {"id": 6100009, "name": "Продление"})
    page = panel.get(address(account)).content.decode()
    found = [name for name in re.findall(r'<(?:input|select)[^>]*\bid="([^"]+)"', page) if "status" in name]
    assert found
    assert len(found) == len(set(found))
