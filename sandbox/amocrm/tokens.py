"""Codes, access and refresh tokens, and the signed tokens of a widget and of an uninstall call.

Lives as documented: code 20 minutes and one use, access token 24 hours, refresh token 3 months and one use,
each refresh gives a new pair and voids the old one. JSON Web Tokens are made here by hand from hmac, on
purpose: an emulator that shares the product's way of signing would prove nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from sandbox.amocrm.world import Crm, Row, fresh_uuid

CODE_LIFE, ACCESS_LIFE, REFRESH_LIFE = 20 * 60, 24 * 3600, 90 * 24 * 3600
DISPOSABLE_LIFE = 1800
SCOPES = ["crm", "files", "notifications"]


def integration(crm: Crm, client_id: str) -> Row | None:
    """The integration; an address in it may be written relative to the product of this sandbox."""
    row = crm.get("integrations", client_id)
    for name in ("redirect_uri", "uninstall_uri"):
        if row and row.get(name):
            row[name] = row[name].replace("{PUBLIC_URL}", crm.world.product_url)
    return row


def find(crm: Crm, bearer: str) -> Row | None:
    """The living access token of this account, or None: unknown, expired, revoked, integration switched
    off.
    """
    row = crm.get("tokens", bearer) if bearer else None
    if row is None or row.get("revoked") or row["expires_at"] <= crm.world.moment():
        return None
    owner = integration(crm, row["client_id"])
    return row if owner and owner.get("installed", True) else None


def issue_code(crm: Crm, client_id: str, user_id: int) -> str:
    code = "def502" + secrets.token_hex(60)
    row = {"id": code, "client_id": client_id, "user_id": user_id, "used": False}
    crm.put("codes", {**row, "expires_at": crm.world.moment() + CODE_LIFE})
    return code


def take_code(crm: Crm, code: str, client_id: str) -> Row | str:
    """The unused code, marked as used, or the hint that amoCRM prints."""
    row = crm.get("codes", code)
    if row is None or row["client_id"] != client_id:
        return "Cannot decrypt the authorization code"
    if row["used"]:
        return "Authorization code has been revoked"
    if row["expires_at"] <= crm.world.moment():
        return "Authorization code has expired"
    return crm.put("codes", {**row, "used": True})


def take_refresh(crm: Crm, refresh: str, client_id: str) -> Row | str:
    """The unused refresh token, voided together with its access token, or the hint that amoCRM prints."""
    row = crm.get("refreshes", refresh)
    if row is None or row["client_id"] != client_id or row.get("revoked"):
        return "Token has been revoked"
    if row["expires_at"] <= crm.world.moment():
        return "Token has expired"
    crm.put("refreshes", {**row, "revoked": True})
    old = crm.get("tokens", row["access"])
    if old:
        crm.put("tokens", {**old, "revoked": True})
    return row


def issue_pair(crm: Crm, client_id: str, user_id: int) -> Row:
    """A new access and refresh token as the answer of the token endpoint."""
    now = crm.world.moment()
    claims = {
        "aud": client_id,
        "jti": secrets.token_hex(32),
        "iat": now,
        "nbf": now,
        "exp": now + ACCESS_LIFE,
    }
    claims |= {"sub": str(user_id), "account_id": crm.account["id"], "scopes": SCOPES}
    claims |= {"api_domain": urlsplit(crm.world.public_url).netloc}
    access, refresh = sign(claims, secrets.token_hex(32)), "def502" + secrets.token_hex(80)
    common = {"client_id": client_id, "user_id": user_id, "scopes": SCOPES}
    crm.put("tokens", {"id": access, "expires_at": now + ACCESS_LIFE, **common})
    crm.put("refreshes", {"id": refresh, "expires_at": now + REFRESH_LIFE, "access": access, **common})
    return {
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE,
        "server_time": now,
        "access_token": access,
        "refresh_token": refresh,
    }


def revoke_all(crm: Crm, client_id: str) -> None:
    """Uninstalling voids every grant; a long-lived token sleeps as long as its integration is off."""
    for table in ("tokens", "refreshes"):
        for row in crm.rows(table):
            if row["client_id"] == client_id and not row.get("long_lived"):
                crm.put(table, {**row, "revoked": True})


def disposable(crm: Crm, owner: Row, user: Row, **more: Any) -> str:
    """The one-time token of `$authorizedAjax`: HS256 by the secret of the integration, 30 minutes."""
    now = crm.world.moment()
    home = urlsplit(owner["redirect_uri"])
    claims = {
        "iss": crm.world.origin,
        "aud": f"{home.scheme}://{home.netloc}",
        "jti": fresh_uuid(),
        "iat": now,
        "nbf": now,
        "exp": now + DISPOSABLE_LIFE,
        "account_id": crm.account["id"],
        "user_id": user["id"],
        "subdomain": crm.subdomain,
        "client_uuid": owner["id"],
        "is_admin": bool(user["rights"]["is_admin"]),
        **more,
    }
    return sign(claims, owner["client_secret"])


def uninstall_query(crm: Crm, owner: Row) -> Row:
    """The parameters of the uninstall call; the signature covers `client_id|account_id`."""
    message = f"{owner['id']}|{crm.account['id']}"
    signature = hmac.new(owner["client_secret"].encode(), message.encode(), hashlib.sha256).hexdigest()
    return {"account_id": crm.account["id"], "client_uuid": owner["id"], "signature": signature}


def sign(claims: dict[str, Any], secret: str) -> str:
    """A compact JSON Web Token, HS256."""
    head = _b64(json.dumps({"typ": "JWT", "alg": "HS256"}, separators=(",", ":")).encode())
    body = _b64(json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode())
    mac = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{_b64(mac)}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
