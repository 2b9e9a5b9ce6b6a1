"""Once a day, and on demand: what the provider says of a day against our books and receipts.

What is missing here comes in through the inbox, as if its notice had come. What no program may decide is a
Difference: stored once, with a reason, on a list that a person works off; it closes by itself when a later
look does not find it any more.
"""

from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from billing import inbox, notice_store, providers, refunds
from billing.models import AccountPolicy, Difference, MerchantAccount, Reconciliation
from billing.providers.base import OperationKind, ProviderError
from billing.registry_differences import Finding, compare
from billing.registry_look import BUSINESS_ZONE, Look, fetch, is_money, known_payments, known_refunds

log = structlog.get_logger("grafik.reconciliation")

AT_ONCE = 20
# Longer than any comparison; a worker that had it in hand for so long is dead.
TAKES = timedelta(minutes=30)


class AlreadyClosed(Exception):
    """The difference was healed or settled before."""


def run(*, merchant: MerchantAccount, day: date, at: datetime) -> Reconciliation:
    """Compare a day of a shop now, heal what is safe, store the rest. A second run stores nothing twice."""
    return _perform(request(merchant=merchant, day=day, at=at), at=at)


def request(*, merchant: MerchantAccount, day: date, at: datetime) -> Reconciliation:
    """Have a day compared by the next worker; the one that waits already is returned."""
    waiting = Reconciliation.objects.filter(merchant=merchant, day=day, ended_at__isnull=True).first()
    return waiting or Reconciliation.objects.create(merchant=merchant, day=day, begun_at=at)


def request_yesterday(*, at: datetime) -> int:
    """Ask for the day that is over, of every shop that was not compared yet; returns how many."""
    day = at.astimezone(BUSINESS_ZONE).date() - timedelta(days=1)
    done = Reconciliation.objects.filter(day=day, ended_at__isnull=False, error="").values("merchant")
    shops = MerchantAccount.objects.exclude(id__in=done)
    return len([request(merchant=shop, day=day, at=at) for shop in shops.order_by("id")])


def perform(*, at: datetime) -> int:
    """Do what was asked for; what another worker has in hand is left to it, unless it died with it."""
    free = Q(taken_at__isnull=True) | Q(taken_at__lt=at - TAKES)
    waiting = Reconciliation.objects.filter(free, ended_at__isnull=True).select_related("merchant")
    done = 0
    for row in waiting.order_by("id")[:AT_ONCE]:
        mine = Reconciliation.objects.filter(pk=row.pk, taken_at=row.taken_at, ended_at__isnull=True)
        if mine.update(taken_at=at):
            _perform(row, at=at)
            done += 1
    return done


def settle(*, difference: Difference, comment: str, author: str, at: datetime) -> None:
    """A person has looked into it. Raises AlreadyClosed."""
    changed = Difference.objects.filter(pk=difference.pk, state=Difference.State.OPEN).update(
        state=Difference.State.SETTLED, comment=comment, closed_by=author, closed_at=at
    )
    if not changed:
        raise AlreadyClosed


def _perform(row: Reconciliation, *, at: datetime) -> Reconciliation:
    """1. Ask the provider, outside of any transaction. 2. Send what is missing here through the inbox. 3.
    Compare what is left and store it.
    """
    try:
        look = fetch(row.merchant, row.day)
    except (ProviderError, providers.NoAdapter) as error:
        log.warning("not reconciled", merchant=row.merchant.key, error=str(error))
        row.error, row.ended_at = str(error)[:1000] or type(error).__name__, at
        row.save(update_fields=["error", "ended_at"])
        return row
    before = {(one.kind, one.external_id) for one in compare(look, at=at)}
    _heal(look, at=at)
    left = list(compare(look, at=at)) if _begins(row.merchant) <= row.day else []
    row.rows = len(look.operations) + len(look.chargebacks)
    row.healed = len(before - {(one.kind, one.external_id) for one in left})
    row.found, row.ended_at = len(left), at
    with transaction.atomic():
        _store(row, left, at=at)
        row.save(update_fields=["rows", "healed", "found", "ended_at"])
    return row


def _heal(look: Look, *, at: datetime) -> None:
    """Through the same inbox as a notice; chargebacks have none, so they are recorded here."""
    told = {row.external_id for row in look.operations}
    known = {*known_payments(look.merchant, told), *known_refunds(look.merchant, told)}
    for operation in look.operations:
        if not is_money(operation) or operation.external_id in known:
            continue
        if operation.kind is OperationKind.PAYMENT:
            notice_store.found(merchant=look.merchant, operation=operation, at=at)
        elif operation.kind is OperationKind.REFUND:
            notice_store.found_refund(merchant=look.merchant, operation=operation, at=at)
    inbox.apply_waiting(at=at, ignore_not_before=True)
    for chargeback in look.chargebacks:
        if not chargeback.is_fee and not chargeback.returned:
            refunds.charged_back(
                merchant=look.merchant,
                payment_external_id=chargeback.payment_external_id,
                external_id=f"chargeback-{chargeback.external_id}",
                amount=chargeback.amount,
                charged_at=chargeback.at,
                author="system",
                at=at,
            )


def _store(row: Reconciliation, found: list[Finding], *, at: datetime) -> None:
    """Each difference once; one that was healed opens again, one that a person settled stays settled."""
    for one in found:
        difference, is_new = Difference.objects.get_or_create(
            merchant=row.merchant,
            kind=one.kind,
            external_id=one.external_id,
            defaults={
                "day": row.day,
                "payment": one.payment,
                "ours": one.ours,
                "theirs": one.theirs,
                "reason": one.reason,
                "found_at": at,
            },
        )
        if not is_new and difference.state != Difference.State.SETTLED:
            Difference.objects.filter(pk=difference.pk).update(
                state=Difference.State.OPEN,
                ours=one.ours,
                theirs=one.theirs,
                reason=one.reason,
                closed_at=None,
            )
    still = {(one.kind, one.external_id) for one in found}
    for difference in Difference.objects.filter(
        merchant=row.merchant, day=row.day, state=Difference.State.OPEN
    ):
        if (difference.kind, difference.external_id) not in still:
            Difference.objects.filter(pk=difference.pk).update(
                state=Difference.State.HEALED, closed_at=at, closed_by="system"
            )


def _begins(merchant: MerchantAccount) -> date:
    """The first day of which anything is said: the earliest start of the accounts this shop works for."""
    accounts = AccountPolicy.objects.filter(
        legal_entity=merchant.legal_entity
    ) | AccountPolicy.objects.filter(account__locations__ownerships__merchant=merchant)
    starts = list(accounts.values_list("starts_on", flat=True))
    return min((day or date.min for day in starts), default=date.min)
