"""Fills an account from the seed file: people, pipeline, fields, deals, integrations.

Rows that are already there are left as they are, so a story goes on over restarts. Only what is
configuration of the outside, an integration's keys and addresses, follows the file each time.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sandbox.amocrm import companies, directory, history, values
from sandbox.amocrm.tokens import SCOPES
from sandbox.amocrm.world import Crm, Row, World
from sandbox.clock import Clock
from sandbox.jobs import Jobs
from sandbox.store import Store

DAY = 24 * 3600
LONG_LIFE = 5 * 365 * DAY
RIGHTS = {"view": "A", "edit": "A", "add": "A", "delete": "D", "export": "D"}
PHONE, EMAIL = 900_001, 900_002
TASK_TYPES = [
    {"id": 1, "name": "Связаться", "color": None, "icon_id": None, "code": "FOLLOW_UP"},
    {"id": 2, "name": "Встреча", "color": None, "icon_id": None, "code": "MEETING"},
]


def seed(store: Store, data: Row) -> None:
    """Put what is missing; see the module's text. `data` is the key "amocrm" of the seed file."""
    clock = Clock(store)
    world = World(store, clock, Jobs(store, clock), "", "")
    with store.transaction():
        for account in data.get("accounts", []):
            _account(world, account)


def _account(world: World, given: Row) -> None:
    crm = Crm(world, given["subdomain"])
    now = world.moment()
    fresh = not crm.known()
    if fresh:
        row = {key: given[key] for key in ("id", "name", "subdomain", "uuid", "time_zone")}
        row |= {"task_types": given.get("task_types", TASK_TYPES), "created_at": now - 400 * DAY}
        row |= {"limits": given.get("limits", {}), "session_user": given["session_user"]}
        world.store.put("amocrm/accounts", crm.subdomain, row)
    _people(crm, given)
    for owner in ("leads", "contacts"):
        for field in given["fields"].get(owner, []):
            if not crm.get("fields", field["id"]):
                directory.create_field(crm, owner, field)
    for contact in given["contacts"]:
        _new(crm, "contacts", _contact(contact, now))
    for company in given.get("companies", []):
        if not crm.get("companies", company["id"]):
            companies.make(crm, company)
    for lead in given["leads"]:
        if not crm.get("leads", lead["id"]):
            crm.put("leads", _lead(crm, lead, now))
    history.seed(crm, given)
    for bot in given.get("bots", []):
        _new(crm, "bots", bot)
    for integration in given["integrations"]:
        _integration(crm, integration, now)
    for hook in given.get("webhooks", []):
        _hook(crm, hook, now, fresh=fresh)


def _people(crm: Crm, given: Row) -> None:
    for user in given["users"]:
        rights: Row = {"leads": {**RIGHTS, **user.get("leads", {})}, "contacts": RIGHTS, "companies": RIGHTS}
        rights |= {"tasks": {"edit": "A", "delete": "A"}, "mail_access": False, "catalog_access": True}
        rights |= {"is_admin": user.get("is_admin", False), "is_free": False, "is_active": True}
        rights |= {"group_id": None, "role_id": None, "status_rights": []}
        row = {"id": user["id"], "name": user["name"], "email": user["email"], "rights": rights}
        _new(crm, "users", row | {"denied_leads": user.get("denied_leads", [])})
    for pipeline in given["pipelines"]:
        statuses = [
            {
                "id": status["id"],
                "name": status["name"],
                "sort": place * 10 + 10,
                "color": status["color"],
                "type": 0,
            }
            for place, status in enumerate(pipeline["statuses"])
        ]
        row = {
            "id": pipeline["id"],
            "name": pipeline["name"],
            "sort": 10,
            "is_main": True,
            "statuses": statuses,
        }
        _new(crm, "pipelines", row)


def _contact(given: Row, now: int) -> Row:
    first, _, last = given["name"].partition(" ")
    kept: dict[str, Any] = {}
    if given.get("phone"):
        kept[str(PHONE)] = [{"value": given["phone"], "enum_code": "WORK"}]
    if given.get("email"):
        kept[str(EMAIL)] = [{"value": given["email"], "enum_code": "WORK"}]
    made = given.get("created_at") or now - given.get("days_ago", 30) * DAY
    return {
        "id": given["id"],
        "name": given["name"],
        "first_name": first,
        "last_name": last,
        "responsible_user_id": given["responsible_user_id"],
        "values": kept,
        "created_by": given["responsible_user_id"],
        "updated_by": given["responsible_user_id"],
        "created_at": made,
        "updated_at": made,
    }


def _lead(crm: Crm, given: Row, now: int) -> Row:
    made = given.get("created_at") or now - given.get("days_ago", 10) * DAY
    changed = given.get("updated_at", made)
    items = [
        {"field_id": int(field_id), "values": [{"value": _seconds(crm, value, now)}]}
        for field_id, value in given.get("values", {}).items()
    ]
    closed = changed if given["status_id"] in (142, 143) else None
    return {
        "id": given["id"],
        "name": given["name"],
        "price": given["price"],
        "responsible_user_id": given["responsible_user_id"],
        "group_id": 0,
        "status_id": given["status_id"],
        "pipeline_id": given["pipeline_id"],
        "loss_reason_id": None,
        "created_by": given["responsible_user_id"],
        "updated_by": given["responsible_user_id"],
        "created_at": made,
        "updated_at": changed,
        "closed_at": closed,
        "is_deleted": False,
        "values": values.merged(crm, "leads", {}, items),
        "tags": given.get("tags", []),
        "contacts": [{"id": given["contact"], "is_main": True}] if given.get("contact") else [],
        "company": given.get("company"),
        "files": [],
    }


def _seconds(crm: Crm, value: Any, now: int) -> Any:
    """A date of the seed file, "2026-12-01" or "+9 days", as midnight of the account; else as it stands."""
    if not isinstance(value, str):
        return value
    ahead = re.fullmatch(r"\+(\d+) days", value)
    if ahead:
        value = (datetime.fromtimestamp(now, crm.zone) + timedelta(days=int(ahead[1]))).date().isoformat()
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    return int(datetime.fromisoformat(value).replace(tzinfo=crm.zone).timestamp())


def _integration(crm: Crm, given: Row, now: int) -> None:
    old = crm.get("integrations", given["client_id"]) or {"installed": True}
    names = ("name", "client_secret", "redirect_uri", "uninstall_uri")
    crm.put("integrations", {**old, "id": given["client_id"], **{name: given.get(name) for name in names}})
    for token in given.get("long_lived_tokens", []):
        row = {"id": token["token"], "client_id": given["client_id"], "user_id": token["user_id"]}
        row |= {"long_lived": True, "scopes": token.get("scopes", SCOPES), "expires_at": now + LONG_LIFE}
        _new(crm, "tokens", row)


def _hook(crm: Crm, given: Row, now: int, *, fresh: bool) -> None:
    """A subscription that an administrator made by hand; one taken away later does not come back."""
    old = crm.get("hooks", given["id"])
    if old is None and not fresh:
        return
    admin = next(user["id"] for user in crm.rows("users") if user["rights"]["is_admin"])
    row = {
        "created_at": now,
        "updated_at": now,
        "failures": [],
        "sort": 10,
        "created_by": admin,
        "disabled": False,
    }
    row |= {"id": given["id"], "settings": given["settings"]}
    crm.put("hooks", {**row, **(old or {}), "destination": given["destination"]})


def _new(crm: Crm, table: str, row: Row) -> None:
    if crm.get(table, row["id"]) is None:
        crm.put(table, row)
