"""ResultUrl2's signed word: a compact JWS (RS256) and the certificate to check it with.

The key is made when it is first needed and kept in the store; the certificate is published where the
documentation has it, `/robokassa/media/files/jwtsign.cer` (DER).
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from sandbox.store import Document, Store

COLLECTION = "robokassa.keys"
_KEY = "jwtsign"
_LIFETIME = timedelta(days=3650)


def notification(store: Store, operation: Document, at: datetime) -> str:
    """The token that says: this operation is paid."""
    payload = {
        "header": {
            "type": "PaymentStateNotification",
            "version": "1.0.0",
            "timestamp": str(int(at.timestamp())),
        },
        "data": {
            "shop": operation["login"],
            "opKey": operation["op_key"],
            "invId": operation["inv_id"],
            "paymentMethod": operation["method"],
            "incSum": f"{Decimal(operation['out_sum']):.2f}",
            "state": "OK",
        },
    }
    signed = f"{_encoded(_json({'typ': 'JWT', 'alg': 'RS256'}))}.{_encoded(_json(payload))}"
    key = cast(rsa.RSAPrivateKey, serialization.load_pem_private_key(_kept(store)["key"].encode(), None))
    return f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def tampered(token: str) -> str:
    """The same words under a signature that is not theirs."""
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{signature[:-8][::-1]}{signature[-8:]}"


def certificate(store: Store) -> bytes:
    """DER."""
    return base64.b64decode(_kept(store)["certificate"])


def _kept(store: Store) -> Document:
    with store.transaction():
        known = store.get(COLLECTION, _KEY)
        if known is None:
            known = _made()
            store.put(COLLECTION, _KEY, known)
    return known


def _made() -> Document:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Robokassa sandbox")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    der = made.public_bytes(serialization.Encoding.DER)
    return {"key": pem.decode(), "certificate": base64.b64encode(der).decode()}


def _json(value: Document) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
