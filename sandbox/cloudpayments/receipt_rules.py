"""What CloudKassir accepts as a receipt: acceptance conditions and error codes, as pure functions."""

from decimal import Decimal
from typing import Any

from sandbox.cloudpayments.wire import decimal, is_email
from sandbox.store import Document

TYPES = ("Income", "IncomeReturn", "Expense", "ExpenseReturn")
METHODS = range(0, 8)
OBJECTS = (*range(0, 28), 30, 31, 32, 33)
VAT_RATES = (None, 0, 5, 7, 10, 20, 22, 105, 107, 110, 120, 122)
LABEL_LIMIT = 128
ITEMS_LIMIT = 1000
_AMOUNTS = ("Electronic", "AdvancePayment", "Credit", "Provision", "Cash")
_REQUIRED_IN_ITEM = ("Label", "Price", "Quantity", "Amount")

NO_KKT, WRONG_TAX_SYSTEM, NO_INN, NO_ITEMS, UNDERPAID, ELECTRONIC_TOO_BIG = 2, 3, 11, 12, 13, 14
NO_CASH, TEST_LIMIT, MONEY_FORMAT, EMAIL_FORMAT, DATA_MISSING, DATA_INVALID = 19, 22, 23, 24, 26, 27


class ReceiptRefused(Exception):
    """The receipt cannot be made; `code` is CloudKassir's ErrorCode."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def pascal(value: Any) -> Any:
    """The same data with every key as CloudKassir shows it: first letter upper, the rest as sent."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: pascal(inner) for name, inner in value.items()}
    return [pascal(inner) for inner in value] if isinstance(value, list) else value


def checked(raw: Any, *, taxation_systems: list[int]) -> tuple[Document, Decimal]:
    """The receipt with canonical keys, and its total in roubles; raises ReceiptRefused."""
    if not isinstance(raw, dict):
        raise ReceiptRefused(DATA_MISSING, "CustomerReceipt is required")
    receipt: Document = pascal(raw)
    items = receipt.get("Items")
    if not isinstance(items, list) or not items:
        raise ReceiptRefused(NO_ITEMS, "Не указаны товарные позиции")
    if len(items) > ITEMS_LIMIT:
        raise ReceiptRefused(DATA_INVALID, "Слишком много товарных позиций")
    total = sum((_checked_item(item) for item in items), Decimal(0))
    if total <= 0:
        raise ReceiptRefused(DATA_INVALID, "Сумма чека должна быть больше нуля")
    _check_amounts(receipt.get("Amounts"), total)
    receipt["TaxationSystem"] = _taxation_system(receipt.get("TaxationSystem"), taxation_systems)
    if receipt.get("Email") and not is_email(str(receipt["Email"])):
        raise ReceiptRefused(EMAIL_FORMAT, "Неверный формат электронной почты")
    return receipt, total


def _checked_item(item: Any) -> Decimal:
    """The amount of one item; cuts a label that is too long, as the service silently does."""
    if not isinstance(item, dict):
        raise ReceiptRefused(DATA_INVALID, "Неверный формат товарной позиции")
    for name in _REQUIRED_IN_ITEM:
        if item.get(name) in (None, ""):
            raise ReceiptRefused(DATA_MISSING, f"Не указано поле {name} товарной позиции")
    item["Label"] = str(item["Label"])[:LABEL_LIMIT]
    price, amount = _money(item["Price"], "Price"), _money(item["Amount"], "Amount")
    quantity = decimal(item["Quantity"])
    if quantity is None or quantity <= 0:
        raise ReceiptRefused(DATA_INVALID, "Неверное количество")
    if amount > (price * quantity).quantize(Decimal("0.01")):
        raise ReceiptRefused(DATA_INVALID, "Сумма позиции больше цены, умноженной на количество")
    _check_attributes(item)
    return amount


def _check_attributes(item: Document) -> None:
    vat = item.get("Vat")
    if "Vat" not in item:
        raise ReceiptRefused(DATA_MISSING, "Не указано поле Vat товарной позиции")
    if vat not in (None, "") and _integer(vat) not in VAT_RATES:
        raise ReceiptRefused(DATA_INVALID, "Неверная ставка НДС")
    if _integer(item.get("Method", 0)) not in METHODS:
        raise ReceiptRefused(DATA_INVALID, "Неверный признак способа расчёта")
    if _integer(item.get("Object", 0)) not in OBJECTS:
        raise ReceiptRefused(DATA_INVALID, "Неверный признак предмета расчёта")


def _check_amounts(amounts: Any, total: Decimal) -> None:
    if not isinstance(amounts, dict):
        raise ReceiptRefused(UNDERPAID, "Сумма оплат меньше суммы чека")
    paid = {name: _money(amounts.get(name) or 0, name) for name in _AMOUNTS}
    if paid["Cash"] > 0:
        raise ReceiptRefused(NO_CASH, "Ни одна касса не поддерживает наличные")
    if paid["Electronic"] > total:
        raise ReceiptRefused(ELECTRONIC_TOO_BIG, "Сумма безналичной оплаты больше суммы чека")
    if sum(paid.values()) < total:
        raise ReceiptRefused(UNDERPAID, "Сумма оплат меньше суммы чека")
    if sum(paid.values()) > total:
        raise ReceiptRefused(DATA_INVALID, "Сумма оплат больше суммы чека")


def _taxation_system(value: Any, known: list[int]) -> int:
    if value in (None, "") and len(known) == 1:
        return known[0]
    code = _integer(value)
    if code is None or code not in known:
        raise ReceiptRefused(
            WRONG_TAX_SYSTEM, "Система налогообложения не зарегистрирована ни на одной кассе"
        )
    return code


def _money(value: Any, name: str) -> Decimal:
    number = decimal(value)
    if number is None:
        raise ReceiptRefused(DATA_INVALID, f"Неверное значение {name}")
    if number != number.quantize(Decimal("0.01")):
        raise ReceiptRefused(MONEY_FORMAT, f"Неверный формат {name}: больше двух знаков после точки")
    if number < 0:
        raise ReceiptRefused(DATA_INVALID, f"Отрицательное значение {name}")
    return number


def _integer(value: Any) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None
