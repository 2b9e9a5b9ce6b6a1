"""The Invoice API: a link that lives here and can be taken back. JWT with `MerchantLogin:Password#1`.

Every logical answer is HTTP 200; `isSuccess` tells. A payment of such an invoice carries the extra own field
`shp_interface`, as seen in reality, so a shop must sign what it got and not what it expected.
"""

import secrets
import string
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request

from sandbox.robokassa import links, operations, receipt_rules, shops, signing
from sandbox.robokassa.errors import Refused
from sandbox.robokassa.services import read_token, sum_of
from sandbox.store import Document, Store

if TYPE_CHECKING:
    from sandbox.robokassa import Service

COLLECTION = "robokassa.invoices"
MAX_PAGE = 100
_LETTERS = string.ascii_letters + string.digits
_INTERFACE = {"shp_interface": "InvoiceService.WebApi"}

Handler = Callable[["Service", Document, dict[str, Any]], Document]


class InvoiceRefused(Exception):
    """Answered as `isSuccess: false` with this message."""


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    handlers: dict[str, Handler] = {
        "CreateInvoice": _create,
        "DeactivateInvoice": _deactivate,
        "GetInvoiceInformationList": _list,
    }
    for name, handler in handlers.items():
        view = _view(service, handler)
        blueprint.add_url_rule(f"/InvoiceServiceWebApi/api/{name}", f"api:{name}", view, methods=["POST"])


def visit(service: "Service", encoded_id: str) -> Document:
    """The visit of a payer who opened an invoice's address. Raises Refused 51, 52, 53."""
    invoice = _by_encoded_id(service.sandbox.store, encoded_id)
    if invoice is None:
        raise Refused(53)
    state = _state(service, invoice)
    if state == "paid" and invoice["type"] == "OneTime":
        raise Refused(52)
    if state == "expired":
        raise Refused(51)
    inv_id = invoice["inv_id"]
    if state == "paid":
        inv_id = links.auto_number(service, invoice["login"])
    opened = invoice["visit"] | {"guid": str(uuid4()), "inv_id": inv_id}
    return links.remember(service, opened)


def _view(service: "Service", handler: Handler) -> Callable[[], Response]:
    def answer() -> Response:
        try:
            token = read_token(request)
            header, payload = signing.read_jwt(token)
            shop = shops.find(service.sandbox.store, str(payload.get("MerchantLogin", "")))
            if shop is None:
                raise signing.BadSignature("unknown MerchantLogin")
            algorithm = signing.JWT_ALGORITHMS.get(str(header.get("alg", shop["algorithm"])).upper())
            if algorithm is None:
                raise signing.BadSignature("unknown alg")
            signing.check_jwt(token, f"{shop['login']}:{shop['password1']}", algorithm)
            with service.sandbox.store.transaction():
                return jsonify(handler(service, shop, payload) | {"isSuccess": True})
        except (signing.BadSignature, InvoiceRefused) as refused:
            return jsonify({"isSuccess": False, "message": str(refused)})

    return answer


def _create(service: "Service", shop: Document, given: dict[str, Any]) -> Document:
    if given.get("InvoiceType") not in ("OneTime", "Reusable"):
        raise InvoiceRefused("InvoiceType: OneTime or Reusable")
    amount = sum_of(given.get("OutSum"))
    if amount is None or amount <= 0:
        raise InvoiceRefused("The request is badly composed: OutSum")
    encoded_id = "".join(secrets.choice(_LETTERS) for _ in range(22))
    invoice = {
        "id": str(uuid4()),
        "encoded_id": encoded_id,
        "login": shop["login"],
        "type": given["InvoiceType"],
        "inv_id": _number(service, shop, given.get("InvId", 0)),
        "amount": str(amount),
        "url": f"{service.sandbox.public_url}/robokassa/merchant/Invoice/{encoded_id}",
        "deactivated": False,
        "created_at": service.sandbox.clock.now().isoformat(),
    }
    invoice["visit"] = _visit(shop, invoice, given, amount)
    service.sandbox.store.put(COLLECTION, invoice["id"], invoice)
    named = {"id": invoice["id"], "url": invoice["url"], "invId": int(invoice["inv_id"])}
    return named | {"encodedId": encoded_id}


def _number(service: "Service", shop: Document, inv_id: Any) -> str:
    if isinstance(inv_id, bool) or not isinstance(inv_id, int) or not 0 <= inv_id <= links.MAX_INV_ID:
        raise InvoiceRefused("InvId: not a number")
    if inv_id == 0:
        return links.auto_number(service, shop["login"])
    if operations.credited(service.sandbox.store, shop["login"], str(inv_id)):
        raise InvoiceRefused("InvId is already paid")
    return str(inv_id)


def _visit(shop: Document, invoice: Document, given: dict[str, Any], amount: Decimal) -> Document:
    """What every visit of this invoice begins with."""
    more = given.get("AdditionalParameters") or {}
    try:
        items = given.get("InvoiceItems")
        receipt = receipt_rules.of_services(items, amount) if items else None
    except receipt_rules.BadReceipt as bad:
        raise InvoiceRefused(str(bad)) from None
    return {
        "login": shop["login"],
        "test": False,
        "out_sum": str(amount),
        "description": str(given.get("Description", ""))[: links.MAX_DESCRIPTION],
        "email": str(more.get("Email", "")),
        "culture": str(given.get("Culture") or "ru"),
        "expires_at": _term(given.get("ExpirationDate")),
        "receipt": receipt,
        "free_sale": not given.get("IsWithoutFreeSale"),
        "result_url2": str(more.get("ResultURL2", "")),
        "success": _way_back(shop, "success", given.get("SuccessUrl2Data")),
        "fail": _way_back(shop, "fail", given.get("FailUrl2Data")),
        "own": signing.own_fields(given.get("UserFields") or {}) | _INTERFACE,
        "invoice_id": invoice["id"],
    }


def _term(text: Any) -> str | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise InvoiceRefused("ExpirationDate: not a date") from None
    if moment.tzinfo is None:
        raise InvoiceRefused("ExpirationDate: no offset")
    return moment.isoformat()


def _way_back(shop: Document, kind: str, data: Any) -> dict[str, str]:
    if not isinstance(data, dict) or not data.get("Url"):
        return {"url": shop[f"{kind}_url"], "method": shop[f"{kind}_method"]}
    if data.get("Method") not in ("GET", "POST"):
        raise InvoiceRefused("Method: GET or POST")
    return {"url": str(data["Url"]), "method": str(data["Method"])}


def _deactivate(service: "Service", shop: Document, given: dict[str, Any]) -> Document:
    """By one of EncodedId, Id, InvId. A paid or deactivated invoice is refused (undocumented)."""
    store = service.sandbox.store
    if "EncodedId" in given:
        found = [_by_encoded_id(store, str(given["EncodedId"]))]
    elif "Id" in given:
        found = [store.get(COLLECTION, str(given["Id"]))]
    else:
        found = [row for row in store.all(COLLECTION) if row["inv_id"] == str(given.get("InvId"))]
    mine = [row for row in found if row and row["login"] == shop["login"]]
    if not mine or _state(service, mine[-1]) != "notpaid":
        raise InvoiceRefused("The invoice cannot be deactivated")
    store.put(COLLECTION, mine[-1]["id"], mine[-1] | {"deactivated": True})
    return {}


def _list(service: "Service", shop: Document, given: dict[str, Any]) -> Document:
    states, kinds = given.get("InvoiceStatuses"), given.get("InvoiceTypes")
    page, size = given.get("CurrentPage"), given.get("PageSize")
    if not isinstance(states, list) or not isinstance(kinds, list):
        raise InvoiceRefused("InvoiceStatuses and InvoiceTypes are required")
    if not isinstance(page, int) or not isinstance(size, int) or page < 1 or not 1 <= size <= MAX_PAGE:
        raise InvoiceRefused("CurrentPage and PageSize are required")
    since, until = _day(given, "DateFrom"), _day(given, "DateTo")
    rows = [
        row
        for row in service.sandbox.store.all(COLLECTION)
        if row["login"] == shop["login"]
        and row["type"].lower() in kinds
        and _state(service, row) in states
        and since <= datetime.fromisoformat(row["created_at"]) <= until
    ]
    shown = [_model(service, row) for row in rows[(page - 1) * size : page * size]]
    return {"invoiceInformationList": shown, "total": len(rows)}


def _day(given: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(given.get(name)))
    except ValueError:
        raise InvoiceRefused(f"{name} is required") from None
    return moment if moment.tzinfo else moment.astimezone()


def _model(service: "Service", invoice: Document) -> Document:
    return {
        "id": invoice["id"],
        "invId": int(invoice["inv_id"]),
        "invoiceType": invoice["type"].lower(),
        "created": invoice["created_at"],
        "modified": invoice["created_at"],
        "outSum": float(invoice["amount"]),
        "description": invoice["visit"]["description"],
        "invoiceStatus": _state(service, invoice),
        "invoicePaymentUrl": invoice["url"],
    }


def _state(service: "Service", invoice: Document) -> str:
    if operations.credited(service.sandbox.store, invoice["login"], invoice["inv_id"]):
        return "paid"
    expires_at = invoice["visit"]["expires_at"]
    over = bool(expires_at) and datetime.fromisoformat(expires_at) <= service.sandbox.clock.now()
    return "expired" if over or invoice["deactivated"] else "notpaid"


def _by_encoded_id(store: Store, encoded_id: str) -> Document | None:
    return next((row for row in store.all(COLLECTION) if row["encoded_id"] == encoded_id), None)
