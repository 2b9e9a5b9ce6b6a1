"""Leads: what one is, and the one way in which it changes, whoever changes it.

`change` is used by the API, by the deal page and by nothing else; it validates, merges, remembers events
for the feed and tells the web hooks.
"""

from __future__ import annotations

from typing import Any

from sandbox.amocrm import automation, hooks, values
from sandbox.amocrm.world import LOST, WON, Crm, Row

NUMBERS = (
    "price",
    "responsible_user_id",
    "status_id",
    "pipeline_id",
    "loss_reason_id",
    "updated_by",
    "created_by",
)


# --- what a lead is ---


def document(crm: Crm, lead: Row, extras: list[str]) -> Row:
    """A lead as API v4 shows it."""
    names = (
        "id",
        "name",
        "price",
        "responsible_user_id",
        "group_id",
        "status_id",
        "pipeline_id",
        "loss_reason_id",
    )
    moments = ("created_by", "updated_by", "created_at", "updated_at", "closed_at")
    due = [task["complete_till"] for task in open_tasks(crm, lead["id"])]
    companies = [lead["company"]] if lead.get("company") else []
    embedded: Row = {
        "tags": lead["tags"],
        "companies": [{"id": number, "_links": link_to(crm, f"companies/{number}")} for number in companies],
    }
    if "contacts" in extras:
        embedded["contacts"] = [
            {**link, "_links": link_to(crm, f"contacts/{link['id']}")} for link in lead["contacts"]
        ]
    if "loss_reason" in extras:
        embedded["loss_reason"] = []
    if "catalog_elements" in extras:
        embedded["catalog_elements"] = []
    return {
        **{name: lead[name] for name in names + moments},
        "closest_task_at": min(due) if due else None,
        "is_deleted": lead["is_deleted"],
        "custom_fields_values": values.shown(crm, "leads", lead["values"]),
        "score": None,
        "account_id": crm.account["id"],
        "labor_cost": None,
        "_links": link_to(crm, f"leads/{lead['id']}"),
        "_embedded": embedded,
    }


def open_tasks(crm: Crm, lead_id: int) -> list[Row]:
    return [task for task in crm.rows("tasks") if task["entity_id"] == lead_id and not task["is_completed"]]


def allowed(user: Row, lead: Row, right: str) -> bool:
    if lead["id"] in user.get("denied_leads", []):
        return False
    letter = user["rights"]["leads"][right]
    return letter == "A" or (letter in ("G", "M") and lead["responsible_user_id"] == user["id"])


def link_to(crm: Crm, path: str) -> Row:
    return {"self": {"href": f"{crm.url}/api/v4/{path}"}}


# --- how a lead changes ---


def create(crm: Crm, item: Row, by: int) -> Row:
    """A new lead in the first ordinary stage of its pipeline; raises values.Wrong."""
    now = crm.world.moment()
    pipeline = item.get("pipeline_id") or crm.rows("pipelines")[0]["id"]
    status = next((s["id"] for s in crm.statuses(pipeline) if s["type"] == 0), 0)
    lead: Row = {
        "id": crm.number("leads"),
        "name": "",
        "price": 0,
        "responsible_user_id": by,
        "group_id": 0,
        "status_id": status,
        "pipeline_id": pipeline,
        "loss_reason_id": None,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
        "closed_at": None,
        "is_deleted": False,
        "values": {},
        "tags": [],
        "contacts": _links(item),
        "files": [],
    }
    lead = _applied(crm, lead, item)
    if not lead["name"]:
        lead["name"] = f"Сделка #{lead['id']}"
    crm.put("leads", lead)
    happened(crm, lead, by, "lead_added", [], [])
    hooks.tell(crm, "leads", "add", hooks.lead_item(crm, lead))
    return lead


def change(crm: Crm, lead: Row, item: Row, by: int) -> Row:
    """Merges `item` into the lead, remembers what happened, tells the hooks; raises values.Wrong."""
    before = lead
    lead = _applied(crm, dict(lead), item)
    if {key: lead[key] for key in lead if key != "updated_by"} == {
        key: before[key] for key in lead if key != "updated_by"
    }:
        return before
    lead["updated_at"] = crm.world.moment()
    lead["updated_by"] = item["updated_by"] if isinstance(item.get("updated_by"), int) else by
    moved = (lead["status_id"], lead["pipeline_id"]) != (before["status_id"], before["pipeline_id"])
    if moved:
        lead["closed_at"] = lead["updated_at"] if lead["status_id"] in (WON, LOST) else None
    crm.put("leads", lead)
    _remember(crm, before, lead, lead["updated_by"])
    old = {"old_status_id": before["status_id"], "old_pipeline_id": before["pipeline_id"]} if moved else {}
    hooks.tell(crm, "leads", "update", hooks.lead_item(crm, lead, **old))
    if moved:
        hooks.tell(crm, "leads", "status", hooks.lead_item(crm, lead, **old))
        automation.came(crm, lead)
    if lead["responsible_user_id"] != before["responsible_user_id"]:
        told = hooks.lead_item(crm, lead, old_responsible_user_id=before["responsible_user_id"])
        hooks.tell(crm, "leads", "responsible", told)
    return lead


def delete(crm: Crm, lead: Row, by: int) -> Row:
    """Into the bin; the hook carries three keys only."""
    lead = crm.put("leads", {**lead, "is_deleted": True, "updated_at": crm.world.moment(), "updated_by": by})
    happened(crm, lead, by, "lead_deleted", [], [])
    hooks.tell(crm, "leads", "delete", {key: lead[key] for key in ("id", "status_id", "pipeline_id")})
    return lead


def restore(crm: Crm, lead: Row, by: int) -> Row:
    """Out of the bin."""
    lead = crm.put("leads", {**lead, "is_deleted": False, "updated_at": crm.world.moment(), "updated_by": by})
    happened(crm, lead, by, "lead_restored", [], [])
    hooks.tell(crm, "leads", "restore", hooks.lead_item(crm, lead))
    return lead


def merge(crm: Crm, lead: Row, gone: Row, by: int) -> Row:
    """Two deals become one: the other is no more, not even in the bin, and its people come over."""
    known = [link["id"] for link in lead["contacts"]]
    more = [{**link, "is_main": False} for link in gone["contacts"] if link["id"] not in known]
    crm.drop("leads", gone["id"])
    lead = {**lead, "contacts": lead["contacts"] + more, "updated_at": crm.world.moment(), "updated_by": by}
    crm.put("leads", lead)
    # The documentation: "an empty array", before and after. The event does not tell what went into the lead.
    happened(crm, lead, by, "entity_merged", [], [])
    hooks.tell(crm, "leads", "delete", {key: gone[key] for key in ("id", "status_id", "pipeline_id")})
    hooks.tell(crm, "leads", "update", hooks.lead_item(crm, lead))
    return lead


def happened(crm: Crm, lead: Row, by: int, kind: str, before: list[Row], after: list[Row]) -> None:
    """One event of the feed and of `GET events`."""
    crm.put(
        "events",
        {
            "id": str(crm.number("events")),
            "type": kind,
            "entity_id": lead["id"],
            "entity_type": "lead",
            "created_by": by,
            "created_at": crm.world.moment(),
            "value_after": after,
            "value_before": before,
            "account_id": crm.account["id"],
        },
    )


def _applied(crm: Crm, lead: Row, item: Row) -> Row:
    for name in NUMBERS:
        if name in item and item[name] is not None:
            if isinstance(item[name], bool) or not isinstance(item[name], int):
                raise values.Wrong("InvalidType", name, "This value should be of type int.")
            lead[name] = item[name]
    if lead["price"] < 0:
        raise values.Wrong("TooLow", "price", "This value should be 0 or more.")
    if item.get("name") is not None:
        if not isinstance(item["name"], str):
            raise values.Wrong("InvalidType", "name", "This value should be of type string.")
        lead["name"] = item["name"]
    if lead["status_id"] not in [status["id"] for status in crm.statuses(lead["pipeline_id"])]:
        raise values.Wrong("NotSupportedChoice", "status_id", values.NOT_A_CHOICE)
    if not crm.get("users", lead["responsible_user_id"]):
        raise values.Wrong("NotSupportedChoice", "responsible_user_id", values.NOT_A_CHOICE)
    lead["values"] = values.merged(crm, "leads", lead["values"], item.get("custom_fields_values"))
    lead["tags"] = _tags(crm, lead["tags"], item)
    return lead


def _tags(crm: Crm, kept: list[Row], item: Row) -> list[Row]:
    embedded = item.get("_embedded") or {}
    if "tags" in embedded:
        kept = [_tag(crm, tag) for tag in embedded["tags"] or []]
    kept = kept + [_tag(crm, tag) for tag in item.get("tags_to_add") or []]
    dropped = [_tag(crm, tag)["id"] for tag in item.get("tags_to_delete") or []]
    return list({tag["id"]: tag for tag in kept if tag["id"] not in dropped}.values())


def _tag(crm: Crm, given: Any) -> Row:
    for tag in crm.rows("tags"):
        if isinstance(given, dict) and (tag["id"] == given.get("id") or tag["name"] == given.get("name")):
            return tag
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise values.Wrong("NotSupportedChoice", "_embedded.tags", values.NOT_A_CHOICE)
    return crm.put("tags", {"id": crm.number("tags"), "name": given["name"], "color": None})


def _links(item: Row) -> list[Row]:
    contacts = (item.get("_embedded") or {}).get("contacts") or []
    return [
        {"id": link["id"], "is_main": bool(link.get("is_main", place == 0))}
        for place, link in enumerate(contacts)
    ]


def _remember(crm: Crm, before: Row, lead: Row, by: int) -> None:
    if (before["status_id"], before["pipeline_id"]) != (lead["status_id"], lead["pipeline_id"]):
        stages = [
            [{"lead_status": {"id": row["status_id"], "pipeline_id": row["pipeline_id"]}}]
            for row in (before, lead)
        ]
        happened(crm, lead, by, "lead_status_changed", *stages)
    if before["price"] != lead["price"]:
        sums = [[{"sale_field_value": {"sale": row["price"]}}] for row in (before, lead)]
        happened(crm, lead, by, "sale_field_changed", *sums)
    if before["name"] != lead["name"]:
        names = [[{"name_field_value": {"name": row["name"]}}] for row in (before, lead)]
        happened(crm, lead, by, "name_field_changed", *names)
    if before["responsible_user_id"] != lead["responsible_user_id"]:
        people = [[{"responsible_user": {"id": row["responsible_user_id"]}}] for row in (before, lead)]
        happened(crm, lead, by, "entity_responsible_changed", *people)
    for field_id in sorted(set(before["values"]) | set(lead["values"])):
        old, new = before["values"].get(field_id), lead["values"].get(field_id)
        if old != new:
            told = [_event_values(crm, field_id, found) for found in (old, new)]
            happened(crm, lead, by, f"custom_field_{field_id}_value_changed", *told)


def _event_values(crm: Crm, field_id: str, found: list[Row] | None) -> list[Row]:
    field = crm.get("fields", field_id)
    kind = field["type"] if field else "text"
    return [
        {
            "custom_field_value": {
                "field_id": int(field_id),
                "field_type": kind,
                "enum_id": value.get("enum_id"),
                "text": str(value["value"]),
            }
        }
        for value in found or []
    ]
