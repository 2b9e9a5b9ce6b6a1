"""Looking after connections without a person: once a day for each account, and right after it was connected.

One look asks amoCRM who we are (a dead token is found before a payer needs it), makes our web hooks work and
tells the owner what does not. A refresh token is used daily by the early refresh (crm.connection), so an idle
account never reaches its three months; a long-lived token is told of a month before it ends.
"""

from datetime import UTC, datetime, timedelta

import structlog
from django.db.models import Q
from django.utils.translation import gettext as _

from crm import alerts, connection, hooks
from crm.client import Refused, Unavailable
from crm.models import Account, Alert, Connection
from crm.token_claims import claims_of

log = structlog.get_logger("grafik.upkeep")

EVERY = timedelta(hours=24)
# Somebody else's outage is no reason to ask every minute.
AGAIN = timedelta(minutes=15)
TOLD_BEFORE = timedelta(days=30)
BATCH = 50


def check_due(*, at: datetime) -> int:
    """Look at every connected account whose last look is a day old; returns how many were looked at."""
    due = Connection.objects.filter(
        Q(checked_at=None) | Q(checked_at__lte=at - EVERY), state=Connection.State.CONNECTED
    )
    found = list(due.select_related("account").order_by("checked_at", "id")[:BATCH])
    for row in found:
        # Claimed first: two workers make one look, and a look that fails comes again, not at once.
        mine = Connection.objects.filter(pk=row.pk, checked_at=row.checked_at)
        if mine.update(checked_at=at - EVERY + AGAIN):
            _look(row, at)
    return len(found)


def _look(row: Connection, at: datetime) -> None:
    account = row.account
    try:
        connection.run(account=account, at=at, work=lambda amocrm: amocrm.account())
        _hook(account, at)
    except Unavailable as error:
        log.warning("account not checked", account=account.key, error=str(error))
        return
    _watch_long_lived(row, at)
    alerts.close(account=account, kinds=(Alert.Kind.RECONNECT,), at=at)
    Connection.objects.filter(pk=row.pk).update(checked_at=at)


def _hook(account: Account, at: datetime) -> None:
    try:
        made = hooks.ensure(account=account, at=at)
    except Refused as error:
        text = _(
            "amoCRM account %(subdomain)s does not let us make web hooks (%(reason)s): changes of deals are "
            "read every 15 minutes instead of at once. Web hooks need a grant by an administrator and the "
            "plan “Advanced” or higher."
        )
        words = {"subdomain": account.subdomain, "reason": error}
        alerts.open_once(account=account, kind=Alert.Kind.HOOKS_OFF, text=text % words, at=at)
        return
    if made:
        log.info("web hooks made", account=account.key)
    alerts.close(account=account, kinds=(Alert.Kind.HOOKS_OFF,), at=at)


def _watch_long_lived(row: Connection, at: datetime) -> None:
    ends = None if row.refresh_token else token_end(row.access_token)
    if ends is None or ends - at > TOLD_BEFORE:
        alerts.close(account=row.account, kinds=(Alert.Kind.TOKEN_ENDS,), at=at)
        return
    text = _("The long-lived token of amoCRM account %(subdomain)s ends on %(day)s: make a new one.")
    words = {"subdomain": row.account.subdomain, "day": f"{ends:%d.%m.%Y}"}
    alerts.open_once(account=row.account, kind=Alert.Kind.TOKEN_ENDS, text=text % words, at=at)


def token_end(token: str) -> datetime | None:
    """When a token ends by its own words (it is amoCRM's, not checked here); None where it does not say."""
    claims = claims_of(token)
    ends = claims.get("exp")
    if not isinstance(ends, int) or not 0 < ends < 2**33:
        return None
    return datetime.fromtimestamp(ends, UTC)
