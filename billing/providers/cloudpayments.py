"""CloudPayments and CloudKassir: orders, notices, refunds, look-ups, receipts.

Reads every answer model first, then `Success`, which tells about the call and not about the money. A repeat
within an hour under the same X-Request-ID returns the stored answer; we trust that for 55 minutes.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from billing.providers import cloudpayments_notices, cloudpayments_receipts, wire
from billing.providers.base import (
    Answer,
    CreatedOrder,
    Delivery,
    FollowedReceipt,
    NoticeKind,
    NoticeRead,
    Operation,
    OperationKind,
    OperationStatus,
    OrderRequest,
    Provider,
    ReceiptRequest,
    ReceiptState,
    RefundRequest,
    Refused,
    SentReceipt,
    Shop,
    Unknown,
    Verdict,
)

Model = Mapping[str, Any]
Read = TypeVar("Read")

BUSINESS_ZONE = ZoneInfo("Europe/Moscow")
PAGE_ROWS = 100
PAGES_MAX = 500
CODES = {
    Verdict.ACCEPTED: 0,
    Verdict.UNKNOWN_ORDER: 10,
    Verdict.ANOTHER_PAYER: 11,
    Verdict.WRONG_AMOUNT: 12,
    Verdict.NOT_ACCEPTED: 13,
    Verdict.EXPIRED: 20,
}
# Anything but a code makes CloudPayments try again, which is right: an unreadable notice needs a person.
REFUSALS = {Verdict.FORGED: 403, Verdict.MALFORMED: 400, Verdict.NOT_STORED: 503}
STATUSES = {
    "AwaitingAuthentication": OperationStatus.PENDING,
    "Authorized": OperationStatus.HELD,
    "Completed": OperationStatus.COMPLETED,
    "Cancelled": OperationStatus.CANCELLED,
    "Declined": OperationStatus.DECLINED,
}
KINDS = {0: OperationKind.PAYMENT, 1: OperationKind.REFUND, 2: OperationKind.PAYOUT}
RECEIPT_STATES = {
    "Queued": ReceiptState.QUEUED,
    "Processed": ReceiptState.REGISTERED,
    "Error": ReceiptState.FAILED,
    "NotFound": ReceiptState.FAILED,
}


class CloudPayments(Provider):
    """One site (terminal). settings {public_id}, secrets {api_secret, api_secret_previous}."""

    name = "cloudpayments"
    request_id_lives = timedelta(minutes=55)

    def __init__(self, shop: Shop, *, url: str) -> None:
        secrets = json.loads(shop.secrets_json)
        self._url = url
        self._public_id: str = shop.settings["public_id"]
        self._secret: str = secrets.get("api_secret") or ""
        self._previous_secret: str = secrets.get("api_secret_previous") or ""

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        """`/orders/create`. The receipt does not ride on the order: it is made by its own call when money
        came.
        """
        payload = {
            "Amount": request.amount,
            "Currency": "RUB",
            "Description": request.description,
            "InvoiceId": request.number,
            "AccountId": request.account_id,
            "Email": request.email,
            "Phone": request.phone,
            "RequireConfirmation": False,
            "SendEmail": False,
            "CultureName": "ru-RU",
            "SuccessRedirectUrl": request.success_url,
            "FailRedirectUrl": request.fail_url,
        }
        given = {name: value for name, value in payload.items() if value != ""}
        model = self._model("orders/create", given, request_id=request.request_id, timeout=timeout)
        return _read(
            lambda: CreatedOrder(external_id=str(model["Id"]), url=_page(model["Url"])), call="orders/create"
        )

    def cancel_order(self, *, external_id: str, timeout: float) -> None:
        self._done("orders/cancel", {"Id": external_id}, timeout=timeout)

    def read_notice(self, kind: NoticeKind, delivery: Delivery) -> NoticeRead:
        return cloudpayments_notices.read(kind, delivery, secrets=(self._secret, self._previous_secret))

    def answer(self, verdict: Verdict, notice: NoticeRead | None) -> Answer:
        if verdict in REFUSALS:
            body = json.dumps({"error": str(verdict)})
            return Answer(status=REFUSALS[verdict], body=body, content_type="application/json")
        return Answer(status=200, body=json.dumps({"code": CODES[verdict]}), content_type="application/json")

    def check_credentials(self, *, timeout: float) -> None:
        self._done("test", {}, timeout=timeout)

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        """`/payments/refund`: at most a year after the payment; partial and repeated are allowed."""
        payload = {"TransactionId": _number(request.payment_external_id), "Amount": request.amount}
        model = self._model("payments/refund", payload, request_id=request.request_id, timeout=timeout)
        return _read(lambda: str(model["TransactionId"]), call="payments/refund")

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        return self._find("payments/get", {"TransactionId": _number(external_id)}, timeout=timeout)

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        return self._find("payments/find", {"InvoiceId": order_number}, timeout=timeout)

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        """`/v2/payments/list` by the moment of creation, in Moscow's day."""
        start = datetime(day.year, day.month, day.day, tzinfo=BUSINESS_ZONE)
        found: list[Operation] = []
        for page in range(1, PAGES_MAX + 1):
            payload = {
                "CreatedDateGte": start.isoformat(),
                "CreatedDateLte": (start + timedelta(days=1, seconds=-1)).isoformat(),
                "PageNumber": page,
                "TimeZone": "MSK",
            }
            answer = self._call("v2/payments/list", payload, timeout=timeout)
            models = answer.get("Model")
            if not isinstance(models, list):
                raise _refusal(answer, call="v2/payments/list")
            found += _read(partial(_operations, models), call="v2/payments/list")
            if len(models) < PAGE_ROWS:
                return found
        raise Unknown("the registry has no end", call="v2/payments/list")

    def send_receipt(self, request: ReceiptRequest, *, timeout: float) -> SentReceipt:
        """`/kkt/receipt`: "Queued" means taken, not registered."""
        try:
            body = cloudpayments_receipts.body(
                request.content, order_number=request.order_number, account_id=request.account_id
            )
        except KeyError as error:
            raise Refused(f"no code for {error}", call="kkt/receipt") from None
        model = self._model("kkt/receipt", body, request_id=request.request_id, timeout=timeout)
        return _read(
            lambda: SentReceipt(
                external_id=str(model["Id"]), url=cloudpayments_notices.safe_url(model.get("ReceiptLocalUrl"))
            ),
            call="kkt/receipt",
        )

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        """`/kkt/receipt/status/get`, and the fiscal numbers by `/kkt/receipt/get` once there are any."""
        answer = self._call("kkt/receipt/status/get", {"Id": external_id}, timeout=timeout)
        state = answer.get("Model")
        if state not in RECEIPT_STATES:
            raise _refusal(answer, call="kkt/receipt/status/get")
        if RECEIPT_STATES[state] is not ReceiptState.REGISTERED:
            reason = "" if state == "Queued" else str(answer.get("Message") or state)[:255]
            return FollowedReceipt(state=RECEIPT_STATES[state], reason=reason)
        model = self._model("kkt/receipt/get", {"Id": external_id}, timeout=timeout)
        return _read(lambda: _registered(model), call="kkt/receipt/get")

    def _find(self, call: str, payload: Model, *, timeout: float) -> Operation | None:
        """A declined operation may come with Success=false and its model, an unknown one with the model
        missing.
        """
        answer = self._call(call, payload, timeout=timeout)
        model = answer.get("Model")
        if isinstance(model, dict):
            return _read(lambda: _operation(model), call=call)
        if answer.get("Message") == "Not found":
            return None
        raise _refusal(answer, call=call)

    def _model(self, call: str, payload: Model, *, timeout: float, request_id: str = "") -> Model:
        """The model of a call that must succeed; raises Refused with the provider's error code."""
        answer = self._call(call, payload, timeout=timeout, request_id=request_id)
        model = answer.get("Model")
        if answer.get("Success") is True and isinstance(model, dict):
            return model
        raise _refusal(answer, call=call)

    def _done(self, call: str, payload: Model, *, timeout: float) -> None:
        answer = self._call(call, payload, timeout=timeout)
        if answer.get("Success") is not True:
            raise _refusal(answer, call=call)

    def _call(self, call: str, payload: Model, *, timeout: float, request_id: str = "") -> dict[str, Any]:
        return wire.post(
            f"{self._url}/{call}",
            payload,
            call=call,
            credentials=(self._public_id, self._secret),
            headers={"X-Request-ID": request_id} if request_id else {},
            timeout=timeout,
        )


def _refusal(answer: Model, *, call: str) -> Refused | Unknown:
    """Success=false is a no; an answer without it is no answer."""
    if answer.get("Success") is not False:
        return Unknown("an answer of an unknown shape", call=call, status=200)
    model = answer.get("Model")
    codes = model if isinstance(model, dict) else answer
    code = codes.get("ErrorCode") or codes.get("ReasonCode") or ""
    return Refused(str(answer.get("Message") or "declined")[:200], call=call, status=200, code=str(code))


def _read(make: Callable[[], Read], *, call: str) -> Read:
    """What `make` reads from a model; a model without its fields is an answer that we did not understand."""
    try:
        return make()
    except (KeyError, ValueError, TypeError):
        raise Unknown("an answer of an unknown shape", call=call, status=200) from None


def _page(url: object) -> str:
    address = str(url)
    if not address.startswith(("https://", "http://")):
        raise ValueError("not an address")
    return address


def _number(external_id: str) -> int | str:
    return int(external_id) if external_id.isdecimal() else external_id


def _operations(models: list[Model]) -> list[Operation]:
    return [_operation(model) for model in models]


def _operation(model: Model) -> Operation:
    completed = model.get("ConfirmDateIso")
    return Operation(
        external_id=str(model["TransactionId"]),
        kind=KINDS[int(model.get("Type") or 0)],
        status=STATUSES[model["Status"]],
        amount=cloudpayments_notices.amount(model["Amount"]),
        currency=str(model["Currency"]),
        created_at=cloudpayments_notices.moment(model["CreatedDateIso"]),
        completed_at=cloudpayments_notices.moment(completed) if completed else None,
        order_number=str(model.get("InvoiceId") or ""),
        account_id=str(model.get("AccountId") or ""),
        payment_external_id=str(model.get("OriginalTransactionId") or ""),
        test=bool(model.get("TestMode")),
        method="sbp" if str(model.get("PaymentMethod") or "").lower() == "sbp" else "card",
    )


def _registered(model: Model) -> FollowedReceipt:
    """The copy's address and the numbers {fn, fd, fpd} that the register printed."""
    printed = model["AdditionalData"]
    fiscal = {"fn": "FiscalNumber", "fd": "DocumentNumber", "fpd": "FiscalSign"}
    return FollowedReceipt(
        state=ReceiptState.REGISTERED,
        url=cloudpayments_notices.safe_url(printed.get("OfdReceiptUrl")),
        fiscal={ours: str(printed[theirs]) for ours, theirs in fiscal.items() if printed.get(theirs)},
    )
