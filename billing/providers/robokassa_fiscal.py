"""Robokassa's second receipt: the offset of a prepayment when the service is rendered (facts: "Second
receipt").

Only `sell` of `full_payment`, paid by type 2, once per payment. A number cannot be used twice, so after
silence its state is asked instead.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.providers import robokassa_receipts, robokassa_tokens, wire
from billing.providers.base import (
    FollowedReceipt,
    ReceiptState,
    Refused,
    SecondReceiptRequest,
    SentReceipt,
    Unknown,
)

ATTACH, STATUS = "Receipt/Attach", "Receipt/Status"
TAKEN = ("0", "1", "2")
STATES = {
    "0": ReceiptState.QUEUED,
    "1": ReceiptState.QUEUED,
    "2": ReceiptState.REGISTERED,
    "3": ReceiptState.FAILED,
}
WRONG_SIGNATURE, TROUBLE = "1001", "1000"
OFFSET = 2
# Longer names are cut by some registers.
NAME_MAX = 63
# The part of a price that is VAT: rate / (100 + rate).
RATES = {"vat5": 5, "vat7": 7, "vat10": 10, "vat20": 20, "vat22": 22}
FISCAL = {"fn": "FnNumber", "fd": "FiscalDocumentNumber", "fpd": "FiscalDocumentAttribute"}


class SecondReceipts:
    """The second receipts of one shop."""

    def __init__(self, *, url: str, login: str, password: str, algorithm: str) -> None:
        self._url = url
        self._login = login
        self._password = password
        self._algorithm = algorithm

    def attach(self, request: SecondReceiptRequest, *, timeout: float) -> SentReceipt:
        said = self._ask(ATTACH, body(request, login=self._login), timeout=timeout)
        code = str(said.get("ResultCode"))
        if code in TAKEN:
            return SentReceipt(external_id=request.number)
        raise _refusal(code, said.get("ResultDescription"), call=ATTACH)

    def follow(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        said = self._ask(STATUS, {"merchantId": self._login, "id": external_id}, timeout=timeout)
        code = str(said.get("Code"))
        if code not in STATES:
            raise _refusal(code, said.get("Description"), call=STATUS)
        state = STATES[code]
        return FollowedReceipt(
            state=state,
            reason=str(said.get("Description") or "")[:255] if state is ReceiptState.FAILED else "",
            fiscal={ours: str(said[theirs]) for ours, theirs in FISCAL.items() if said.get(theirs)},
        )

    def _ask(self, call: str, payload: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
        text = robokassa_tokens.fiscal(payload, password=self._password, algorithm=self._algorithm)
        return wire.post_text(f"{self._url}/RoboFiscal/{call}", text, call=call, timeout=timeout)


def body(request: SecondReceiptRequest, *, login: str) -> dict[str, Any]:
    """The words of Attach; Refused, before anything is sent, for what this service does not do."""
    content = request.content
    if any(line["method"] != "full_payment" for line in content["lines"]):
        raise Refused("a second receipt is a full payment only", call=ATTACH)
    receipt = robokassa_receipts.body(content, name_max=NAME_MAX)
    total = sum((Decimal(line["amount"]) for line in content["lines"]), Decimal(0))
    client = {"email": content.get("email", ""), "phone": content.get("phone", "")}
    system = {"sno": receipt["sno"]} if "sno" in receipt else {}
    return {
        "merchantId": login,
        "id": request.number,
        "originId": request.payment_external_id,
        "operation": "sell",
        **system,
        "url": content.get("site", ""),
        "total": total,
        "items": receipt["items"],
        "client": {name: value for name, value in client.items() if value},
        "payments": [{"type": OFFSET, "sum": total}],
        "vats": _vats(content["lines"]),
    }


def _vats(lines: list[Mapping[str, str]]) -> list[dict[str, Any]]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        rate = RATES.get(line["vat"], 0)
        part = (Decimal(line["amount"]) * rate / (100 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        sums[line["vat"]] = sums.get(line["vat"], Decimal(0)) + part
    return [{"type": vat, "sum": part} for vat, part in sums.items()]


def _refusal(code: str, words: object, *, call: str) -> Refused | Unknown:
    if code == TROUBLE or not code.isdecimal():
        return Unknown("the service is in trouble", call=call, status=200, code=code)
    said = "wrong password 1 or hash method" if code == WRONG_SIGNATURE else str(words or "declined")[:200]
    return Refused(said, call=call, status=200, code=code)
