"""The payment QR of ГОСТ Р 56042-2014: the payload and its picture.

The five mandatory fields come first and in order; without any of them there is no code, because a bank would
refuse it. The sum is kopecks. It only pre-fills a transfer: the purpose carries the invoice's number, by
which money is recognised.
"""

import io
from dataclasses import dataclass
from decimal import Decimal

import segno

PREFIX = "ST00012"  # format version 0001, 2 = UTF-8
SEPARATOR = "|"
NAME_MAX, BANK_MAX, PURPOSE_MAX = 160, 45, 160
PLAIN = str.maketrans("«»“”" + SEPARATOR, '""""' + " ")
# Of the mandatory block; one bank's reader enforces it (facts/domain, 4.2).
BLOCK_MAX_BYTES = 300


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A transfer in roubles; texts as people wrote them."""

    name: str
    account: str
    bank: str
    bic: str
    correspondent: str
    inn: str
    kpp: str
    purpose: str
    amount: Decimal


def payload(transfer: Transfer) -> str:
    """Return the text of the code, or an empty one where a mandatory field is missing."""
    mandatory = {
        "Name": _clean(transfer.name, NAME_MAX),
        "PersonalAcc": _clean(transfer.account, 20),
        "BankName": _clean(transfer.bank, BANK_MAX),
        "BIC": _clean(transfer.bic, 9),
        "CorrespAcc": _clean(transfer.correspondent, 20),
    }
    if not all(mandatory.values()):
        return ""
    while len(_joined(mandatory).encode()) > BLOCK_MAX_BYTES:
        mandatory["Name"] = mandatory["Name"][:-1].rstrip()
    additional = {
        "PayeeINN": _clean(transfer.inn, 12),
        "KPP": _clean(transfer.kpp, 9),
        "Purpose": _clean(transfer.purpose, PURPOSE_MAX),
        "Sum": str(int(transfer.amount.quantize(Decimal("0.01")) * 100)),
    }
    filled = {key: value for key, value in additional.items() if value}
    return SEPARATOR.join([PREFIX, _joined(mandatory | filled)])


def picture(text: str) -> bytes:
    """Return the code as SVG, level M with the quiet zone of four modules."""
    code = segno.make(text.encode(), error="m", micro=False, boost_error=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True, nl=False)
    return drawn.getvalue()


def _joined(fields: dict[str, str]) -> str:
    return SEPARATOR.join(f"{key}={value}" for key, value in fields.items())


def _clean(value: str, limit: int) -> str:
    """One line without the separator, in plain quotes, cut to the limit."""
    plain = value.translate(PLAIN)
    return " ".join(plain.split())[:limit].rstrip()
