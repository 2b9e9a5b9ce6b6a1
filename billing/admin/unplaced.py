"""Money that is nobody's yet: a work list; each row is placed to a deal or said to be none of ours."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import network, placements, unplaced
from billing.admin import ask, words
from billing.admin.receipt_form import ReceiptForm
from billing.models import UnplacedMoney
from crm.models import Deal
from crm.panel import ReadOnlyPage, name_tables

name_tables({UnplacedMoney: (_("money without a deal"), _("money without a deal"))}, {}, {})
REFUSALS = {
    placements.AlreadyPlaced: _("This money has its deal already."),
    placements.NotCounted: _("Money of another currency pays nothing here: settle it with the accountant."),
    placements.NothingLeft: _("Nothing is left of this payment."),
    placements.OtherEntity: _("That deal's money goes to another legal entity than received this payment."),
    placements.ReasonRequired: _("Say why it is this deal's money, or nobody's."),
}


class PlaceForm(ReceiptForm):
    lead_id = ask.line(_("Number of the deal in amoCRM"))
    reason = ask.line(_("Reason"))
    field_order = ("lead_id", "reason")

    def clean_lead_id(self) -> int:
        typed: str = self.cleaned_data["lead_id"].strip()
        if not typed.isdecimal() or len(typed) > 18:
            raise forms.ValidationError(_("Enter the number of the deal in amoCRM."))
        return int(typed)


class DismissForm(forms.Form):
    reason = ask.line(_("Reason"))


@admin.register(UnplacedMoney)
class UnplacedPage(ReadOnlyPage):
    actions_detail = ("place", "dismiss")
    stored_words: ClassVar = {"method": words.METHODS}
    list_display = (
        "received_at",
        "amount",
        "currency",
        "legal_entity",
        "merchant",
        "external_id",
        "may_be_for",
    )
    list_filter = ("legal_entity", "merchant")
    list_select_related = ("legal_entity", "merchant", "deal")
    search_fields = ("external_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnplacedMoney]:
        found: QuerySet[UnplacedMoney] = super().get_queryset(request)
        waiting = Q(pk__in=unplaced.waiting().values("pk")) | Q(pk__in=unplaced.uncounted().values("pk"))
        return found.filter(waiting)

    @admin.display(description=_("May be for"))
    def may_be_for(self, payment: UnplacedMoney) -> str:
        return ", ".join(
            f"{deal.external_id} {deal.name}".strip() for deal in unplaced.deals_for(payment)[:5]
        )

    def has_act_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    @action(description=_("Place to a deal"), icon="move_to_inbox", url_path="place", permissions=["act"])
    def place(self, request: HttpRequest, object_id: int) -> HttpResponse:
        payment = get_object_or_404(UnplacedMoney, pk=object_id)

        def act(given: dict[str, Any]) -> str:
            placements.place(
                payment=payment,
                deal=_deal(payment, given["lead_id"]),
                reason=given["reason"],
                choice=given["choice"],
                author=ask.author_of(request),
                at=timezone.now(),
            )
            return gettext("The money stands in the deal.")

        title = gettext("Place to a deal")
        return ask.ask(self, request, None, title=title, form=PlaceForm, act=_said(act))

    @action(description=_("None of ours"), icon="block", url_path="dismiss", permissions=["act"])
    def dismiss(self, request: HttpRequest, object_id: int) -> HttpResponse:
        payment = get_object_or_404(UnplacedMoney, pk=object_id)

        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            placements.dismiss(payment=payment, reason=given["reason"], author=author, at=at)
            return gettext("The money left the list; it holds nobody any more.")

        title = gettext("None of ours")
        return ask.ask(self, request, None, title=title, form=DismissForm, act=_said(act))


def _deal(payment: UnplacedMoney, lead_id: int) -> Deal:
    """The deal of that number among the accounts of the entity that received the money."""
    found = list(unplaced.deals_of_entity(payment).filter(external_id=lead_id)[:2])
    if len(found) != 1:
        raise forms.ValidationError(_("No single deal of this number is known here: open its card once."))
    return found[0]


def _said(act: Any) -> Any:
    """The act, with its verb's refusals in words."""

    def told(given: dict[str, Any]) -> str:
        try:
            text: str = act(given)
        except tuple(REFUSALS) as error:
            raise forms.ValidationError(REFUSALS[type(error)]) from error
        except network.NoReceiver as error:
            raise forms.ValidationError(str(error)) from error
        return text

    return told
