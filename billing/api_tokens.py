"""Keys by which other programs use the API as staff does: made once, stored as a hash, revocable.

A key opens one account or, made without one, all of them (the caller then names it). It can do what staff
can, and its name stands in the history as the author.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from billing.models import ApiToken
from crm.models import Account

PREFIX = "grafik_"
LENGTH_MAX = 100
# How exactly the panel tells when a key was last used: not every call writes a row.
SEEN_EVERY = timedelta(minutes=5)


def make(*, name: str, account: Account | None, author: str, at: datetime) -> tuple[ApiToken, str]:
    """A new key: its row and the key itself, which is never to be seen again."""
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        name=name, account=account, hash=_hash(key), created_at=at, created_by=author
    )
    return row, key


def find(key: str, *, at: datetime) -> ApiToken | None:
    """The living token of this key."""
    if not key.startswith(PREFIX) or len(key) > LENGTH_MAX:
        return None
    row = ApiToken.objects.select_related("account").filter(hash=_hash(key), revoked_at=None).first()
    if row is not None:
        long_ago = Q(used_at=None) | Q(used_at__lt=at - SEEN_EVERY)
        ApiToken.objects.filter(long_ago, pk=row.pk).update(used_at=at)
    return row


def revoke(*, rows: QuerySet[ApiToken], at: datetime) -> int:
    """These keys open nothing any more; returns how many did until now."""
    return rows.filter(revoked_at=None).update(revoked_at=at)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
