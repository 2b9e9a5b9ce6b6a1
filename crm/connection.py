"""The connection to an account: OAuth, tokens, and running calls with them.

A refresh token works once, so exactly one process may exchange it: it claims the connection in a short
transaction, calls amoCRM outside of any, and commits the new pair before anyone uses it. The others wait for
the claim to end and read again. When amoCRM refuses for good, the connection is marked "needs reconnect" and
nobody asks any more. The tenant of a new connection is what amoCRM's GET account says, never what the browser
said.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from crm import transport
from crm.client import Client, Priority, Refused, Unauthorized, Unavailable
from crm.models import Account, Connection, Integration

log = structlog.get_logger("grafik.connection")

Result = TypeVar("Result")

CLAIM = timedelta(seconds=20)
WAIT_SECONDS, POLL_SECONDS = 10.0, 0.1
# A token of 24 hours is renewed when a fifth of its life is left: a night's outage of amoCRM kills no
# connection.
EARLY = timedelta(hours=5)
DAY_SECONDS = 24 * 3600
EXPIRED_SOON = timedelta(seconds=60)
PATIENCE_SECONDS = 5.0
EVENTS = ("update_lead", "status_lead", "delete_lead", "restore_lead", "responsible_lead", "update_contact")
STATE_SALT, STATE_SECONDS = "crm.oauth", 3600
REFERER = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.amocrm\.ru")


class _Pair(NamedTuple):
    access: str
    refresh: str
    seconds: int


class NeedsReconnect(Unavailable):
    """The account must be connected again by a person."""


class ForeignAccount(Exception):
    """The grant belongs to another account than the integration does."""


class NotAmocrm(Exception):
    """The address that asks for our secret is not amoCRM's."""


def run(
    *,
    account: Account,
    at: datetime,
    work: Callable[[Client], Result],
    priority: Priority = Priority.QUEUE,
    patience: float = PATIENCE_SECONDS,
    budget: float | None = None,
) -> Result:
    """Do `work` with a client of the account; a refused token is renewed once.

    `patience` is how long a call may wait for the limit, `budget` how long all calls together may take
    (seconds). Raises Unavailable (NeedsReconnect is one), Refused, or what `work` raises.
    """
    token = access_token(account, at)
    for last in (False, True):
        line = transport.Line(
            subdomain=account.subdomain, token=token, priority=priority, patience=patience, budget=budget
        )
        try:
            return work(Client(line))
        except Unauthorized as error:
            if last:
                _mark(account, Connection.State.NEEDS_RECONNECT, str(error))
                raise NeedsReconnect(_("amoCRM must be connected again")) from error
            token = renew(account, failed=token, at=at)
    raise AssertionError("unreachable")


def access_token(account: Account, at: datetime) -> str:
    """A token that works as far as we know; raises NeedsReconnect or Unavailable."""
    connection = _read(account)
    if connection.expires_at is not None and connection.expires_at - at <= EXPIRED_SOON:
        return renew(account, failed=connection.access_token, at=at)
    return connection.access_token


def renew(account: Account, *, failed: str, at: datetime) -> str:
    """Return a token other than `failed`: the one that another process got meanwhile, or a new one.

    1. Claim the refresh, or wait until whoever holds the claim is through. 2. Exchange the refresh token,
    outside of any transaction. 3. Commit the new pair, then return it. A lost answer leaves the old pair: the
    next try tells whether amoCRM has used it up.
    """
    started = time.monotonic()
    while time.monotonic() - started < WAIT_SECONDS:
        token, refresh = _claim(account, failed, at + timedelta(seconds=time.monotonic() - started))
        if token:
            return token
        if refresh:
            return _exchange(account, refresh, failed, at)
        time.sleep(POLL_SECONDS)
    raise Unavailable(_("amoCRM's token is being renewed"))


def refresh_early(*, at: datetime) -> int:
    """Renew every token that has little of its life left; returns how many were."""
    soon = Connection.objects.filter(state=Connection.State.CONNECTED, expires_at__lte=at + EARLY)
    renewed = 0
    for connection in soon.exclude(refresh_token="").select_related("account").order_by("id"):
        try:
            renew(connection.account, failed=connection.access_token, at=at)
            renewed += 1
        except Unavailable as error:
            log.warning("token not renewed", account=connection.account.key, error=str(error))
    return renewed


def authorize_url(*, integration: Integration) -> str:
    """Where an administrator of the account gives us access; the state is signed and lives an hour."""
    state = signing.dumps(integration.pk, salt=STATE_SALT)
    query = urlencode({"client_id": integration.client_id, "state": state, "mode": "popup"})
    return f"{settings.AMOCRM_AUTH_URL}/oauth?{query}"


def integration_of(*, state: str, client_id: str, referer: str) -> Integration | None:
    """Which integration a redirect is about: by the signed state, else (widget install) by what it names."""
    known = Integration.objects.select_related("account")
    if state:
        try:
            return known.filter(pk=signing.loads(state, salt=STATE_SALT, max_age=STATE_SECONDS)).first()
        except signing.BadSignature:
            return None
    if client_id:
        return known.filter(client_id=client_id.replace("\x00", "")).first()
    match = REFERER.fullmatch(referer)
    own = known.filter(purpose=Integration.Purpose.API)
    return own.filter(account__subdomain=match[1]).first() if match else None


def connect(*, integration: Integration, code: str, referer: str, at: datetime) -> Account:
    """Exchange the code of a redirect for tokens and connect the account; a second call makes a newer pair.

    Raises NotAmocrm before any secret is sent, Refused for a stale code, ForeignAccount when the grant is
    another account's, Unavailable.
    """
    subdomain = _subdomain(integration, referer)
    pair = _tokens(subdomain, integration, {"grant_type": "authorization_code", "code": code})
    line = transport.Line(
        subdomain=subdomain, token=pair.access, priority=Priority.PERSON, patience=PATIENCE_SECONDS
    )
    told = Client(line).account()
    account = integration.account
    if told.id != account.external_id:
        log.warning("grant of another account", account=account.key, told=told.id)
        raise ForeignAccount
    if integration.purpose == Integration.Purpose.API:
        _save_pair(account, pair, at)
        Account.objects.filter(pk=account.pk).exclude(subdomain=subdomain).update(subdomain=subdomain)
    log.info("connected", account=account.key, purpose=integration.purpose)
    return account


def subscribe(*, account: Account, webhook_key: str, at: datetime) -> None:
    """Ask amoCRM for the web hooks of the account at the address with this key; again is harmless.

    Raises Unavailable, or Refused where the grant or the plan does not allow it.
    """
    destination = f"{settings.PUBLIC_URL}/webhooks/amocrm/{webhook_key}/"
    run(account=account, at=at, work=lambda amocrm: amocrm.subscribe(destination=destination, events=EVENTS))


def signed_by(integration: Integration, *, account_id: str, signature: str) -> bool:
    """Is this the signature of amoCRM's uninstall call (facts 3.7)?"""
    message = f"{integration.client_id}|{account_id}".encode()
    expected = hmac.new(integration.client_secret.encode(), message, hashlib.sha256).hexdigest()
    genuine = hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", "replace"))
    return genuine and account_id == str(integration.account.external_id)


def uninstalled(*, integration: Integration, at: datetime) -> None:
    """amoCRM says that the integration was removed: believe it when the token is really dead.

    The signed address can be replayed for ever, so one call asks whether it is true.
    """
    account = integration.account
    if integration.purpose != Integration.Purpose.API:
        log.warning("widget uninstalled", account=account.key)
        return
    try:
        run(
            account=account, at=at, work=lambda amocrm: amocrm.account(), priority=Priority.PERSON, budget=5.0
        )
    except NeedsReconnect:
        _mark(account, Connection.State.UNINSTALLED, _("The integration was removed in amoCRM"))
    except (Unavailable, Refused) as error:
        log.warning("uninstall not confirmed", account=account.key, error=str(error))


def _read(account: Account) -> Connection:
    connection = Connection.objects.filter(account=account).first()
    if connection is None or connection.state != Connection.State.CONNECTED or not connection.access_token:
        raise NeedsReconnect(_("amoCRM must be connected again"))
    return connection


def _claim(account: Account, failed: str, now: datetime) -> tuple[str, str]:
    """(newer token, "") when there is one, ("", refresh token) when the claim is ours, ("", "") to wait."""
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(account=account)
        if connection.state != Connection.State.CONNECTED:
            raise NeedsReconnect(_("amoCRM must be connected again"))
        if connection.access_token != failed:
            return connection.access_token, ""
        if not connection.refresh_token:
            connection.state, connection.last_error = (
                Connection.State.NEEDS_RECONNECT,
                _("amoCRM does not accept the token (401)"),
            )
            connection.save(update_fields=["state", "last_error"])
            refresh = None
        elif connection.refreshing_until is not None and connection.refreshing_until > now:
            refresh = ""
        else:
            connection.refreshing_until = now + CLAIM
            connection.save(update_fields=["refreshing_until"])
            refresh = connection.refresh_token
    if refresh is None:
        log.error("needs reconnect", account=account.key)
        raise NeedsReconnect(_("amoCRM must be connected again"))
    return "", refresh


def _exchange(account: Account, refresh: str, failed: str, at: datetime) -> str:
    integration = Integration.objects.filter(account=account, purpose=Integration.Purpose.API).first()
    if integration is None:
        raise NeedsReconnect(_("amoCRM must be connected again"))
    try:
        pair = _tokens(
            account.subdomain, integration, {"grant_type": "refresh_token", "refresh_token": refresh}
        )
    except Refused as error:
        return _after_refusal(account, failed, error)
    except Unavailable:
        Connection.objects.filter(account=account).update(refreshing_until=None)
        raise
    _save_pair(account, pair, at)
    return pair.access


def _after_refusal(account: Account, failed: str, error: Refused) -> str:
    """The refresh token was used up: by another process (then its pair is there), or for ever."""
    connection = Connection.objects.get(account=account)
    if connection.access_token != failed:
        return connection.access_token
    _mark(account, Connection.State.NEEDS_RECONNECT, str(error))
    raise NeedsReconnect(_("amoCRM must be connected again")) from error


def _tokens(subdomain: str, integration: Integration, grant: dict[str, str]) -> _Pair:
    told = transport.post_token(
        subdomain,
        {
            "client_id": integration.client_id,
            "client_secret": integration.client_secret,
            "redirect_uri": integration.redirect_uri,
            **grant,
        },
    )
    access, refresh, lives = (told.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
        raise Unavailable(_("amoCRM's answer cannot be read"), unknown=True)
    return _Pair(access, refresh, lives if isinstance(lives, int) and lives > 0 else DAY_SECONDS)


def _save_pair(account: Account, pair: _Pair, at: datetime) -> None:
    Connection.objects.update_or_create(
        account=account,
        defaults={
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_at": at + timedelta(seconds=pair.seconds),
            "refreshing_until": None,
            "state": Connection.State.CONNECTED,
            "last_error": "",
        },
    )


def _mark(account: Account, state: Connection.State, reason: str) -> None:
    Connection.objects.filter(account=account).update(
        state=state, refreshing_until=None, last_error=reason[:1000]
    )
    log.error("amocrm connection lost", account=account.key, state=state.value, reason=reason)


def _subdomain(integration: Integration, referer: str) -> str:
    """The account's subdomain behind a referer that may have our secret; raises NotAmocrm."""
    match = REFERER.fullmatch(referer)
    if match:
        return match[1]
    if "{" not in urlsplit(settings.AMOCRM_URL).netloc and referer == urlsplit(settings.AMOCRM_URL).netloc:
        return integration.account.subdomain
    raise NotAmocrm
