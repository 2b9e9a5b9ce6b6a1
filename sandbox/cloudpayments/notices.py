"""Notices ("уведомления") to the merchant: their fields, delivery and retries.

A notice's body is fixed when it is made, so every retry carries the same bytes; it is signed when sent.
Anything but HTTP 200 with {"code": 0} is a failure: again after 1, 2, 5, 10, 30 and then every 30 minutes of
the sandbox's clock, 100 attempts in all. Check is asked at once (`ask`), never retried.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import requests

from sandbox.cloudpayments import reasons, signing, sites, wire
from sandbox.jobs import Retry
from sandbox.store import Document

if TYPE_CHECKING:
    from sandbox.app import Sandbox

COLLECTION = "cloudpayments.notices"
JOB = "cloudpayments.notice"
RETRY_MINUTES = (1, 2, 5, 10, 30)
MAX_ATTEMPTS = 100
TIMEOUT_SECONDS = 30
NOTICES_KEPT = 2000
ATTEMPTS_KEPT = 20
FORM = "application/x-www-form-urlencoded"
FAULTS = {
    "lose_notice": "Потерять уведомление",
    "notice_twice": "Уведомить дважды",
    "late_notice": "Уведомить через 30 секунд",
    "forged_notice": "Подписать уведомление неверно (повтор будет верным)",
}

_PLACE = "IpAddress IpCountry IpCity IpRegion IpDistrict IpLatitude IpLongitude"
_CARD = "CardId CardFirstSix CardLastFour CardType CardExpDate"
_SUM = "TransactionId Amount Currency PaymentAmount PaymentCurrency"
_MONEY = f"{_SUM} OperationType"
_PAYER = (
    f"InvoiceId AccountId SubscriptionId Name Email DateTime {_PLACE} {_CARD} Issuer IssuerBankCountry "
    "Description"
)
_FEES = "VatAboveTotalFee ProcessorAndPartnerFee VatWithinProcessorFee"
# Documentation, "Notifications": which field comes in which notice. Absent optionals go as empty strings.
FIELDS = {
    "check": f"{_MONEY} {_PAYER} TestMode Status TokenRecipient CardProduct PaymentMethod Data",
    "pay": f"{_MONEY} {_PAYER} AuthCode TestMode Status GatewayName Token TotalFee CardProduct PaymentMethod "
    f"FallBackScenarioDeclinedTransactionId Rrn CustomFields {_FEES} Data",
    "fail": f"{_MONEY} {_PAYER} TestMode Status StatusCode Reason ReasonCode Token PaymentMethod "
    "FallBackScenarioDeclinedTransactionId Rrn CustomFields RetryAfter ProviderMessage Data",
    "confirm": f"{_SUM} {_PAYER} AuthCode TestMode Status Token PaymentMethod Rrn Data",
    "refund": "TransactionId PaymentTransactionId Amount DateTime OperationType InvoiceId AccountId Email "
    "Rrn CustomFields Data",
    "cancel": "TransactionId Amount DateTime InvoiceId AccountId Email Rrn Data",
}
_INTEGERS = ("TransactionId", "PaymentTransactionId", "TestMode", "StatusCode", "ReasonCode")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How a notice is sent; the defaults are the honest way."""

    delay_seconds: float = 0
    copies: int = 1
    forged: bool = False
    lost: bool = False


HONEST = Delivery()


def of_transaction(kind: str, transaction: Document, at: str) -> dict[str, str]:
    """The fields of a notice about a transaction, in the order they are sent."""
    card = transaction["card"] or {}
    name, _ = reasons.REASONS[transaction["reason_code"]]
    amount = Decimal(transaction["amount"])
    values = {
        "TransactionId": str(transaction["id"]),
        "PaymentTransactionId": str(transaction["original_id"] or ""),
        "Amount": transaction["amount"],
        "Currency": transaction["currency"],
        "PaymentAmount": transaction["amount"],
        "PaymentCurrency": transaction["currency"],
        "OperationType": transaction["operation"],
        "InvoiceId": transaction["invoice_id"],
        "AccountId": transaction["account_id"],
        "Name": transaction["name"],
        "Email": transaction["email"],
        "DateTime": wire.notice_date(at),
        "IpAddress": transaction["ip"],
        "IpCountry": "RU",
        "CardId": card.get("id", ""),
        "CardFirstSix": card.get("first_six", ""),
        "CardLastFour": card.get("last_four", ""),
        "CardType": card.get("type", ""),
        "CardExpDate": card.get("expires", ""),
        "Issuer": "Банк песочницы" if card else "",
        "IssuerBankCountry": "RU" if card else "",
        "Description": transaction["description"],
        "AuthCode": transaction["auth_code"],
        "TestMode": "1" if transaction["test_mode"] else "0",
        "Status": transaction["status"],
        "StatusCode": "5",
        "Reason": name,
        "ReasonCode": str(transaction["reason_code"]),
        "GatewayName": transaction["gateway"],
        "Token": transaction["token"],
        "TotalFee": str((amount * Decimal("0.03")).quantize(Decimal("0.01"))),
        "PaymentMethod": transaction["method"],
        "Rrn": transaction["rrn"],
        "Data": transaction["json_data"],
    }
    return {field: values.get(field, "") for field in FIELDS[kind].split()}


class Notices:
    """Makes, sends and remembers the notices of one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        sandbox.jobs.register(JOB, self._deliver)

    def make(self, site: Document, kind: str, fields: dict[str, str], delivery: Delivery = HONEST) -> None:
        """Remember a notice and its jobs, in the transaction of what it tells about."""
        if not site["notifications"].get(kind):
            return
        delivery = self._spoilt(delivery)
        number = str(self._store.next_number("cloudpayments.notice"))
        notice = {
            "number": number,
            "public_id": site["public_id"],
            "kind": kind,
            "body": _body(fields, site["notification_format"]),
            "format": site["notification_format"],
            "about": fields.get("TransactionId") or fields.get("Id", ""),
            "made_at": self._sandbox.clock.now().isoformat(),
            "state": "lost" if delivery.lost else "waiting",
            "attempts": [],
        }
        self._store.put(COLLECTION, number, notice)
        if int(number) % 100 == 0:
            self._store.keep_last(COLLECTION, NOTICES_KEPT)
        if not delivery.lost:
            for _ in range(delivery.copies):
                _plan(self._sandbox, number, delivery.delay_seconds, forged=delivery.forged)

    def forge(self, site: Document, fields: dict[str, str]) -> None:
        """A stranger's Pay notice about money that never was: one attempt, signed with another secret."""
        body = _body(fields, "form")
        headers = signing.sign(f"not-{site['api_secret']}", body, is_form=True) | {"Content-Type": FORM}
        self._post(site["notifications"].get("pay", ""), body, headers, "forged pay")

    def ask(self, site: Document, fields: dict[str, str]) -> int:
        """Check: the decline code that the merchant's answer means, or 0 for go on."""
        address = site["notifications"].get("check")
        if not site["check_enabled"] or not address:
            return reasons.APPROVED
        body = _body(fields, site["notification_format"])
        answer = self._post(address, body, _headers(site, body, site["notification_format"]), "check")
        if answer is None or answer.status_code != 200:
            return reasons.CHECK_UNABLE_TO_CONNECT
        code = _code(answer)
        if code == 0:
            return reasons.APPROVED
        return reasons.CHECK_REFUSALS.get(code, reasons.CHECK_FORMAT_ERROR)

    def _spoilt(self, delivery: Delivery) -> Delivery:
        """The delivery after the switched-on faults had their say."""
        on = {fault for fault in FAULTS if self._sandbox.faults.take("cloudpayments", fault)}
        return Delivery(
            delay_seconds=delivery.delay_seconds + (30 if "late_notice" in on else 0),
            copies=max(delivery.copies, 2 if "notice_twice" in on else 1),
            forged=delivery.forged or "forged_notice" in on,
            lost=delivery.lost or "lose_notice" in on,
        )

    def _deliver(self, payload: dict[str, Any]) -> None:
        notice = self._store.get(COLLECTION, payload["number"])
        if notice is None:
            return
        site = sites.get(self._store, notice["public_id"])
        secret = f"not-{site['api_secret']}" if payload["forged"] else site["api_secret"]
        headers = _headers(site | {"api_secret": secret}, notice["body"], notice["format"])
        address = site["notifications"].get(notice["kind"], "")
        answer = self._post(address, notice["body"], headers, notice["kind"])
        accepted = answer is not None and answer.status_code == 200 and _code(answer) == 0
        gives_up = not accepted and payload["attempt"] >= MAX_ATTEMPTS
        self._remember(
            notice["number"], answer, "delivered" if accepted else "gave up" if gives_up else "waiting"
        )
        if not accepted and not gives_up:
            attempt = payload["attempt"]
            minutes = RETRY_MINUTES[min(attempt, len(RETRY_MINUTES)) - 1]
            raise Retry(minutes * 60, payload | {"attempt": attempt + 1, "forged": False})

    def _remember(self, number: str, answer: requests.Response | None, state: str) -> None:
        with self._store.transaction():
            notice = self._store.get(COLLECTION, number)
            if notice is None:
                return
            attempt = {
                "at": self._sandbox.clock.now().isoformat(),
                "status": answer.status_code if answer is not None else None,
                "answer": answer.text[:200] if answer is not None else "нет ответа",
            }
            notice["attempts"] = [*notice["attempts"], attempt][-ATTEMPTS_KEPT:]
            # A copy that fails after another one was accepted does not make the notice undelivered.
            if notice["state"] != "delivered":
                notice["state"] = state
            self._store.put(COLLECTION, number, notice)

    def _post(self, address: str, body: str, headers: dict[str, str], note: str) -> requests.Response | None:
        """One POST without redirects (they break real deliveries); None when no answer came."""
        answer: requests.Response | None = None
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    address,
                    data=body.encode(),
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException:
            answer = None
        self._sandbox.journal.write(
            direction="out",
            service="cloudpayments",
            method="POST",
            url=address,
            status=answer.status_code if answer is not None else None,
            note=note,
            body=body,
        )
        return answer


def send_again(sandbox: "Sandbox", number: str) -> None:
    """Deliver a remembered notice once more, as CloudPayments may do a day later. Raises LookupError."""
    if sandbox.store.get(COLLECTION, number) is None:
        raise LookupError(f"no notice {number}")
    _plan(sandbox, number, 0, forged=False)


def _plan(sandbox: "Sandbox", number: str, delay_seconds: float, *, forged: bool) -> None:
    due_at = sandbox.clock.now() + timedelta(seconds=delay_seconds)
    sandbox.jobs.add(JOB, {"number": number, "attempt": 1, "forged": forged}, due_at)


def _body(fields: dict[str, str], notice_format: str) -> str:
    if notice_format != "json":
        return signing.encode_form(fields)
    typed = {
        name: int(value) if name in _INTEGERS and value else value or None for name, value in fields.items()
    }
    return wire.dump(typed | {"Amount": float(fields["Amount"])})


def _headers(site: Document, body: str, notice_format: str) -> dict[str, str]:
    is_form = notice_format != "json"
    content_type = FORM if is_form else "application/json"
    return signing.sign(site["api_secret"], body, is_form=is_form) | {"Content-Type": content_type}


def _code(answer: requests.Response) -> int:
    """The numeric `code` of the answer; -1 for anything malformed."""
    try:
        code = json.loads(answer.content)["code"]
    except (ValueError, KeyError, TypeError):
        return -1
    return code if isinstance(code, int) and not isinstance(code, bool) else -1
