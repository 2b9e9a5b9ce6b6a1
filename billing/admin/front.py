"""The panel's front page: what waits for a person, counted, each line with the list where it is worked off.

Money that nobody looks for stays lost, so the lists come to the person. A line stands only while something
waits in it, and only for who may see its list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import receipt_gaps, refunds
from billing.models import (
    CrmRequest,
    Difference,
    LostDeal,
    Message,
    Notice,
    OverdueFlag,
    ProviderCall,
    Receipt,
    RefundOrder,
    TransferClaim,
    UnplacedMoney,
)
from crm.models import Alert, DealHint, OutboxRow, QueueRow

QUEUES = (
    (Notice, _("Provider notices that could not be applied")),
    (ProviderCall, _("Calls to providers that do not get through")),
    (Message, _("Messages to payers that do not go out")),
    (OutboxRow, _("Changes that amoCRM does not take")),
    (DealHint, _("Deals that could not be read again")),
    (CrmRequest, _("Requests of pipelines that failed")),
)

# Payouts past the provider, and calls that the provider never answered.
BY_HAND = Q(state__in=refunds.OPEN) & (~Q(method=RefundOrder.Method.PROVIDER) | ~Q(error=""))


@dataclass(frozen=True)
class Waiting:
    """`count` rows wait in the list at `url`; `grave`: money or the connection is in danger meanwhile."""

    title: Any
    count: int
    url: str
    grave: bool


def front(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What Unfold calls before it shows the front page."""
    return {
        **context,
        "title": gettext("What waits"),
        "waiting": [line for line in _lines(request) if line.count],
    }


def _lines(request: HttpRequest) -> Iterator[Waiting]:
    parked = Q(state=QueueRow.State.PARKED)
    lists = (
        (_("Connections with amoCRM are broken"), Alert, Q(closed_at=None), "closed_at__isempty=1", True),
        (_("Money without a deal"), UnplacedMoney, Q(), "", True),
        (
            _("Differences from the providers' registries"),
            Difference,
            Q(state=Difference.State.OPEN),
            "state__exact=open",
            True,
        ),
        (_("Money without a receipt"), Receipt, receipt_gaps.open_at(timezone.now()), "open=yes", True),
        (_("Refunds to be paid out or told"), RefundOrder, BY_HAND, "", True),
        (_("Transfers to be found"), TransferClaim, Q(closed_at=None), "closed_at__isempty=1", False),
        (
            _("Lost deals to be decided"),
            LostDeal,
            Q(decision="", ended_at=None),
            "ended_at__isempty=1",
            False,
        ),
        (_("Payments overdue now"), OverdueFlag, Q(), "", False),
        *((title, queue, parked, "state__exact=parked", True) for queue, title in QUEUES),
    )
    for title, model, open_rows, query, grave in lists:
        page = admin.site.get_model_admin(model)
        if page.has_view_permission(request):
            count = page.get_queryset(request).filter(open_rows).count()
            yield Waiting(title, count, _address(model, query), grave)


def _address(model: type[models.Model], query: str) -> str:
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{page}?{query}" if query else page
