"""Leads by API v4: reading one or many, adding, changing.

What a lead is and how it changes is sandbox.amocrm.leads. Deleted leads stay in the bin: 204 for a plain
read, `with=only_deleted` shows them.
"""

from __future__ import annotations

from flask import Response

from sandbox.amocrm import values
from sandbox.amocrm.leads import allowed, change, create, document, link_to
from sandbox.amocrm.wire import (
    Call,
    Refusal,
    empty,
    forbidden,
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

ORDERS = ("created_at", "updated_at", "id")


def get_one(call: Call, lead_id: int) -> Response:
    """200, or 204 for a lead that is unknown, in the bin or outside the user's rights."""
    lead = call.crm.get("leads", lead_id)
    extras = wanted(call, "with")
    if lead is None or not _may(call, lead, "view"):
        return empty()
    if lead["is_deleted"]:
        if "only_deleted" not in extras:
            return empty()
        return hal({key: lead[key] for key in ("id", "updated_at", "updated_by", "is_deleted")})
    return hal(document(call.crm, lead, extras))


def get_list(call: Call) -> Response:
    extras = wanted(call, "with")
    deleted = "only_deleted" in extras
    rows = [
        lead
        for lead in call.crm.rows("leads")
        if lead["is_deleted"] == deleted and _may(call, lead, "view") and _fits(call, lead)
    ]
    shown = [document(call.crm, lead, extras) for lead in ordered(call, rows, ORDERS)]
    return page_of(call, "leads", shown, "leads")


def add(call: Call) -> Response:
    created, errors = [], {}
    for index, item in enumerate(objects(call)):
        try:
            lead = create(call.crm, item, by=call.user_id)
        except values.Wrong as wrong:
            errors[request_key(item, index)] = [wrong.error]
            continue
        links = {"self": {"href": f"{call.crm.url}/api/v4/leads/{lead['id']}"}}
        created.append({"id": lead["id"], "request_id": request_key(item, index), "_links": links})
    if errors:
        raise Refusal(invalid(errors))
    return hal(
        {"_links": {"self": {"href": f"{call.crm.url}/api/v4/leads"}}, "_embedded": {"leads": created}}
    )


def patch_one(call: Call, lead_id: int) -> Response:
    if not isinstance(call.body, dict):
        raise Refusal(problem(400, "Request validation failed: expected an object"))
    lead = call.crm.get("leads", lead_id)
    if lead is None or lead["is_deleted"]:
        return problem(404, "Lead not found")
    _need_edit(call, lead)
    try:
        lead = change(call.crm, lead, call.body, by=call.user_id)
    except values.Wrong as wrong:
        raise Refusal(invalid({"0": [wrong.error]})) from None
    return hal(_receipt(call.crm, lead))


def patch_many(call: Call) -> Response:
    """All or nothing: one wrong object refuses the batch."""
    changed, errors = [], {}
    for index, item in enumerate(objects(call)):
        lead = call.crm.get("leads", str(item.get("id")))
        try:
            if lead is None or lead["is_deleted"]:
                raise values.Wrong("NotFound", "id", "Lead not found.")
            _need_edit(call, lead)
            done = change(call.crm, lead, item, by=call.user_id)
        except values.Wrong as wrong:
            errors[request_key(item, index)] = [wrong.error]
            continue
        changed.append({**_receipt(call.crm, done), "request_id": request_key(item, index)})
    if errors:
        raise Refusal(invalid(errors))
    return hal(
        {"_links": {"self": {"href": f"{call.crm.url}/api/v4/leads"}}, "_embedded": {"leads": changed}}
    )


def _may(call: Call, lead: Row, right: str) -> bool:
    """Whether the acting user has this right on the lead: A all, G and M own, D none, less the excluded
    leads.
    """
    user = call.crm.get("users", call.user_id)
    return bool(user) and allowed(user or {}, lead, right)


def _need_edit(call: Call, lead: Row) -> None:
    if not _may(call, lead, "edit"):
        raise Refusal(forbidden())


def _fits(call: Call, lead: Row) -> bool:
    for key in ("id", "pipeline_id", "responsible_user_id", "name", "created_by", "updated_by"):
        asked = wanted(call, f"filter[{key}]")
        if asked and str(lead[key]) not in asked:
            return False
    stages = _asked_stages(call)
    if stages and (str(lead["pipeline_id"]), str(lead["status_id"])) not in stages:
        return False
    query = call.args.get("query", "").lower()
    if query and query not in str(lead["name"]).lower() and query != str(lead["id"]):
        return False
    moments = ("created_at", "updated_at", "closed_at")
    return all(in_range(call, f"filter[{key}]", lead[key]) for key in moments)


def _asked_stages(call: Call) -> set[tuple[str, str]]:
    """Pairs (pipeline, status) of `filter[statuses][n][…]`."""
    found = set()
    for name, value in call.args.items(multi=True):
        if name.startswith("filter[statuses]") and name.endswith("[status_id]"):
            pipeline = call.args.get(name.replace("[status_id]", "[pipeline_id]"), "")
            found.add((pipeline, value))
    return found


def _receipt(crm: Crm, lead: Row) -> Row:
    return {"id": lead["id"], "updated_at": lead["updated_at"], "_links": link_to(crm, f"leads/{lead['id']}")}
