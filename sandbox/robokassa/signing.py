"""How Robokassa signs. Written from the documentation, shared with nobody.

Links, notices and state queries: a plain hash of parts joined by colons, the password among them, own fields
(`Shp_…`) after it as `name=value`. Every part is the text that is left after one layer of transport encoding
was taken off. Invoices and refunds: a JWT with an HMAC. Second receipts: `B.S`, where B is base64 without
padding and S the base64 of the hex text of hash(B + Password#1).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512", "ripemd160")
# The names a JWT header may carry; without one the shop's own method counts.
JWT_ALGORITHMS = {name.upper(): name for name in ALGORITHMS} | {
    "HS1": "sha1",
    "HS256": "sha256",
    "HS384": "sha384",
    "HS512": "sha512",
}
OWN_PREFIXES = ("Shp_", "SHP_", "shp_")
# Between InvId and Password#1, in this order; what is not sent leaves no trace.
_OPTIONAL = (
    "OutSumCurrency",
    "UserIp",
    "Receipt",
    "StepByStep",
    "ResultUrl2",
    "SuccessUrl2",
    "SuccessUrl2Method",
    "FailUrl2",
    "FailUrl2Method",
    "Token",
)


class BadSignature(Exception):
    """The signed body is malformed or signed by somebody else."""


def digest(algorithm: str, text: str) -> str:
    """Lower-case hex of the UTF-8 text."""
    return hashlib.new(algorithm, text.encode()).hexdigest()


def same(given: str, expected: str) -> bool:
    """Hex is compared without its letter case."""
    return hmac.compare_digest(given.strip().lower().encode(), expected.lower().encode())


def own_fields(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name.startswith(OWN_PREFIXES)}


def payment_texts(given: Mapping[str, str], password1: str) -> list[str]:
    """The texts whose hash a payment link may carry.

    There is more than one only where own fields can be sorted in several ways: the official modules disagree
    (by name, by `name=value`, without letter case) and the documentation says just "alphabetically".
    """
    parts = [given["MerchantLogin"], given["OutSum"], given.get("InvId", "")]
    parts += [given[name] for name in _OPTIONAL if given.get(name)]
    parts.append(password1)
    own = own_fields(given)
    orders = (
        [f"{name}={own[name]}" for name in sorted(own)],
        sorted(f"{name}={value}" for name, value in own.items()),
        [f"{name}={own[name]}" for name in sorted(own, key=str.lower)],
    )
    return list(dict.fromkeys(":".join(parts + order) for order in orders))


def notice_text(out_sum: str, inv_id: str, password: str, own: Mapping[str, str]) -> str:
    """ResultURL with Password#2, SuccessURL with Password#1."""
    return ":".join([out_sum, inv_id, password, *(f"{name}={own[name]}" for name in sorted(own))])


def state_text(login: str, invoice_id: str, password2: str) -> str:
    return f"{login}:{invoice_id}:{password2}"


def read_jwt(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a token, unchecked: its sender must be known before its key can be."""
    try:
        header, payload, _ = token.split(".")
        decoded = json.loads(_decoded(header)), json.loads(_decoded(payload))
    except (ValueError, binascii.Error):
        raise BadSignature("not a JWT") from None
    if not all(isinstance(part, dict) for part in decoded):
        raise BadSignature("not a JWT")
    return decoded


def check_jwt(token: str, key: str, algorithm: str) -> None:
    """Raise BadSignature unless the token carries HMAC(algorithm) by this key."""
    signed, _, given = token.rpartition(".")
    expected = hmac.new(key.encode(), signed.encode(), algorithm).digest()
    if not hmac.compare_digest(_encoded(expected), given):
        raise BadSignature("wrong signature")


def read_fiscal(body: str) -> dict[str, Any]:
    """The JSON of `B.S`, unchecked. Both base64 alphabets run in the field."""
    try:
        decoded = json.loads(_decoded(body.strip().partition(".")[0]))
    except (ValueError, binascii.Error):
        raise BadSignature("not B.S") from None
    if not isinstance(decoded, dict):
        raise BadSignature("not B.S")
    return decoded


def check_fiscal(body: str, password1: str, algorithm: str) -> None:
    """Raise BadSignature unless S fits B by the shop's method or by MD5, which the CMS modules always use."""
    signed, _, given = body.strip().partition(".")
    try:
        hexadecimal = _decoded(given).decode()
    except (ValueError, binascii.Error):
        raise BadSignature("not B.S") from None
    if not any(same(hexadecimal, digest(name, signed + password1)) for name in (algorithm, "md5")):
        raise BadSignature("wrong signature")


def _decoded(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
