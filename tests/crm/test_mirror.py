"""What amoCRM tells of a deal's people, its end and its return, and of what no hook told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from crm import connection, deals, repair
from crm.models import Account, Connection, Deal, DealHint
from sandbox.amocrm import companies, directory, leads
from tests.crm.school import (
    CONTRACT,
    LEAD,
    LOST,
    NOW,
    OLGA,
    OTHER_LEAD,
    PAYING,
    WEBHOOK_KEY,
    Amocrm,
    make_deal,
)

pytestmark = pytest.mark.django_db
REQUISITES = {
    "name": "ООО «Ромашка»",
    "vat_id": "7700000009",
    "kpp": "770101001",
    "bank_code": "044525225",
    "bank_account_number": "40702810000000000001",
    "address": "Москва, Тверская, 1",
}


def refreshed(account: Account, lead_id: int = LEAD, *, at: datetime = NOW) -> Deal:
    return deals.refresh(account=account, lead_id=lead_id, at=at)


def now() -> datetime:
    return datetime.now(UTC)


def test_everybody_of_a_deal_is_known_main_contact_first(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(contacts=[{"id": 990002, "is_main": False}, {"id": 990001, "is_main": True}])
    deal = refreshed(account)
    assert [one["id"] for one in deal.contacts] == [990001, 990002]
    assert deal.contacts[1]["email"] == "igor.petrov@example.org"
    assert deal.contact_id == 990001
    assert amocrm.calls() == [f"GET api/v4/leads/{LEAD}", "GET api/v4/contacts"]


def test_a_company_comes_with_its_requisites_and_goes(amocrm: Amocrm, account: Account) -> None:
    companies.make(
        amocrm.crm, {"id": 880001, "name": "Ромашка", "email": "b@example.org", "requisites": REQUISITES}
    )
    amocrm.change(company=880001)
    told = refreshed(account).company
    assert told == {
        "id": 880001,
        "name": "ООО «Ромашка»",
        "inn": "7700000009",
        "kpp": "770101001",
        "address": "Москва, Тверская, 1",
        "email": "b@example.org",
        "phone": "",
        "bank": {"bic": "044525225", "account": "40702810000000000001"},
    }
    amocrm.change(company=None)
    assert refreshed(account).company == {}


def test_a_company_without_requisites_has_its_name(amocrm: Amocrm, account: Account) -> None:
    companies.make(amocrm.crm, {"id": 880001, "name": "Ромашка"})
    amocrm.change(company=880001)
    told = refreshed(account).company
    assert (told["name"], told["inn"]) == ("Ромашка", "")


@pytest.mark.parametrize("number", [990002, 880001])
def test_a_hook_of_any_contact_or_the_company_hints_at_the_deal(account: Account, number: int) -> None:
    make_deal(account, contact_id=990001, contacts=[{"id": 990001}, {"id": 990002}], company={"id": 880001})
    form = f"account[id]=31000001&contacts[update][0][id]={number}"
    path = f"/webhooks/amocrm/{WEBHOOK_KEY}/"
    assert Client().post(path, form, content_type="application/x-www-form-urlencoded").status_code == 200
    assert list(DealHint.objects.values_list("lead_id", flat=True)) == [LEAD]


def test_the_stage_before_is_remembered(amocrm: Amocrm, account: Account) -> None:
    refreshed(account)
    amocrm.change(status_id=PAYING)
    deal = refreshed(account, at=NOW + timedelta(hours=1))
    assert (deal.status_id, deal.previous_status_id) == (PAYING, CONTRACT)
    assert deal.status_seen_at == NOW + timedelta(hours=1)
    assert refreshed(account, at=NOW + timedelta(hours=2)).status_seen_at == NOW + timedelta(hours=1)


def test_a_deleted_deal_comes_back_from_the_bin(amocrm: Amocrm, account: Account) -> None:
    refreshed(account)
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    assert refreshed(account).state == Deal.State.DELETED
    leads.restore(amocrm.crm, amocrm.lead(), by=OLGA)
    assert refreshed(account).state == Deal.State.LIVE


def test_a_merged_deal_names_the_one_it_went_into(amocrm: Amocrm, account: Account) -> None:
    for lead in (LEAD, OTHER_LEAD):
        refreshed(account, lead, at=now())
    leads.merge(amocrm.crm, amocrm.lead(), amocrm.lead(OTHER_LEAD), by=OLGA)
    gone = refreshed(account, OTHER_LEAD, at=now())
    assert (gone.state, gone.merged_into) == (Deal.State.DELETED, LEAD)
    assert len(refreshed(account, at=now()).contacts) == 2
    before = len(amocrm.calls())
    refreshed(account, OTHER_LEAD, at=now())
    assert amocrm.calls()[before:] == [f"GET api/v4/leads/{OTHER_LEAD}"]


def test_a_deal_without_people_of_the_survivor_s_is_only_deleted(amocrm: Amocrm, account: Account) -> None:
    for lead in (LEAD, OTHER_LEAD, 7700125):
        refreshed(account, lead, at=now())
    leads.merge(amocrm.crm, amocrm.lead(), amocrm.lead(OTHER_LEAD), by=OLGA)
    leads.delete(amocrm.crm, amocrm.lead(7700125), by=OLGA)
    gone = refreshed(account, 7700125, at=now())
    assert (gone.state, gone.merged_into) == (Deal.State.DELETED, None)


def test_two_survivors_with_the_same_person_leave_the_question_open(amocrm: Amocrm, account: Account) -> None:
    person = amocrm.lead()["contacts"]
    for lead in (OTHER_LEAD, 7700125, 7700126):
        amocrm.change(lead, contacts=person)
    refreshed(account, at=now())
    leads.merge(amocrm.crm, amocrm.lead(OTHER_LEAD), amocrm.lead(), by=OLGA)
    leads.merge(amocrm.crm, amocrm.lead(7700125), amocrm.lead(7700126), by=OLGA)
    gone = refreshed(account, at=now())
    assert (gone.state, gone.merged_into) == (Deal.State.DELETED, None)


def test_an_event_that_names_the_lead_is_believed(amocrm: Amocrm, account: Account) -> None:
    refreshed(account, at=now())
    told = [{"link": {"entity": {"type": "lead", "id": LEAD}}}]
    leads.happened(amocrm.crm, amocrm.lead(OTHER_LEAD), OLGA, "entity_merged", told, [])
    amocrm.crm.drop("leads", LEAD)
    assert refreshed(account, at=now()).merged_into == OTHER_LEAD


def test_a_merge_that_no_event_tells_of_still_ends_the_deal(amocrm: Amocrm, account: Account) -> None:
    refreshed(account, at=now())
    leads.merge(amocrm.crm, amocrm.lead(OTHER_LEAD), amocrm.lead(), by=OLGA)
    amocrm.crm.drop("events", "71000000")
    gone = refreshed(account, at=now())
    assert (gone.state, gone.merged_into) == (Deal.State.DELETED, None)


def test_a_deal_that_goes_on_by_decision_stays_live_until_it_is_live(
    amocrm: Amocrm, account: Account
) -> None:
    refreshed(account)
    amocrm.change(status_id=LOST)
    deal = refreshed(account)
    assert deal.state == Deal.State.LOST
    deals.go_on(deal=deal)
    assert refreshed(account).state == Deal.State.LIVE
    amocrm.change(status_id=CONTRACT)
    assert not refreshed(account).goes_on
    amocrm.change(status_id=LOST)
    assert refreshed(account).state == Deal.State.LOST


# --- what no hook told ---


def change(amocrm: Amocrm, lead_id: int = LEAD, **item: Any) -> None:
    leads.change(amocrm.crm, amocrm.lead(lead_id), item, by=OLGA)


@pytest.mark.parametrize(
    "item",
    [
        {"status_id": PAYING},
        {"price": 5},
        {"name": "Другая"},
        {"custom_fields_values": [{"field_id": 910011, "values": [{"value": "Поток 99"}]}]},
    ],
)
def test_a_lost_hook_is_made_good_by_the_list_of_events(
    amocrm: Amocrm, account: Account, item: dict[str, Any]
) -> None:
    refreshed(account, at=now())
    amocrm.spoil("hook_lost", count=None)
    Connection.objects.update(events_until=now())
    change(amocrm, **item)
    change(amocrm, OTHER_LEAD, price=7)  # not ours: nobody opened it
    at = now() + timedelta(minutes=16)
    assert repair.read_due(at=at) == 1
    assert deals.refresh_hinted(at=at) == 1
    deal = Deal.objects.get(external_id=LEAD)
    assert (deal.status_id == PAYING, deal.price == 5, deal.name == "Другая", deal.cohort == "Поток 99") == (
        "status_id" in item,
        "price" in item,
        "name" in item,
        "custom_fields_values" in item,
    )


def test_a_changed_address_is_found_without_a_hook(amocrm: Amocrm, account: Account) -> None:
    refreshed(account, at=now())
    Connection.objects.update(events_until=now())
    person = amocrm.crm.get("contacts", 990001)
    assert person is not None
    kept = {**person["values"], "900002": [{"value": "new@example.org", "enum_code": "WORK"}]}
    amocrm.spoil("hook_lost", count=None)
    directory.change_contact(amocrm.crm, person, {"values": kept}, by=OLGA)
    at = now() + timedelta(minutes=16)
    assert repair.read_due(at=at) == 1
    deals.refresh_hinted(at=at)
    assert Deal.objects.get(external_id=LEAD).contact_email == "new@example.org"


def test_two_people_that_became_one_are_found_without_a_hook(amocrm: Amocrm, account: Account) -> None:
    refreshed(account, at=now())
    refreshed(account, OTHER_LEAD, at=now())
    Connection.objects.update(events_until=now())
    gone = amocrm.crm.get("contacts", 990001)
    assert gone is not None
    one = {**gone, "id": 990777, "name": "Анна Петрова", "updated_at": int(now().timestamp())}
    amocrm.crm.put("contacts", one)
    amocrm.crm.drop("contacts", 990001)
    amocrm.change(contacts=[{"id": 990777, "is_main": True}])
    at = now() + timedelta(minutes=16)
    assert repair.read_due(at=at) == 1
    deals.refresh_hinted(at=at)
    deal = Deal.objects.get(external_id=LEAD)
    assert (deal.contact_id, deal.contact_name) == (990777, "Анна Петрова")


def test_events_are_read_every_quarter_of_an_hour_from_where_they_stood(
    amocrm: Amocrm, account: Account
) -> None:
    at = now()
    repair.read_due(at=at)
    calls = len(amocrm.calls())
    assert Connection.objects.get().events_until == at
    repair.read_due(at=at + timedelta(minutes=14))
    assert len(amocrm.calls()) == calls
    amocrm.spoil("down")
    repair.read_due(at=at + timedelta(minutes=15))
    assert Connection.objects.get().events_until == at


def test_more_events_than_a_question_holds_are_read_in_halves(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "FULL", 3)
    refreshed(account, at=now())
    for price in range(5):
        change(amocrm, price=price)
    since, until = now() - timedelta(hours=1), now() + timedelta(minutes=1)
    found = connection.run(
        account=account, at=NOW, work=lambda amo: repair._span(amo, repair.TYPES, since, until)
    )
    assert len({event.id for event in found}) == 5
