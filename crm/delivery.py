"""Sending what waits for amoCRM: each effect once, in order for each deal, within the account's limit.

Rows are leased, sent and then marked; `uncertain` is set with the lease and taken back only by an answer that
says what happened, so after a killed worker or a lost answer the effect is looked up in amoCRM before it is
repeated (notes, tasks) or shown to a person (a bot run cannot be looked up). Rows of many deals share a call
where amoCRM has one for them (crm.batches). An account that cannot be reached now is left alone for the rest
of the run: its rows wait, others go on. A row that amoCRM refuses for good is parked with the reason.
"""

import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from crm import alerts, batches, connection, effects, limits, queues
from crm.client import Blocked, Refused, Unavailable, Unpaid
from crm.models import Account, Alert, Connection, OutboxRow

log = structlog.get_logger("grafik.outbox")

CALLS_MAX = 400
RUN_SECONDS = 60.0
# How many rows behind the first ones of their deals are looked at for a batch.
FOLLOWERS_MAX = 500
# Seconds until a row goes again. The longest is short, because the pause of the whole account (crm.limits)
# keeps us from hammering, and after an outage nobody should wait for rows that sleep on.
DELAYS = (2, 5, 15, 60)
# Two hours of errors come before a row sleeps for longer than a minute: after an hour it must go at once.
PATIENT_ATTEMPTS, LONG_DELAY = 180, 600
ATTEMPTS_MAX = 500
# All calls of one batch end before its lease does: what is still in hand must not be taken by another worker.
BUDGET_SECONDS = 30.0
# The drain by hand waits for a pause to end where a worker would rather take another account's row.
PATIENCE_SECONDS, PATIENCE_BY_HAND_SECONDS = 5.0, 65.0


def deliver(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Send what is due and return how many rows were settled (done or parked); zero means: nothing moves now.

    `ignore_not_before` is the drain by hand: rows are taken whatever their time, and only limits are waited
    for.
    """
    started = time.monotonic()
    run = _Run(by_hand=ignore_not_before)
    settled = 0
    for _call in range(CALLS_MAX):
        elapsed = time.monotonic() - started
        now = at + timedelta(seconds=elapsed)
        rows = run.lease(now) if elapsed < RUN_SECONDS else []
        if not rows:
            break
        settled += run.send(rows, now)
    return settled


class _Run:
    """One pass over the queue, account by account in turns; leaves alone what cannot be reached."""

    def __init__(self, *, by_hand: bool) -> None:
        self._by_hand = by_hand
        self._patience = PATIENCE_BY_HAND_SECONDS if by_hand else PATIENCE_SECONDS
        waiting = Account.objects.filter(
            Exists(OutboxRow.objects.filter(account=OuterRef("pk"), state=OutboxRow.State.WAITING)),
            connection__state=Connection.State.CONNECTED,
        )
        self._accounts = deque(
            account
            for account in waiting.order_by("id")
            if by_hand or not limits.pause_left(account.subdomain)
        )

    def lease(self, now: datetime) -> list[OutboxRow]:
        """Rows of the next account that has any for one call."""
        while self._accounts:
            if self._by_hand:
                time.sleep(min(limits.pause_left(self._accounts[0].subdomain), self._patience))
            rows = self._lease_of(self._accounts[0], now)
            if rows:
                self._accounts.rotate(-1)
                return rows
            self._accounts.popleft()
        return []

    def send(self, rows: list[OutboxRow], now: datetime) -> int:
        """Carry the rows out; returns how many left the queue."""
        account, ended = rows[0].account, dict[int, str]()
        try:
            connection.run(
                account=account,
                at=now,
                work=lambda amocrm: batches.carry_out(amocrm, rows, ended),
                patience=self._patience,
                budget=BUDGET_SECONDS,
            )
            alerts.close(account=account, kinds=(Alert.Kind.BLOCKED,), at=now)
            settled = 0
        except Unavailable as error:
            if account in self._accounts:
                self._accounts.remove(account)
            if isinstance(error, Blocked):
                alerts.open_once(
                    account=account, kind=Alert.Kind.BLOCKED, text=_blocked(account, error), at=now
                )
            settled = sum(_later(row, error, now) for row in rows if row.pk not in ended)
        except Refused as error:
            ended |= {row.pk: str(error) for row in rows if row.pk not in ended}
            settled = 0
        return settled + sum(_settle(row, ended[row.pk], now) for row in rows if row.pk in ended)

    def _lease_of(self, account: Account, now: datetime) -> list[OutboxRow]:
        """The oldest due row that is first in its deal's line, and what may share its call.

        The account's row is the lock of the lease: two workers never see the same line's beginning.
        """
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=account.pk)
            rows = self._batch(account, now)
            OutboxRow.objects.filter(pk__in=[row.pk for row in rows]).update(
                leased_until=now + queues.LEASE, attempts=F("attempts") + 1, uncertain=True
            )
        for row in rows:
            # `uncertain` stays what it was: whether an earlier try may have had its effect.
            row.attempts += 1
        return rows

    def _batch(self, account: Account, now: datetime) -> list[OutboxRow]:
        waiting = OutboxRow.objects.filter(account=account, state=OutboxRow.State.WAITING)
        before = waiting.filter(deal=OuterRef("deal"), id__lt=OuterRef("id"))
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        if not self._by_hand:
            free &= Q(not_before__lte=now)
        rows = waiting.select_related("deal__account", "account").order_by("id")
        firsts = list(rows.filter(free, ~Exists(before))[: batches.BATCH * 4])
        if not firsts:
            return []
        group = batches.group_of(firsts[0])
        chosen = [row for row in firsts if batches.group_of(row) == group][: batches.BATCH]
        return [*chosen, *self._followers(chosen, rows, group, now)]

    def _followers(
        self, chosen: Sequence[OutboxRow], rows: Any, group: str, now: datetime
    ) -> list[OutboxRow]:
        """The rows right behind the chosen ones of the same deals, as far as they fit into the call."""
        open_lines = {row.deal_id for row in chosen}
        if len(chosen) >= batches.BATCH or group not in batches.GROUPS.values() or group == "patch":
            return []
        behind = rows.filter(deal_id__in=open_lines).exclude(pk__in=[row.pk for row in chosen])
        found: list[OutboxRow] = []
        for row in behind[:FOLLOWERS_MAX]:
            if row.deal_id not in open_lines or len(chosen) + len(found) >= batches.BATCH:
                continue
            leased = row.leased_until is not None and row.leased_until >= now
            late = not self._by_hand and row.not_before > now
            if batches.group_of(row) != group or leased or late:
                open_lines.discard(row.deal_id)
            else:
                found.append(row)
        return found


def _blocked(account: Account, error: Blocked) -> str:
    """Who lets us in again, in words for the owner."""
    if isinstance(error, Unpaid):
        text = _(
            "The amoCRM account %(subdomain)s is not paid for (402): nothing is written to it until then."
        )
    else:
        text = _("amoCRM blocks our calls for account %(subdomain)s (403): ask its support to lift it.")
    return text % {"subdomain": account.subdomain}


def _later(row: OutboxRow, error: Unavailable, now: datetime) -> int:
    """The row waits; it is uncertain when it was before, or when nobody knows what this call did.

    An outage parks nothing however long it lasts; only a row whose own calls fail for days is shown to a
    person. The wait differs from row to row, so that one that amoCRM chokes on spoils ever other batches.
    """
    if error.unknown and row.kind == OutboxRow.Kind.SALESBOT:
        return _settle(row, effects.bot_unknown(), now)
    if error.unknown and row.attempts >= ATTEMPTS_MAX:
        return _settle(row, str(error), now)
    seconds = LONG_DELAY if row.attempts > PATIENT_ATTEMPTS else DELAYS[min(row.attempts, len(DELAYS)) - 1]
    wait = timedelta(seconds=seconds * (0.5 + row.pk * row.attempts % 97 / 194))
    OutboxRow.objects.filter(pk=row.pk).update(
        uncertain=row.uncertain or error.unknown,
        leased_until=None,
        not_before=now + wait,
        last_error=str(error)[:1000],
    )
    return 0


def _settle(row: OutboxRow, reason: str, now: datetime) -> int:
    """End the lease, parked where there is a reason for a person; a row whose content changed while it was
    sent stays, for the newer content.
    """
    state = OutboxRow.State.PARKED if reason else OutboxRow.State.DONE
    if reason:
        log.warning("outbox row parked", account=row.account.key, lead=row.deal.external_id, kind=row.kind)
    ended: dict[str, Any] = {
        "state": state,
        "leased_until": None,
        "last_error": reason[:1000],
        "external_id": row.external_id,
        "uncertain": row.kind == OutboxRow.Kind.SALESBOT and reason == effects.bot_unknown(),
    }
    if state == OutboxRow.State.DONE:
        ended["done_at"] = now
    same = OutboxRow.objects.filter(pk=row.pk, revision=row.revision)
    if same.update(**ended):
        return 1
    OutboxRow.objects.filter(pk=row.pk).update(
        leased_until=None, not_before=now, last_error="", uncertain=False
    )
    return 0
