"""Deals by API v4: shapes of success and of every refusal, merging, filters, rights."""

import pytest
from flask import Flask

from sandbox.app import Sandbox

from .conftest import ANTON, MARIA, OLGA, Api

DEAL = "leads/7700123"


def test_a_deal_comes_with_its_contact_and_integer_price(api: Api) -> None:
    answer = api("GET", f"{DEAL}?with=contacts")
    lead = answer.json
    assert answer.status_code == 200
    assert answer.content_type == "application/hal+json"
    assert answer.headers["X-Request-Id"]
    assert (lead["name"], lead["price"], lead["responsible_user_id"]) == ("Договор 14/26", 160000, MARIA)
    assert lead["_embedded"]["contacts"] == [
        {
            "id": 990001,
            "is_main": True,
            "_links": {"self": {"href": "http://127.0.0.1:8001/amocrm/demoschool/api/v4/contacts/990001"}},
        }
    ]
    assert lead["custom_fields_values"][0] == {
        "field_id": 910010,
        "field_name": "Направление",
        "field_code": None,
        "field_type": "select",
        "values": [{"value": "Нутрициолог", "enum_id": 1300001, "enum_code": None}],
    }


def test_contacts_are_embedded_only_when_asked(api: Api) -> None:
    assert "contacts" not in api("GET", DEAL).json["_embedded"]


def test_a_deal_without_values_has_null_and_not_an_empty_list(api: Api) -> None:
    assert api("GET", "leads/7700101").json["custom_fields_values"] is None


def test_an_unknown_deal_is_204_without_a_body(api: Api) -> None:
    answer = api("GET", "leads/1")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_patch_merges_fields_and_null_clears_one(api: Api) -> None:
    values = [{"field_id": 910020, "values": [{"value": "120000.00"}]}, {"field_id": 910011, "values": None}]
    answer = api("PATCH", DEAL, {"custom_fields_values": values, "price": 150000})
    assert answer.status_code == 200
    assert set(answer.json) == {"id", "updated_at", "_links"}
    lead = api("GET", DEAL).json
    kept = {item["field_id"]: item["values"][0]["value"] for item in lead["custom_fields_values"]}
    assert (lead["price"], kept[910010], kept[910020]) == (150000, "Нутрициолог", "120000.00")
    assert 910011 not in kept


def test_a_date_is_kept_as_midnight_of_the_account(api: Api) -> None:
    midnight_in_moscow = 1796072400  # 2026-12-01T00:00:00+03:00
    for written in (midnight_in_moscow, "2026-12-01T00:00:00+03:00", midnight_in_moscow + 3600 * 15):
        api("PATCH", DEAL, {"custom_fields_values": [{"field_id": 910021, "values": [{"value": written}]}]})
        found = {item["field_id"]: item for item in api("GET", DEAL).json["custom_fields_values"]}
        assert found[910021]["values"] == [{"value": midnight_in_moscow}]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (
            {"custom_fields_values": [{"field_id": 910023, "values": [{"value": "Чепуха"}]}]},
            "NotSupportedChoice",
            "custom_fields_values.0.values.0.value",
        ),
        (
            {"custom_fields_values": [{"field_id": 1, "values": [{"value": "x"}]}]},
            "NotSupportedChoice",
            "custom_fields_values.0.field_id",
        ),
        (
            {"custom_fields_values": [{"field_id": 910011, "values": [{"value": True}]}]},
            "InvalidType",
            "custom_fields_values.0.values.0.value",
        ),
        ({"price": "150000"}, "InvalidType", "price"),
        ({"price": 1.5}, "InvalidType", "price"),
        ({"price": -1}, "TooLow", "price"),
        ({"status_id": 77}, "NotSupportedChoice", "status_id"),
    ],
)
def test_a_wrong_value_is_named_and_changes_nothing(api: Api, change: object, code: str, path: str) -> None:
    before = api("GET", DEAL).json
    answer = api("PATCH", DEAL, change)
    assert answer.status_code == 400
    assert answer.content_type.startswith("application/problem+json")
    assert answer.json["type"] == "https://httpstatus.es/400"
    [wrong] = answer.json["validation-errors"]
    assert wrong["request_id"] == "0"
    assert (wrong["errors"][0]["code"], wrong["errors"][0]["path"]) == (code, path)
    assert api("GET", DEAL).json == before


def test_a_batch_is_refused_as_a_whole(api: Api) -> None:
    answer = api("PATCH", "leads", [{"id": 7700123, "price": 1}, {"id": 5, "price": 2, "request_id": "b"}])
    assert answer.status_code == 400
    assert [item["request_id"] for item in answer.json["validation-errors"]] == ["b"]
    assert api("GET", DEAL).json["price"] == 160000


def test_closing_and_reopening_sets_and_clears_closed_at(api: Api) -> None:
    api("PATCH", DEAL, {"status_id": 142, "pipeline_id": 6100001})
    assert api("GET", DEAL).json["closed_at"]
    api("PATCH", DEAL, {"status_id": 55000120, "pipeline_id": 6100001})
    assert api("GET", DEAL).json["closed_at"] is None


def test_updated_by_zero_is_the_robot(api: Api) -> None:
    api("PATCH", DEAL, {"price": 1000, "updated_by": 0})
    assert api("GET", DEAL).json["updated_by"] == 0


def test_tags_are_added_and_taken_away(api: Api) -> None:
    api("PATCH", DEAL, {"tags_to_add": [{"name": "звонок"}]})
    names = [tag["name"] for tag in api("GET", DEAL).json["_embedded"]["tags"]]
    api("PATCH", DEAL, {"tags_to_delete": [{"name": "звонок"}]})
    assert names == ["рассрочка", "звонок"]
    assert [tag["name"] for tag in api("GET", DEAL).json["_embedded"]["tags"]] == ["рассрочка"]


def test_a_new_deal_echoes_the_request_id_or_the_index(api: Api) -> None:
    answer = api("POST", "leads", [{"name": "Первая", "request_id": "r1"}, {"price": 5}])
    made = answer.json["_embedded"]["leads"]
    assert answer.status_code == 200
    assert [item["request_id"] for item in made] == ["r1", "1"]
    second = api("GET", f"leads/{made[1]['id']}").json
    assert (second["name"], second["status_id"]) == (f"Сделка #{second['id']}", 55000110)


def test_the_list_pages_until_there_is_no_next(api: Api) -> None:
    seen, page = [], 1
    while True:
        answer = api("GET", f"leads?limit=7&page={page}&order[id]=asc")
        seen += [lead["id"] for lead in answer.json["_embedded"]["leads"]]
        if "next" not in answer.json["_links"]:
            break
        page += 1
    assert (page, len(seen), sorted(set(seen))) == (3, 16, seen)
    assert api("GET", "leads?limit=7&page=4").status_code == 204


def test_more_than_250_a_page_is_an_error(api: Api) -> None:
    assert api("GET", "leads?limit=250").status_code == 200
    assert api("GET", "leads?limit=251").status_code == 400


def test_filters_narrow_by_id_stage_and_time(api: Api) -> None:
    def ids(query: str) -> list[int]:
        answer = api("GET", f"leads?{query}")
        return [lead["id"] for lead in answer.json["_embedded"]["leads"]] if answer.status_code == 200 else []

    updated = api("GET", DEAL).json["updated_at"]
    assert ids("filter[id][]=7700123&filter[id][]=7700125") == [7700123, 7700125]
    assert ids("filter[id]=7700124") == [7700124]
    stage = "filter[statuses][0][pipeline_id]=6100001&filter[statuses][0][status_id]=143"
    assert ids(stage) == [7700110, 7700111]
    assert ids(f"filter[updated_at][from]={updated}&filter[updated_at][to]={updated}") == [7700123]
    assert ids("filter[pipeline_id]=5") == []


def test_a_deleted_deal_is_204_and_in_the_bin(api: Api, app: Flask) -> None:
    browser = app.test_client()
    browser.get("/amocrm/demoschool/leads/")
    browser.post("/amocrm/demoschool/_ui/leads/7700123/delete", json={})
    assert api("GET", DEAL).status_code == 204
    binned = api("GET", f"{DEAL}?with=only_deleted").json
    assert set(binned) == {"id", "updated_at", "updated_by", "is_deleted"}
    assert api("PATCH", DEAL, {"price": 1}).status_code == 404


@pytest.mark.parametrize(("letter", "status"), [("A", 200), ("M", 204), ("D", 204)])
def test_the_context_user_sees_what_his_rights_allow(
    api: Api, sandbox: Sandbox, letter: str, status: int
) -> None:
    user = sandbox.store.get("amocrm/demoschool/users", str(ANTON))
    assert user
    user["rights"]["leads"] |= {"view": letter, "edit": letter}
    sandbox.store.put("amocrm/demoschool/users", str(ANTON), user)
    headers = {"X-Context-User-ID": str(ANTON)}
    assert api("GET", DEAL, headers=headers).status_code == status
    assert api("PATCH", DEAL, {"price": 9}, headers=headers).status_code == (200 if letter == "A" else 403)
    assert api("GET", DEAL, headers={"X-Context-User-ID": str(OLGA)}).status_code == 200


def test_a_deal_can_be_closed_to_one_user(api: Api, sandbox: Sandbox) -> None:
    user = sandbox.store.get("amocrm/demoschool/users", str(ANTON))
    assert user
    sandbox.store.put("amocrm/demoschool/users", str(ANTON), {**user, "denied_leads": [7700123]})
    headers = {"X-Context-User-ID": str(ANTON)}
    assert api("GET", DEAL, headers=headers).status_code == 204
    assert api("GET", "leads/7700124", headers=headers).status_code == 200


def test_an_unknown_context_user_is_forbidden(api: Api) -> None:
    assert api("GET", DEAL, headers={"X-Context-User-ID": "42"}).status_code == 403
