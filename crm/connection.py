"""The connection to an account: OAuth, tokens, and running calls with them.

A refresh token works once, so exactly one process may exchange it: it claims the connection in a short
transaction, calls amoCRM outside of any, and commits the new pair before anyone uses it. The others wait for
the claim to end and read again. When amoCRM refuses for good, the connection is marked "needs reconnect" and
nobody asks any more, and the owner is told once (crm.alerts). Tokens come from crm.grants, the network file
or the panel.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from crm import alerts, transport
from crm.client import Client, CrmError, Priority, Refused, Unauthorized, Unavailable
from crm.models import Account, Alert, Connection, Integration
from crm.token_claims import claims_of

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


class Pair(NamedTuple):
    """What amoCRM gives for a code or a refresh token; `seconds` is the access token's life."""

    access: str
    refresh: str
    seconds: int


class NeedsReconnect(Unavailable):
    """The account must be connected again by a person."""


def is_lost(account: Account) -> bool:
    """Must a person connect the account again before anything can be asked of it?"""
    return not Connection.objects.filter(account=account, state=Connection.State.CONNECTED).exists()


def try_stored(*, account: Account) -> None:
    """The account has another address now: its tokens are tried there before anybody connects it anew."""
    lost = Connection.objects.filter(account=account, state=Connection.State.NEEDS_RECONNECT)
    lost.exclude(access_token="").update(state=Connection.State.CONNECTED, last_error="", checked_at=None)


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
                lose(account, reason=str(error), failed=token, at=at)
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
        if connection.refresh_token:
            if connection.refreshing_until is not None and connection.refreshing_until > now:
                return "", ""
            connection.refreshing_until = now + CLAIM
            connection.save(update_fields=["refreshing_until"])
            return "", connection.refresh_token
    lose(account, reason=_("amoCRM does not accept the token (401)"), failed=failed, at=now)
    raise NeedsReconnect(_("amoCRM must be connected again"))


def _exchange(account: Account, refresh: str, failed: str, at: datetime) -> str:
    integration = Integration.objects.filter(account=account, purpose=Integration.Purpose.API).first()
    if integration is None:
        raise NeedsReconnect(_("amoCRM must be connected again"))
    grant = {"grant_type": "refresh_token", "refresh_token": refresh}
    try:
        try:
            pair = exchanged(account.subdomain, integration, grant)
        except Refused as error:
            # amoCRM names a token that is used up; anything else may be an address that is no longer ours.
            if "revoked" in str(error) or not _follow_renaming(account, failed, refresh):
                raise
            pair = exchanged(account.subdomain, integration, grant)
    except Refused as error:
        return _after_refusal(account, failed, error, at)
    except Unavailable:
        Connection.objects.filter(account=account).update(refreshing_until=None)
        raise
    keep(account, pair, at)
    return pair.access


def _follow_renaming(account: Account, failed: str, refresh: str) -> bool:
    """Was the account renamed? Then its new subdomain is ours from now on."""
    api_domain = str(claims_of(failed).get("api_domain", ""))
    try:
        number, subdomain = transport.current_subdomain(api_domain, refresh)
    except CrmError as error:
        log.info("not renamed", account=account.key, error=str(error))
        return False
    if number != account.external_id or subdomain == account.subdomain:
        return False
    log.warning("account renamed", account=account.key, was=account.subdomain, now=subdomain)
    Account.objects.filter(pk=account.pk).update(subdomain=subdomain)
    account.subdomain = subdomain
    return True


def _after_refusal(account: Account, failed: str, error: Refused, at: datetime) -> str:
    """The refresh token was used up: by another process (then its pair is there), or for ever."""
    connection = Connection.objects.get(account=account)
    if connection.access_token != failed:
        return connection.access_token
    lose(account, reason=str(error), failed=failed, at=at)
    raise NeedsReconnect(_("amoCRM must be connected again")) from error


def exchanged(subdomain: str, integration: Integration, grant: dict[str, str]) -> Pair:
    """The pair that amoCRM gives for a grant; raises Refused (the grant is dead) or Unavailable."""
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
    return Pair(access, refresh, lives if isinstance(lives, int) and lives > 0 else DAY_SECONDS)


def keep(account: Account, pair: Pair, at: datetime) -> None:
    """Store a new pair: the account is connected, and what the owner was told about it is over."""
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
    alerts.close(account=account, kinds=(Alert.Kind.RECONNECT,), at=at)


def lose(
    account: Account,
    *,
    reason: str,
    failed: str,
    at: datetime,
    state: Connection.State = Connection.State.NEEDS_RECONNECT,
) -> None:
    """The token `failed` is dead: stop asking and tell the owner, once however many find out at a time.

    Does nothing when another token has taken its place meanwhile.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(account=account)
        if connection.access_token != failed:
            return
        connection.state, connection.refreshing_until, connection.last_error = state, None, reason[:1000]
        connection.save(update_fields=["state", "refreshing_until", "last_error"])
        text = _("amoCRM account %(subdomain)s must be connected again: %(reason)s")
        words = {"subdomain": account.subdomain, "reason": reason[:300]}
        alerts.open_once(account=account, kind=Alert.Kind.RECONNECT, text=text % words, at=at)
    log.error("amocrm connection lost", account=account.key, state=state.value, reason=reason)
