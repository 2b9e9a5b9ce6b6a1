"""The service was rendered: a button of a deal's schedule, and the list of prepayments that nobody closed."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import network, prepayments, rendered_card, service_rendered
from billing.admin import ask
from billing.models import AccountPolicy, Payment, Schedule


class RenderedForm(forms.Form):
    on = ask.day(_("Rendered on"))
    amount = ask.money_field(_("Amount, empty for all that is left"), required=False)


class RenderService:
    """A schedule's button: the service was rendered, whole or in part."""

    def has_render_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    @action(
        description=_("Service rendered"), icon="event_available", url_path="render", permissions=["render"]
    )
    def render_service(self, request: HttpRequest, object_id: int) -> HttpResponse:
        schedule = get_object_or_404(Schedule.objects.select_related("deal__account"), pk=object_id)

        def act(given: dict[str, Any]) -> str:
            try:
                made = service_rendered.render(
                    deal=schedule.deal, **given, author=ask.author_of(request), at=timezone.now()
                )
            except service_rendered.NotThatDay as error:
                words = _("Give a day on which it was rendered, not in the future.")
                raise forms.ValidationError(words) from error
            except service_rendered.NothingLeft as error:
                raise forms.ValidationError(_("All of the deal's service is rendered already.")) from error
            except (service_rendered.AboveTotal, network.NoReceiver) as error:
                raise forms.ValidationError(str(error)) from error
            return rendered_card.sentence(made) or gettext("The service is marked as rendered.")

        title = gettext("Service rendered")
        return ask.ask(self, request, schedule, title=title, form=RenderedForm, act=act)


class NotClosed(admin.SimpleListFilter):
    """Prepayments whose service should be rendered by now: its day is over, or the cohort has ended."""

    title = _("Prepayments not closed")
    parameter_name = "prepayment"

    @classmethod
    def is_on(cls, request: HttpRequest) -> bool:
        return bool(request.GET.get(cls.parameter_name))

    def lookups(self, request: HttpRequest, page: Any) -> list[tuple[str, Any]]:
        return [("due", _("Yes"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Payment]) -> QuerySet[Payment]:
        if not self.value():
            return rows
        return prepayments.with_open(rows.filter(due_by(timezone.localdate()), counted=True))


def due_by(today: date) -> Q:
    over = Q(deal__service_on__lt=today)
    for policy in AccountPolicy.objects.exclude(cohorts=[]):
        ended = [one["cohort"] for one in policy.cohorts if one["ends_on"] < today.isoformat()]
        over |= Q(deal__account=policy.account_id, deal__cohort__in=ended)
    return over
