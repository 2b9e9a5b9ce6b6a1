"""Salesbots: runs, messages in the client's chat, and a step that waits for somebody's server.

A bot of the seed is {id, name, text} or {id, name, request: {url, data}}: the second calls that address, with
a token signed by the integration (HS512), and goes on when its return address is called. Each message that
reaches the chat is an event of the feed; with the fault `chat_silent` none does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any

from flask import Response

from sandbox.amocrm import automation, hooks, leads, tokens
from sandbox.amocrm.wire import Call, hal, objects, page_of, problem
from sandbox.amocrm.world import Crm, Row, World, fresh_uuid

ASK = "amocrm.bot"
SECONDS = 2.0
SHOW_TEXT = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
HANDLERS_MAX, TEXT_MAX, BUTTONS_MAX = 10, 80, 25


def register(world: World) -> None:
    world.jobs.register(ASK, lambda payload: _ask(world, payload))


def run_bots(call: Call) -> Response:
    """202: each run becomes an outgoing message in the client's chat, its markers filled from the deal."""
    items = objects(call)
    if not items or len(items) > 100:
        return problem(400, "Request validation failed: 1 to 100 runs expected")
    runs = [(call.crm.get("bots", str(item.get("bot_id"))), _lead_of(call.crm, item)) for item in items]
    if not all(bot and lead for bot, lead in runs):
        return problem(400, "Request validation failed: unknown bot or entity")
    for bot, lead in runs:
        if bot and lead and bot.get("request"):
            _wait(call.crm, bot, lead)
        elif bot and lead:
            say(call.crm, bot, lead, filled(call.crm, lead, bot["text"]))
    return hal({"success": True}, status=202)


def bots(call: Call) -> Response:
    rows = [{"id": row["id"], "name": row["name"]} for row in call.crm.rows("bots")]
    return page_of(call, "bots", rows, "bots")


def filled(crm: Crm, lead: Row, text: str) -> str:
    """A bot's text with `{{lead.name}}`, `{{lead.cf.<id>}}`, `{{contact.name}}` and the like replaced."""
    person = crm.get("contacts", lead["contacts"][0]["id"]) if lead["contacts"] else None

    def replaced(marker: re.Match[str]) -> str:
        match marker[1].split("."):
            case ["lead", "cf", field_id]:
                return ", ".join(str(value["value"]) for value in lead["values"].get(field_id, []))
            case ["lead", ("name" | "price" | "id") as name]:
                return str(lead[name])
            case ["contact", ("name" | "first_name") as name]:
                return str(person[name]) if person else ""
        return ""

    return SHOW_TEXT.sub(replaced, text)


def _lead_of(crm: Crm, item: Row) -> Row | None:
    """The deal of a run: named itself (entity type 2), or the newest deal of the contact (type 1)."""
    if item.get("entity_type") in (2, "2", "leads"):
        return crm.get("leads", str(item.get("entity_id")))
    of_contact = [
        lead
        for lead in crm.rows("leads")
        if item.get("entity_id") in [link["id"] for link in lead["contacts"]]
    ]
    return of_contact[-1] if of_contact else None


# --- messages and waiting steps ---


def say(crm: Crm, bot: Row, lead: Row, text: str) -> None:
    """A message of the bot in the client's chat, unless the client has none."""
    if crm.world.faults.take("amocrm", "chat_silent"):
        return
    row = {"id": crm.number("messages"), "lead_id": lead["id"], "bot_id": bot["id"], "text": text}
    crm.put("messages", row | {"bot_name": bot["name"], "created_at": crm.world.moment()})
    leads.happened(crm, lead, 0, "outgoing_chat_message", [], [{"message": {"id": fresh_uuid()}}])


def go_on(call: Call, bot_id: int, continue_id: str) -> Response:
    """202: the waiting bot carries the given steps out; 404 when nothing waits."""
    waiting = call.crm.get("waiting_bots", continue_id)
    bot = call.crm.get("bots", bot_id)
    lead = call.crm.get("leads", waiting["lead_id"]) if waiting else None
    if waiting is None or bot is None or lead is None or waiting["bot_id"] != bot_id:
        return problem(404, "Nothing waits")
    handlers = call.body.get("execute_handlers") if isinstance(call.body, dict) else None
    if not isinstance(handlers, list) or len(handlers) > HANDLERS_MAX:
        return problem(400, "Request validation failed: 1 to 10 handlers expected")
    shown = [item["params"] for item in handlers if item.get("handler") == "show"]
    if any(_is_too_long(params) for params in shown):
        return problem(400, "Request validation failed: too long")
    call.crm.drop("waiting_bots", continue_id)
    for params in shown:
        say(call.crm, bot, lead, " ".join([params["value"], *(params.get("buttons") or [])]))
    _leave(call, bot, lead)
    return hal({"success": True}, status=202)


def _leave(call: Call, bot: Row, lead: Row) -> None:
    """Goes on by the step's exit; what a person has put behind it is a message here."""
    told = call.body.get("data")
    code = automation.exit_of(bot.get("steps") or "[]", told if isinstance(told, dict) else {})
    text = bot.get("exits", {}).get(code)
    if text:
        say(call.crm, bot, lead, filled(call.crm, lead, text))


def _is_too_long(params: Row) -> bool:
    return len(params.get("buttons") or []) > BUTTONS_MAX or len(params["value"]) > TEXT_MAX


def _wait(crm: Crm, bot: Row, lead: Row) -> None:
    number = fresh_uuid()
    crm.put("waiting_bots", {"id": number, "bot_id": bot["id"], "lead_id": lead["id"]})
    owner = tokens.integration(crm, bot.get("client_id") or crm.rows("integrations")[0]["id"])
    data = bot["request"].get("data", {})
    body = {
        "token": signed(crm, owner or {}, lead),
        "data": {key: filled(crm, lead, str(value)) for key, value in data.items()},
        "return_url": f"{crm.url}/api/v4/salesbot/{bot['id']}/continue/{number}",
    }
    url = bot["request"]["url"].replace("{PUBLIC_URL}", crm.world.product_url)
    crm.world.jobs.add(ASK, {"url": url, "body": body}, crm.world.later(0))


def _ask(world: World, payload: Row) -> None:
    form = "&".join(hooks.quoted(payload["body"]))
    code = hooks.post_form(payload["url"], form, SECONDS)
    told = {"method": "POST", "url": payload["url"], "status": code or None}
    world.journal.write(direction="out", service="amocrm", **told)


def signed(crm: Crm, owner: Row, lead: Row, **changes: Any) -> str:
    """The token of a bot's step; made by hand like every signature here."""
    now = crm.world.moment()
    claims = {
        "iss": crm.world.origin,
        "aud": owner["redirect_uri"].split("/oauth")[0],
        "iat": now,
        "nbf": now,
        "exp": now + tokens.DISPOSABLE_LIFE,
        "account_id": crm.account["id"],
        "subdomain": crm.subdomain,
        "client_uuid": owner["id"],
        "entity_type": "lead",
        "entity_id": lead["id"],
        "bot_type": "salesbot",
    }
    head = _b64(json.dumps({"typ": "JWT", "alg": "HS512"}).encode())
    body = _b64(json.dumps(claims | changes).encode())
    mac = hmac.new(owner["client_secret"].encode(), f"{head}.{body}".encode(), hashlib.sha512).digest()
    return f"{head}.{body}.{_b64(mac)}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
