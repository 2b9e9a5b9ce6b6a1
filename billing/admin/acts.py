"""Acts: made from a deal's schedule, marked as signed or void here, and opened as the paper that they are."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from billing import acts, network, rendered_card, service_rendered
from billing.admin import ask, words  # noqa: F401  names the columns before pages are built from them
from billing.models import Act, Schedule
from crm.panel import ChoiceWords, ReadOnlyPage
from documents import opening

OPEN_ONLY = ("accept", "make_void")
NOT_SIGNED_THEN = _("Nobody signs an act before its day or in the future.")
WRONG_DAY = _("Give a day on which it was rendered, not in the future.")


class ActForm(forms.Form):
    on = ask.day(_("Rendered on"))
    amount = ask.money_field(_("Amount, empty for all that no act says yet"), required=False)


class AcceptForm(forms.Form):
    accepted_on = ask.day(_("Signed on"))


class VoidForm(forms.Form):
    reason = ask.line(_("Reason"))


class MakeAct:
    """A schedule's button: an act of what was rendered, to be signed by the payer."""

    def has_make_act_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    @action(description=_("Make an act"), icon="task", url_path="make-act", permissions=["make_act"])
    def make_act(self, request: HttpRequest, object_id: int) -> HttpResponse:
        schedule = get_object_or_404(Schedule.objects.select_related("deal__account"), pk=object_id)

        def act(given: dict[str, Any]) -> str:
            made = acts.make(deal=schedule.deal, **given, author=ask.author_of(request), at=timezone.now())
            return gettext("%(name)s is made: see the list of acts.") % {"name": made.document.name}

        title = gettext("Make an act")
        return ask.ask(self, request, schedule, title=title, form=ActForm, act=_guarded(act))


@admin.register(Act)
class ActPage(ReadOnlyPage):
    actions_detail = ("open_paper", *OPEN_ONLY)
    list_display = ("document", "rendered_on", "amount", "deal", "legal_entity", "state", "accepted_on")
    list_filter = (("state", ChoiceWords), "legal_entity")
    list_select_related = ("document__deal", "legal_entity")
    search_fields = ("=document__deal__external_id", "document__deal__name", "document__number")

    @display(description=_("Deal"))
    def deal(self, row: Act) -> str:
        return str(row.document.deal)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["deal", *super().get_fields(request, obj)]

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """One that is signed or void is only looked at."""
        waits = Act.objects.filter(pk=object_id, state=Act.State.OPEN).exists()
        every = super().get_actions_detail(request, object_id)
        return [one for one in every if waits or not one.action_name.endswith(OPEN_ONLY)]

    def has_act_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    def has_look_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return bool(self.has_view_permission(request))

    @action(description=_("Open the act"), icon="picture_as_pdf", url_path="paper", permissions=["look"])
    def open_paper(self, request: HttpRequest, object_id: int) -> HttpResponse:
        found = self._act(object_id)
        # The browser's own viewer is a plugin, which our policy forbids.
        shown = opening.shown(found.document)
        shown._csp_exempt = True  # type: ignore[attr-defined]
        return shown

    @action(description=_("Signed by the payer"), icon="task_alt", url_path="accept", permissions=["act"])
    def accept(self, request: HttpRequest, object_id: int) -> HttpResponse:
        found = self._act(object_id)

        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            rendered = acts.accept(act=found, **given, author=author, at=at)
            if rendered is None:
                return gettext("The act is marked as signed.")
            said = gettext("The act is marked as signed, and the service as rendered.")
            return f"{said} {rendered_card.sentence(rendered)}".strip()

        title = gettext("Signed by the payer")
        return ask.ask(self, request, found, title=title, form=AcceptForm, act=_guarded(act))

    @action(description=_("Make void"), icon="cancel", url_path="void", permissions=["act"])
    def make_void(self, request: HttpRequest, object_id: int) -> HttpResponse:
        found = self._act(object_id)

        def act(given: dict[str, Any]) -> str:
            acts.void(act=found, **given, author=ask.author_of(request), at=timezone.now())
            return gettext("The act is void.")

        return ask.ask(self, request, found, title=gettext("Make void"), form=VoidForm, act=_guarded(act))

    def _act(self, object_id: int) -> Act:
        return get_object_or_404(
            Act.objects.select_related("document__deal__account", "legal_entity"), pk=object_id
        )


def _guarded(act: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    """What the verbs refuse, in words of the form."""

    def guarded(given: dict[str, Any]) -> str:
        try:
            return act(given)
        except service_rendered.NotThatDay as error:
            raise forms.ValidationError(WRONG_DAY) from error
        except acts.NotThatDay as error:
            raise forms.ValidationError(NOT_SIGNED_THEN) from error
        except (acts.Refused, acts.AboveLeft, network.NoReceiver, network.NoTaxSetting) as error:
            raise forms.ValidationError(str(error)) from error

    return guarded
