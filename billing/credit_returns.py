"""Credit that nobody will pay: access was given, the receipt on credit says so, and now the deal costs less.

The law does not say which receipt takes such a credit back (54-FZ knows returns of money), so the accountant
decides: a receipt "return of credit" waits on the list of money without a receipt, its lines ready to be made
on our register, with a reason of its own. One row waits at a time for a deal and entity; it follows the sum,
and ends by itself when the deal costs as much again.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from billing import credit_receipts, ledger, prepayments, receipts
from billing.models import LegalEntity, MerchantAccount, Receipt, Refund, Rendering, ScheduleVersion
from billing.rules import money
from billing.rules import receipts as rules
from crm.models import Deal

LOWERED, OWED_AGAIN = "credit_lowered", "credit_owed_again"
KIND = Receipt.Kind.CREDIT_RETURN


def follow(*, since: datetime, at: datetime) -> int:
    """Bring the list up to date for deals whose terms or refunds changed since then; returns how many rows
    changed. A second call changes nothing.
    """
    changed = 0
    for deal_id, entity_id in sorted(_candidates(since)):
        with transaction.atomic():
            deal = ledger.lock(deal_id)
            changed += _follow(deal, LegalEntity.objects.get(pk=entity_id), at=at)
    return changed


def maker(receipt: Receipt, *, at: datetime) -> MerchantAccount | None:
    """The shop that can print it where the accountant wants that; None where there is none."""
    return credit_receipts.shop_of(receipt.rendering, at=at) if receipt.rendering else None


def _candidates(since: datetime) -> set[tuple[int, int]]:
    version = ScheduleVersion.objects.filter(schedule__deal=OuterRef("deal"), created_at__gte=since)
    refund = Refund.objects.filter(payment__deal=OuterRef("deal"), recorded_at__gte=since)
    rendered = Rendering.objects.filter(Exists(version) | Exists(refund))
    return set(rendered.values_list("deal", "legal_entity"))


def _follow(deal: Deal, entity: LegalEntity, *, at: datetime) -> int:
    given = _on_credit(deal, entity)
    rows = list(Receipt.objects.filter(kind=KIND, rendering__deal=deal, rendering__legal_entity=entity))
    waiting = next((row for row in rows if row.state == Receipt.State.MISSING), None)
    decided = [row for row in rows if row != waiting and row.reason != OWED_AGAIN]
    amount = _unpayable(deal, entity, given, at=at) - _sum(decided)
    if amount <= 0 and waiting:
        return _change(waiting, state=Receipt.State.NOT_REQUIRED, reason=OWED_AGAIN)
    if amount > 0 and waiting and receipts.total(waiting) != amount:
        return _change(waiting, content=dict(rules.credit_taken_back(waiting.content, amount=amount)))
    if amount > 0 and not waiting:
        Receipt.objects.create(
            kind=KIND,
            rendering=Rendering.objects.filter(deal=deal, legal_entity=entity).latest("id"),
            state=Receipt.State.MISSING,
            reason=LOWERED,
            content=dict(rules.credit_taken_back(given[-1].content, amount=amount)),
            created_at=at,
        )
        return 1
    return 0


def _change(waiting: Receipt, **values: object) -> int:
    """Unless the accountant has decided in this moment."""
    return Receipt.objects.filter(pk=waiting.pk, state=Receipt.State.MISSING).update(**values)


def _on_credit(deal: Deal, entity: LegalEntity) -> list[Receipt]:
    """The receipts by which something was handed over on credit, oldest first; what needs none is none."""
    ours = Q(rendering__deal=deal, rendering__legal_entity=entity)
    ours |= Q(payment__deal=deal, payment__legal_entity=entity)
    said = Receipt.objects.filter(ours, content__paid__has_key="credit").exclude(kind=KIND)
    return list(said.exclude(state=Receipt.State.NOT_REQUIRED).order_by("id"))


def _unpayable(deal: Deal, entity: LegalEntity, given: list[Receipt], *, at: datetime) -> Decimal:
    """What was handed over on credit, is not paid, and is above what the deal costs."""
    total = ledger.standing(deal, on=deal.local_day(at)).total
    above = prepayments.rendered(deal, entity) - total
    on_credit = sum((Decimal(row.content["paid"]["credit"]) for row in given), money.ZERO)
    return max(min(above, prepayments.owed(deal, entity), on_credit), money.ZERO)


def _sum(rows: list[Receipt]) -> Decimal:
    return sum((receipts.total(row) for row in rows), money.ZERO)
