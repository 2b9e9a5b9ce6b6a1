"""Robokassa's answer to OpStateExt: XML read by local names, since its namespace is not what the page says.

`Result/Code` tells about the question, `State/Code` about the money. 3 is no error: a number that no payer
has confirmed yet is not known there.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree

from billing.providers.base import Malformed, Operation, OperationKind, OperationStatus, Refused, Unknown
from billing.providers.robokassa_notices import amount, method

CALL = "OpStateExt"
FOUND, BAD_SIGNATURE, NO_SHOP, NOT_FOUND, TWO_FOUND = "0", "1", "2", "3", "4"
REFUSALS = {
    BAD_SIGNATURE: "wrong password 2 or hash method",
    NO_SHOP: "the shop is unknown or not active",
    TWO_FOUND: "a test and a real payment have this number",
}
STATUSES = {
    "5": OperationStatus.PENDING,
    "10": OperationStatus.CANCELLED,
    "20": OperationStatus.HELD,
    "50": OperationStatus.PENDING,
    "60": OperationStatus.DECLINED,
    "80": OperationStatus.PENDING,
    "100": OperationStatus.COMPLETED,
}
# .NET writes seven digits of a second.
_FRACTION = re.compile(r"(\.\d{6})\d+")


def read(answer: bytes, *, number: str) -> Operation | None:
    """The operation of an order; None when nobody has begun to pay. Raises Refused, Unknown."""
    try:
        root = _tree(answer)
        code = _text(root, "Result", "Code")
        if code == NOT_FOUND:
            return None
        if code in REFUSALS:
            raise Refused(REFUSALS[code], call=CALL, status=200, code=code)
        if code != FOUND:
            raise Unknown("the service is in trouble", call=CALL, status=200, code=code)
        return _operation(root, number)
    except (LookupError, ValueError, ElementTree.ParseError):
        raise Unknown("an answer of an unknown shape", call=CALL, status=200) from None


def _operation(root: ElementTree.Element, number: str) -> Operation:
    status = STATUSES[_text(root, "State", "Code")]
    at = moment(_text(root, "State", "StateDate"))
    return Operation(
        external_id=number,
        kind=OperationKind.PAYMENT,
        status=status,
        amount=_sum(_text(root, "Info", "OutSum")),
        currency="RUB",
        created_at=at,
        completed_at=at if status is OperationStatus.COMPLETED else None,
        order_number=number,
        method=method(_text(root, "Info", "IncCurrLabel")),
        key=_optional(root, "Info", "OpKey"),
    )


def moment(text: str) -> datetime:
    """An ISO moment with its offset, seven digits of a second or fewer; raises ValueError."""
    at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return at.astimezone(UTC)


def _sum(text: str) -> Decimal:
    try:
        return amount(text)
    except Malformed:
        raise ValueError("not a sum") from None


def _tree(answer: bytes) -> ElementTree.Element:
    text = answer.decode()
    if "<!DOCTYPE" in text.upper():
        raise ValueError("entities have no business here")
    return ElementTree.fromstring(text)  # noqa: S314 - what can harm needs a DOCTYPE, refused above


def _text(root: ElementTree.Element, *path: str) -> str:
    """The text at a path of local names; raises LookupError."""
    element = root
    for name in path:
        found = list(_children(element, name))
        if not found:
            raise LookupError(name)
        element = found[0]
    return (element.text or "").strip()


def _optional(root: ElementTree.Element, *path: str) -> str:
    """The OpKey is there only once there is money to give back."""
    try:
        return _text(root, *path)
    except LookupError:
        return ""


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if child.tag.rpartition("}")[2] == name)
