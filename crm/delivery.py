"""Sending what waits for amoCRM: each effect once, in order for each deal, within the account's limit.

A row is leased, sent and then marked; a worker killed in between leaves `attempts` above one, and then the
effect is looked up in amoCRM before it is repeated (notes, tasks) or shown to a person (a bot run cannot be
looked up). An account that cannot be reached now is left alone for the rest of the run: its rows wait, others
go on. A row that amoCRM refuses for good is parked with the reason in words.
"""

import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q

from crm import connection, effects, limits, queues
from crm.client import Refused, Unavailable
from crm.models import Account, Connection, Deal, OutboxRow

log = structlog.get_logger("grafik.outbox")

ROWS_MAX = 300
RUN_SECONDS = 60.0
# The drain by hand waits for a pause to end where a worker would rather take another account's row.
PATIENCE_SECONDS, PATIENCE_BY_HAND_SECONDS = 5.0, 65.0


def deliver(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Send what is due and return how many rows were settled (done or parked); zero means: nothing moves now.

    `ignore_not_before` is the drain by hand: rows are taken whatever their time, and only limits are waited
    for.
    """
    started = time.monotonic()
    run = _Run(at=at, by_hand=ignore_not_before)
    settled = 0
    for _ in range(ROWS_MAX):
        elapsed = time.monotonic() - started
        row = run.next_row(at + timedelta(seconds=elapsed)) if elapsed < RUN_SECONDS else None
        if row is None:
            break
        settled += run.send(row, at + timedelta(seconds=elapsed))
    return settled


class _Run:
    """One pass over the queue; remembers which accounts and rows it has to leave alone."""

    def __init__(self, *, at: datetime, by_hand: bool) -> None:
        self._by_hand = by_hand
        self._patience = PATIENCE_BY_HAND_SECONDS if by_hand else PATIENCE_SECONDS
        waiting = Account.objects.filter(
            Exists(OutboxRow.objects.filter(account=OuterRef("pk"), state=OutboxRow.State.WAITING)),
            connection__state=Connection.State.CONNECTED,
        )
        self._open = {
            pk
            for pk, name in waiting.values_list("pk", "subdomain")
            if by_hand or not limits.pause_left(name)
        }

    def next_row(self, now: datetime) -> OutboxRow | None:
        """Lease the oldest due row that is first in its deal's line."""
        before = OutboxRow.objects.filter(
            account=OuterRef("account"),
            deal=OuterRef("deal"),
            state=OutboxRow.State.WAITING,
            id__lt=OuterRef("id"),
        )
        where = Q(account__in=self._open) & Q(~Exists(before))
        rows = (
            queues.claim(OutboxRow, at=now, where=where, ignore_not_before=self._by_hand)
            if self._open
            else []
        )
        return rows[0] if rows else None

    def send(self, row: OutboxRow, now: datetime) -> int:
        """Carry out one row; 1 when it left the queue."""
        deal = Deal.objects.select_related("account").get(pk=row.deal_id)
        try:
            connection.run(
                account=deal.account,
                at=now,
                work=lambda amocrm: effects.carry_out(amocrm, row, deal),
                patience=self._patience,
            )
        except Unavailable as error:
            return self._later(row, error, now)
        except (Refused, effects.NeedsPerson) as error:
            reason = str(error)
            log.warning("outbox row parked", account=deal.account.key, lead=deal.external_id, kind=row.kind)
            return _settle(row, state=OutboxRow.State.PARKED, now=now, error=reason)
        return _settle(row, state=OutboxRow.State.DONE, now=now)

    def _later(self, row: OutboxRow, error: Unavailable, now: datetime) -> int:
        self._open.discard(row.account_id)
        if row.kind == OutboxRow.Kind.SALESBOT and error.unknown:
            return _settle(row, state=OutboxRow.State.PARKED, now=now, error=effects.bot_unknown())
        queues.retry(row, at=now, error=str(error))
        return int(row.state == OutboxRow.State.PARKED)


def _settle(row: OutboxRow, *, state: OutboxRow.State, now: datetime, error: str = "") -> int:
    """End the lease; a row whose content changed while it was sent stays, for the newer content."""
    ended: dict[str, Any] = {
        "state": state,
        "leased_until": None,
        "last_error": error[:1000],
        "external_id": row.external_id,
    }
    if state == OutboxRow.State.DONE:
        ended["done_at"] = now
    same = OutboxRow.objects.filter(pk=row.pk, revision=row.revision)
    if same.update(**ended):
        return 1
    OutboxRow.objects.filter(pk=row.pk).update(leased_until=None, not_before=now, last_error="")
    return 0
