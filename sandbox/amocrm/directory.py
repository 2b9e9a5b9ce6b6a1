"""What an account is made of: account settings, users, pipelines, contacts, custom fields."""

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
    need_admin,
    objects,
    ordered,
    page_of,
    problem,
    request_key,
    wanted,
)
from sandbox.amocrm.world import Crm, Row

CONTACT_ORDERS = ("created_at", "updated_at", "id")


# --- account, users, pipelines ---


def account(call: Call) -> Response:
    crm, row, document = call.crm, call.crm.account, _account(call)
    extras = wanted(call, "with")
    embedded: Row = {}
    if "uuid" in extras:
        document["uuid"] = row["uuid"]
    if "version" in extras:
        document["version"] = 11
    if "drive_url" in extras:
        document["drive_url"] = f"{crm.world.root}/drive"
    if "is_api_filter_enabled" in extras:
        document["is_api_filter_enabled"] = True
    if "invoices_settings" in extras:
        document["invoices_settings"] = None
    if "datetime_settings" in extras:
        embedded["datetime_settings"] = _datetime_settings(crm)
    if "task_types" in extras:
        embedded["task_types"] = row["task_types"]
    if "users_groups" in extras:
        embedded["users_groups"] = [{"id": 0, "name": "Отдел продаж", "uuid": None}]
    return hal({**document, "_embedded": embedded} if embedded else document)


def users(call: Call) -> Response:
    need_admin(call)
    return page_of(call, "users", [_user(call.crm, row) for row in call.crm.rows("users")], "users")


def user(call: Call, user_id: int) -> Response:
    need_admin(call)
    row = call.crm.get("users", user_id)
    return hal(_user(call.crm, row)) if row else problem(404, "User not found")


def pipelines(call: Call) -> Response:
    rows = [_pipeline(call.crm, row) for row in call.crm.rows("pipelines")]
    links = {"self": {"href": f"{call.crm.url}/api/v4/leads/pipelines"}}
    return hal({"_total_items": len(rows), "_links": links, "_embedded": {"pipelines": rows}})


def pipeline(call: Call, pipeline_id: int) -> Response:
    row = call.crm.get("pipelines", pipeline_id)
    return hal(_pipeline(call.crm, row)) if row else empty()


def pipeline_statuses(call: Call, pipeline_id: int) -> Response:
    row = call.crm.get("pipelines", pipeline_id)
    if row is None:
        return empty()
    found = _pipeline(call.crm, row)["_embedded"]["statuses"]
    links = {"self": {"href": f"{call.crm.url}/api/v4/leads/pipelines/{pipeline_id}/statuses"}}
    return hal({"_total_items": len(found), "_links": links, "_embedded": {"statuses": found}})


def _account(call: Call) -> Row:
    crm, row = call.crm, call.crm.account
    return {
        "id": row["id"],
        "name": row["name"],
        "subdomain": crm.subdomain,
        "created_at": row["created_at"],
        "created_by": 0,
        "updated_at": row["created_at"],
        "updated_by": 0,
        "current_user_id": call.user_id,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "disabled",
        "is_unsorted_on": False,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
        "_links": {"self": {"href": f"{crm.url}/api/v4/account"}},
    }


def _datetime_settings(crm: Crm) -> Row:
    offset = crm.world.clock.now().astimezone(crm.zone).strftime("%z")
    return {
        "date_pattern": "d.m.Y H:i",
        "short_date_pattern": "d.m.Y",
        "short_time_pattern": "H:i",
        "date_format": "d.m.Y",
        "time_format": "H:i:s",
        "timezone": str(crm.zone),
        "timezone_offset": f"{offset[:3]}:{offset[3:]}",
    }


def _user(crm: Crm, row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "email": row["email"],
        "lang": "ru",
        "rights": row["rights"],
        "_links": {"self": {"href": f"{crm.url}/api/v4/users/{row['id']}"}},
    }


def _pipeline(crm: Crm, row: Row) -> Row:
    common = {"account_id": crm.account["id"]}
    address = f"{crm.url}/api/v4/leads/pipelines/{row['id']}"
    statuses = [
        {
            **{key: status[key] for key in ("id", "name", "sort")},
            "is_editable": status["id"] not in (142, 143),
            "pipeline_id": row["id"],
            **{key: status[key] for key in ("color", "type")},
            **common,
            "_links": {"self": {"href": f"{address}/statuses/{status['id']}"}},
        }
        for status in row["statuses"]
    ]
    return {
        "id": row["id"],
        "name": row["name"],
        "sort": row["sort"],
        "is_main": row["is_main"],
        "is_unsorted_on": False,
        "is_archive": False,
        **common,
        "_links": {"self": {"href": address}},
        "_embedded": {"statuses": statuses},
    }


# --- contacts ---


def contacts(call: Call) -> Response:
    rows = [row for row in call.crm.rows("contacts") if _fits(call, row)]
    shown = [_contact(call, row) for row in ordered(call, rows, CONTACT_ORDERS)]
    return page_of(call, "contacts", shown, "contacts")


def contact(call: Call, contact_id: int) -> Response:
    row = call.crm.get("contacts", contact_id)
    return hal(_contact(call, row)) if row else empty()


def add_contacts(call: Call) -> Response:
    created = []
    for index, item in enumerate(objects(call)):
        row = create_contact(
            call.crm, _checked(call.crm, {}, item, request_key(item, index)), by=call.user_id
        )
        links = {"self": {"href": f"{call.crm.url}/api/v4/contacts/{row['id']}"}}
        created.append({"id": row["id"], "request_id": request_key(item, index), "_links": links})
    links = {"self": {"href": f"{call.crm.url}/api/v4/contacts"}}
    return hal({"_links": links, "_embedded": {"contacts": created}})


def patch_contact(call: Call, contact_id: int) -> Response:
    row = call.crm.get("contacts", contact_id)
    if row is None:
        return problem(404, "Contact not found")
    if not isinstance(call.body, dict):
        raise Refusal(problem(400, "Request validation failed: expected an object"))
    row = change_contact(call.crm, row, _checked(call.crm, row, call.body, "0"), by=call.user_id)
    links = {"self": {"href": f"{call.crm.url}/api/v4/contacts/{contact_id}"}}
    return hal({"id": contact_id, "name": row["name"], "updated_at": row["updated_at"], "_links": links})


def create_contact(crm: Crm, item: Row, by: int) -> Row:
    now = crm.world.moment()
    row = {"id": crm.number("contacts"), "name": "", "first_name": "", "last_name": "", "values": {}}
    row |= {
        "responsible_user_id": by,
        "created_by": by,
        "updated_by": by,
        "created_at": now,
        "updated_at": now,
    }
    row = crm.put("contacts", row | item)
    hooks.tell(crm, "contacts", "add", hooks.contact_item(crm, row))
    return row


def change_contact(crm: Crm, row: Row, item: Row, by: int) -> Row:
    row = crm.put("contacts", row | item | {"updated_at": crm.world.moment(), "updated_by": by})
    hooks.tell(crm, "contacts", "update", hooks.contact_item(crm, row))
    return row


def _checked(crm: Crm, row: Row, item: Row, key: str) -> Row:
    """The accepted part of a contact's body."""
    accepted = {
        name: item[name] for name in ("name", "first_name", "last_name") if isinstance(item.get(name), str)
    }
    if isinstance(item.get("responsible_user_id"), int):
        accepted["responsible_user_id"] = item["responsible_user_id"]
    try:
        accepted["values"] = values.merged(
            crm, "contacts", row.get("values", {}), item.get("custom_fields_values")
        )
    except values.Wrong as wrong:
        raise Refusal(invalid({key: [wrong.error]})) from None
    return accepted


def _fits(call: Call, row: Row) -> bool:
    asked = wanted(call, "filter[id]")
    if asked and str(row["id"]) not in asked:
        return False
    query = call.args.get("query", "").lower()
    words = [row["name"]] + [str(value["value"]) for found in row["values"].values() for value in found]
    if query and not any(query in str(word).lower() for word in words):
        return False
    return in_range(call, "filter[updated_at]", row["updated_at"])


def _contact(call: Call, row: Row) -> Row:
    crm = call.crm
    embedded: Row = {"tags": [], "companies": []}
    if "leads" in wanted(call, "with"):
        ids = [
            lead["id"] for lead in crm.rows("leads") if row["id"] in [link["id"] for link in lead["contacts"]]
        ]
        embedded["leads"] = [
            {"id": found, "_links": {"self": {"href": f"{crm.url}/api/v4/leads/{found}"}}} for found in ids
        ]
    names = ("id", "name", "first_name", "last_name", "responsible_user_id")
    moments = ("created_by", "updated_by", "created_at", "updated_at")
    return {
        **{name: row[name] for name in names},
        "group_id": 0,
        **{name: row[name] for name in moments},
        "closest_task_at": None,
        "is_deleted": False,
        "is_unsorted": False,
        "custom_fields_values": values.shown(crm, "contacts", row["values"]),
        "account_id": crm.account["id"],
        "_links": {"self": {"href": f"{crm.url}/api/v4/contacts/{row['id']}"}},
        "_embedded": embedded,
    }


# --- custom fields ---


def fields(call: Call, owner: str) -> Response:
    rows = [_field(call.crm, row) for row in call.crm.rows("fields") if row["owner"] == owner]
    return page_of(call, "custom_fields", rows, f"{owner}/custom_fields", _total_items=len(rows))


def field(call: Call, owner: str, field_id: int) -> Response:
    row = call.crm.get("fields", field_id)
    return hal(_field(call.crm, row)) if row and row["owner"] == owner else problem(404, "Field not found")


def add_fields(call: Call, owner: str) -> Response:
    """201 with the whole new fields; an administrator's grant only."""
    need_admin(call)
    created, errors = [], {}
    for index, item in enumerate(objects(call)):
        wrong = _field_errors(item)
        if wrong:
            errors[request_key(item, index)] = wrong
            continue
        row = create_field(call.crm, owner, item)
        created.append({**_field(call.crm, row), "request_id": request_key(item, index)})
    if errors:
        raise Refusal(invalid(errors))
    links = {"self": {"href": f"{call.crm.url}/api/v4/{owner}/custom_fields"}}
    return hal(
        {"_total_items": len(created), "_links": links, "_embedded": {"custom_fields": created}}, status=201
    )


def delete_field(call: Call, owner: str, field_id: int) -> Response:
    need_admin(call)
    row = call.crm.get("fields", field_id)
    if row is None or row["owner"] != owner:
        return problem(404, "Field not found")
    call.crm.drop("fields", field_id)
    return empty()


def create_field(crm: Crm, owner: str, item: Row) -> Row:
    enums = [
        {
            "id": enum.get("id") or crm.number("enums"),
            "value": enum["value"],
            "sort": enum.get("sort", place * 10),
            "code": enum.get("code"),
        }
        for place, enum in enumerate(item.get("enums") or [])
    ]
    row = {
        "id": item.get("id") or crm.number("fields"),
        "owner": owner,
        "name": item["name"],
        "type": item["type"],
        "code": item.get("code"),
        "sort": item.get("sort", 500),
        "group_id": item.get("group_id"),
        "is_api_only": bool(item.get("is_api_only")),
        "enums": enums or None,
        "required_statuses": item.get("required_statuses") or [],
    }
    return crm.put("fields", row)


def _field_errors(item: Row) -> list[Row]:
    found = []
    if not isinstance(item.get("name"), str) or not item["name"]:
        found.append(fault("FieldMissing", "name", "This field is missing."))
    if item.get("type") not in values.TYPES:
        found.append(fault("NotSupportedChoice", "type", values.NOT_A_CHOICE))
    elif item["type"] in values.CHOICES and not item.get("enums"):
        found.append(fault("FieldMissing", "enums", "This field is missing."))
    return found


def _field(crm: Crm, row: Row) -> Row:
    shown: dict[str, Any] = {
        key: row[key] for key in ("id", "name", "type", "code", "sort", "group_id", "is_api_only")
    }
    return {
        **shown,
        "account_id": crm.account["id"],
        "enums": row["enums"],
        "required_statuses": row["required_statuses"],
        "is_predefined": row["owner"] == "contacts" and row["code"] in ("PHONE", "EMAIL"),
        "is_deletable": True,
        "entity_type": row["owner"],
        "_links": {"self": {"href": f"{crm.url}/api/v4/{row['owner']}/custom_fields/{row['id']}"}},
    }
