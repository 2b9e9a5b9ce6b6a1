"""CloudKassir: receipts asked for directly or riding on a payment; Queued, a moment later Processed and
announced.

A receipt made from JsonData that breaks the acceptance conditions becomes a row with status Error: the real
service tells nobody either, which is why the control page shows it.
"""

import json
import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox import mailbox
from sandbox.cloudpayments import receipt_rules, sites, wire
from sandbox.cloudpayments.receipt_rules import ReceiptRefused
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.cloudpayments import Service

COLLECTION = "cloudpayments.receipts"
JOB = "cloudpayments.receipt"
DELAY_SECONDS = 1.0
FAULTS = {
    "receipt_refused": "Отказать в чеке (код 22)",
    "receipt_error": "Принять чек и не пробить",
    "late_receipt": "Пробить чек через минуту",
}
TITLES = {
    "Income": "Приход",
    "IncomeReturn": "Возврат прихода",
    "Expense": "Расход",
    "ExpenseReturn": "Возврат расхода",
}
_REGISTER = {
    "DeviceNumber": "00106329999999",
    "RegNumber": "0000000400054321",
    "FiscalNumber": "9999078900001234",
    "Ofd": "ОФД песочницы",
}
_MOSCOW = ZoneInfo("Europe/Moscow")


def create(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/kkt/receipt`: take a receipt into the queue, or say by ErrorCode why not."""
    try:
        receipt = _accepted(service, site, given)
    except ReceiptRefused as refused:
        raise wire.Refused(refused.message, _answer(None, refused.code)) from None
    return wire.envelope(_answer(receipt, 0), message="Queued") | _KKT_TAIL


_KKT_TAIL = {"InnerResult": None, "Warning": None, "WarningCodes": None}


def _answer(receipt: Document | None, code: int) -> Document:
    if receipt is None:
        return {"Id": None, "ErrorCode": code, "ReceiptLocalUrl": None}
    return {"Id": receipt["id"], "ErrorCode": code, "ReceiptLocalUrl": receipt["url"]}


def _accepted(service: "Service", site: Document, given: wire.Parameters) -> Document:
    inn, kind = given.text("Inn"), given.text("Type")
    if not inn:
        raise ReceiptRefused(receipt_rules.NO_INN, "Не указан ИНН")
    if inn != site["inn"]:
        raise ReceiptRefused(receipt_rules.NO_KKT, f"Организация с ИНН {inn} не найдена")
    if kind not in receipt_rules.TYPES:
        raise ReceiptRefused(receipt_rules.DATA_INVALID, "Неверный тип чека")
    if service.sandbox.faults.take("cloudpayments", "receipt_refused"):
        raise ReceiptRefused(receipt_rules.TEST_LIMIT, "Превышен дневной лимит тестовых чеков")
    content, total = receipt_rules.checked(
        given.raw("CustomerReceipt"), taxation_systems=site["taxation_systems"]
    )
    return _queue(service, site, kind, content, total, given.text("InvoiceId"), given.text("AccountId"), None)


def of_transaction(service: "Service", site: Document, transaction: Document) -> None:
    """The receipt that rides on a payment or refund (JsonData.cloudPayments.customerReceipt), if any."""
    content = _instruction(transaction["json_data"])
    if content is None:
        return
    kind = "IncomeReturn" if transaction["operation"] == "Refund" else "Income"
    names = transaction["invoice_id"], transaction["account_id"], transaction["id"]
    try:
        checked, total = receipt_rules.checked(content, taxation_systems=site["taxation_systems"])
        if total != Decimal(transaction["amount"]):
            raise ReceiptRefused(receipt_rules.DATA_INVALID, "Сумма чека не равна сумме платежа")
    except ReceiptRefused as refused:
        failed = _row(service, site, kind, {}, Decimal(0), *names)
        failed |= {"status": "Error", "error": f"{refused.message} ({refused.code})"}
        service.sandbox.store.put(COLLECTION, failed["id"], failed)
        return
    _queue(service, site, kind, checked, total, *names)


def _instruction(json_data: str) -> Any:
    """The receipt block of JsonData, its two keys in any case."""
    try:
        data = json.loads(json_data) if json_data else None
    except ValueError:
        return None
    return _inner(_inner(data, "cloudpayments"), "customerreceipt")


def _inner(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return None
    return next((inner for key, inner in value.items() if key.lower() == name), None)


def _queue(
    service: "Service",
    site: Document,
    kind: str,
    content: Document,
    total: Decimal,
    invoice_id: str,
    account_id: str,
    transaction_id: int | None,
) -> Document:
    sandbox = service.sandbox
    receipt = _row(service, site, kind, content, total, invoice_id, account_id, transaction_id)
    with sandbox.store.transaction():
        sandbox.store.put(COLLECTION, receipt["id"], receipt)
        late = sandbox.faults.take("cloudpayments", "late_receipt")
        due_at = sandbox.clock.now() + timedelta(seconds=60 if late else DELAY_SECONDS)
        sandbox.jobs.add(JOB, {"id": receipt["id"]}, due_at)
    return receipt


def _row(
    service: "Service",
    site: Document,
    kind: str,
    content: Document,
    total: Decimal,
    invoice_id: str,
    account_id: str,
    transaction_id: int | None,
) -> Document:
    number = secrets.token_urlsafe(9).replace("_", "x").replace("-", "y")
    return {
        "id": number,
        "url": f"{service.sandbox.public_url}/cloudpayments/r/{number}",
        "public_id": site["public_id"],
        "inn": site["inn"],
        "seller": site["legal_name"],
        "place": site["url"].split("//")[-1],
        "type": kind,
        "status": "Queued",
        "error": "",
        "invoice_id": invoice_id,
        "account_id": account_id,
        "transaction_id": transaction_id,
        "content": content,
        "amount": str(total.quantize(Decimal("0.01"))),
        "created_at": service.sandbox.clock.now().isoformat(),
        "processed_at": None,
        "fiscal": {},
    }


def process(service: "Service", payload: dict[str, Any]) -> None:
    """The job: punch the receipt, announce it, mail it to the buyer. A second run does nothing."""
    sandbox = service.sandbox
    with sandbox.store.transaction():
        receipt = sandbox.store.get(COLLECTION, payload["id"])
        if receipt is None or receipt["status"] != "Queued":
            return
        if sandbox.faults.take("cloudpayments", "receipt_error"):
            receipt |= {"status": "Error", "error": "Касса не ответила (15)"}
            sandbox.store.put(COLLECTION, receipt["id"], receipt)
            return
        now = sandbox.clock.now()
        receipt |= {
            "status": "Processed",
            "processed_at": now.isoformat(),
            "fiscal": _fiscal(service, receipt, now),
        }
        sandbox.store.put(COLLECTION, receipt["id"], receipt)
        site = sites.get(sandbox.store, receipt["public_id"])
        service.notices.make(site, "receipt", _notice(receipt))
        _mail(service, receipt)


def _fiscal(service: "Service", receipt: Document, now: datetime) -> Document:
    """What the register gives: document, shift (one a Moscow day) and its numbers, the sign."""
    day = now.astimezone(_MOSCOW).date()
    number_of = service.sandbox.store.next_number
    return {
        "DocumentNumber": number_of("cloudpayments.fiscal.document", 1001),
        "SessionNumber": day.toordinal() - 739000,
        "Number": number_of(f"cloudpayments.fiscal.{day}"),
        "FiscalSign": str(secrets.randbelow(9 * 10**9) + 10**9),
        **_REGISTER,
    }


def _notice(receipt: Document) -> dict[str, str]:
    """The fields of the Receipt notice, as public clients of the register know them."""
    content, fiscal = receipt["content"], receipt["fiscal"]
    return {
        "Id": receipt["id"],
        "DocumentNumber": str(fiscal["DocumentNumber"]),
        "SessionNumber": str(fiscal["SessionNumber"]),
        "Number": str(fiscal["Number"]),
        "FiscalSign": fiscal["FiscalSign"],
        "DeviceNumber": fiscal["DeviceNumber"],
        "RegNumber": fiscal["RegNumber"],
        "FiscalNumber": fiscal["FiscalNumber"],
        "Inn": receipt["inn"],
        "Type": receipt["type"],
        "Ofd": fiscal["Ofd"],
        "Url": receipt["url"],
        "QrCodeUrl": f"{receipt['url']}/qr.svg",
        "TransactionId": str(receipt["transaction_id"] or ""),
        "Amount": receipt["amount"],
        "DateTime": wire.notice_date(receipt["processed_at"]),
        "InvoiceId": receipt["invoice_id"],
        "AccountId": receipt["account_id"],
        "Receipt": wire.dump(content),
        "CalculationPlace": content.get("CalculationPlace") or receipt["place"],
        "CashierName": content.get("CashierName") or "",
        "SettlePlace": receipt["place"],
    }


def _mail(service: "Service", receipt: Document) -> None:
    """The copy the buyer gets, when the receipt has an address."""
    address = receipt["content"].get("Email")
    if not address:
        return
    title = f"Кассовый чек: {TITLES[receipt['type']].lower()}, {wire.rub(receipt['amount'])}"
    mailbox.put(
        service.sandbox.store,
        to=[str(address)],
        sender=f"{receipt['seller']} <receipts@cloudkassir.example>",
        subject=title,
        text=f"{receipt['seller']}, ИНН {receipt['inn']}\n{title}\n\nЧек: {receipt['url']}\n",
    )


def status(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/kkt/receipt/status/get`: the Model is a string."""
    receipt = _own(service, site, given.required("Id"))
    return wire.envelope(receipt["status"] if receipt else "NotFound") | _KKT_TAIL


def get(service: "Service", site: Document, given: wire.Parameters) -> Document:
    receipt = _own(service, site, given.required("Id"))
    if receipt is None or receipt["status"] != "Processed":
        raise wire.Refused("Receipt not found")
    content, fiscal = receipt["content"], receipt["fiscal"]
    extra = {
        "Id": receipt["id"],
        "AccountId": receipt["account_id"] or None,
        "Amount": float(receipt["amount"]),
        "CalculationPlace": content.get("CalculationPlace") or receipt["place"],
        "CashierName": content.get("CashierName"),
        **wire.dates("DateTime", receipt["processed_at"]),
        **{name: fiscal[name] for name in ("DeviceNumber", "FiscalNumber", "FiscalSign", "Ofd", "RegNumber")},
        "DocumentNumber": str(fiscal["DocumentNumber"]),
        "InvoiceId": receipt["invoice_id"] or None,
        "OfdReceiptUrl": receipt["url"],
        "OrganizationInn": receipt["inn"],
        "QrCodeUrl": f"{receipt['url']}/qr.svg",
        "SenderEmail": None,
        "SessionCheckNumber": fiscal["Number"],
        "SessionNumber": fiscal["SessionNumber"],
        "SettlePlace": receipt["place"],
        "TransactionId": receipt["transaction_id"],
        "Type": receipt["type"],
    }
    shown = {
        name: content.get(name) for name in ("Email", "Phone", "Items", "TaxationSystem", "Amounts", "IsBso")
    }
    return wire.envelope(shown | {"AdditionalData": extra}) | _KKT_TAIL


def _own(service: "Service", site: Document, number: str) -> Document | None:
    receipt = service.sandbox.store.get(COLLECTION, number)
    return receipt if receipt and receipt["public_id"] == site["public_id"] else None
