"""How an administrator gives us an account and takes it away: the redirect of OAuth, the uninstall call.

The tenant of a new connection is what amoCRM's GET account says about the new token, never what the browser
said; a secret goes only to an address of amoCRM's. Several integrations of one account may come here: the
widget's own never replaces the tokens of the API's. crm.connection keeps and renews what is given here.
"""

import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import structlog
from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from crm import connection, kick, site_button, transport
from crm.client import Client, Priority, Refused, Unavailable
from crm.models import Account, Connection, Integration

log = structlog.get_logger("grafik.grants")

STATE_SALT, STATE_SECONDS = "crm.oauth", 3600
REFERER = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.amocrm\.ru")


class ForeignAccount(Exception):
    """The grant belongs to another account than the integration does."""


class NotAmocrm(Exception):
    """The address that asks for our secret is not amoCRM's."""


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
            account = site_button.account_of(state)
        own = known.filter(purpose=Integration.Purpose.API, account=account)
        return own.first() if account else None
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
    pair = connection.exchanged(subdomain, integration, {"grant_type": "authorization_code", "code": code})
    line = transport.Line(
        subdomain=subdomain, token=pair.access, priority=Priority.PERSON, patience=connection.PATIENCE_SECONDS
    )
    told = Client(line).account()
    account = integration.account
    if told.id != account.external_id:
        log.warning("grant of another account", account=account.key, told=told.id)
        raise ForeignAccount
    if integration.purpose == Integration.Purpose.API:
        connection.keep(account, pair, at)
        Account.objects.filter(pk=account.pk).exclude(subdomain=subdomain).update(subdomain=subdomain)
        Connection.objects.filter(account=account).update(checked_at=None)
        kick.soon("crm.check_connections")
    log.info("connected", account=account.key, purpose=integration.purpose)
    return account


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
        connection.run(
            account=account, at=at, work=lambda amocrm: amocrm.account(), priority=Priority.PERSON, budget=5.0
        )
    except connection.NeedsReconnect:
        kept = Connection.objects.get(account=account)
        connection.lose(
            account,
            reason=_("The integration was removed in amoCRM"),
            failed=kept.access_token,
            state=Connection.State.UNINSTALLED,
            at=at,
        )
    except (Unavailable, Refused) as error:
        log.warning("uninstall not confirmed", account=account.key, error=str(error))


def _subdomain(integration: Integration, referer: str) -> str:
    """The account's subdomain behind a referer that may have our secret; raises NotAmocrm."""
    match = REFERER.fullmatch(referer)
    if match:
        return match[1]
    if "{" not in urlsplit(settings.AMOCRM_URL).netloc and referer == urlsplit(settings.AMOCRM_URL).netloc:
        return integration.account.subdomain
    raise NotAmocrm
