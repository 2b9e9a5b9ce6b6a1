"""How CloudPayments encodes and signs a notice. Written from the documentation, shared with nobody.

Bodies look .NET-encoded: lower-case %xx over UTF-8, `+` for a space, `- _ . ! * ( )` left alone. Both headers
are base64 of HMAC-SHA256 with the API secret: `Content-HMAC` over the bytes sent, `X-Content-HMAC` over the
decoded text.
"""

import base64
import hashlib
import hmac
import string
from urllib.parse import unquote_plus

_PLAIN = frozenset((string.ascii_letters + string.digits + "-_.!*()").encode())


def encode_form(fields: dict[str, str]) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in fields.items())


def encode(text: str) -> str:
    return "".join(_encode_byte(byte) for byte in text.encode())


def _encode_byte(byte: int) -> str:
    if byte in _PLAIN:
        return chr(byte)
    return "+" if byte == 0x20 else f"%{byte:02x}"


def sign(secret: str, body: str, *, is_form: bool) -> dict[str, str]:
    """Both signature headers of a body (or of a query string)."""
    decoded = unquote_plus(body) if is_form else body
    return {"Content-HMAC": _digest(secret, body), "X-Content-HMAC": _digest(secret, decoded)}


def _digest(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
