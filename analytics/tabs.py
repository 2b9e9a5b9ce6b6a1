"""The figures in a tab of their own: a code for one use within a minute, then a pass for a working day.

amoCRM's one-time token is only in the hands of its own page, so that page asks for a code here and opens a
tab by it. The code becomes a signed cookie that opens the doors of the figures and no other. Rights follow
the amoCRM user: each use of the pass asks whether the account is still connected and still knows that person.
Neither needs a row; that a code was used is remembered for as long as it could be used again.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.core.cache import cache

from crm import users
from crm.auth import Caller
from crm.models import Account, Connection

CODE_SECONDS = 60
PASS_LIVES = timedelta(hours=10)
COOKIE = "grafik_figures"
SALT = "analytics.tabs"


class Invalid(Exception):
    """The code or the pass is forged, too old, used, or its person has left."""


def code(caller: Caller, *, at: datetime) -> str:
    """A fresh code for this caller."""
    claims = [
        caller.account.pk,
        caller.user_id,
        caller.is_admin,
        int(at.timestamp()),
        secrets.token_urlsafe(9),
    ]
    return _signer("code").sign_object(claims)


def redeem(given: str, *, at: datetime) -> str:
    """The pass for a code, which is used up by this. Raises Invalid, or RedisError: nobody can tell."""
    account, user, admin, made, name = _read("code", given, 5)
    if not 0 <= at.timestamp() - made <= CODE_SECONDS:
        raise Invalid
    # Only the first who adds the name gets True, whichever process asks.
    if not cache.add(f"tab:{name}", 1, 2 * CODE_SECONDS):
        raise Invalid
    return _signer("pass").sign_object([account, user, admin, int(at.timestamp())])


def holder(given: str, *, at: datetime) -> Caller:
    """Who holds this pass, if that person may still come in; raises Invalid."""
    account_id, user, admin, made = _read("pass", given, 4)
    if not 0 <= at.timestamp() - made <= PASS_LIVES.total_seconds():
        raise Invalid
    account = Account.objects.filter(pk=account_id).first()
    gone = Connection.objects.filter(account_id=account_id, state=Connection.State.UNINSTALLED).exists()
    if account is None or gone:
        raise Invalid
    known = users.names(account=account, at=at)
    # While amoCRM cannot be asked nobody is known, and the pass is believed.
    if len(known) and user not in set(known):
        raise Invalid
    return Caller(account=account, user_id=user, is_admin=admin)


def _read(kind: str, given: str, parts: int) -> list[Any]:
    try:
        claims = _signer(kind).unsign_object(given)
    except (signing.BadSignature, ValueError) as error:
        raise Invalid from error
    if not isinstance(claims, list) or len(claims) != parts:
        raise Invalid
    return claims


def _signer(kind: str) -> signing.Signer:
    """A code is no pass."""
    return signing.Signer(salt=f"{SALT}.{kind}")
