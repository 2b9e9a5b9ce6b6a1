"""`/api/v4/webhooks`: who is told. An administrator's grant only; the same destination again replaces its
events.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response

from sandbox.amocrm import values
from sandbox.amocrm.wire import Call, Refusal, empty, fault, hal, invalid, need_admin, page_of, problem
from sandbox.amocrm.world import Row

MOST = 100
ENTITIES = ("lead", "contact", "company")
CODES = {
    f"{action}_{entity}"
    for entity in ENTITIES
    for action in ("add", "update", "delete", "restore", "responsible", "note")
}
CODES |= {f"{action}_customer" for action in ("add", "update", "delete", "responsible", "note")}
CODES |= {f"{action}_task" for action in ("add", "update", "delete", "responsible")}
CODES |= {"status_lead", "add_talk", "update_talk", "add_chat_template_review"}


def listed(call: Call) -> Response:
    need_admin(call)
    asked = call.args.get("filter[destination]")
    rows = [_shown(call, row) for row in call.crm.rows("hooks") if asked in (None, row["destination"])]
    return page_of(call, "webhooks", rows, "webhooks")


def subscribe(call: Call) -> Response:
    need_admin(call)
    body = call.body if isinstance(call.body, dict) else {}
    wrong = _errors(body)
    if wrong:
        raise Refusal(invalid({"0": wrong}))
    same = [row for row in call.crm.rows("hooks") if row["destination"] == body["destination"]]
    if not same and len(call.crm.rows("hooks")) >= MOST:
        return problem(422, "Too many webhooks", title="Unprocessable Entity")
    now = call.crm.world.moment()
    row = same[0] if same else {"id": call.crm.number("hooks"), "created_at": now, "failures": []}
    row |= {
        "destination": body["destination"],
        "settings": body["settings"],
        "sort": body.get("sort", 10),
        "updated_at": now,
        "created_by": call.user_id,
        "disabled": False,
    }
    return hal(_shown(call, call.crm.put("hooks", row)), status=201)


def unsubscribe(call: Call) -> Response:
    """204; the address stands in the body of the DELETE."""
    need_admin(call)
    asked = call.body.get("destination") if isinstance(call.body, dict) else None
    same = [row for row in call.crm.rows("hooks") if row["destination"] == asked]
    if not same:
        return problem(404, "Webhook not found")
    call.crm.drop("hooks", same[0]["id"])
    return empty()


def _errors(body: Row) -> list[Row]:
    found = []
    destination = body.get("destination")
    parts = urlsplit(destination) if isinstance(destination, str) else urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.hostname.isascii():
        found.append(fault("InvalidUrl", "destination", "This value is not a valid URL."))
    settings = body.get("settings")
    if not isinstance(settings, list) or not settings:
        found.append(fault("FieldMissing", "settings", "This field is missing."))
    else:
        found += [
            fault("NotSupportedChoice", f"settings.{place}", values.NOT_A_CHOICE)
            for place, code in enumerate(settings)
            if code not in CODES
        ]
    return found


def _shown(call: Call, row: Row) -> Row:
    names = ("id", "destination", "created_at", "updated_at", "created_by", "sort", "disabled", "settings")
    return {**{name: row[name] for name in names}, "account_id": call.crm.account["id"]}
