"""The site button: amoCRM makes an integration of its own in the account and tells us its secret first.

For an account that has no integration yet (facts 3.6: `data-secrets_uri` is called before the browser comes
back with the code). The address is open to the world, so a call proves itself by the state that the button
carried: signed for this account, an hour of life, and used up by the first secret, because an account that
has an integration takes no other. The same call again changes nothing and is answered alike.
"""

import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core import signing
from django.http import QueryDict
from django.urls import reverse

from crm.models import Account, Connection, Integration

log = structlog.get_logger("grafik.site_button")

SALT, STATE_SECONDS = "crm.site_button", 3600
CLIENT_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
SECRET_MAX = 500


class Forged(Exception):
    """Nothing proves that this account asked for the button."""


class Unreadable(Exception):
    """No integration is named."""


def button(account: Account) -> dict[str, str]:
    """What the button's script tag carries, without `data-`; addresses are absolute."""
    home = settings.PUBLIC_URL
    return {
        "src": f"{settings.AMOCRM_AUTH_URL}/auth/button.min.js",
        "redirect_uri": f"{home}{reverse('amocrm_callback')}",
        "secrets_uri": f"{home}{reverse('amocrm_secrets')}",
        "state": signing.dumps(account.pk, salt=SALT),
    }


def origin() -> str:
    """Where the button's script comes from, as a policy of the page names it."""
    parts = urlsplit(settings.AMOCRM_AUTH_URL)
    return f"{parts.scheme}://{parts.netloc}"


def account_of(state: str) -> Account | None:
    """The account whose button carried this state; None when it is not ours or out of date."""
    try:
        number = signing.loads(state, salt=SALT, max_age=STATE_SECONDS)
    except signing.BadSignature:
        return None
    return Account.objects.filter(pk=number).first()


def take(told: Mapping[str, Any]) -> Integration:
    """Keep the integration that amoCRM made for the account of the state. Raises Forged, Unreadable."""
    client_id, secret, state = (str(told.get(name, "")) for name in ("client_id", "client_secret", "state"))
    account = account_of(state)
    if account is None:
        raise Forged("state")
    if not CLIENT_ID.fullmatch(client_id) or not 0 < len(secret) <= SECRET_MAX or "\x00" in secret:
        raise Unreadable
    made = Integration(
        account=account,
        purpose=Integration.Purpose.API,
        client_id=client_id,
        client_secret=secret,
        redirect_uri=button(account)["redirect_uri"],
    )
    Integration.objects.bulk_create([made], ignore_conflicts=True)
    kept = Integration.objects.filter(account=account, purpose=Integration.Purpose.API).first()
    if kept is None or kept.client_id != client_id or not _same(kept.client_secret, secret):
        log.warning("a second secret refused", account=account.key)
        raise Forged("used")
    log.info("integration made by the button", account=account.key)
    return kept


def give_back(*, state: str, integration: Integration) -> None:
    """The administrator chose another account: what was made there is of no use, the button is offered again.

    Only what this state's button made, and never what has connected the account already.
    """
    account = account_of(state)
    if account is None or account.pk != integration.account_id:
        return
    known = Connection.objects.filter(account=account).first()
    if known is None or not known.access_token:
        log.info("integration of another account forgotten", account=account.key)
        integration.delete()


def parse(body: bytes) -> Mapping[str, Any]:
    """JSON or a form, whatever the header says. Raises Unreadable."""
    try:
        text = body.decode()
        told = json.loads(text) if text.lstrip().startswith("{") else QueryDict(text).dict()
    except (ValueError, RecursionError, OverflowError) as error:
        raise Unreadable from error
    return told if isinstance(told, Mapping) else {}


def _same(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.encode(), given.encode("utf-8", "replace"))
