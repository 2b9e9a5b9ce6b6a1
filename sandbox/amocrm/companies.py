"""Companies: a name, a phone, an e-mail and the requisites in a field of the type legal_entity."""

from __future__ import annotations

from flask import Response

from sandbox.amocrm import hooks, values
from sandbox.amocrm.wire import Call, Refusal, empty, hal, invalid, page_of, problem, wanted
from sandbox.amocrm.world import Crm, Row

PHONE, EMAIL, REQUISITES = 900_003, 900_004, 900_005
FIELDS: tuple[Row, ...] = (
    {"id": PHONE, "name": "Телефон", "type": "multitext", "code": "PHONE"},
    {"id": EMAIL, "name": "Email", "type": "multitext", "code": "EMAIL"},
    {"id": REQUISITES, "name": "Юр. лицо", "type": "legal_entity", "code": None},
)


def listed(call: Call) -> Response:
    asked = wanted(call, "filter[id]")
    rows = [row for row in call.crm.rows("companies") if not asked or str(row["id"]) in asked]
    return page_of(call, "companies", [shown(call.crm, row) for row in rows], "companies")


def get_one(call: Call, company_id: int) -> Response:
    row = call.crm.get("companies", company_id)
    return hal(shown(call.crm, row)) if row else empty()


def patch_one(call: Call, company_id: int) -> Response:
    row = call.crm.get("companies", company_id)
    if row is None:
        return problem(404, "Company not found")
    body = call.body if isinstance(call.body, dict) else {}
    try:
        kept = values.merged(call.crm, "companies", row["values"], body.get("custom_fields_values"))
    except values.Wrong as wrong:
        raise Refusal(invalid({"0": [wrong.error]})) from None
    name = body["name"] if isinstance(body.get("name"), str) else row["name"]
    row = change(call.crm, row, {"name": name, "values": kept})
    return hal({"id": company_id, "updated_at": row["updated_at"]})


def make(crm: Crm, given: Row) -> Row:
    """A company of the seed: {id, name, phone, email, requisites: {vat_id, kpp, …}}."""
    for field in FIELDS:
        if not crm.get("fields", field["id"]):
            more = {"owner": "companies", "sort": 1, "group_id": None, "is_api_only": False}
            crm.put("fields", {**field, **more, "enums": None, "required_statuses": []})
    kept: Row = {
        str(field_id): [{"value": given[name], "enum_code": "WORK"}]
        for name, field_id in (("phone", PHONE), ("email", EMAIL))
        if given.get(name)
    }
    if given.get("requisites"):
        kept[str(REQUISITES)] = [{"value": given["requisites"]}]
    row = {"id": given["id"], "name": given["name"], "values": kept, "updated_at": crm.world.moment()}
    return crm.put("companies", row)


def change(crm: Crm, row: Row, item: Row) -> Row:
    row = crm.put("companies", row | item | {"updated_at": crm.world.moment()})
    # amoCRM tells of companies under the word of contacts, with another type.
    hooks.tell_company(crm, row)
    return row


def shown(crm: Crm, row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "updated_at": row["updated_at"],
        "custom_fields_values": values.shown(crm, "companies", row["values"]),
        "account_id": crm.account["id"],
        "_links": {"self": {"href": f"{crm.url}/api/v4/companies/{row['id']}"}},
        "_embedded": {"tags": []},
    }
