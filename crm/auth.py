"""Who asks: the one-time token of a widget, and whether that person may see a deal.

The token proves a user and an account, nothing about a deal, so a lead id from a browser is only a claim and
amoCRM itself is asked, in the name of that user. Algorithms are pinned to HS256; the secret is chosen by the
integration that the token names, and the account comes from the token only. `jti` is logged, not single-use
(amoCRM's own client may reuse a token); the replay defence of writes is the Idempotency-Key.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
import structlog
from django.conf import settings
from jwt.types import Options

from crm import client, connection, memory
from crm.models import Account, Connection, Integration

log = structlog.get_logger("grafik.auth")

TOKEN_MAX = 4096
LEEWAY_SECONDS = 60
LIFE_SECONDS = 30 * 60
SEEN_FRESH_SECONDS = 15 * 60
SEEN_KEPT_SECONDS = 24 * 3600
PATIENCE_SECONDS = 2.0
AMOCRM_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.amocrm\.ru")


# How a bot's token may name what it runs on: by a word, or by the number of the older addresses.
ENTITIES = {
    "lead": "lead",
    "leads": "lead",
    "2": "lead",
    "contact": "contact",
    "contacts": "contact",
    "1": "contact",
}


class InvalidToken(Exception):
    """The token proves nothing. The text is for the log; the caller learns only 401."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A user of an account, as amoCRM signed it."""

    account: Account
    user_id: int
    is_admin: bool


@dataclass(frozen=True, kw_only=True)
class BotCaller:
    """A Salesbot of an account, and what it runs on: a lead or a contact."""

    account: Account
    entity: str
    entity_id: int


def verify(token: str, *, at: datetime) -> Caller:
    """Return who holds this X-Auth-Token at that moment, or raise InvalidToken.

    1. The unverified client_uuid chooses the integration and so the secret. 2. Signature, HS256 only. 3.
    Time: exp, nbf, iat with 60 s of leeway, life at most 30 minutes. 4. aud is the origin of the
    integration's redirect address. 5. Account, issuer and user fit.
    """
    integration = _integration(token)
    claims = _decoded(token, integration.client_secret)
    _check_time(claims, at.timestamp())
    if claims.get("aud") not in _origins(integration.redirect_uri):
        raise InvalidToken("aud is another address")
    account = integration.account
    if _whole(claims, "account_id") != account.external_id:
        raise InvalidToken("account_id is another account")
    if not _is_amocrm(claims.get("iss"), account):
        raise InvalidToken("iss is not amoCRM")
    if Connection.objects.filter(account=account, state=Connection.State.UNINSTALLED).exists():
        raise InvalidToken("the integration is uninstalled")
    caller = Caller(
        account=account, user_id=_whole(claims, "user_id"), is_admin=claims.get("is_admin") is True
    )
    log.info("caller", account=account.key, user=caller.user_id, jti=str(claims.get("jti", ""))[:64])
    return caller


def verify_bot(token: str, *, at: datetime) -> BotCaller:
    """Return for whom a Salesbot step asks, or raise InvalidToken: the same checks, but HS512 only.

    `aud` may be the origin of the redirect address or of the address that amoCRM calls (facts 2.6).
    """
    integration = _integration(token)
    claims = _decoded(token, integration.client_secret, "HS512")
    now = at.timestamp()
    expires, starts, issued = (_whole(claims, name) for name in ("exp", "nbf", "iat"))
    if now >= expires + LEEWAY_SECONDS or now < max(starts, issued) - LEEWAY_SECONDS:
        raise InvalidToken("expired or not valid yet")
    audience, account = claims.get("aud"), integration.account
    allowed = {*_origins(integration.redirect_uri), *_origins(settings.PUBLIC_URL)}
    if not isinstance(audience, str) or not any(
        audience == origin or audience.startswith(f"{origin}/") for origin in allowed
    ):
        raise InvalidToken("aud is another address")
    if _whole(claims, "account_id") != account.external_id:
        raise InvalidToken("account_id is another account")
    if not _is_amocrm(claims.get("iss"), account):
        raise InvalidToken("iss is not amoCRM")
    if Connection.objects.filter(account=account, state=Connection.State.UNINSTALLED).exists():
        raise InvalidToken("the integration is uninstalled")
    entity = ENTITIES.get(str(claims.get("entity_type", "")))
    number = str(claims.get("entity_id", ""))
    if entity is None or not number.isascii() or not number.isdigit() or not 0 < int(number[:18]) < 10**17:
        raise InvalidToken("names no lead and no contact")
    return BotCaller(account=account, entity=entity, entity_id=int(number))


def may_see(*, caller: Caller, lead_id: int, at: datetime) -> bool:
    """Does amoCRM show this lead to this user? A yes is remembered for 15 minutes.

    Raises client.Unavailable when amoCRM cannot be asked and there is no fresh yes.
    """
    if _seen_before(caller, lead_id, at, SEEN_FRESH_SECONDS):
        return True
    return _ask(caller, lead_id, at)


def may_read(*, caller: Caller, lead_id: int, at: datetime) -> bool:
    """The same for reading only: while amoCRM cannot be asked, its last yes counts for 24 hours.

    Raises client.Unavailable when there was none.
    """
    try:
        return may_see(caller=caller, lead_id=lead_id, at=at)
    except client.Unavailable:
        if _seen_before(caller, lead_id, at, SEEN_KEPT_SECONDS):
            return True
        raise


def _integration(token: str) -> Integration:
    if not token or len(token) > TOKEN_MAX:
        raise InvalidToken("no token, or too long")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidToken("not a token") from error
    named = claims.get("client_uuid")
    if not isinstance(named, str) or "\x00" in named:
        raise InvalidToken("names no integration")
    found = Integration.objects.select_related("account").filter(client_id=named).first()
    if found is None or not found.client_secret:
        raise InvalidToken("names an unknown integration")
    return found


def _decoded(token: str, secret: str, algorithm: str = "HS256") -> dict[str, Any]:
    # Times and audience are checked below: by the caller's clock, and by our rule about the port.
    options: Options = {
        "verify_signature": True,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    try:
        return jwt.decode(token, secret, algorithms=[algorithm], options=options)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidToken(f"signature: {type(error).__name__}") from error


def _check_time(claims: dict[str, Any], now: float) -> None:
    expires, starts, issued = (_whole(claims, name) for name in ("exp", "nbf", "iat"))
    if now >= expires + LEEWAY_SECONDS:
        raise InvalidToken("expired")
    if now < max(starts, issued) - LEEWAY_SECONDS:
        raise InvalidToken("not valid yet")
    if expires - min(starts, issued) > LIFE_SECONDS:
        raise InvalidToken("lives too long")


def _whole(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidToken(f"{name} is missing or no number")
    return value


def _origins(redirect_uri: str) -> tuple[str, ...]:
    """Scheme and host, with and without the port: which of them amoCRM signs is not documented."""
    parts = urlsplit(redirect_uri)
    bare = f"{parts.scheme}://{parts.hostname}"
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    return bare, f"{bare}:{port}"


def _is_amocrm(issuer: object, account: Account) -> bool:
    if not isinstance(issuer, str):
        return False
    here = urlsplit(settings.AMOCRM_URL.format(subdomain=account.subdomain))
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return False
    if (parts.scheme, parts.netloc) == (here.scheme, here.netloc):
        return True
    # Any account's address: after a renaming the old subdomain is ours for a while and the new one amoCRM's.
    return parts.scheme == "https" and AMOCRM_HOST.fullmatch(parts.netloc) is not None


def _ask(caller: Caller, lead_id: int, at: datetime) -> bool:
    key = _key(caller, lead_id)
    try:
        lead = connection.run(
            account=caller.account,
            at=at,
            work=lambda amocrm: amocrm.lead(lead_id, as_user=caller.user_id),
            priority=client.Priority.PERSON,
            budget=PATIENCE_SECONDS,
        )
    except client.Refused:
        lead = None
    if lead is None or lead.id != lead_id:
        memory.forget(key)
        log.warning("deal refused", account=caller.account.key, user=caller.user_id, lead=lead_id)
        return False
    memory.keep(key, at.timestamp(), seconds=SEEN_KEPT_SECONDS)
    return True


def _seen_before(caller: Caller, lead_id: int, at: datetime, seconds: int) -> bool:
    seen = memory.recall(_key(caller, lead_id))
    return isinstance(seen, float) and abs(at.timestamp() - seen) < seconds


def _key(caller: Caller, lead_id: int) -> str:
    return f"amocrm:sees:{caller.account.id}:{caller.user_id}:{lead_id}"
