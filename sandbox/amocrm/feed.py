"""Notes, tasks, events and bot messages: what stands in the feed of a deal."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.amocrm import hooks, values
from sandbox.amocrm.wire import (
    Call,
    Refusal,
    empty,
    fault,
    hal,
    in_range,
    invalid,
    objects,
    ordered,
    page_of,
    problem,
    request_key,
    wanted,
)
from sandbox.amocrm.world import Crm, Row

# What each documented type of note must carry in `params`.
NOTE_PARAMS: dict[str, tuple[str, ...]] = {
    "common": ("text",),
    "service_message": ("service", "text"),
    "extended_service_message": ("service", "text"),
    "invoice_paid": ("service", "text"),
    "message_cashier": ("status", "text"),
    "attachment": ("file_uuid", "file_name"),
    "call_in": ("phone",),
    "call_out": ("phone",),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
    "geolocation": ("text",),
}
OWNERS = {"leads": "leads", "contacts": "contacts"}
EVENTS_CAP = 100
EVENT_TYPES = {
    "lead_added": "Новая сделка",
    "lead_deleted": "Сделка удалена",
    "lead_restored": "Сделка восстановлена",
    "lead_status_changed": "Изменение этапа продажи",
    "sale_field_changed": "Изменение поля «Бюджет»",
    "name_field_changed": "Изменение поля «Название»",
    "entity_responsible_changed": "Ответственный изменён",
    "entity_linked": "Прикрепление",
    "entity_unlinked": "Открепление",
    "entity_merged": "Выполнено объединение",
    "outgoing_chat_message": "Исходящее сообщение",
}


# --- notes ---


def notes(call: Call, owner: str, entity_id: int | None = None) -> Response:
    kinds, ids = wanted(call, "filter[note_type]"), wanted(call, "filter[id]")
    entities = wanted(call, "filter[entity_id]")
    rows = [
        row
        for row in call.crm.rows("notes")
        if row["entity_type"] == owner
        and entity_id in (None, row["entity_id"])
        and (not entities or str(row["entity_id"]) in entities)
        and (not kinds or row["note_type"] in kinds)
        and (not ids or str(row["id"]) in ids)
        and in_range(call, "filter[updated_at]", row["updated_at"])
    ]
    shown = [_note(call.crm, row) for row in ordered(call, rows, ("updated_at", "id"))]
    path = f"{owner}/{entity_id}/notes" if entity_id else f"{owner}/notes"
    return page_of(call, "notes", shown, path)


def note(call: Call, owner: str, entity_id: int, note_id: int) -> Response:
    row = call.crm.get("notes", note_id)
    known = row and row["entity_type"] == owner and row["entity_id"] == entity_id
    return hal(_note(call.crm, row)) if row and known else empty()


def add_notes(call: Call, owner: str, entity_id: int | None = None) -> Response:
    created, errors = [], {}
    for index, item in enumerate(objects(call)):
        target = entity_id or item.get("entity_id")
        wrong = _note_errors(call.crm, owner, target, item)
        if wrong:
            errors[request_key(item, index)] = wrong
            continue
        row = write_note(call.crm, owner, int(target or 0), item, by=item.get("created_by", call.user_id))
        link = {"self": {"href": f"{call.crm.url}/api/v4/{owner}/{target}/notes/{row['id']}"}}
        created.append(
            {"id": row["id"], "entity_id": target, "request_id": request_key(item, index), "_links": link}
        )
    if errors:
        raise Refusal(invalid(errors))
    return _batch(call, f"{owner}/notes", "notes", created)


def patch_notes(call: Call, owner: str, entity_id: int | None = None, note_id: int | None = None) -> Response:
    items = [{**call.body, "id": note_id}] if note_id and isinstance(call.body, dict) else objects(call)
    changed = []
    for index, item in enumerate(items):
        row = call.crm.get("notes", str(item.get("id")))
        if row is None or row["entity_type"] != owner or entity_id not in (None, row["entity_id"]):
            return problem(404, "Note not found")
        row["params"] = {**row["params"], **(item.get("params") or {})}
        row["updated_at"], row["updated_by"] = call.crm.world.moment(), call.user_id
        call.crm.put("notes", row)
        changed.append({**_stamp(row), "entity_id": row["entity_id"], "request_id": request_key(item, index)})
    if note_id:
        return hal(changed[0])
    return _batch(call, f"{owner}/notes", "notes", changed)


def write_note(crm: Crm, owner: str, entity_id: int, item: Row, by: int) -> Row:
    """A new note in the feed, told to the hooks of the lead."""
    now = crm.world.moment()
    row = {
        "id": crm.number("notes"),
        "entity_id": entity_id,
        "entity_type": owner,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "responsible_user_id": item.get("responsible_user_id", by),
        "group_id": 0,
        "note_type": item["note_type"],
        "params": item["params"],
    }
    crm.put("notes", row)
    hooks.tell(crm, owner, "note", hooks.note_item(crm, row))
    return row


def _note_errors(crm: Crm, owner: str, target: Any, item: Row) -> list[Row]:
    known = NOTE_PARAMS.get(str(item.get("note_type")))
    if known is None:
        return [fault("NotSupportedChoice", "note_type", values.NOT_A_CHOICE)]
    params = item.get("params")
    if not isinstance(params, dict):
        return [fault("FieldMissing", "params", "This field is missing.")]
    missing = [name for name in known if not params.get(name)]
    if missing:
        return [fault("FieldMissing", f"params.{name}", "This field is missing.") for name in missing]
    if not isinstance(target, int) or not crm.get(OWNERS[owner], target):
        return [fault("NotSupportedChoice", "entity_id", "Entity not found.")]
    author = item.get("created_by")
    if author not in (None, 0) and not crm.get("users", str(author)):
        return [fault("NotSupportedChoice", "created_by", values.NOT_A_CHOICE)]
    return []


def _note(crm: Crm, row: Row) -> Row:
    names = ("id", "entity_id", "created_by", "updated_by", "created_at", "updated_at", "responsible_user_id")
    address = f"{crm.url}/api/v4/{row['entity_type']}/{row['entity_id']}/notes/{row['id']}"
    return {
        **{name: row[name] for name in (*names, "group_id", "note_type", "params")},
        "account_id": crm.account["id"],
        "_links": {"self": {"href": address}},
    }


# --- tasks ---


def tasks(call: Call) -> Response:
    rows = [row for row in call.crm.rows("tasks") if _fits(call, row)]
    shown = [_task(call.crm, row) for row in ordered(call, rows, ("created_at", "complete_till", "id"))]
    return page_of(call, "tasks", shown, "tasks")


def task(call: Call, task_id: int) -> Response:
    row = call.crm.get("tasks", task_id)
    return hal(_task(call.crm, row)) if row else empty()


def add_tasks(call: Call) -> Response:
    created, errors = [], {}
    for index, item in enumerate(objects(call)):
        wrong = _task_errors(call.crm, item, new=True)
        if wrong:
            errors[request_key(item, index)] = wrong
            continue
        row = write_task(call.crm, item, by=call.user_id)
        link = {"self": {"href": f"{call.crm.url}/api/v4/tasks/{row['id']}"}}
        created.append({"id": row["id"], "request_id": request_key(item, index), "_links": link})
    if errors:
        raise Refusal(invalid(errors))
    return _batch(call, "tasks", "tasks", created)


def patch_task(call: Call, task_id: int) -> Response:
    if not isinstance(call.body, dict):
        raise Refusal(problem(400, "Request validation failed: expected an object"))
    row = call.crm.get("tasks", task_id)
    if row is None:
        return problem(404, "Task not found")
    wrong = _task_errors(call.crm, call.body, new=False)
    if wrong:
        raise Refusal(invalid({"0": wrong}))
    row = change_task(call.crm, row, call.body, by=call.user_id)
    links = {"self": {"href": f"{call.crm.url}/api/v4/tasks/{task_id}"}}
    return hal({"id": task_id, "updated_at": row["updated_at"], "_links": links})


def patch_tasks(call: Call) -> Response:
    changed = []
    for index, item in enumerate(objects(call)):
        row = call.crm.get("tasks", str(item.get("id")))
        if row is None:
            return problem(404, "Task not found")
        wrong = _task_errors(call.crm, item, new=False)
        if wrong:
            raise Refusal(invalid({request_key(item, index): wrong}))
        changed.append(
            {**_stamp(change_task(call.crm, row, item, by=call.user_id)), "request_id": str(index)}
        )
    return _batch(call, "tasks", "tasks", changed)


def write_task(crm: Crm, item: Row, by: int) -> Row:
    now = crm.world.moment()
    row = {
        "id": crm.number("tasks"),
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "responsible_user_id": item.get("responsible_user_id", by),
        "group_id": 0,
        "entity_id": item.get("entity_id"),
        "entity_type": item.get("entity_type"),
        "duration": item.get("duration", 0),
        "is_completed": bool(item.get("is_completed", False)),
        "task_type_id": item.get("task_type_id", 1),
        "text": item["text"],
        "result": item.get("result") or [],
        "complete_till": item["complete_till"],
    }
    crm.put("tasks", row)
    hooks.tell(crm, "task", "add", hooks.task_item(crm, row))
    return row


def change_task(crm: Crm, row: Row, item: Row, by: int) -> Row:
    """Merges the change; a task completed with a result keeps it as an object, without one as an empty
    list.
    """
    names = ("text", "complete_till", "responsible_user_id", "task_type_id", "duration", "is_completed")
    row = row | {name: item[name] for name in names if name in item}
    if isinstance(item.get("result"), dict):
        row["result"] = {"text": str(item["result"].get("text", ""))}
    row |= {"updated_at": crm.world.moment(), "updated_by": by}
    crm.put("tasks", row)
    hooks.tell(crm, "task", "update", hooks.task_item(crm, row))
    return row


def _task_errors(crm: Crm, item: Row, *, new: bool) -> list[Row]:
    found = [
        fault("FieldMissing", name, "This field is missing.")
        for name in ("text", "complete_till")
        if new and not item.get(name)
    ]
    if not isinstance(item.get("complete_till", 0), int):
        found.append(fault("InvalidType", "complete_till", "This value should be of type int."))
    if item.get("entity_type", "leads") not in ("leads", "contacts", "companies", "customers"):
        found.append(fault("NotSupportedChoice", "entity_type", values.NOT_A_CHOICE))
    types = [known["id"] for known in crm.account["task_types"]]
    if item.get("task_type_id", types[0]) not in types:
        found.append(fault("NotSupportedChoice", "task_type_id", values.NOT_A_CHOICE))
    person = item.get("responsible_user_id")
    if person is not None and not crm.get("users", str(person)):
        found.append(fault("NotSupportedChoice", "responsible_user_id", values.NOT_A_CHOICE))
    if new and item.get("entity_type") == "leads" and not crm.get("leads", str(item.get("entity_id"))):
        found.append(fault("NotSupportedChoice", "entity_id", "Entity not found."))
    return found


def _fits(call: Call, row: Row) -> bool:
    for key in ("id", "entity_type", "entity_id", "responsible_user_id"):
        asked = wanted(call, f"filter[{key}]")
        if asked and str(row[key]) not in asked:
            return False
    kinds = wanted(call, "filter[task_type]")
    if kinds and str(row["task_type_id"]) not in kinds:
        return False
    done = call.args.get("filter[is_completed]")
    if done is not None and row["is_completed"] != (done in ("1", "true")):
        return False
    return in_range(call, "filter[updated_at]", row["updated_at"])


def _task(crm: Crm, row: Row) -> Row:
    links = {"self": {"href": f"{crm.url}/api/v4/tasks/{row['id']}"}}
    return {**row, "account_id": crm.account["id"], "_links": links}


# --- events ---


def events(call: Call) -> Response:
    entities, ids, kinds = (wanted(call, f"filter[{key}]") for key in ("entity", "entity_id", "type"))
    rows = [
        row
        for row in reversed(call.crm.rows("events"))
        if (not entities or row["entity_type"] in entities)
        and (not ids or str(row["entity_id"]) in ids)
        and (not kinds or row["type"] in kinds)
        and in_range(call, "filter[created_at]", row["created_at"])
    ]
    return page_of(call, "events", rows, "events", cap=EVENTS_CAP)


def event_types(call: Call) -> Response:
    """The types that the list of events may hold, as the account's language calls them."""
    shown = [{"key": kind, "type": kind, "lang": words} for kind, words in EVENT_TYPES.items()]
    links = {"self": {"href": f"{call.crm.url}/api/v4/events/types"}}
    return hal({"_total_items": len(shown), "_links": links, "_embedded": {"events_types": shown}})


# --- shapes ---


def _batch(call: Call, path: str, name: str, rows: list[Row]) -> Response:
    links = {"self": {"href": f"{call.crm.url}/api/v4/{path}"}}
    return hal({"_links": links, "_embedded": {name: rows}})


def _stamp(row: Row) -> Row:
    return {"id": row["id"], "updated_at": row["updated_at"]}
