"""CloudPayments and CloudKassir: orders, notices, refunds, look-ups, receipts.

Reads every answer model first, then `Success`, which tells about the call and not about the money. A repeat
within an hour under the same X-Request-ID returns the stored answer; we trust that for 55 minutes.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from billing.providers import cloudpayments_notices, cloudpayments_operations, cloudpayments_receipts, wire
from billing.providers.base import (
    Answer,
    Chargeback,
    ChargeRequest,
    CreatedOrder,
    Delivery,
    FollowedReceipt,
    FollowedRefund,
    NoticeKind,
    NoticeRead,
    Operation,
    OperationKind,
    OrderRequest,
    Provider,
    ReceiptRequest,
    ReceiptState,
    RefundRequest,
    Refused,
    SavedCard,
    SecondReceiptRequest,
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
    refund_lives = timedelta(days=365)
    charges_cards = True

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

    def check_credentials(self, *, timeout: float) -> tuple[str, ...]:
        self._done("test", {}, timeout=timeout)
        return ()

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        """`/payments/refund`: at most a year after the payment; partial and repeated are allowed."""
        payload = {"TransactionId": _number(request.payment_external_id), "Amount": request.amount}
        model = self._model("payments/refund", payload, request_id=request.request_id, timeout=timeout)
        return _read(lambda: str(model["TransactionId"]), call="payments/refund")

    def refund_state(self, *, external_id: str, timeout: float) -> FollowedRefund:
        """A refund is an operation like a payment; one by the fast payment system takes its time."""
        found = self.find_operation(external_id=external_id, timeout=timeout)
        if found is None or found.kind is not OperationKind.REFUND:
            raise Refused("no refund has this number", call="payments/get", status=200)
        return cloudpayments_operations.followed(found)

    def refunds_of(
        self, *, payment_external_id: str, since: datetime, until: datetime, timeout: float
    ) -> list[Operation]:
        rows = self._listed(since, until, timeout=timeout)
        refunds = [row for row in rows if row.kind is OperationKind.REFUND]
        return [row for row in refunds if row.payment_external_id == payment_external_id]

    def saved_card(self, body: bytes) -> SavedCard | None:
        return cloudpayments_notices.saved_card(body)

    def charge(self, request: ChargeRequest, *, timeout: float) -> Operation:
        """`/payments/tokens/charge` by the merchant, on a schedule; a decline comes with its model."""
        payload = {
            "Amount": request.amount,
            "Currency": "RUB",
            "AccountId": request.account_id,
            "Token": request.token,
            "TrInitiatorCode": 0,
            "PaymentScheduled": 1,
            "InvoiceId": request.number,
            "Description": request.description,
            "Email": request.email,
        }
        call = "payments/tokens/charge"
        given = {name: value for name, value in payload.items() if value != ""}
        answer = self._call(call, given, timeout=timeout, request_id=request.request_id)
        model = answer.get("Model")
        if not isinstance(model, dict) or "TransactionId" not in model:
            raise _refusal(answer, call=call)
        return _read(lambda: cloudpayments_operations.operation(model), call=call)

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        return self._find("payments/get", {"TransactionId": _number(external_id)}, timeout=timeout)

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        return self._find("payments/find", {"InvoiceId": order_number}, timeout=timeout)

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        """`/v2/payments/list` by the moment of creation, in Moscow's day."""
        start, end = _bounds(day)
        rows = self._listed(start, end, timeout=timeout)
        return [row for row in rows if start <= row.created_at < end]

    def chargebacks(self, *, day: date, timeout: float) -> list[Chargeback]:
        """`/chargebacks/list`: there is no notice about them."""
        start, end = _bounds(day)
        call = "chargebacks/list"
        models = self._pages(call, start, end, timeout=timeout)
        rows = _read(lambda: [cloudpayments_operations.chargeback(model) for model in models], call=call)
        return [row for row in rows if start <= row.at < end]

    def _listed(self, start: datetime, end: datetime, *, timeout: float) -> list[Operation]:
        call = "v2/payments/list"
        models = self._pages(call, start, end, timeout=timeout)
        return _read(lambda: [cloudpayments_operations.operation(model) for model in models], call=call)

    def _pages(self, call: str, start: datetime, end: datetime, *, timeout: float) -> list[Model]:
        """Every page of a list by the moment of creation; a page that is not full is the last one."""
        found: list[Model] = []
        for page in range(1, PAGES_MAX + 1):
            payload = {
                "CreatedDateGte": start.astimezone(BUSINESS_ZONE).isoformat(timespec="seconds"),
                "CreatedDateLte": end.astimezone(BUSINESS_ZONE).isoformat(timespec="seconds"),
                "PageNumber": page,
                "TimeZone": "MSK",
            }
            answer = self._call(call, payload, timeout=timeout)
            models = answer.get("Model")
            if not isinstance(models, list):
                raise _refusal(answer, call=call)
            found += models
            if len(models) < PAGE_ROWS:
                return found
        raise Unknown("the list has no end", call=call)

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

    def send_second_receipt(self, request: SecondReceiptRequest, *, timeout: float) -> SentReceipt:
        """Here it is a receipt like any other, paid by what was paid before."""
        receipt = ReceiptRequest(
            content=request.content,
            request_id=request.request_id,
            order_number=request.order_number,
            account_id=request.account_id,
        )
        return self.send_receipt(receipt, timeout=timeout)

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
            return _read(lambda: cloudpayments_operations.operation(model), call=call)
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


def _bounds(day: date) -> tuple[datetime, datetime]:
    """A day in Moscow, from its midnight to the next one, which no longer belongs to it."""
    start = datetime(day.year, day.month, day.day, tzinfo=BUSINESS_ZONE)
    return start, start + timedelta(days=1)


def _page(url: object) -> str:
    address = str(url)
    if not address.startswith(("https://", "http://")):
        raise ValueError("not an address")
    return address


def _number(external_id: str) -> int | str:
    return int(external_id) if external_id.isdecimal() else external_id


def _registered(model: Model) -> FollowedReceipt:
    """The copy's address and the numbers {fn, fd, fpd} that the register printed."""
    printed = model["AdditionalData"]
    fiscal = {"fn": "FiscalNumber", "fd": "DocumentNumber", "fpd": "FiscalSign"}
    return FollowedReceipt(
        state=ReceiptState.REGISTERED,
        url=cloudpayments_notices.safe_url(printed.get("OfdReceiptUrl")),
        fiscal={ours: str(printed[theirs]) for ours, theirs in fiscal.items() if printed.get(theirs)},
    )
