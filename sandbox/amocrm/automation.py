"""What widgets do by themselves: triggers on the stages of a pipeline, and Salesbot steps of the designer.

A trigger is {code, pipeline_id, status_id, settings}: a deal that comes to the stage is told to the widget's
`dp.webhook_url` as a form, once, whatever the answer. A bot made in the designer is what the widget's own
`onSalesbotDesignerSave` returned; of its steps the emulator carries out `widget_request`, and behind it
`conditions` over the answer and `exits`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Response

from sandbox.amocrm import hooks
from sandbox.amocrm.session import answer, body_of, refuse
from sandbox.amocrm.world import Crm, Row, World

KIND = "amocrm.trigger"
SECONDS = 2.0
LEAD, MOVED = 2, {"type": 14, "type_code": "lead_status_changed"}
ANSWER = re.compile(r"\{\{\s*json\.(\w+)\s*\}\}")
ADMINS_ONLY = "Автоматизацию настраивает администратор"


def register(world: World) -> None:
    world.jobs.register(KIND, lambda payload: _deliver(world, payload))


def came(crm: Crm, lead: Row) -> None:
    """Queues the triggers of the stage that the lead has come to; the caller holds the transaction."""
    for trigger in crm.rows("triggers"):
        widget = crm.get("widgets", trigger["code"])
        here = (trigger["pipeline_id"], trigger["status_id"]) == (lead["pipeline_id"], lead["status_id"])
        if not here or widget is None or not widget["installed"]:
            continue
        data = {"id": lead["id"], "element_type": LEAD, "direction_of_movement": "went_to_trigger"}
        data |= {"status_id": lead["status_id"], "pipeline_id": lead["pipeline_id"]}
        event = {**MOVED, "data": data, "time": crm.world.moment()}
        document = {
            "event": event,
            "action": {"settings": {"widget": {"settings": trigger["settings"]}}},
            "subdomain": crm.subdomain,
            "account_id": crm.account["id"],
        }
        address = widget["manifest"]["dp"]["webhook_url"]
        payload = {"url": address, "body": "&".join(hooks.quoted(document))}
        crm.world.jobs.add(KIND, payload, crm.world.later(0))


def _deliver(world: World, payload: Row) -> None:
    code = hooks.post_form(payload["url"], payload["body"], SECONDS)
    told = {"method": "POST", "url": payload["url"], "status": code or None}
    world.journal.write(direction="out", service="amocrm", **told)


# --- what the pages show and change ---


def shown(crm: Crm, _user: Row) -> Response:
    return answer({"triggers": crm.rows("triggers"), "bots": crm.rows("bots")})


def add_trigger(crm: Crm, user: Row) -> Response:
    """{code, pipeline_id, status_id, settings}; every required setting must be filled in."""
    body = body_of()
    widget = crm.get("widgets", str(body.get("code")))
    if not user["rights"]["is_admin"]:
        return refuse(403, ADMINS_ONLY)
    if widget is None or "digital_pipeline" not in widget["manifest"]["locations"]:
        return refuse(404, "У виджета нет действий для воронки")
    if body.get("status_id") not in [row["id"] for row in crm.statuses(body.get("pipeline_id", 0))]:
        return refuse(404, "Этап не найден")
    given = body.get("settings") if isinstance(body.get("settings"), dict) else {}
    settings = {name: str((given or {}).get(name, "")) for name in widget["manifest"]["dp"]["settings"]}
    missing = [
        name
        for name, setting in widget["manifest"]["dp"]["settings"].items()
        if setting.get("required") and not settings[name]
    ]
    if missing:
        return refuse(422, f"Заполните: {', '.join(missing)}")
    row = {"id": crm.number("triggers"), "code": widget["id"], "settings": settings}
    return answer(crm.put("triggers", {**row, **_stage(body)}), 201)


def drop_trigger(crm: Crm, user: Row, trigger_id: int) -> Response:
    if not user["rights"]["is_admin"]:
        return refuse(403, ADMINS_ONLY)
    crm.drop("triggers", trigger_id)
    return answer({})


def add_bot(crm: Crm, user: Row) -> Response:
    """{code, name, steps, exits}: `steps` is what the widget returned, a JSON list with a `widget_request` in
    it; `exits` are the messages that a person has put behind the exits of the step.
    """
    body = body_of()
    widget = crm.get("widgets", str(body.get("code")))
    if not user["rights"]["is_admin"]:
        return refuse(403, ADMINS_ONLY)
    if widget is None or "salesbot_designer" not in widget["manifest"]["locations"]:
        return refuse(404, "У виджета нет шагов для бота")
    request = _request_of(body.get("steps"))
    if request is None:
        return refuse(422, "Виджет вернул шаги, которые бот выполнить не может")
    exits = body.get("exits") if isinstance(body.get("exits"), dict) else {}
    row = {"id": crm.number("bots"), "name": str(body.get("name") or "Новый бот"), "request": request}
    row |= {"steps": body["steps"], "exits": {code: str(text) for code, text in (exits or {}).items()}}
    return answer(crm.put("bots", {**row, "client_id": widget["client_id"]}), 201)


def exit_of(steps: str, told: Row) -> str:
    """The exit that the blocks behind the request take when {{json.…}} reads `told`; "" without one."""
    handlers = [one for block in json.loads(steps)[1:] for one in block["question"]]
    taken = (_exit_by(one, told) for one in handlers)
    return next(filter(None, taken), "")


def _exit_by(one: Row, told: Row) -> str:
    params = one.get("params", {})
    if one.get("handler") == "exits":
        return str(params["value"])
    if one.get("handler") != "conditions":
        return ""
    held = [_holds(condition, told) for condition in params["conditions"]]
    if not (all(held) if params["logic"] == "and" else any(held)):
        return ""
    return next(filter(None, (_exit_by(result, told) for result in params["result"])), "")


def _holds(condition: Row, told: Row) -> bool:
    left = ANSWER.sub(lambda found: str(told.get(found[1], "")), str(condition["term1"]))
    return (left == str(condition["term2"])) is (condition["operation"] == "=")


def _stage(body: Row) -> Row:
    return {"pipeline_id": body["pipeline_id"], "status_id": body["status_id"]}


def _request_of(steps: Any) -> Row | None:
    """{url, data} of the first `widget_request`, None when the text is no list of steps with one."""
    try:
        blocks = json.loads(steps)
        handlers = [one for block in blocks for one in block["question"]]
        params = next(one["params"] for one in handlers if one.get("handler") == "widget_request")
        return {"url": str(params["url"]), "data": dict(params["data"])}
    except (TypeError, ValueError, KeyError, AttributeError, StopIteration):
        return None
