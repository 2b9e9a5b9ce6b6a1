"""Lost and deleted deals that owe money: decided here when the deal's own card is gone.

Also the requests of amoCRM's pipelines and bots, which a person may repeat.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import lost_deals, pauses, versions
from billing.admin import ask
from billing.models import CrmRequest, LostDeal
from billing.rules.schedule import InvalidTerms
from billing.versions import Rank
from crm.admin import COLUMNS, QueuePage
from crm.panel import ChoiceWords, ReadOnlyPage, name_tables

DECISIONS = {
    "": _("not decided"),
    "settle": _("settled at what was paid"),
    "pause": _("paused"),
    "go_on": _("collected as before"),
}
REQUESTS = {
    "schedule": _("make the schedule"),
    "links": _("make the links"),
    "invoice": _("send the invoice"),
    "stop_reminders": _("stop reminders"),
    "bot": _("payment button of a bot"),
}
name_tables(
    {
        LostDeal: (_("lost deal that owes"), _("lost deals that owe")),
        CrmRequest: (_("request of a pipeline"), _("requests of pipelines")),
    },
    {
        **COLUMNS,
        "asked_at": _("Asked"),
        "decision": _("Decision"),
        "decided_by": _("Decided by"),
        "decided_at": _("Decided at"),
        "ended_at": _("Over since"),
        "data": _("Content"),
        "outcome": _("Outcome"),
    },
    {},
)
WRONG = (lost_deals.NotLost, pauses.NothingToPause, pauses.AlreadyPaused, versions.NoSchedule, InvalidTerms)


@admin.register(LostDeal)
class LostDealPage(ReadOnlyPage):
    actions = ("settle", "pause", "go_on")
    stored_words: ClassVar = {"decision": DECISIONS}
    list_display = ("asked_at", "deal", "state", "decision", "decided_by", "ended_at")
    list_filter = (("ended_at", EmptyFieldListFilter), ("state", ChoiceWords))
    list_select_related = ("deal__account",)
    search_fields = ("=deal__external_id", "deal__name")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_lostdeal")

    @action(description=_("Settle at what was paid"), permissions=["decide"])
    def settle(self, request: HttpRequest, rows: QuerySet[LostDeal]) -> None:
        self._decide(request, rows, LostDeal.Decision.SETTLE)

    @action(description=_("Pause collecting"), permissions=["decide"])
    def pause(self, request: HttpRequest, rows: QuerySet[LostDeal]) -> None:
        self._decide(request, rows, LostDeal.Decision.PAUSE)

    @action(description=_("Go on collecting"), permissions=["decide"])
    def go_on(self, request: HttpRequest, rows: QuerySet[LostDeal]) -> None:
        self._decide(request, rows, LostDeal.Decision.GO_ON)

    def _decide(self, request: HttpRequest, rows: QuerySet[LostDeal], decision: LostDeal.Decision) -> None:
        for row in rows.filter(ended_at=None):
            try:
                lost_deals.decide(
                    deal=row.deal,
                    decision=decision,
                    reason=gettext("Decided in the panel."),
                    author=ask.author_of(request),
                    at=timezone.now(),
                    rank=Rank.ADMINISTRATOR,
                )
            except WRONG:
                text = gettext(
                    "Deal %(lead)s could not be changed: it owes nothing, or was changed meanwhile."
                )
                self.message_user(request, text % {"lead": row.deal.external_id}, messages.ERROR)
            else:
                text = gettext("Deal %(lead)s is decided.") % {"lead": row.deal.external_id}
                self.message_user(request, text, messages.SUCCESS)


@admin.register(CrmRequest)
class CrmRequestPage(QueuePage):
    stored_words: ClassVar = {"kind": REQUESTS}
    list_display = ("created_at", "account", "lead_id", "kind", "state", "outcome", "last_error")
    list_filter: Any = (("state", ChoiceWords), ("kind", ChoiceWords), "account")
    list_select_related = ("account",)
    search_fields = ("=lead_id",)
