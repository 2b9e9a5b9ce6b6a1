"""What a Receipt must be to be taken (documentation, "Fiscalisation"), for links, invoices and refunds."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote_plus

from sandbox.store import Document

MAX_LINES, MAX_NAME = 100, 128
SNO = ("osn", "usn_income", "usn_income_outcome", "esn", "patent")
TAXES = (
    *("none", "vat0", "vat5", "vat7", "vat10", "vat20", "vat22"),
    *("vat105", "vat107", "vat110", "vat120", "vat122"),
)
METHODS = (
    *("full_prepayment", "prepayment", "advance", "full_payment"),
    *("partial_payment", "credit", "credit_payment"),
)
OBJECTS = (
    *("commodity", "excise", "job", "service", "gambling_bet", "gambling_prize", "lottery", "lottery_prize"),
    *("intellectual_activity", "payment", "agent_commission", "composite", "resort_fee", "another"),
    *("property_right", "non-operating_gain", "insurance_premium", "sales_tax", "tovar_mark"),
)
# How the lines of invoices and refunds name the same things.
_PASCAL = {
    "Name": "name",
    "Quantity": "quantity",
    "Cost": "cost",
    "Tax": "tax",
    "PaymentMethod": "payment_method",
    "PaymentObject": "payment_object",
    "NomenclatureCode": "nomenclature_code",
}


class BadReceipt(Exception):
    """Why a receipt is not taken, in Russian, for the page and the control board."""


def of_link(text: str, total: Decimal) -> Document:
    """The receipt of a link, whether it was encoded once before it was signed (documented) or not."""
    try:
        receipt = json.loads(text if text.lstrip().startswith("{") else unquote_plus(text))
    except ValueError:
        raise BadReceipt("Receipt: не JSON") from None
    if not isinstance(receipt, dict):
        raise BadReceipt("Receipt: не объект")
    if receipt.get("sno") not in (None, *SNO):
        raise BadReceipt("sno: неизвестная система налогообложения")
    return {"sno": receipt.get("sno"), "items": checked_lines(receipt.get("items"), total)}


def of_services(items: Any, total: Decimal) -> Document:
    """The receipt of an invoice or a refund: `InvoiceItems` with names in PascalCase."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadReceipt("InvoiceItems: не список")
    lines = [{_PASCAL.get(name, name): value for name, value in item.items()} for item in items]
    return {"sno": None, "items": checked_lines(lines, total)}


def checked_lines(items: Any, total: Decimal) -> list[Document]:
    """The lines as they are printed (name, quantity, sum, tax, method, object); they add up to `total`."""
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_LINES:
        raise BadReceipt(f"items: нужно от 1 до {MAX_LINES} строк")
    lines = [_line(number, item) for number, item in enumerate(items, start=1)]
    added = sum((Decimal(line["sum"]) for line in lines), Decimal())
    if added != total:
        raise BadReceipt(f"Сумма строк {added} не равна сумме платежа {total}")
    return lines


def _line(number: int, item: Any) -> Document:
    if not isinstance(item, dict) or not str(item.get("name") or "").strip():
        raise BadReceipt(f"Строка {number}: нет названия")
    quantity = _decimal(number, "quantity", item.get("quantity"), 3)
    if item.get("sum") is not None:
        total = _decimal(number, "sum", item["sum"], 2)
    else:
        total = (_decimal(number, "cost", item.get("cost"), 2) * quantity).quantize(Decimal("0.01"))
    _known(number, "tax", item.get("tax"), TAXES)
    _known(number, "payment_method", item.get("payment_method", "full_prepayment"), METHODS)
    _known(number, "payment_object", item.get("payment_object", "commodity"), OBJECTS)
    return {
        "name": str(item["name"])[:MAX_NAME],
        "quantity": str(quantity.normalize()) if quantity % 1 else str(int(quantity)),
        "sum": str(total.quantize(Decimal("0.01"))),
        "tax": item["tax"],
        "payment_method": item.get("payment_method", "full_prepayment"),
        "payment_object": item.get("payment_object", "commodity"),
    }


def _decimal(number: int, name: str, value: Any, places: int) -> Decimal:
    try:
        decimal = Decimal(str(value))
    except InvalidOperation:
        decimal = Decimal("NaN")
    if isinstance(value, bool) or not decimal.is_finite() or decimal <= 0:
        raise BadReceipt(f"Строка {number}: {name} не положительное число")
    if decimal != decimal.quantize(Decimal(1).scaleb(-places)):
        raise BadReceipt(f"Строка {number}: {name} точнее {places} знаков")
    return decimal


def _known(number: int, name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadReceipt(f"Строка {number}: {name} не из списка")
