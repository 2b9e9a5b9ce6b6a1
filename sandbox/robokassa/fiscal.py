"""Receipts: the first one rides on the payment, the second one is attached later (`RoboFiscal/Receipt`).

A payment without lines gets the one-line "free sale" receipt, unless the link forbade it. A second receipt
is only an offset: `sell`, `full_payment`, paid by type 2; an operation has two receipts at most.
"""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request

from sandbox.robokassa import links, operations, receipt_rules, shops, signing
from sandbox.store import Document, Store

if TYPE_CHECKING:
    from sandbox.robokassa import Service

COLLECTION = "robokassa.receipts"
REGISTER_SECONDS = 5
ACCEPTED, WAITING, REGISTERED, ERROR, BAD_SIGNATURE = "0", "1", "2", "3", "1001"
TITLES = {"sell": "Приход", "second": "Зачёт предоплаты", "refund": "Возврат прихода"}
FREE_SALE = "Свободная продажа"
_MOSCOW = ZoneInfo("Europe/Moscow")


class AttachRefused(Exception):
    """Answered with ResultCode 3 and this description."""


def add_routes(blueprint: Blueprint, service: "Service") -> None:
    @blueprint.post("/RoboFiscal/Receipt/Attach")
    def attach() -> Response:
        try:
            shop, given = _read(service)
        except signing.BadSignature:
            return jsonify({"ResultCode": BAD_SIGNATURE, "ResultDescription": "Неверная подпись"})
        try:
            receipt = _attach(service, shop, given)
        except (AttachRefused, receipt_rules.BadReceipt) as refused:
            return jsonify({"ResultCode": ERROR, "ResultDescription": str(refused)})
        return jsonify({"ResultCode": ACCEPTED, "ResultDescription": "ok", "OpKey": receipt["op_key"]})

    @blueprint.post("/RoboFiscal/Receipt/Status")
    def status() -> Response:
        try:
            shop, given = _read(service)
        except signing.BadSignature:
            return jsonify({"Code": BAD_SIGNATURE, "Description": "Неверная подпись"})
        receipt = service.sandbox.store.get(COLLECTION, f"{shop['login']}:{given.get('id')}")
        if receipt is None:
            return jsonify({"Code": ERROR, "Description": "Чек не найден"})
        return jsonify(_status(service, receipt))


def of_payment(store: Store, shop: Document, operation: Document, at: str) -> None:
    """The receipt of credited money; test payments and shops with another register get none."""
    if operation["test"] or not shop["fiscal"]:
        return
    receipt = operation["receipt"]
    if receipt is None and operation["free_sale"]:
        line = {"name": FREE_SALE, "quantity": "1", "sum": operation["out_sum"], "tax": "none"}
        line |= {"payment_method": "full_prepayment", "payment_object": "commodity"}
        receipt = {"sno": None, "items": [line]}
    if receipt is not None:
        row = _row(store, operation, "sell", operation["inv_id"], operation["out_sum"], receipt, at)
        store.put(COLLECTION, row["key"], row)


def of_refund(store: Store, operation: Document, refund: Document, at: str) -> None:
    row = _row(store, operation, "refund", refund["id"], refund["amount"], refund["receipt"], at)
    store.put(COLLECTION, row["key"], row)


def _read(service: "Service") -> tuple[Document, dict[str, Any]]:
    body = request.get_data(as_text=True)
    given = signing.read_fiscal(body)
    shop = shops.find(service.sandbox.store, str(given.get("merchantId", "")))
    if shop is None:
        raise signing.BadSignature("unknown merchantId")
    signing.check_fiscal(body, shop["password1"], shop["algorithm"])
    return shop, given


def _attach(service: "Service", shop: Document, given: dict[str, Any]) -> Document:
    store, number, origin = service.sandbox.store, str(given.get("id", "")), str(given.get("originId", ""))
    if not (number.isascii() and number.isdigit()) or not 0 < int(number) <= links.MAX_INV_ID:
        raise AttachRefused("id: не номер")
    if number == origin:
        raise AttachRefused("id совпадает с originId")
    if given.get("operation") != "sell":
        raise AttachRefused("operation: только sell")
    if given.get("sno") not in (None, *receipt_rules.SNO):
        raise AttachRefused("sno: неизвестная система налогообложения")
    total = _money(given.get("total"))
    lines = receipt_rules.checked_lines(given.get("items"), total)
    if any(line["payment_method"] != "full_payment" for line in lines):
        raise AttachRefused("payment_method: только full_payment")
    _check_offset(given.get("payments"), total)
    client = given.get("client")
    if not isinstance(client, dict) or not (client.get("email") or client.get("phone")):
        raise AttachRefused("client: нужен email или phone")
    with store.transaction():
        operation = _fiscalised(service, shop, origin)
        if store.get(COLLECTION, f"{shop['login']}:{number}") or operations.of_number(
            store, shop["login"], number
        ):
            raise AttachRefused(f"id {number} уже занят")
        if any(row["origin_id"] == origin and row["kind"] == "second" for row in _rows(service, shop)):
            raise AttachRefused("У операции уже два чека")
        receipt = {"sno": given.get("sno"), "items": lines}
        at = service.sandbox.clock.now().isoformat()
        row = _row(store, operation, "second", number, str(total), receipt, at)
        row |= {"email": client.get("email") or "", "phone": client.get("phone") or ""}
        store.put(COLLECTION, row["key"], row)
    return row


def _check_offset(payments: Any, total: Decimal) -> None:
    if not isinstance(payments, list) or not all(isinstance(row, dict) for row in payments):
        raise AttachRefused("payments: не список")
    if any(row.get("type") != 2 for row in payments):
        raise AttachRefused("payments: только зачёт предоплаты (type 2)")
    if sum((_money(row.get("sum")) for row in payments), Decimal()) != total:
        raise AttachRefused("payments: сумма не равна total")


def _fiscalised(service: "Service", shop: Document, origin: str) -> Document:
    """The paid operation whose first receipt was printed here."""
    for operation in operations.of_number(service.sandbox.store, shop["login"], origin):
        printed = service.sandbox.store.get(COLLECTION, f"{shop['login']}:{origin}")
        if operation["state"] == operations.DONE and printed:
            return operation
    raise AttachRefused("originId: нет оплаченной операции с первым чеком")


def _rows(service: "Service", shop: Document) -> list[Document]:
    return [row for row in service.sandbox.store.all(COLLECTION) if row["login"] == shop["login"]]


def _money(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise AttachRefused("Сумма: не число")
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _row(
    store: Store, operation: Document, kind: str, number: str, total: str, receipt: Document, at: str
) -> Document:
    """A receipt as it is kept. `number`: InvId, own number of a second receipt, or id of a refund."""
    return {
        "key": f"{operation['login']}:{number}",
        "id": number,
        "login": operation["login"],
        "origin_id": operation["inv_id"],
        "op_key": operation["op_key"],
        "kind": kind,
        "amount": total,
        "sno": receipt["sno"],
        "items": receipt["items"],
        "email": operation["email"],
        "phone": "",
        "created_at": at,
        "document": store.next_number("robokassa.fiscal_document", 1201),
        "sign": str(secrets.randbelow(10**10)).zfill(10),
    }


def _status(service: "Service", receipt: Document) -> Document:
    made = datetime.fromisoformat(receipt["created_at"])
    if service.sandbox.clock.now() - made < timedelta(seconds=REGISTER_SECONDS):
        return {"Code": WAITING, "Description": "Ожидание регистрации"}
    return {
        "Code": REGISTERED,
        "Description": "Чек зарегистрирован",
        "FnNumber": "9999078900004321",
        "FiscalDocumentNumber": str(receipt["document"]),
        "FiscalDocumentAttribute": receipt["sign"],
        "FiscalDate": made.astimezone(_MOSCOW).strftime("%Y-%m-%dT%H:%M:%S+03:00"),
        "FiscalType": "sell_refund" if receipt["kind"] == "refund" else "sell",
    }
