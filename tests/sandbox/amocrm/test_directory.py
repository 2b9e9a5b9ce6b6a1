"""Account, users, pipelines, contacts, custom fields and who may see or change them."""

import pytest

from sandbox.app import Sandbox

from .conftest import CLIENT_ID, MARIA, ROOT, Api, Browser

MANAGERS_TOKEN = "token-of-a-manager"


@pytest.fixture
def managers(sandbox: Sandbox) -> dict[str, str]:
    """Headers of a grant that a manager gave, not an administrator."""
    row = {
        "id": MANAGERS_TOKEN,
        "client_id": CLIENT_ID,
        "user_id": MARIA,
        "scopes": ["crm"],
        "expires_at": 2**40,
    }
    sandbox.store.put("amocrm/demoschool/tokens", MANAGERS_TOKEN, row)
    return {"Authorization": f"Bearer {MANAGERS_TOKEN}"}


def test_the_account_tells_what_is_asked(api: Api) -> None:
    parts = "drive_url,datetime_settings,task_types,users_groups,invoices_settings"
    account = api("GET", f"account?with={parts}").json
    assert (account["id"], account["subdomain"], account["currency"]) == (31000001, "demoschool", "RUB")
    assert account["drive_url"] == "http://127.0.0.1:8001/amocrm/drive"
    assert account["invoices_settings"] is None
    zone = account["_embedded"]["datetime_settings"]
    assert (zone["timezone"], zone["timezone_offset"]) == ("Europe/Moscow", "+03:00")
    assert [kind["id"] for kind in account["_embedded"]["task_types"]] == [1, 2]
    assert "drive_url" not in api("GET", "account").json


def test_users_have_rights_in_letters(api: Api) -> None:
    people = {user["id"]: user for user in api("GET", "users").json["_embedded"]["users"]}
    assert [people[key]["rights"]["is_admin"] for key in sorted(people)] == [True, False, False]
    assert people[MARIA]["rights"]["leads"]["view"] == "A"
    assert api("GET", f"users/{MARIA}").json["name"] == "Мария Кузнецова"
    assert api("GET", "users/5").status_code == 404


@pytest.mark.parametrize("path", ["users", "webhooks"])
def test_a_managers_grant_does_not_reach_admin_methods(
    client: Browser, managers: dict[str, str], path: str
) -> None:
    assert client.get(f"{ROOT}/api/v4/{path}", headers=managers).status_code == 403
    assert client.get(f"{ROOT}/api/v4/leads/7700123", headers=managers).status_code == 200


def test_the_pipeline_ends_with_won_and_lost(api: Api) -> None:
    [pipeline] = api("GET", "leads/pipelines").json["_embedded"]["pipelines"]
    stages = pipeline["_embedded"]["statuses"]
    assert [stage["id"] for stage in stages] == [55000110, 55000120, 55000140, 55000150, 142, 143]
    assert [stage["is_editable"] for stage in stages] == [True] * 4 + [False] * 2


def test_a_contact_carries_phone_and_mail_as_multitext(api: Api) -> None:
    contact = api("GET", "contacts/990001?with=leads").json
    found = {item["field_code"]: item["values"] for item in contact["custom_fields_values"]}
    assert found["EMAIL"] == [{"value": "anna.smirnova@example.org", "enum_code": "WORK"}]
    assert found["PHONE"] == [{"value": "+79161234501", "enum_code": "WORK"}]
    assert [lead["id"] for lead in contact["_embedded"]["leads"]] == [7700123]
    mailless = api("GET", "contacts/990005").json["custom_fields_values"]
    assert [item["field_code"] for item in mailless] == ["PHONE"]


def test_contacts_are_searched_by_text(api: Api) -> None:
    found = api("GET", "contacts?query=9161234502").json["_embedded"]["contacts"]
    assert [contact["name"] for contact in found] == ["Игорь Петров"]
    assert api("GET", "contacts?query=nobody").status_code == 204


def test_a_new_field_answers_201_with_its_enums(api: Api) -> None:
    field = {
        "name": "Состояние",
        "type": "select",
        "code": "STATE",
        "enums": [{"value": "да"}, {"value": "нет"}],
    }
    answer = api("POST", "leads/custom_fields", [field])
    [made] = answer.json["_embedded"]["custom_fields"]
    assert answer.status_code == 201
    assert [enum["value"] for enum in made["enums"]] == ["да", "нет"]
    by_code = {"field_code": "STATE", "values": [{"enum_id": made["enums"][1]["id"]}]}
    assert api("PATCH", "leads/7700123", {"custom_fields_values": [by_code]}).status_code == 200
    assert api("DELETE", f"leads/custom_fields/{made['id']}").status_code == 204
    assert api("GET", f"leads/custom_fields/{made['id']}").status_code == 404


def test_a_field_of_an_unknown_type_is_refused(api: Api) -> None:
    answer = api("POST", "leads/custom_fields", [{"name": "x", "type": "poem"}])
    assert answer.status_code == 400
    assert answer.json["validation-errors"][0]["errors"][0]["path"] == "type"
