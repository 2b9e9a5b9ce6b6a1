"""CloudPayments' notices: verified on the raw bytes, then decoded once, then read (facts: "Notifications",
HMAC).

The kind is not in the body but in the address, so a body that plainly belongs to another kind is Malformed: a
wrong address in the merchant's cabinet must not turn a refund into a payment.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import unquote_to_bytes

from billing.providers import wire
from billing.providers.base import Delivery, Forged, Malformed, NoticeKind, NoticeRead, SavedCard

Fields = Mapping[str, str | None]

FIELDS_MAX = 200
TEXT_MAX = 80
TOKEN_MAX = 200
# Read by us and decisive: the same value twice is refused too, since nobody can say which one was meant.
CRITICAL = (
    "TransactionId",
    "PaymentTransactionId",
    "Amount",
    "Currency",
    "InvoiceId",
    "AccountId",
    "Status",
    "Id",
)
_MONEY = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
_KOPECK = Decimal("0.01")


def read(kind: NoticeKind, delivery: Delivery, *, secrets: Iterable[str]) -> NoticeRead:
    """Verify and read a notice; raises Forged, Malformed."""
    if kind not in _READERS:
        raise Forged
    message = delivery.query if delivery.method == "GET" else delivery.body
    is_json = delivery.method != "GET" and delivery.content_type.lower().startswith("application/json")
    _verify(message, delivery.headers, is_json=is_json, secrets=secrets)
    fields = _json_fields(message) if is_json else _form_fields(message)
    _refuse_other_kind(kind, fields)
    notice = _READERS[kind](kind, fields)
    # It comes to the addresses of payments and looks like one, but the money goes the other way.
    return replace(notice, payout=True) if fields.get("OperationType") == "CardPayout" else notice


def saved_card(body: bytes) -> SavedCard | None:
    """The card in the body of a verified Pay notice, where the payer let it be kept; raises Malformed."""
    fields = _json_fields(body) if body.lstrip().startswith(b"{") else _form_fields(body)
    token = fields.get("Token")
    if not token or len(token) > TOKEN_MAX:
        return None
    first, last = fields.get("CardFirstSix") or "", fields.get("CardLastFour") or ""
    return SavedCard(
        token=token,
        mask=f"{first[:6]}******{last[-4:]}" if first and last else "",
        kind=(fields.get("CardType") or "")[:20],
        expires=(fields.get("CardExpDate") or "")[:5],
    )


def signature(message: bytes, secret: str) -> bytes:
    """base64 of HMAC-SHA256, as both headers carry it."""
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256))


def _verify(message: bytes, headers: Mapping[str, str], *, is_json: bool, secrets: Iterable[str]) -> None:
    """`Content-HMAC` signs the bytes as they came; only without it counts `X-Content-HMAC`, over the decoded
    text.
    """
    given = headers.get("Content-HMAC")
    if given is None:
        given = headers.get("X-Content-HMAC")
        message = message if is_json else _decoded(message).encode()
    if given is None:
        raise Forged
    # Bytes, because compare_digest refuses text outside ASCII, and a stranger may send any.
    offered = given.encode("utf-8", "replace")
    fitting = [hmac.compare_digest(signature(message, secret), offered) for secret in secrets if secret]
    if not any(fitting):
        raise Forged


def _decoded(encoded: bytes) -> str:
    """Undo the form encoding once. UTF-8, else Windows-1251: a merchant can choose no other."""
    plain = unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return plain.decode("cp1251", "replace")


def _form_fields(message: bytes) -> Fields:
    if not message.isascii() and not _is_utf8(message):
        raise Malformed("not in UTF-8")
    pairs = [part.partition(b"=") for part in message.strip(b"\r\n").split(b"&") if part]
    return _fields((_decoded(name), _decoded(value)) for name, _, value in pairs)


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


def _json_fields(message: bytes) -> Fields:
    try:
        body = wire.load(message.decode())
    except (ValueError, RecursionError):
        raise Malformed("broken JSON") from None
    if not isinstance(body, dict):
        raise Malformed("not a JSON object")
    return _fields((name, _text(value)) for name, value in body.items())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _fields(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Names to values with "" as None; refuses NUL, too many fields and doubled decisive ones."""
    found: dict[str, str | None] = {}
    for count, (name, value) in enumerate(pairs, start=1):
        if count > FIELDS_MAX:
            raise Malformed("too many fields")
        if "\0" in name or "\0" in value:
            raise Malformed("a NUL character")
        if name in found and name in CRITICAL:
            raise Malformed(f"{name} comes twice")
        found.setdefault(name, value.strip() or None)
    return found


def _refuse_other_kind(kind: NoticeKind, fields: Fields) -> None:
    """Marks that only one kind has: a refund names its payment, a receipt its fiscal sign, a decline its
    reason.
    """
    looks = {
        NoticeKind.REFUND: bool(fields.get("PaymentTransactionId"))
        or fields.get("OperationType") == "Refund",
        NoticeKind.RECEIPT: bool(fields.get("FiscalSign")),
        NoticeKind.RECURRENT: bool(fields.get("Interval")),
        NoticeKind.FAIL: (fields.get("ReasonCode") or "0") != "0" or fields.get("Status") == "Declined",
    }
    for other, does in looks.items():
        if does and kind != other:
            raise Malformed(f"a notice of the kind {other} came as {kind}")


def _transaction(kind: NoticeKind, fields: Fields) -> NoticeRead:
    """check, pay, confirm: money as the order knows it (Amount, Currency), not as the card was charged."""
    return NoticeRead(
        kind=kind,
        external_id=_required(fields, "TransactionId"),
        order_number=_short(fields, "InvoiceId"),
        account_id=fields.get("AccountId") or "",
        email=(fields.get("Email") or "").strip()[:254],
        amount=_amount(fields),
        currency=(fields.get("Currency") or "RUB").upper()[:3],
        at=_moment(fields, required=kind is not NoticeKind.CHECK),
        test=(fields.get("TestMode") or "0").lower() in ("1", "true"),
        held=fields.get("Status") == "Authorized",
        method="sbp" if (fields.get("PaymentMethod") or "").lower() == "sbp" else "card",
    )


def _fail(kind: NoticeKind, fields: Fields) -> NoticeRead:
    return NoticeRead(
        kind=kind,
        external_id=_required(fields, "TransactionId"),
        order_number=_short(fields, "InvoiceId"),
        account_id=fields.get("AccountId") or "",
        amount=_amount(fields),
        currency=(fields.get("Currency") or "RUB").upper()[:3],
        at=_moment(fields),
        test=(fields.get("TestMode") or "0").lower() in ("1", "true"),
        reason=(fields.get("Reason") or "")[:TEXT_MAX],
        reason_code=(fields.get("ReasonCode") or "")[:10],
    )


def _refund(kind: NoticeKind, fields: Fields) -> NoticeRead:
    """`TransactionId` is the refund's own number; there is no currency: it is that of the payment."""
    return NoticeRead(
        kind=kind,
        external_id=_required(fields, "TransactionId"),
        payment_external_id=_required(fields, "PaymentTransactionId"),
        order_number=_short(fields, "InvoiceId"),
        amount=_amount(fields),
        at=_moment(fields),
    )


def _cancel(kind: NoticeKind, fields: Fields) -> NoticeRead:
    return NoticeRead(
        kind=kind,
        external_id=_required(fields, "TransactionId"),
        order_number=_short(fields, "InvoiceId"),
        amount=_amount(fields),
        at=_moment(fields),
    )


def _receipt(kind: NoticeKind, fields: Fields) -> NoticeRead:
    fiscal = {"fn": "FiscalNumber", "fd": "DocumentNumber", "fpd": "FiscalSign"}
    return NoticeRead(
        kind=kind,
        external_id=_required(fields, "Id"),
        order_number=_short(fields, "InvoiceId"),
        account_id=fields.get("AccountId") or "",
        payment_external_id=fields.get("TransactionId") or "",
        amount=_amount(fields),
        at=_moment(fields),
        reason=fields.get("Type") or "",
        url=safe_url(fields.get("Url")),
        fiscal={ours: str(fields[theirs]) for ours, theirs in fiscal.items() if fields.get(theirs)},
    )


def _recurrent(kind: NoticeKind, fields: Fields) -> NoticeRead:
    """A subscription changed. Its notices have no number of their own, so what they say tells them apart."""
    said = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    return NoticeRead(
        kind=kind,
        external_id=f"{_required(fields, 'Id')[:60]}:{digest}",
        account_id=fields.get("AccountId") or "",
        amount=_amount(fields),
        reason=(fields.get("Status") or "")[:TEXT_MAX],
    )


_READERS: Mapping[NoticeKind, Callable[[NoticeKind, Fields], NoticeRead]] = {
    NoticeKind.CHECK: _transaction,
    NoticeKind.PAY: _transaction,
    NoticeKind.CONFIRM: _transaction,
    NoticeKind.FAIL: _fail,
    NoticeKind.REFUND: _refund,
    NoticeKind.CANCEL: _cancel,
    NoticeKind.RECEIPT: _receipt,
    NoticeKind.RECURRENT: _recurrent,
}


def amount(value: object) -> Decimal:
    """Roubles with two places; raises ValueError for anything else, fractions of a kopeck too."""
    text = _text(value)
    if not _MONEY.fullmatch(text):
        raise ValueError("not an amount")
    number = Decimal(text)
    if number != number.quantize(_KOPECK):
        raise ValueError("a fraction of a kopeck")
    return number.quantize(_KOPECK)


def moment(text: str) -> datetime:
    """`yyyy-MM-dd HH:mm:ss` without a zone is UTC (documentation), an ISO moment keeps its own; raises
    ValueError.
    """
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def safe_url(value: object) -> str:
    """The address of a receipt's copy, shown to people as a link: http(s) or nothing."""
    text = str(value or "")
    return text if text.startswith(("https://", "http://")) and len(text) <= 1000 else ""


def _amount(fields: Fields) -> Decimal:
    try:
        number = amount(fields.get("Amount") or "")
    except ValueError:
        raise Malformed("no readable Amount") from None
    if number <= 0:
        raise Malformed("Amount is not above zero")
    return number


def _moment(fields: Fields, *, required: bool = True) -> datetime | None:
    text = fields.get("DateTime")
    if not text and not required:
        return None
    try:
        return moment(text or "")
    except (ValueError, OverflowError):
        raise Malformed("no readable DateTime") from None


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not value or len(value) > TEXT_MAX:
        raise Malformed(f"no readable {name}")
    return value


def _short(fields: Fields, name: str) -> str:
    """An order's number. One that is too long is not ours; cut, it could look like one of ours."""
    value = fields.get(name) or ""
    return value if len(value) <= TEXT_MAX else ""
