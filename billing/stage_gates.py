"""A stage gate: without the deposit a deal does not get past the stages that the account has marked.

A deal that stands in a gated stage while its deposit (else its first payment) is not covered moves back to
where it came from, with a note that says why; a closed one stays (nothing leaves 142 and 143), with a note.
One without a schedule, a budget and money has not paid: nobody knows yet what it costs. One that was closed
at 0 owes nothing, and passes. Once for each arrival: who moves it forward again has been told, and is
told again. Nobody is moved back who arrived before a gate was set.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing import ledger
from billing.ledger import Standing
from billing.rules import money
from crm import gates, outbox
from crm.models import Deal, OutboxRow, Pipeline

# An arrival that nobody looked at for so long has been accepted by people.
LOOKED_AT = timedelta(days=2)
BATCH = 200


def hold(*, at: datetime) -> int:
    """Move back the deals that passed a gate without the deposit; returns how many."""
    held = 0
    for pipeline in Pipeline.objects.exclude(gated_statuses=[]).select_related("account"):
        arrived = Deal.objects.filter(
            account=pipeline.account_id,
            pipeline_id=pipeline.external_id,
            status_id__in=pipeline.gated_statuses,
            status_seen_at__gt=at - LOOKED_AT,
            state=Deal.State.LIVE,
        ).exclude(previous_status_id__in=[0, *pipeline.gated_statuses])
        for deal_id in list(arrived.order_by("id").values_list("id", flat=True)[:BATCH]):
            held += _hold(deal_id, pipeline, at=at)
    return held


def _hold(deal_id: int, pipeline: Pipeline, *, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        if deal.status_id not in pipeline.gated_statuses or deal.status_seen_at is None:
            return 0
        key = f"gate:{deal.pk}:{deal.status_seen_at.timestamp():.0f}"
        standing = ledger.standing(deal, on=deal.local_day(at))
        missing = _missing(standing)
        words = {"missing": money.words(missing) if missing is not None else ""}
        told = OutboxRow.objects.filter(account=deal.account_id, key__in=[key, f"deal:{key}"])
        if missing == 0 or told.exists():
            return 0
        is_closed = deal.status_id in gates.FINAL
        if not is_closed:
            stage = deal.previous_status_id
            outbox.move_stage(deal=deal, key=key, status_id=stage, only_from=deal.status_id, at=at)
        text = _told(is_known=missing is not None, is_closed=is_closed)
        outbox.note(deal=deal, key=f"deal:{key}", text=text % words, at=at)
    return 1


def _told(*, is_known: bool, is_closed: bool) -> str:
    if not is_known and is_closed:
        return _("The deal was closed without its deposit: it has no budget and no schedule.")
    if not is_known:
        return _(
            "The deal was moved back: the next stage needs the deposit, and nobody knows what the deal costs."
            " Fill in its budget or make its schedule."
        )
    if is_closed:
        return _("The deal was closed without its deposit: %(missing)s of it are missing.")
    return _("The deal was moved back: the next stage needs the deposit, and %(missing)s of it are missing.")


def _missing(standing: Standing) -> Decimal | None:
    """What is left of the deposit; without one, of the first payment as long as nothing has come. None where
    nobody knows what the deal costs.
    """
    if standing.schedule is None and standing.total <= 0 and standing.credit <= 0:
        return None
    if standing.deposit is not None:
        return standing.deposit
    if standing.paid > 0:
        return money.ZERO
    return standing.next.rest if standing.next else standing.debt
