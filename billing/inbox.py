"""The inbox of providers' notices: verify, store once, answer, apply.

The answer depends on the storing, never on the applying. A stored notice is applied under the lock of its
deal, in its own transaction or together with others (billing.notice_batches), as often as anybody likes: the
facts it makes are unique by the provider's numbers, so any repetition, order and delay ends in the same
ledger. A genuine one that nobody can read is stored for a person and never applied. What each comes to:
billing.notice_outcomes.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    forwarding,
    known_shops,
    notice_batches,
    notice_outcomes,
    notice_store,
    order_check,
    refused_notices,
)
from billing.known_shops import UnknownMerchant as UnknownMerchant
from billing.models import MerchantAccount, Notice
from billing.notice_outcomes import NotYet as NotYet
from billing.providers.base import (
    Answer,
    Delivery,
    Forged,
    Malformed,
    NoticeKind,
    NoticeRead,
    Provider,
    Verdict,
)
from crm import queues

log = structlog.get_logger("grafik.inbox")

BATCH = 500
CLAIMED_AT_ONCE = 50
# In a form and in JSON.
_TOKEN = re.compile(rb'(\bToken(?:=|"\s*:\s*"))[^&"]+')


@dataclass(frozen=True)
class Replay:
    """How many stored notices were run again, and how many of them came to something new."""

    seen: int
    changed: int


def take(*, provider: str, merchant_key: str, kind: NoticeKind, delivery: Delivery, at: datetime) -> Answer:
    """Receive a notice and return the answer for the provider; raises UnknownMerchant.

    What comes most, a genuine notice for a shop that was asked of before, is one statement. Else, by the shop
    as it is now: 1. Verify and read; a forged one changes nothing. 2. What is another program's goes on to
    it, where the shop says so. 3. *check* is only answered. 4. Store the notice once and wake a worker after
    the commit, or park it for a person when it is genuine but cannot be read; a second delivery of the same
    notice gets the same answer.
    """
    answer = _take_known(provider, merchant_key, kind, delivery, at=at)
    if answer is not None:
        return answer
    shop = known_shops.read(provider=provider, key=merchant_key)
    merchant, adapter = shop.merchant, shop.adapter
    try:
        notice = adapter.read_notice(kind, delivery)
    except Forged:
        log.warning("notice forged", merchant=merchant_key, kind=kind, size=len(delivery.body))
        refused_notices.keep(merchant=merchant, kind=kind, reason="forged", delivery=delivery, at=at)
        return adapter.answer(Verdict.FORGED, None)
    except Malformed as error:
        log.error("notice unreadable", merchant=merchant_key, kind=kind, reason=str(error))
        return _answer_unread(merchant, adapter, kind, delivery, error, at=at)
    try:
        if forwarding.concerns(merchant=merchant, notice=notice, delivery=delivery):
            return forwarding.forward(merchant=merchant, notice=notice, delivery=delivery, at=at)
        verdict = _verdict(merchant, notice, delivery, at=at)
    except DatabaseError as error:
        log.error("notice not stored", merchant=merchant_key, kind=kind, error=type(error).__name__)
        return adapter.answer(Verdict.NOT_STORED, notice)
    return adapter.answer(verdict, notice)


def refuse_long(
    *, provider: str, merchant_key: str, kind: NoticeKind, delivery: Delivery, at: datetime
) -> None:
    """Remember that something came that is longer than any notice; raises UnknownMerchant."""
    merchant = known_shops.read(provider=provider, key=merchant_key).merchant
    refused_notices.keep(merchant=merchant, kind=kind, reason="too_long", delivery=delivery, at=at)


def masked(body: bytes) -> bytes:
    """A notice's body for a person: without the token of the payer's card."""
    return _TOKEN.sub(rb"\1***", body)


def apply_again(*, notice: Notice, at: datetime) -> bool:
    """Run one stored notice again, whatever its state; true when it came to something new. Raises NotYet."""
    return _apply(notice.pk, again=True, at=at)


def apply_waiting(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Apply stored notices, oldest first, each at most once per call; returns how many were tried."""
    tried: list[int] = []
    while len(tried) < BATCH:
        rows = queues.claim(
            Notice,
            at=at,
            limit=CLAIMED_AT_ONCE,
            where=~Q(id__in=tried),
            ignore_not_before=ignore_not_before,
        )
        if not rows:
            break
        tried += [row.pk for row in rows]
        done = notice_batches.apply(rows, keep_card=partial(notice_outcomes.keep_card, at=at), at=at)
        for row in rows:
            if row.pk not in done:
                _apply_or_retry(row, at=at)
    return len(tried)


def replay(*, since: datetime | None, at: datetime) -> Replay:
    """Run stored notices (all, or those that came since a moment) again, in their order, whatever their
    state.
    """
    stored = Notice.objects.filter(created_at__gte=since) if since else Notice.objects.all()
    seen = changed = 0
    for pk in stored.order_by("id").values_list("id", flat=True).iterator(chunk_size=1000):
        seen += 1
        try:
            changed += _apply(pk, again=True, at=at)
        except NotYet as error:
            log.warning("notice waits", notice=pk, reason=str(error))
    return Replay(seen=seen, changed=changed)


def _take_known(
    provider: str, merchant_key: str, kind: NoticeKind, delivery: Delivery, *, at: datetime
) -> Answer | None:
    """Store a genuine notice by the shop as it is remembered; None: look at the shop as it is now."""
    shop = known_shops.remembered(provider=provider, key=merchant_key)
    if shop is None or kind is NoticeKind.CHECK or forwarding.address(shop.merchant):
        return None
    try:
        notice = shop.adapter.read_notice(kind, delivery)
    except (Forged, Malformed):
        # Perhaps by a secret that was changed; who says so to the provider has looked.
        return None
    try:
        is_kept = notice_store.store(
            merchant=shop.merchant, notice=notice, delivery=delivery, at=at, stamp=shop.stamp
        )
    except DatabaseError as error:
        log.error("notice not stored", merchant=merchant_key, kind=kind, error=type(error).__name__)
        return shop.adapter.answer(Verdict.NOT_STORED, notice)
    return shop.adapter.answer(Verdict.ACCEPTED, notice) if is_kept else None


def _verdict(merchant: MerchantAccount, notice: NoticeRead, delivery: Delivery, *, at: datetime) -> Verdict:
    if notice.kind is NoticeKind.CHECK:
        return order_check.verdict(merchant=merchant, notice=notice, at=at)
    notice_store.store(merchant=merchant, notice=notice, delivery=delivery, at=at)
    return Verdict.ACCEPTED


def _answer_unread(
    merchant: MerchantAccount,
    adapter: Provider,
    kind: NoticeKind,
    delivery: Delivery,
    error: Malformed,
    *,
    at: datetime,
) -> Answer:
    """Keep a genuine notice that cannot be read as evidence, once per body; it is a person's from the start.

    A *check* is a question and no evidence: unreadable, it is refused.
    """
    if kind is NoticeKind.CHECK:
        refused_notices.keep(merchant=merchant, kind=kind, reason=str(error), delivery=delivery, at=at)
        return adapter.answer(Verdict.MALFORMED, None)
    said = delivery.body or delivery.query
    digest = hashlib.sha256(said).hexdigest()
    words = _("A genuine notice that cannot be read (%(reason)s): look at its body and record what it tells.")
    row = Notice(
        merchant=merchant,
        kind=kind,
        external_id=f"unread:{digest}",
        body=said,
        fields={},
        state=Notice.State.PARKED,
        last_error=words % {"reason": error},
        not_before=at,
        created_at=at,
    )
    # All that the provider needs of it is the number that it wants to read in our answer.
    told = NoticeRead(kind=kind, external_id=row.external_id, order_number=error.order_number)
    try:
        with transaction.atomic():
            Notice.objects.bulk_create([row], ignore_conflicts=True)
    except DatabaseError as failure:
        log.error("notice not stored", merchant=merchant.key, kind=kind, error=type(failure).__name__)
        return adapter.answer(Verdict.NOT_STORED, told)
    return adapter.answer(Verdict.ACCEPTED, told)


def _apply_or_retry(row: Notice, *, at: datetime) -> None:
    try:
        _apply(row.pk, again=False, at=at)
    except NotYet as error:
        queues.retry(row, at=at, error=str(error))
    except (
        Exception
    ) as error:  # one notice that trips must not hold up the others; it is tried again, then parked
        log.exception("notice not applied", notice=row.pk, kind=row.kind)
        queues.retry(row, at=at, error=f"{type(error).__name__}: {error}")


def _apply(pk: int, *, again: bool, at: datetime) -> bool:
    """Apply one notice in its own transaction; true when it came to something that was not known before."""
    with transaction.atomic():
        stored = Notice.objects.select_for_update(of=("self",)).select_related("merchant__legal_entity")
        row = stored.get(pk=pk)
        if row.state != Notice.State.WAITING and not again:
            return False
        if not row.fields:
            # It was never read: trying again does not make it readable.
            queues.park(row, error=row.last_error)
            return False
        before = (row.state, row.outcome)
        row.outcome = notice_outcomes.of(row, NoticeRead.from_json(row.fields), at=at)
        if row.state != Notice.State.DONE:
            queues.finish(row, at=at)
        if row.outcome != before[1]:
            row.save(update_fields=["outcome"])
        return before != (row.state, row.outcome)
