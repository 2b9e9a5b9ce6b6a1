"""Transactions: paying an order, token charges, confirm, void, refund.

Money moves inside one store transaction together with the notice and the receipt it causes. Check is asked
before that transaction, as it goes over the network.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.cloudpayments import notices, orders, reasons, receipts, sites, wire
from sandbox.cloudpayments.notices import HONEST, Delivery
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.cloudpayments import Service

COLLECTION = "cloudpayments.transactions"
TOKENS = "cloudpayments.tokens"
FIRST_NUMBER = 3171000501
REFUND_WINDOW = timedelta(days=365)
REFUND_NOTICE_SECONDS = 1
CODES = {"AwaitingAuthentication": 1, "Authorized": 2, "Completed": 3, "Cancelled": 4, "Declined": 5}


class NotPayable(Exception):
    """The order was paid or cancelled meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to pay. Without a card it is the fast payment system (СБП)."""

    card: reasons.Card | None
    expires: str = ""
    name: str = ""
    ip: str = "127.0.0.1"
    reason_code: int = reasons.APPROVED
    again: bool = False
    delivery: Delivery = HONEST


def pay_order(service: "Service", order_id: str, attempt: Attempt) -> Document:
    """Try to pay an order; returns the transaction, Completed, Authorized or Declined.

    1. ask Check, before the bank is asked, so also for a card that will be declined;
    2. in one transaction: see that the order is open, write transaction, order, notice and receipt.
    A paid order can be paid once more only `again`. Raises NotPayable, LookupError.
    """
    store = service.sandbox.store
    order = store.get(orders.COLLECTION, order_id)
    if order is None:
        raise LookupError(order_id)
    _see_payable(order, attempt)
    site = sites.get(store, order["public_id"])
    transaction = _of_order(service, site, order, attempt)
    fields = notices.of_transaction("check", transaction, transaction["created_at"])
    refusal = service.notices.ask(site, fields)
    with store.transaction():
        order = store.get(orders.COLLECTION, order_id)
        if order is None:
            raise LookupError(order_id)
        _see_payable(order, attempt)
        _settle(service, site, transaction, refusal or attempt.reason_code, attempt.delivery)
        if transaction["status"] != "Declined":
            order |= {
                "status": "Paid",
                "paid_at": order["paid_at"] or service.sandbox.clock.now().isoformat(),
            }
            store.put(orders.COLLECTION, order_id, order)
    return transaction


def _see_payable(order: Document, attempt: Attempt) -> None:
    if order["status"] == "Cancelled" or (order["status"] == "Paid" and not attempt.again):
        raise NotPayable(order["status"])


def forge_pay(service: "Service", order_id: str) -> None:
    """Send a Pay notice about a payment that never was, signed by a stranger. Nothing is written as money."""
    order = service.sandbox.store.get(orders.COLLECTION, order_id)
    if order is None:
        raise LookupError(order_id)
    site = sites.get(service.sandbox.store, order["public_id"])
    card = next(iter(reasons.CARDS.values()))
    transaction = _of_order(service, site, order, Attempt(card=card))
    transaction["status"] = "Completed"
    service.notices.forge(site, notices.of_transaction("pay", transaction, transaction["created_at"]))


def check_charge(service: "Service", site: Document, given: wire.Parameters) -> tuple[Document, int]:
    """First half of `/payments/tokens/charge`: read, ask Check; the transaction and its decline code."""
    amount, account_id = given.amount(), given.required("AccountId")
    token = service.sandbox.store.get(TOKENS, given.required("Token"))
    if given.required("TrInitiatorCode") not in ("0", "1"):
        raise wire.Refused("Invalid TrInitiatorCode value")
    if token is None or token["account_id"] != account_id:
        raise wire.Refused("Token is not found")
    card = reasons.CARDS[token["number"]]
    transaction = _blank(service, site) | {
        "amount": str(amount),
        "currency": given.text("Currency").upper() or "RUB",
        "invoice_id": given.text("InvoiceId"),
        "account_id": account_id,
        "email": given.email(),
        "description": given.text("Description"),
        "json_data": given.json_text(),
        "status": "Completed",
        "card": _card(card, token["expires"]),
        "token": token["token"],
    }
    if token["public_id"] != site["public_id"]:
        return transaction, reasons.CROSS_TERMINAL
    fields = notices.of_transaction("check", transaction, transaction["created_at"])
    return transaction, service.notices.ask(site, fields) or card.token_reason_code


def charge(
    service: "Service", site: Document, checked: tuple[Document, int], given: wire.Parameters
) -> Document:
    """The second half: write the money, answer with the full model."""
    transaction, reason_code = checked
    _settle(service, site, transaction, reason_code, HONEST)
    answer = model(transaction) | {"TrInitiatorCode": given.number("TrInitiatorCode")}
    return wire.envelope(answer, success=transaction["status"] != "Declined")


def confirm(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/payments/confirm`: take a held amount, whole or in part; the rest of the hold is released."""
    transaction, amount = own(service, site, given.number("TransactionId")), given.amount()
    if transaction["status"] != "Authorized":
        raise wire.Refused("Transaction is not authorized")
    if amount > Decimal(transaction["amount"]):
        raise wire.Refused("Amount is greater than authorized")
    now = service.sandbox.clock.now().isoformat()
    transaction |= {"amount": str(amount), "status": "Completed", "confirm_at": now}
    transaction["json_data"] = given.json_text() or transaction["json_data"]
    _save(service, transaction)
    service.notices.make(site, "confirm", notices.of_transaction("confirm", transaction, now))
    receipts.of_transaction(service, site, transaction)
    return wire.envelope()


def void(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/payments/void`: release a hold."""
    transaction = own(service, site, given.number("TransactionId"))
    if transaction["status"] != "Authorized":
        raise wire.Refused("Transaction is not authorized")
    now = service.sandbox.clock.now().isoformat()
    transaction["status"] = "Cancelled"
    _save(service, transaction)
    service.notices.make(site, "cancel", notices.of_transaction("cancel", transaction, now))
    return wire.envelope()


def refund(service: "Service", site: Document, given: wire.Parameters) -> Document:
    """`/payments/refund`: whole or partial, several times, never above what was paid, not after a year."""
    payment, amount = own(service, site, given.number("TransactionId")), given.amount()
    now = service.sandbox.clock.now()
    if payment["operation"] != "Payment" or payment["status"] != "Completed":
        raise wire.Refused("Transaction cannot be refunded")
    if Decimal(payment["refunded"]) + amount > Decimal(payment["amount"]):
        raise wire.Refused("Refund amount is greater than the rest of the payment")
    if now - datetime.fromisoformat(payment["created_at"]) > REFUND_WINDOW:
        raise wire.Refused("Payment is older than one year")
    copied = ("currency", "invoice_id", "account_id", "email", "description", "method", "card", "name", "ip")
    row = _blank(service, site) | {name: payment[name] for name in copied}
    row |= {"amount": str(amount), "json_data": given.json_text(), "original_id": payment["id"]}
    row |= {"operation": "Refund", "status": "Completed", "confirm_at": now.isoformat()}
    _save(service, row)
    _save(service, payment | {"refunded": str(Decimal(payment["refunded"]) + amount)})
    later = Delivery(delay_seconds=REFUND_NOTICE_SECONDS)
    service.notices.make(site, "refund", notices.of_transaction("refund", row, now.isoformat()), later)
    receipts.of_transaction(service, site, row)
    return wire.envelope({"TransactionId": row["id"]})


def own(service: "Service", site: Document, number: int) -> Document:
    """The site's transaction; another site's is as unknown as one that never was."""
    transaction = service.sandbox.store.get(COLLECTION, str(number))
    if transaction is None or transaction["public_id"] != site["public_id"]:
        raise wire.Refused("Not found")
    return transaction


def _blank(service: "Service", site: Document) -> Document:
    now = service.sandbox.clock.now().isoformat()
    return {
        "id": service.sandbox.store.next_number("cloudpayments.transaction", FIRST_NUMBER),
        "public_id": site["public_id"],
        "terminal_url": site["url"],
        "test_mode": site["test_mode"],
        "gateway": "Test" if site["test_mode"] else "Sandbox",
        "operation": "Payment",
        "order_id": None,
        "original_id": None,
        "refunded": "0.00",
        "reason_code": reasons.APPROVED,
        "auth_code": secrets.token_hex(3).upper(),
        "rrn": str(secrets.randbelow(10**12)).zfill(12),
        "token": "",
        "method": "",
        "card": None,
        "name": "",
        "ip": "127.0.0.1",
        "created_at": now,
        "auth_at": now,
        "confirm_at": None,
    }


def _of_order(service: "Service", site: Document, order: Document, attempt: Attempt) -> Document:
    """A transaction that would pay this order; not written yet."""
    return _blank(service, site) | {
        "order_id": order["id"],
        "amount": order["amount"],
        "currency": order["currency"],
        "invoice_id": order["invoice_id"],
        "account_id": order["account_id"],
        "email": order["email"],
        "description": order["description"],
        "json_data": order["json_data"],
        "status": "Authorized" if order["require_confirmation"] else "Completed",
        "card": _card(attempt.card, attempt.expires) if attempt.card else None,
        "number": attempt.card.number if attempt.card else "",
        "method": "" if attempt.card else "Sbp",
        "name": attempt.name,
        "ip": attempt.ip,
    }


def _card(card: reasons.Card, expires: str) -> dict[str, str]:
    number = card.number
    return {
        "id": f"cd{number[:6]}{number[-4:]}",
        "first_six": number[:6],
        "last_four": number[-4:],
        "type": card.kind,
        "expires": expires or "12/29",
    }


def _settle(
    service: "Service", site: Document, transaction: Document, reason_code: int, delivery: Delivery
) -> None:
    """Write the outcome with its notice and, when the money is taken, its receipt and the card's token."""
    number = transaction.pop("number", "")
    if reason_code != reasons.APPROVED:
        transaction |= {"status": "Declined", "reason_code": reason_code, "auth_at": None, "auth_code": ""}
    elif transaction["status"] == "Completed":
        transaction["confirm_at"] = transaction["created_at"]
    if reason_code == reasons.APPROVED and number and transaction["account_id"]:
        transaction["token"] = _token(service, transaction, number)
    _save(service, transaction)
    kind = "fail" if transaction["status"] == "Declined" else "pay"
    fields = notices.of_transaction(kind, transaction, transaction["created_at"])
    service.notices.make(site, kind, fields, delivery)
    if transaction["status"] == "Completed":
        receipts.of_transaction(service, site, transaction)


def _token(service: "Service", transaction: Document, number: str) -> str:
    """The saved card of this payer at this site; the same card keeps its token."""
    store, account_id = service.sandbox.store, transaction["account_id"]
    for known in store.all(TOKENS):
        if (known["public_id"], known["account_id"], known["number"]) == (
            transaction["public_id"],
            account_id,
            number,
        ):
            return str(known["token"])
    token = f"tk_{secrets.token_hex(10)}"
    row = {"token": token, "public_id": transaction["public_id"], "account_id": account_id, "number": number}
    store.put(TOKENS, token, row | {"expires": transaction["card"]["expires"]})
    return token


def _save(service: "Service", transaction: Document) -> None:
    service.sandbox.store.put(COLLECTION, str(transaction["id"]), transaction)


def model(transaction: Document) -> dict[str, Any]:
    """The transaction Model with the key set of the documented `/payments/get` sample."""
    card = transaction["card"] or {}
    reason, message = reasons.REASONS[transaction["reason_code"]]
    currency = orders.CURRENCIES.get(transaction["currency"], 0)
    amount = float(transaction["amount"])
    return {
        "ReasonCode": transaction["reason_code"],
        "PublicId": transaction["public_id"],
        "TerminalUrl": transaction["terminal_url"],
        "TransactionId": transaction["id"],
        "Amount": amount,
        "Currency": transaction["currency"],
        "CurrencyCode": currency,
        "PaymentAmount": amount,
        "PaymentCurrency": transaction["currency"],
        "PaymentCurrencyCode": currency,
        "InvoiceId": transaction["invoice_id"] or None,
        "AccountId": transaction["account_id"] or None,
        "Email": transaction["email"] or None,
        "Description": transaction["description"],
        "JsonData": transaction["json_data"] or None,
        **wire.dates("CreatedDate", transaction["created_at"]),
        **wire.dates("PayoutDate", None),
        "PayoutAmount": None,
        **wire.dates("AuthDate", transaction["auth_at"]),
        **wire.dates("ConfirmDate", transaction["confirm_at"]),
        "AuthCode": transaction["auth_code"] or None,
        "TestMode": transaction["test_mode"],
        "Rrn": transaction["rrn"],
        "OriginalTransactionId": transaction["original_id"],
        "FallBackScenarioDeclinedTransactionId": None,
        "IpAddress": transaction["ip"],
        "IpCountry": "RU",
        "IpCity": None,
        "IpRegion": None,
        "IpDistrict": None,
        "IpLatitude": None,
        "IpLongitude": None,
        "CardFirstSix": card.get("first_six"),
        "CardLastFour": card.get("last_four"),
        "CardExpDate": card.get("expires"),
        "CardType": card.get("type"),
        "CardProduct": None,
        "CardCategory": None,
        "EscrowAccumulationId": None,
        "IssuerBankCountry": "RU" if card else None,
        "Issuer": "Банк песочницы" if card else None,
        "CardTypeCode": 0,
        "Status": transaction["status"],
        "StatusCode": CODES[transaction["status"]],
        "CultureName": "ru-RU",
        "Reason": reason,
        "CardHolderMessage": message,
        "Type": 1 if transaction["operation"] == "Refund" else 0,
        "Refunded": Decimal(transaction["refunded"]) > 0,
        "Name": transaction["name"] or None,
        "Token": transaction["token"] or None,
        "SubscriptionId": None,
        "GatewayName": transaction["gateway"],
        "AndroidPay": False,
        "WalletType": "",
        "TotalFee": 0,
        "VatAboveTotalFee": 0,
        "ProcessorAndPartnerFee": 0,
        "VatWithinProcessorFee": 0,
    }
