"""The account as a person sees it: one shell page for list, card and settings, and the JSON behind it.

The shell is drawn by the browser from three documents: the account (who, stages, fields, widgets), the list
of deals, one deal with its feed. What a person changes goes through the same functions as API writes, so
the web hooks fire alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, render_template, request

from sandbox.amocrm import automation, directory, feed, leads, values, widgets
from sandbox.amocrm.seeding import EMAIL, PHONE
from sandbox.amocrm.session import answer, body_of, open_session, refuse, session_user, usual_user
from sandbox.amocrm.world import Crm, Row, World

Page = Callable[..., Response]


# --- the shell ---


def home(world: World, subdomain: str) -> Response:
    return Response(status=302, headers={"Location": f"/amocrm/{subdomain}/leads/"})


def shell(world: World, subdomain: str, **_parts: Any) -> Response:
    crm = world.crm(subdomain)
    if crm is None:
        return Response("Account not found", 404)
    user = session_user(crm) or usual_user(crm)
    page = render_template(
        "amocrm/shell.html", subdomain=subdomain, account=crm.account, root=f"/amocrm/{subdomain}"
    )
    return open_session(crm, Response(page), user)


# --- documents ---


def state(crm: Crm, user: Row) -> Response:
    """Everything that does not belong to one deal."""
    fields = [row for row in crm.rows("fields") if row["owner"] == "leads"]
    return answer(
        {
            "account": {
                key: crm.account[key] for key in ("id", "name", "subdomain", "time_zone", "task_types")
            },
            "me": user,
            "users": crm.rows("users"),
            "pipelines": crm.rows("pipelines"),
            "fields": sorted(fields, key=lambda row: (row["sort"], row["id"])),
            "contact_fields": {"phone": PHONE, "email": EMAIL},
            "widgets": [widgets.shown(crm, row) for row in crm.rows("widgets")],
            "now": crm.world.moment(),
        }
    )


def deals(crm: Crm, user: Row) -> Response:
    found = [row for row in crm.rows("leads") if not row["is_deleted"] and leads.allowed(user, row, "view")]
    people = {row["id"]: row["name"] for row in crm.rows("contacts")}
    tasks: dict[int, int] = {}
    for task in crm.rows("tasks"):
        if not task["is_completed"] and task["entity_id"]:
            tasks[task["entity_id"]] = min(
                task["complete_till"], tasks.get(task["entity_id"], task["complete_till"])
            )
    rows = [
        {
            **row,
            "contact_name": people.get(row["contacts"][0]["id"], "") if row["contacts"] else "",
            "task_at": tasks.get(row["id"]),
        }
        for row in found
    ]
    return answer({"leads": sorted(rows, key=lambda row: -row["updated_at"]), "now": crm.world.moment()})


def deal(crm: Crm, user: Row, lead_id: int) -> Response:
    """One deal with its feed; `{unchanged: true}` when the page already shows this very state (`?seen=`)."""
    lead = crm.get("leads", lead_id)
    if lead is None or not leads.allowed(user, lead, "view"):
        return refuse(404, "Сделка не найдена")
    document: Row = {
        "lead": lead,
        "contacts": [row for link in lead["contacts"] if (row := crm.get("contacts", link["id"]))],
        "feed": _feed(crm, lead),
        "tasks": sorted(leads.open_tasks(crm, lead_id), key=lambda row: row["complete_till"]),
        "can_edit": leads.allowed(user, lead, "edit"),
    }
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    stamp = hashlib.sha256(text.encode()).hexdigest()[:16]
    if request.args.get("seen") == stamp:
        return answer({"unchanged": True, "now": crm.world.moment()})
    return answer({**document, "stamp": stamp, "now": crm.world.moment()})


def _feed(crm: Crm, lead: Row) -> list[Row]:
    """Notes, completed tasks, bot messages and changes, oldest first."""
    items = [
        {"kind": "note", "at": row["created_at"], **_pick(row, "id", "created_by", "note_type", "params"),
         "file": _file_of(crm, row)}
        for row in crm.rows("notes")
        if row["entity_type"] == "leads" and row["entity_id"] == lead["id"]
    ]  # fmt: skip
    items += [
        {
            "kind": "task",
            "at": row["updated_at"],
            **_pick(row, "id", "updated_by", "text", "result", "task_type_id"),
        }
        for row in crm.rows("tasks")
        if row["entity_id"] == lead["id"] and row["is_completed"]
    ]
    items += [
        {"kind": "message", "at": row["created_at"], **_pick(row, "id", "text", "bot_name")}
        for row in crm.rows("messages")
        if row["lead_id"] == lead["id"]
    ]
    items += [
        {
            "kind": "event",
            "at": row["created_at"],
            **_pick(row, "id", "created_by", "type", "value_before", "value_after"),
        }
        for row in crm.rows("events")
        # A message stands in the feed by itself.
        if row["entity_id"] == lead["id"] and row["type"] != "outgoing_chat_message"
    ]
    if not any(item.get("type") == "lead_added" for item in items):
        items.append(_born(lead))
    return sorted(items, key=lambda item: (item["at"], str(item["id"])))


def _born(lead: Row) -> Row:
    """A seeded deal has no history; its feed begins with its creation all the same."""
    made = {"kind": "event", "at": lead["created_at"], "id": 0, "created_by": lead["created_by"]}
    return {**made, "type": "lead_added", "value_before": [], "value_after": []}


def _file_of(crm: Crm, note: Row) -> str | None:
    if note["note_type"] != "attachment":
        return None
    return f"{crm.world.root}/drive/download/{crm.subdomain}/{note['params']['file_uuid']}"


def _pick(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


# --- what a person changes ---


def save_deal(crm: Crm, user: Row, lead_id: int) -> Response:
    """{name, price, status_id, pipeline_id, responsible_user_id, custom_fields_values, contact}; id 0 makes
    a deal.
    """
    body = body_of()
    person = body.pop("contact", None)
    lead = crm.get("leads", lead_id) if lead_id else None
    if lead_id and (lead is None or not leads.allowed(user, lead, "edit")):
        return refuse(403, "Недостаточно прав")
    try:
        lead = (
            leads.change(crm, lead, body, by=user["id"]) if lead else leads.create(crm, body, by=user["id"])
        )
    except values.Wrong as wrong:
        return answer({"errors": [wrong.error]}, 400)
    if isinstance(person, dict) and (lead["contacts"] or person.get("name")):
        _save_contact(crm, user, lead, person)
    return answer({"id": lead["id"]})


def delete_deal(crm: Crm, user: Row, lead_id: int) -> Response:
    lead = crm.get("leads", lead_id)
    if lead is None or lead["is_deleted"] or not leads.allowed(user, lead, "edit"):
        return refuse(403, "Недостаточно прав")
    return answer({"id": leads.delete(crm, lead, by=user["id"])["id"]})


def restore_deal(crm: Crm, user: Row, lead_id: int) -> Response:
    lead = crm.get("leads", lead_id)
    if lead is None or not lead["is_deleted"] or not leads.allowed(user, lead, "edit"):
        return refuse(403, "Недостаточно прав")
    return answer({"id": leads.restore(crm, lead, by=user["id"])["id"]})


def write_note(crm: Crm, user: Row, lead_id: int) -> Response:
    text = str(body_of().get("text", "")).strip()
    if not text or not crm.get("leads", lead_id):
        return refuse(400, "Пустое примечание")
    note = {"note_type": "common", "params": {"text": text}}
    return answer({"id": feed.write_note(crm, "leads", lead_id, note, by=user["id"])["id"]}, 201)


def add_task(crm: Crm, user: Row, lead_id: int) -> Response:
    """{text, complete_on: "2026-12-01"}: due at the end of that day, for the deal's responsible user."""
    body = body_of()
    lead, text = crm.get("leads", lead_id), str(body.get("text", "")).strip()
    try:
        last = datetime.fromisoformat(str(body.get("complete_on"))).replace(
            hour=23, minute=59, tzinfo=crm.zone
        )
    except ValueError:
        last = None
    if lead is None or not text or last is None:
        return refuse(400, "Нужны текст и срок")
    till = int(last.timestamp())
    task = {"text": text, "complete_till": till, "entity_id": lead_id, "entity_type": "leads"}
    task["responsible_user_id"] = lead["responsible_user_id"]
    return answer({"id": feed.write_task(crm, task, by=user["id"])["id"]}, 201)


def complete_task(crm: Crm, user: Row, task_id: int) -> Response:
    task = crm.get("tasks", task_id)
    if task is None or task["is_completed"]:
        return refuse(404, "Задача не найдена")
    change: Row = {"is_completed": True}
    text = str(body_of().get("result", "")).strip()
    if text:
        change["result"] = {"text": text}
    return answer({"id": feed.change_task(crm, task, change, by=user["id"])["id"]})


def _save_contact(crm: Crm, user: Row, lead: Row, person: Row) -> None:
    given = [
        {
            "field_id": field_id,
            "values": [{"value": str(person[name]), "enum_code": "WORK"}] if person[name] else None,
        }
        for name, field_id in (("phone", PHONE), ("email", EMAIL))
        if name in person
    ]
    item: Row = {"name": person["name"]} if person.get("name") else {}
    row = crm.get("contacts", lead["contacts"][0]["id"]) if lead["contacts"] else None
    item["values"] = values.merged(crm, "contacts", row["values"] if row else {}, given)
    if row:
        if {**row, **item} != row:
            directory.change_contact(crm, row, item, by=user["id"])
        return
    first, _, last = str(person["name"]).partition(" ")
    row = directory.create_contact(crm, {**item, "first_name": first, "last_name": last}, by=user["id"])
    crm.put("leads", {**lead, "contacts": [{"id": row["id"], "is_main": True}]})


# --- session ---


def become(world: World, subdomain: str) -> Response:
    """The switch "which of the users am I"."""
    crm = world.crm(subdomain)
    user = crm.get("users", str(body_of().get("user_id"))) if crm else None
    if crm is None or user is None:
        return refuse(404, "Такого пользователя нет")
    return open_session(crm, answer({"id": user["id"]}), user)


def _inside(page: Page) -> Page:
    """A document or an action for the user of the session; actions run in one transaction."""

    def view(world: World, subdomain: str, **parts: Any) -> Response:
        crm = world.crm(subdomain)
        user = session_user(crm) if crm else None
        if crm is None or user is None:
            return refuse(401, "Нет сессии")
        if request.method == "GET":
            return page(crm, user, **parts)
        if not request.is_json:
            return refuse(415, "Ожидается JSON")
        with world.store.transaction():
            return page(crm, user, **parts)

    return view


ROUTES: list[tuple[str, str, Page]] = [
    ("GET", "", home),
    ("GET", "leads/", shell),
    ("GET", "leads/list/", shell),
    ("GET", "leads/add/", shell),
    ("GET", "leads/detail/<int:lead_id>", shell),
    ("GET", "settings/widgets/", shell),
    ("GET", "settings/pipeline/", shell),
    ("GET", "settings/salesbot/", shell),
    ("GET", "advanced_settings/<code>/", shell),
    ("POST", "_ui/user", become),
    ("GET", "_ui/state", _inside(state)),
    ("GET", "_ui/leads", _inside(deals)),
    ("GET", "_ui/leads/<int:lead_id>", _inside(deal)),
    ("POST", "_ui/leads/<int:lead_id>", _inside(save_deal)),
    ("POST", "_ui/leads/<int:lead_id>/delete", _inside(delete_deal)),
    ("POST", "_ui/leads/<int:lead_id>/restore", _inside(restore_deal)),
    ("POST", "_ui/leads/<int:lead_id>/notes", _inside(write_note)),
    ("POST", "_ui/leads/<int:lead_id>/tasks", _inside(add_task)),
    ("POST", "_ui/tasks/<int:task_id>/complete", _inside(complete_task)),
    ("GET", "_ui/automation", _inside(automation.shown)),
    ("POST", "_ui/triggers", _inside(automation.add_trigger)),
    ("POST", "_ui/triggers/<int:trigger_id>/delete", _inside(automation.drop_trigger)),
    ("POST", "_ui/bots", _inside(automation.add_bot)),
]
