"""The refund API: JWT with Password#3, an answer at once, the outcome only by asking.

There is no notice and no key against doubles, as in reality: a request sent twice gives back twice.
"""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request

from sandbox.robokassa import fiscal, operations, receipt_rules, shops, signing
from sandbox.robokassa.services import read_token, sum_of
from sandbox.store import Document, Store

if TYPE_CHECKING:
    from sandbox.robokassa import Service

COLLECTION = "robokassa.refunds"
JOB = "robokassa.refund"
DELAY_SECONDS = 30
PROCESSING, FINISHED, CANCELED = "processing", "finished", "canceled"
ALGORITHMS = ("HS256", "HS384", "HS512")
FAULTS = {"refund_canceled": "Принять возврат и отменить"}


class RefundRefused(Exception):
    """Answered as `success: false` with this message."""


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    store = service.sandbox.store

    @blueprint.post("/RefundService/Refund/Create")
    def create_refund() -> Response:
        try:
            token = read_token(request)
            header, payload = signing.read_jwt(token)
            operation = operations.by_key(store, str(payload.get("OpKey", "")))
            if operation is not None:
                _check_key(shops.get(store, operation["login"]), token, str(header.get("alg")))
        except signing.BadSignature as bad:
            return Response(f"Unauthorized: {bad}", 401, mimetype="text/plain")
        try:
            refund = _create(service, operation, payload)
        except RefundRefused as refused:
            return jsonify({"success": False, "message": str(refused), "requestId": None})
        return jsonify({"success": True, "message": None, "requestId": refund["id"]})

    @blueprint.get("/RefundService/Refund/GetState")
    def refund_state() -> Response:
        refund = store.get(COLLECTION, request.args.get("id", ""))
        if refund is None:
            return jsonify({"message": "Refund request not found"})
        return jsonify(
            {"requestId": refund["id"], "amount": float(refund["amount"]), "label": refund["state"]}
        )


def finish(service: "Service", payload: dict[str, Any]) -> None:
    """The job of a refund: the money arrives, or with the fault it does not."""
    store = service.sandbox.store
    with store.transaction():
        refund = store.get(COLLECTION, payload["id"])
        operation = store.get(operations.COLLECTION, refund["operation"]) if refund else None
        if refund is None or operation is None or refund["state"] != PROCESSING:
            return
        canceled = service.sandbox.faults.take("robokassa", "refund_canceled")
        store.put(COLLECTION, refund["id"], refund | {"state": CANCELED if canceled else FINISHED})
        if not canceled:
            returned = Decimal(operation["refunded"]) + Decimal(refund["amount"])
            store.put(operations.COLLECTION, operation["number"], operation | {"refunded": str(returned)})
            if refund["receipt"]:
                fiscal.of_refund(store, operation, refund, service.sandbox.clock.now().isoformat())


def _check_key(shop: Document, token: str, algorithm: str) -> None:
    if not shop["password3"]:
        raise signing.BadSignature("Password#3 was never made")
    if algorithm not in ALGORITHMS:
        raise signing.BadSignature(f"alg {algorithm}")
    signing.check_jwt(token, shop["password3"], signing.JWT_ALGORITHMS[algorithm])


def _create(service: "Service", operation: Document | None, payload: dict[str, Any]) -> Document:
    store = service.sandbox.store
    if operation is None:
        raise RefundRefused("OperationNotFound")
    if operation["state"] != operations.DONE or operation["test"]:
        raise RefundRefused("OperationNotRefundable")
    with store.transaction():
        left = Decimal(operation["out_sum"]) - _taken(store, operation["number"])
        amount = sum_of(payload["RefundSum"]) if "RefundSum" in payload else left
        if amount is None:
            raise RefundRefused("InvalidRefundSum")
        if not 0 < amount <= left:
            raise RefundRefused("NotEnoughOperationFunds")
        refund = {
            "id": str(uuid4()),
            "operation": operation["number"],
            "login": operation["login"],
            "inv_id": operation["inv_id"],
            "amount": str(amount),
            "state": PROCESSING,
            "receipt": _receipt(payload, amount),
            "created_at": service.sandbox.clock.now().isoformat(),
        }
        store.put(COLLECTION, refund["id"], refund)
        due_at = service.sandbox.clock.now() + timedelta(seconds=DELAY_SECONDS)
        service.sandbox.jobs.add(JOB, {"id": refund["id"]}, due_at)
    return refund


def _taken(store: Store, number: str) -> Decimal:
    """What went back already or is on its way."""
    rows = [row for row in store.all(COLLECTION) if row["operation"] == number and row["state"] != CANCELED]
    return sum((Decimal(row["amount"]) for row in rows), Decimal())


def _receipt(payload: dict[str, Any], amount: Decimal) -> Document | None:
    """Without lines the money goes back without a receipt, as documented."""
    if "InvoiceItems" not in payload:
        return None
    try:
        return receipt_rules.of_services(payload["InvoiceItems"], amount)
    except receipt_rules.BadReceipt as bad:
        raise RefundRefused(str(bad)) from None
