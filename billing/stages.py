"""How a deal's money moves it through its pipeline: deposit paid, paid in full, completed.

Only stages that the account named; never out of 142 and 143, only inside the deal's own pipeline (crm.outbox
sees to both at delivery). A pipeline with a stage for "paid" completes a deal when its day of service is
over, any other one at once. Each move happens once for its cause: who moves a deal by hand keeps his way.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing import ledger
from billing.ledger import DealState, Standing
from billing.models import AccountPolicy
from crm import outbox
from crm.models import Account, Deal, OutboxRow, Pipeline

BATCH = 500
SERVED = "served:"


def follow_money(deal: Deal, *, standing: Standing, cause: str, at: datetime) -> None:
    """Move the deal where its money belongs; `cause` makes the move happen once.

    The caller holds the deal's lock.
    """
    if standing.paid <= 0 or standing.state == DealState.CANCELLED:
        return
    # A few rows, read whole: who handles many deals of one account has them at hand.
    pipelines = deal.account.pipelines.all()
    pipeline = next((one for one in pipelines if one.external_id == deal.pipeline_id), None)
    if pipeline is None:
        return
    if standing.written_off > 0 and standing.debt <= 0:
        # Nothing more is asked, but it was not paid: where such a deal belongs is a person's decision.
        return
    if standing.debt <= 0:
        if standing.schedule is not None or standing.deposit is not None:
            stage = _paid_stage(deal, pipeline, at)
            outbox.move_stage(deal=deal, key=f"completed:{cause}", status_id=stage, at=at)
    elif _is_prepaid(standing) and pipeline.deposit_status:
        outbox.move_stage(deal=deal, key=f"deposit:{deal.pk}", status_id=pipeline.deposit_status, at=at)


def complete_served(*, at: datetime, account: Account | None = None) -> int:
    """Complete the paid deals whose day of service is over, of one account when it is named; returns how many
    were moved, each once.
    """
    moved = 0
    for policy in AccountPolicy.objects.of(account):
        today = at.astimezone(ZoneInfo(policy.account.time_zone)).date()
        for pipeline in policy.account.pipelines.filter(paid_status__isnull=False):
            moved_before = OutboxRow.objects.filter(deal=OuterRef("pk"), key__startswith=SERVED)
            standing_there = Deal.objects.filter(
                ~Exists(moved_before),
                account=policy.account_id,
                pipeline_id=pipeline.external_id,
                status_id=pipeline.paid_status or 0,
                service_on__lt=today,
                state=Deal.State.LIVE,
            )
            for deal_id in list(standing_there.order_by("id").values_list("id", flat=True)[:BATCH]):
                moved += _complete(deal_id, pipeline, at=at)
    return moved


def _complete(deal_id: int, pipeline: Pipeline, *, at: datetime) -> bool:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        if standing.debt > 0 or standing.paid <= 0 or standing.state == DealState.CANCELLED:
            return False
        if standing.written_off > 0:
            # As above: it was not paid in full.
            return False
        outbox.move_stage(
            deal=deal,
            key=f"{SERVED}{deal_id}",
            status_id=pipeline.completed_status,
            only_from=pipeline.paid_status,
            at=at,
        )
    return True


def _paid_stage(deal: Deal, pipeline: Pipeline, at: datetime) -> int:
    served = deal.service_on is not None and deal.service_on < deal.local_day(at)
    return pipeline.completed_status if served or not pipeline.paid_status else pipeline.paid_status


def _is_prepaid(standing: Standing) -> bool:
    """A schedule without a deposit of its own has none to be paid."""
    return standing.deposit is not None and standing.deposit <= 0
