"""Evidence of notices that were refused: a bounded ring for each shop, and an alarm when it repeats.

A forgery costs its sender nothing, so it may cost us little: the beginning of the body, a few rows a minute,
the newest ones only. A refusal that repeats is either an attack or a secret that somebody changed in the
provider's cabinet; in the second case money comes in that nobody sees, so a person is told.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count

from billing.models import MerchantAccount, RefusedNotice
from billing.providers.base import Delivery, NoticeKind

log = structlog.get_logger("grafik.refused_notices")

BODY_KEPT = 4096
KEPT_PER_MERCHANT = 200
KEPT_A_MINUTE = 20
REPEATS, WITHIN = 5, timedelta(hours=1)


def keep(
    *, merchant: MerchantAccount, kind: NoticeKind, reason: str, delivery: Delivery, at: datetime
) -> None:
    """Keep what came and why it was refused, while there is room; never fails, never delays the answer."""
    said = delivery.body or delivery.query
    row = RefusedNotice(
        merchant=merchant,
        kind=kind,
        reason=reason[:80],
        method=delivery.method[:8],
        address=delivery.address[:45],
        body=said[:BODY_KEPT],
        size=max(len(said), delivery.size),
        digest=hashlib.sha256(said).hexdigest(),
        at=at,
    )
    try:
        with transaction.atomic():
            if _is_full(merchant, at):
                return
            row.save()
            _forget_old(merchant)
    except DatabaseError as error:
        log.warning("evidence not kept", merchant=merchant.key, error=type(error).__name__)
        return
    if merchant.key in repeating(at=at):
        log.error("notices are refused again and again", merchant=merchant.key, kind=kind, reason=reason)


def repeating(*, at: datetime) -> dict[str, int]:
    """Shops whose notices were refused at least five times within the last hour, and how many times."""
    recent = RefusedNotice.objects.filter(at__gt=at - WITHIN).values_list("merchant__key")
    return dict(recent.annotate(count=Count("id")).filter(count__gte=REPEATS).order_by("merchant__key"))


def _newest(merchant: MerchantAccount) -> "Iterable[tuple[int, datetime]]":
    rows = RefusedNotice.objects.filter(merchant=merchant).order_by("-id")
    return rows.values_list("id", "at")[:KEPT_PER_MERCHANT]


def _is_full(merchant: MerchantAccount, at: datetime) -> bool:
    newest = list(_newest(merchant))[:KEPT_A_MINUTE]
    return len(newest) == KEPT_A_MINUTE and newest[-1][1] > at - timedelta(minutes=1)


def _forget_old(merchant: MerchantAccount) -> None:
    kept = [pk for pk, _at in _newest(merchant)]
    if len(kept) == KEPT_PER_MERCHANT:
        RefusedNotice.objects.filter(merchant=merchant, id__lt=kept[-1]).delete()
