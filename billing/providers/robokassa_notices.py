"""Robokassa's ResultURL: read as it came, verified on exactly that text, then understood.

The signature covers the sum, the number and the own fields, and no others: IsTest is not among them. So the
password decides: a notice that calls itself a test is measured with the test password where the shop is in
test mode, and with the real one everywhere else. There is no number of the operation and no moment in it: the
order's number names the payment, since one number is paid once.

ResultUrl2 says the same a second time, signed by Robokassa's own key (`read_state`). Its sum is what the
payer gave, fees included, so it proves that money came, not how much of it is the shop's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

from billing.providers import robokassa_signing as signing
from billing.providers import robokassa_tokens
from billing.providers.base import Delivery, Forged, Malformed, NoticeKind, NoticeRead

FIELDS_MAX = 200
NUMBER_MAX, DIGITS_MAX = 2**63 - 1, 19
DECISIVE = ("OutSum", "InvId", "SignatureValue", "IsTest")
# Names of old times, sent beside the new ones.
OLD = {"OutSum": "out_summ", "InvId": "inv_id", "SignatureValue": "crc"}
STATE_TYPE = "PaymentStateNotification"
# A signed state is good for a week; clocks may differ by five minutes.
STATE_LIVES, CLOCKS_DIFFER = timedelta(days=7), timedelta(minutes=5)
_SUM = re.compile(r"\d{1,12}(\.\d{1,6})?")
_KOPECK = Decimal("0.01")


def read(delivery: Delivery, *, algorithm: str, password: str, test_password: str) -> NoticeRead:
    """Verify and read a notice; `test_password` is empty where the shop is live. Raises Forged, Malformed."""
    pairs = _pairs(delivery)
    fields = _fields(pairs)
    test = fields.get("IsTest", "").lower() in ("1", "true")
    secret = test_password if test and test_password else password
    if not all((fields.get("OutSum"), fields.get("InvId"), fields.get("SignatureValue"), secret)):
        raise Forged
    texts = signing.notices(fields, password=secret)
    if not any(signing.fits(fields["SignatureValue"], algorithm=algorithm, text=text) for text in texts):
        raise Forged
    try:
        return _understood(pairs, fields, test=test)
    except Malformed as error:
        # Success is said by repeating the number, whether we understood it or not.
        raise Malformed(str(error), order_number=fields["InvId"]) from None


def read_state(delivery: Delivery, *, login: str, certificate: str) -> NoticeRead:
    """Verify and read a ResultUrl2 notice; without a certificate nothing is genuine. Raises as read()."""
    if not certificate or delivery.method != "POST":
        raise Forged
    said = robokassa_tokens.state(delivery.body, certificate=certificate)
    try:
        header, data = said["header"], said["data"]
        at = datetime.fromtimestamp(int(header["timestamp"]), tz=UTC)
        shop, number, state = str(data["shop"]), str(data["invId"]), str(data["state"])
        paid, by, key = str(data["incSum"]), str(data.get("paymentMethod", "")), str(data["opKey"])
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise Malformed("a signed state of an unknown shape") from None
    if header.get("type") != STATE_TYPE or shop != login:
        # Genuine, and about another shop or another thing: somebody else's word is no word here.
        raise Forged
    now = delivery.received_at
    if now is not None and not at - CLOCKS_DIFFER <= now <= at + STATE_LIVES:
        raise Forged
    return NoticeRead(
        kind=NoticeKind.SIGNED_STATE,
        external_id=f"{_number(number)}:{state[:10]}",
        order_number=number,
        payment_external_id=number,
        amount=amount(paid),
        at=at,
        held=state != "OK",
        method=method(by),
        reason=key[:80],
    )


def _understood(pairs: list[tuple[str, str]], fields: Mapping[str, str], *, test: bool) -> NoticeRead:
    _refuse_doubt(pairs)
    number = fields["InvId"]
    return NoticeRead(
        kind=NoticeKind.PAY,
        external_id=_number(number),
        order_number=number,
        # Not signed: a hint for a person, never a proof.
        email=(fields.get("EMail") or "").strip()[:254],
        amount=amount(fields["OutSum"]),
        test=test,
        method=method(fields.get("PaymentMethod") or fields.get("IncCurrLabel") or ""),
    )


def amount(text: str) -> Decimal:
    """Roubles above zero with two places out of "3500.000000"; raises Malformed for anything else."""
    number = Decimal(text) if _SUM.fullmatch(text) else Decimal(0)
    if number <= 0 or number != number.quantize(_KOPECK):
        raise Malformed("no readable OutSum")
    return number.quantize(_KOPECK)


def method(label: str) -> str:
    return "sbp" if "sbp" in label.lower() else "card"


def _pairs(delivery: Delivery) -> list[tuple[str, str]]:
    message = delivery.query if delivery.method == "GET" else delivery.body
    try:
        return parse_qsl(message.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        # Not UTF-8 or beyond every bound: whatever it is, nobody has signed it.
        raise Forged from None


def _fields(pairs: list[tuple[str, str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    for name, old in OLD.items():
        if name not in found and old in found:
            found[name] = found[old]
    return found


def _refuse_doubt(pairs: list[tuple[str, str]]) -> None:
    """What comes twice and decides, or carries a NUL, is not understood, even when the signature fits."""
    names = [name for name, _ in pairs]
    for name in DECISIVE:
        if names.count(name) > 1:
            raise Malformed(f"{name} comes twice")
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Malformed("a NUL character")


def _number(text: str) -> str:
    plain = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    if not plain or not 0 < int(text) <= NUMBER_MAX:
        raise Malformed("no readable InvId")
    return text
