"""Services that count as rendered by themselves: the day of service is over, or the deal reached a stage.

Also where a signed act says it; who marks one renders it (billing.acts).

Off unless the account's rules say so (`rendered`): the law asks for the closing receipt when the service is
rendered, and only the business knows what tells it. From a day on, so that switching it on closes nothing
old. Cohorts with a calendar go by it (service_rendered.render_due). A stage that full payment leads to by
itself never counts. Once for a deal; a deal without money, or of which somebody has said a part already, is a
person's.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import history, ledger, network, service_rendered
from billing.models import AccountPolicy, Payment, Rendering, Schedule
from crm.models import Deal

log = structlog.get_logger("grafik.auto_rendering")

BY_DAY, BY_STAGE, BY_ACT = "service_day", "stage", "act"
KEY = "itself"


def run(*, at: datetime) -> int:
    """Render what is due by now; returns how many services. A second call renders nothing twice."""
    made = 0
    for policy in AccountPolicy.objects.exclude(rendered={}).select_related("account"):
        if policy.rendered["by"] == BY_ACT:
            continue
        for deal_id, on in list(_due(policy, at=at)):
            made += _render(deal_id, on, at=at)
    return made


def by_act(deal: Deal, *, on: date) -> bool:
    """An act of that day, signed by the payer, is the fact of the service."""
    policy = AccountPolicy.objects.filter(account=deal.account_id).first()
    rule: dict[str, Any] = policy.rendered if policy else {}
    if policy is None or rule.get("by") != BY_ACT or on < date.fromisoformat(rule["from"]):
        return False
    return deal.cohort not in _by_calendar(policy)


def _due(policy: AccountPolicy, *, at: datetime) -> Iterator[tuple[int, date]]:
    """The deals whose service is over, and the day of it."""
    rule = policy.rendered
    since = date.fromisoformat(rule["from"])
    deals = _candidates(policy).order_by("id")
    if rule["by"] == BY_DAY:
        yesterday = at.astimezone(ZoneInfo(policy.account.time_zone)).date() - timedelta(days=1)
        for deal in deals.filter(service_on__gte=since, service_on__lte=yesterday):
            yield deal.pk, deal.service_on or yesterday
        return
    reached = deals.filter(_stages(policy, rule), status_seen_at__isnull=False)
    for deal in reached:
        day = deal.local_day(deal.status_seen_at) if deal.status_seen_at else date.max
        if since <= day <= deal.local_day(at):
            yield deal.pk, day


def _candidates(policy: AccountPolicy) -> "QuerySet[Deal]":
    """Live deals with money and an open schedule, outside the cohorts that have a calendar."""
    paid = Payment.objects.filter(deal=OuterRef("pk"), counted=True)
    said = Rendering.objects.filter(deal=OuterRef("pk"))
    open_ones = Schedule.objects.filter(deal=OuterRef("pk"), closing=Schedule.Closing.OPEN)
    return (
        Deal.objects.filter(Exists(paid), ~Exists(said), Exists(open_ones), account=policy.account)
        .filter(state=Deal.State.LIVE)
        .exclude(cohort__in=_by_calendar(policy))
        .select_related("account")
    )


def _by_calendar(policy: AccountPolicy) -> list[str]:
    return [one["cohort"] for one in policy.cohorts if one["rendered"] != "by_stage"]


def _stages(policy: AccountPolicy, rule: dict[str, Any]) -> Q:
    """The named stages, each in its pipeline; none to which we move paid deals ourselves."""
    named, found = set(rule.get("statuses", ())), Q(pk__in=())
    for pipeline in policy.account.pipelines.all():
        ours = {pipeline.completed_status, pipeline.paid_status}
        found |= Q(pipeline_id=pipeline.external_id, status_id__in=named - ours)
    return found


def _render(deal_id: int, on: date, *, at: datetime) -> bool:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        try:
            service_rendered.render(deal=deal, on=on, amount=None, author=history.SYSTEM, at=at, key=KEY)
        except service_rendered.NothingLeft:
            return False
        except (service_rendered.NotThatDay, service_rendered.AboveTotal, network.NoReceiver) as error:
            log.warning("not rendered", deal=deal_id, error=type(error).__name__)
            return False
    return True
