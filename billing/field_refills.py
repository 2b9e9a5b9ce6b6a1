"""Writing the figures into fields that an account has just mapped: every deal of it, once.

crm.setup leaves the mark `Account.refill_after`; the deals follow in the order of their ids, each in its own
transaction, and the mark goes with them, so a killed worker goes on where it was. What is written is the last
value, so a deal that is written twice comes to the same. A deleted deal is left out: its fields cannot be
written, and coming back it is written anyway.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing import ledger, projection
from billing.models import Payment, Schedule
from crm.models import Account, Deal

BATCH = 300


def run(*, at: datetime) -> int:
    """Go on with every account that has a mark; returns how many deals were written."""
    marked = Account.objects.filter(refill_after__isnull=False).order_by("pk")
    return sum(_some(account, at=at) for account in marked)


def _some(account: Account, *, at: datetime) -> int:
    has_figures = Exists(Schedule.objects.filter(deal=OuterRef("pk"))) | Exists(
        Payment.objects.filter(deal=OuterRef("pk"))
    )
    deals = Deal.objects.filter(has_figures, account=account, pk__gt=account.refill_after)
    found = list(deals.exclude(state=Deal.State.DELETED).order_by("pk").values_list("pk", flat=True)[:BATCH])
    for deal_id in found:
        with transaction.atomic():
            deal = ledger.lock(deal_id)
            standing = ledger.standing(deal, on=deal.local_day(at))
            projection.push(deal, standing=standing, at=at)
    # Another choice of fields meanwhile begins it anew.
    same = Account.objects.filter(pk=account.pk, fields=account.fields)
    same.update(refill_after=found[-1] if len(found) == BATCH else None)
    return len(found)
