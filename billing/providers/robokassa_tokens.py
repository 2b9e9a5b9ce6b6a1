"""The signed texts that Robokassa's services take and send: JWT of invoices and refunds, `B.S` of receipts,
the JWS of ResultUrl2.

Each service has its own key: `login:Password#1` for invoices, Password#3 for refunds, Password#1 behind the
base64 for receipts, Robokassa's certificate for what it signs itself.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from billing.providers import robokassa_signing as signing
from billing.providers import wire
from billing.providers.base import Forged

# Both alphabets of base64 run in the field; without these characters a text is the same in both.
AWKWARD = {"?": "\\u003f", ">": "\\u003e", "~": "\\u007e"}


def invoice(payload: Mapping[str, Any], *, login: str, password: str, algorithm: str) -> str:
    """The body of the Invoice API: a JWT in quotes, by the shop's own hash method."""
    header = {"typ": "JWT", "alg": algorithm.upper()}
    return _quoted(token(header, payload, key=f"{login}:{password}", digest=algorithm))


def refund(payload: Mapping[str, Any], *, password: str) -> str:
    """The body of Refund/Create: a JWT in quotes, always HS256 here."""
    return _quoted(token({"alg": "HS256", "typ": "JWT"}, payload, key=password, digest="sha256"))


def token(header: Mapping[str, Any], payload: Mapping[str, Any], *, key: str, digest: str) -> str:
    """A compact JWT; the MAC is keyed by the text `key`."""
    signed = f"{_url64(wire.dump(header).encode())}.{_url64(wire.dump(payload).encode())}"
    return f"{signed}.{_url64(hmac.new(key.encode(), signed.encode(), digest).digest())}"


def fiscal(payload: Mapping[str, Any], *, password: str, algorithm: str) -> str:
    """`B.S`: base64 of the JSON, and base64 of the hex digest over that text and Password#1."""
    return seal(ascii_json(payload), password=password, algorithm=algorithm)


def seal(text: str, *, password: str, algorithm: str) -> str:
    """`B.S` of a JSON text as it stands."""
    body = _url64(text.encode())
    return f"{body}.{_url64(signing.digest(algorithm, body + password).encode())}"


def ascii_json(payload: Mapping[str, Any]) -> str:
    """JSON in ASCII without the characters that the two alphabets write differently."""
    text = "".join(
        char if ord(char) < 128 else "".join(f"\\u{unit:04x}" for unit in _units(char))
        for char in wire.dump(payload)
    )
    for char, written in AWKWARD.items():
        text = text.replace(char, written)
    return text


def state(message: bytes, *, certificate: str) -> Mapping[str, Any]:
    """The words of a ResultUrl2 notice, verified by Robokassa's certificate (PEM); raises Forged."""
    try:
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        if not isinstance(key, RSAPublicKey):
            raise Forged
        compact = message.decode("ascii").strip().strip('"')
        # Life and audience are not in it: who may say what, and when, the reader checks.
        said: Mapping[str, Any] = jwt.decode(
            compact, key, algorithms=["RS256"], options={"verify_exp": False, "verify_aud": False}
        )
    except (ValueError, jwt.InvalidTokenError):
        raise Forged from None
    return said


def _quoted(text: str) -> str:
    return f'"{text}"'


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _units(char: str) -> list[int]:
    """UTF-16 units, as JSON escapes a character beyond the first plane."""
    encoded = char.encode("utf-16-be")
    return [int.from_bytes(encoded[place : place + 2], "big") for place in range(0, len(encoded), 2)]
