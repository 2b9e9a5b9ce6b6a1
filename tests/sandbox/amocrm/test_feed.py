"""Notes, tasks, events and bot runs by API."""

import pytest

from .conftest import MARIA, OLGA, ROOT, TOKEN, Api, Browser

TASK = {"text": "Позвонить", "complete_till": 1796000000, "entity_id": 7700123, "entity_type": "leads"}


def test_notes_are_written_with_200_and_found_by_type(api: Api) -> None:
    items = [
        {"note_type": "common", "params": {"text": "Счёт выставлен"}, "created_by": MARIA},
        {
            "note_type": "service_message",
            "params": {"service": "График", "text": "Оплачено"},
            "request_id": "n",
        },
    ]
    answer = api("POST", "leads/7700123/notes", items)
    made = answer.json["_embedded"]["notes"]
    assert answer.status_code == 200
    assert [(note["entity_id"], note["request_id"]) for note in made] == [(7700123, "0"), (7700123, "n")]
    [found] = api("GET", "leads/7700123/notes?filter[note_type]=common").json["_embedded"]["notes"]
    assert (found["id"], found["created_by"], found["params"]) == (
        made[0]["id"],
        MARIA,
        {"text": "Счёт выставлен"},
    )


def test_notes_of_several_deals_go_by_one_call(api: Api) -> None:
    items = [
        {"entity_id": entity_id, "note_type": "common", "params": {"text": "x"}}
        for entity_id in (7700123, 7700124)
    ]
    made = api("POST", "leads/notes", items).json["_embedded"]["notes"]
    assert [note["entity_id"] for note in made] == [7700123, 7700124]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"note_type": "poem", "params": {"text": "x"}}, "note_type"),
        ({"note_type": "common"}, "params"),
        ({"note_type": "service_message", "params": {"text": "x"}}, "params.service"),
        ({"note_type": "common", "params": {"text": "x"}, "created_by": 5}, "created_by"),
    ],
)
def test_a_wrong_note_names_its_path(api: Api, item: object, path: str) -> None:
    answer = api("POST", "leads/7700123/notes", [item])
    assert answer.status_code == 400
    assert answer.json["validation-errors"][0]["errors"][0]["path"] == path
    assert api("GET", "leads/7700123/notes").status_code == 204


def test_a_note_is_changed_in_place(api: Api) -> None:
    made = api("POST", "leads/7700123/notes", [{"note_type": "common", "params": {"text": "до"}}])
    note_id = made.json["_embedded"]["notes"][0]["id"]
    assert (
        api("PATCH", "leads/7700123/notes", [{"id": note_id, "params": {"text": "после"}}]).status_code == 200
    )
    assert api("GET", f"leads/7700123/notes/{note_id}").json["params"] == {"text": "после"}


def test_a_task_without_result_has_an_empty_list_and_with_it_an_object(api: Api) -> None:
    answer = api("POST", "tasks", [TASK])
    task_id = answer.json["_embedded"]["tasks"][0]["id"]
    task = api("GET", f"tasks/{task_id}").json
    assert (answer.status_code, task["result"], task["is_completed"]) == (200, [], False)
    assert (task["responsible_user_id"], task["task_type_id"]) == (OLGA, 1)
    api("PATCH", f"tasks/{task_id}", {"is_completed": True, "result": {"text": "Оплачено"}})
    done = api("GET", f"tasks/{task_id}").json
    assert (done["is_completed"], done["result"]) == (True, {"text": "Оплачено"})


def test_tasks_are_found_by_deal_and_state(api: Api) -> None:
    first, second = (
        task["id"]
        for task in api("POST", "tasks", [TASK, {**TASK, "entity_id": 7700124}]).json["_embedded"]["tasks"]
    )
    api("PATCH", f"tasks/{first}", {"is_completed": True})

    def ids(query: str) -> list[int]:
        answer = api("GET", f"tasks?{query}")
        return [task["id"] for task in answer.json["_embedded"]["tasks"]] if answer.status_code == 200 else []

    assert ids("filter[entity_type]=leads&filter[entity_id][]=7700123") == [first]
    assert ids("filter[is_completed]=0") == [second]
    assert ids("filter[entity_id][]=7700124&filter[is_completed]=1") == []


def test_the_nearest_open_task_stands_on_the_deal(api: Api) -> None:
    api("POST", "tasks", [TASK, {**TASK, "complete_till": 1795000000}])
    assert api("GET", "leads/7700123").json["closest_task_at"] == 1795000000


@pytest.mark.parametrize("name", ["text", "complete_till"])
def test_a_task_needs_text_and_time(api: Api, name: str) -> None:
    answer = api("POST", "tasks", [{key: value for key, value in TASK.items() if key != name}])
    assert answer.status_code == 400
    assert answer.json["validation-errors"][0]["errors"][0] == {
        "code": "FieldMissing",
        "path": name,
        "detail": "This field is missing.",
    }


def test_events_tell_what_changed(api: Api) -> None:
    api("PATCH", "leads/7700123", {"status_id": 55000140, "pipeline_id": 6100001})
    found = api(
        "GET", "events?filter[entity]=lead&filter[entity_id][]=7700123&filter[type]=lead_status_changed"
    )
    [event] = found.json["_embedded"]["events"]
    assert event["value_after"] == [{"lead_status": {"id": 55000140, "pipeline_id": 6100001}}]
    assert isinstance(event["id"], str)
    assert api("GET", "events?limit=101").status_code == 400


def test_a_bot_run_sends_the_client_a_message_with_the_link(api: Api, client: Browser) -> None:
    url = "http://127.0.0.1:8000/pay/abc/go/?what=installment"
    api(
        "PATCH", "leads/7700123", {"custom_fields_values": [{"field_id": 910024, "values": [{"value": url}]}]}
    )
    answer = client.post(
        f"{ROOT}/api/v2/salesbot/run",
        json=[{"bot_id": 3301, "entity_id": 7700123, "entity_type": 2}],
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert (answer.status_code, answer.json) == (202, {"success": True})
    client.get(f"{ROOT}/leads/")
    feed = client.get(f"{ROOT}/_ui/leads/7700123").json["feed"]
    [message] = [item for item in feed if item["kind"] == "message"]
    assert message["text"] == f"Здравствуйте, Анна! Ссылка на оплату по сделке «Договор 14/26»: {url}"


def test_an_unknown_bot_runs_nothing(api: Api, client: Browser) -> None:
    answer = client.post(
        f"{ROOT}/api/v2/salesbot/run",
        json=[{"bot_id": 1, "entity_id": 7700123, "entity_type": 2}],
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 400
