"""Web hooks of the account: what happened is told to every subscriber, form-encoded with PHP brackets.

Delivery by the documentation: two seconds for an answer, 100–299 is success, a redirect is a failure;
attempts 2 and 3 after 5 and 15 minutes for any failure, 4 and 5 after 15 minutes and an hour only for 499
and 5xx; a subscription is disabled after more than 100 failures within two hours. Unsigned, without an
event id, each change in a POST of its own. Faults: `hook_lost`, `hook_twice`, `hook_late` (a minute).
"""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.amocrm.world import Crm, Row, World
from sandbox.jobs import Retry

KIND = "amocrm.hook"
DEADLINE = 2.0
RETRY_AFTER = {1: 5 * 60, 2: 15 * 60, 3: 15 * 60, 4: 60 * 60}
ONLY_FOR_SERVER_ERRORS = 3
DISABLED_ABOVE, DISABLED_WITHIN = 100, 2 * 3600
LATE = 60.0
NO_ANSWER, GAVE_UP = 0, 499

ENTITY_NAMES = {"leads": "lead", "contacts": "contact", "companies": "company", "task": "task"}
NOTE_NUMBERS = {"common": 4, "call_in": 10, "call_out": 11, "service_message": 25}


def register(world: World) -> None:
    world.jobs.register(KIND, lambda payload: deliver(world, payload))


def tell(crm: Crm, entity: str, action: str, item: Row) -> None:
    """Queues one event for every subscriber of `<action>_<entity>`; the caller holds the transaction."""
    _queue(crm, f"{action}_{ENTITY_NAMES[entity]}", encoded(crm, {entity: {action: [item]}}))


def _queue(crm: Crm, code: str, body: str) -> None:
    for hook in crm.rows("hooks"):
        if code not in hook["settings"] or hook["disabled"]:
            continue
        if crm.world.faults.take("amocrm", "hook_lost"):
            continue
        delay = LATE if crm.world.faults.take("amocrm", "hook_late") else 0.0
        copies = 2 if crm.world.faults.take("amocrm", "hook_twice") else 1
        for _ in range(copies):
            payload = {"subdomain": crm.subdomain, "hook": hook["id"], "body": body, "attempt": 1}
            crm.world.jobs.add(KIND, payload, crm.world.later(delay))


def tell_company(crm: Crm, company: Row) -> None:
    """A changed company travels as a contact of the type company."""
    item = {"id": company["id"], "name": company["name"], "type": "company"}
    _queue(crm, "update_company", encoded(crm, {"contacts": {"update": [item]}}))


def deliver(world: World, payload: Row) -> None:
    """One attempt; asks for the next one by raising Retry as the table says."""
    crm = world.crm(payload["subdomain"])
    hook = crm.get("hooks", payload["hook"]) if crm else None
    if crm is None or hook is None or hook["disabled"]:
        return
    code = post_form(hook["destination"], payload["body"], DEADLINE)
    world.journal.write(
        direction="out", service="amocrm", method="POST", url=hook["destination"], status=code or None
    )
    if 100 <= code <= 299:
        return
    _count_failure(crm, hook)
    attempt = payload["attempt"]
    wait = RETRY_AFTER.get(attempt)
    if wait is None or (attempt >= ONLY_FOR_SERVER_ERRORS and code != GAVE_UP and code < 500):
        return
    raise Retry(wait, {**payload, "attempt": attempt + 1})


def post_form(address: str, body: str, seconds: float) -> int:
    """The status of one POST; 499 when the answer took too long, 0 when there was no connection."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "amoCRM-Webhooks/3.0"}
    try:
        connection.request("POST", path, body.encode(), headers)
        return connection.getresponse().status
    except TimeoutError:
        return GAVE_UP
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    finally:
        connection.close()


def encoded(crm: Crm, events: Row) -> str:
    """The body on the wire: `account[…]` first, then the events, all values as strings, percent-encoded."""
    account = {"subdomain": crm.subdomain, "id": crm.account["id"], "_links": {"self": crm.url}}
    return "&".join(quoted({"account": account, **events}))


def quoted(document: Row) -> list[str]:
    """A document as percent-encoded pairs of a form."""
    return [f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in flat(document)]


def flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Nested lists and dictionaries as PHP would write them: `a[b][0][c]`."""
    if isinstance(value, dict):
        items = [(str(name), part) for name, part in value.items()]
    elif isinstance(value, list):
        items = [(str(index), part) for index, part in enumerate(value)]
    else:
        return [(key, _word(value))]
    return [pair for name, part in items for pair in flat(part, f"{key}[{name}]" if key else name)]


def lead_item(crm: Crm, lead: Row, **more: Any) -> Row:
    """A lead as account hooks carry it."""
    item: Row = {
        "id": lead["id"],
        "name": lead["name"],
        "status_id": lead["status_id"],
        "price": lead["price"],
        "responsible_user_id": lead["responsible_user_id"],
        "last_modified": lead["updated_at"],
        "modified_user_id": lead["updated_by"],
        "created_user_id": lead["created_by"],
        "date_create": lead["created_at"],
        "pipeline_id": lead["pipeline_id"],
        "account_id": crm.account["id"],
        **more,
    }
    if lead["tags"]:
        item["tags"] = [{"id": tag["id"], "name": tag["name"]} for tag in lead["tags"]]
    fields = _custom_fields(crm, "leads", lead["values"])
    if fields:
        item["custom_fields"] = fields
    return item | {"created_at": lead["created_at"], "updated_at": lead["updated_at"]}


def contact_item(crm: Crm, contact: Row) -> Row:
    """A contact as account hooks carry it."""
    leads = [lead["id"] for lead in crm.rows("leads") if contact["id"] in [c["id"] for c in lead["contacts"]]]
    return {
        "id": contact["id"],
        "name": contact["name"],
        "responsible_user_id": contact["responsible_user_id"],
        "date_create": contact["created_at"],
        "last_modified": contact["updated_at"],
        "account_id": crm.account["id"],
        "custom_fields": _custom_fields(crm, "contacts", contact["values"]),
        "linked_leads_id": {lead: {"ID": lead} for lead in leads},
        "created_at": contact["created_at"],
        "updated_at": contact["updated_at"],
        "type": "contact",
    }


def note_item(crm: Crm, note: Row) -> Row:
    """A note as account hooks carry it, under the key `note`."""
    stamp = _local(crm, note["created_at"])
    return {
        "note": {
            "id": note["id"],
            "element_id": note["entity_id"],
            "element_type": 2,
            "note_type": NOTE_NUMBERS.get(note["note_type"], 4),
            "text": note["params"].get("text", ""),
            "created_by": note["created_by"],
            "main_user_id": note["responsible_user_id"],
            "group_id": 0,
            "account_id": crm.account["id"],
            "date_create": stamp,
            "timestamp_x": stamp,
        }
    }


def task_item(crm: Crm, task: Row) -> Row:
    """A task as account hooks carry it; the key of the event is the singular `task`."""
    item = {
        "id": task["id"],
        "element_id": task["entity_id"],
        "element_type": 2,
        "task_type": task["task_type_id"],
        "text": task["text"],
        "status": int(task["is_completed"]),
        "responsible_user_id": task["responsible_user_id"],
        "account_id": crm.account["id"],
        "created_user_id": task["created_by"],
        "date_create": _local(crm, task["created_at"]),
        "last_modified": _local(crm, task["updated_at"]),
        "complete_till": _local(crm, task["complete_till"]),
        "action_close": int(task["is_completed"]),
    }
    return item | ({"result": {"id": 0, "text": task["result"]["text"]}} if task["result"] else {})


def _custom_fields(crm: Crm, owner: str, kept: Row) -> list[Row]:
    """Dates travel as bare values, everything else under `value` with `enum` where there is one."""
    found = []
    for field in crm.rows("fields"):
        values = kept.get(str(field["id"]))
        if field["owner"] != owner or not values:
            continue
        item = {"id": field["id"], "name": field["name"]} | ({"code": field["code"]} if field["code"] else {})
        if field["type"] in ("date", "date_time", "birthday"):
            item["values"] = [value["value"] for value in values]
        else:
            item["values"] = [
                {"value": value["value"]} | ({"enum": value["enum_id"]} if value.get("enum_id") else {})
                for value in values
            ]
        found.append(item)
    return found


def _count_failure(crm: Crm, hook: Row) -> None:
    now = crm.world.moment()
    with crm.world.store.transaction():
        current = crm.get("hooks", hook["id"])
        if current is None:
            return
        failures = [moment for moment in current["failures"] if moment > now - DISABLED_WITHIN] + [now]
        disabled = len(failures) > DISABLED_ABOVE
        crm.put("hooks", {**current, "failures": failures, "disabled": current["disabled"] or disabled})


def _local(crm: Crm, moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone(crm.zone).strftime("%Y-%m-%d %H:%M:%S")


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
