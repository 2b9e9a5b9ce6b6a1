"""A deposit that was not paid in time: the slot is released by a task or a stage, once for a booking.

The time runs from the first schedule of the booking (its links were made then): the location's `minutes`, or
`same_day` where the service is on the same day. Money that comes later is recorded like any other. What was
held by uncounted money, a pause or a stop is looked at again later.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from billing import history, holds, ledger, pause_state
from billing.ledger import Standing
from billing.models import AccountPolicy, DepositDeadline, Location, Schedule
from billing.rules import money
from crm import outbox
from crm.models import Deal

FOLLOW_UP = 1
TASK_LASTS = timedelta(hours=1)
FINAL_STATUSES = (142, 143)
# Older bookings were released by people long ago: switching the deadline on says nothing of them.
LOOKS_BACK = timedelta(days=14)


def pass_due(*, at: datetime) -> int:
    """Release every booking whose time is over and whose deposit is still asked; returns how many.

    A second call does nothing.
    """
    released = 0
    for place in Location.objects.exclude(deposit_due={}).select_related("account"):
        for schedule in _candidates(place, at=at):
            released += _pass(schedule, place, at=at)
    return released


def due_at(deal: Deal, *, terms: Mapping[str, Any], made_at: datetime) -> datetime:
    """Return the moment until which the deposit of a booking is waited for."""
    same_day = deal.service_on is not None and deal.service_on <= deal.local_day(made_at)
    minutes = terms.get("same_day") if same_day else None
    return made_at + timedelta(minutes=int(minutes or terms["minutes"]))


def _candidates(place: Location, *, at: datetime) -> QuerySet[Schedule]:
    passed = DepositDeadline.objects.filter(installment__schedule=OuterRef("pk"))
    today = at.astimezone(ZoneInfo(place.account.time_zone)).date()
    found = Schedule.objects.exclude(holds.of_deal("deal", on=today)).filter(
        ~Exists(passed),
        ~Exists(pause_state.in_force(on=today).filter(schedule=OuterRef("pk"))),
        deal__account=place.account_id,
        deal__account__policy__mode=AccountPolicy.Mode.DEPOSIT,
        deal__location_value=place.crm_value,
        deal__state=Deal.State.LIVE,
        closing=Schedule.Closing.OPEN,
        versions__number=1,
        versions__created_at__gte=at - LOOKS_BACK,
    )
    return found.order_by("id")


def _pass(schedule: Schedule, place: Location, *, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(schedule.deal_id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        made_at = schedule.versions.get(number=1).created_at
        if at < due_at(deal, terms=place.deposit_due, made_at=made_at):
            return 0
        row = standing.next
        if not standing.deposit or row is None or deal.state != Deal.State.LIVE:
            return 0
        if DepositDeadline.objects.filter(installment__schedule=schedule).exists():
            return 0
        DepositDeadline.objects.create(installment=row.installment, passed_at=at)
        _release(deal, standing, place.deposit_due["then"], at=at)
    return 1


def _release(deal: Deal, standing: Standing, then: str | int, *, at: datetime) -> None:
    """A stage where one is named and the deal may go there, else a task."""
    key = f"deposit_due:{deal.pk}"
    amount = standing.deposit or money.ZERO
    data = {"amount": money.text(amount)}
    history.record(deal=deal, kind="deposit_unpaid", at=at, recorded_at=at, author=history.SYSTEM, data=data)
    status = _stage(deal, then)
    if status is not None and deal.status_id not in (status, *FINAL_STATUSES):
        outbox.move_stage(deal=deal, key=f"{key}:stage", status_id=status, at=at)
        return
    outbox.task(
        deal=deal,
        key=key,
        text=_("The deposit of %(amount)s was not paid in time: call the client or release the slot.")
        % {"amount": money.words(amount)},
        till=at + TASK_LASTS,
        type_id=FOLLOW_UP,
        responsible=None,
        at=at,
    )


def _stage(deal: Deal, then: str | int) -> int | None:
    """The stage by its id, or with "stage" the pipeline's stage for what is overdue."""
    if then == "task":
        return None
    if isinstance(then, int):
        return then
    pipelines = deal.account.pipelines.filter(external_id=deal.pipeline_id)
    found: int | None = pipelines.values_list("overdue_status", flat=True).first()
    return found
