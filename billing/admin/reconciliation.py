"""Reconciliation in the panel: the work list of differences, and a day compared on demand."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from billing import reconciliation
from billing.admin import ask, words
from billing.models import Difference, MerchantAccount, Reconciliation
from crm.panel import ChoiceWords, ReadOnlyPage


class CommentForm(forms.Form):
    comment = ask.line(_("What was done"))


class DayForm(forms.Form):
    merchant = forms.ModelChoiceField(
        MerchantAccount.objects.order_by("key"), label=_("Merchant account"), widget=UnfoldAdminSelectWidget()
    )
    day = ask.day(_("Day"))


@admin.register(Difference)
class DifferencePage(ReadOnlyPage):
    stored_words: ClassVar = {"reason": words.RECEIPT_REASONS | words.DIFFERENCES}
    actions_detail = ("settle",)
    list_display = ("found_at", "merchant", "day", "kind", "external_id", "reason", "payment", "state")
    list_filter = (("state", ChoiceWords), ("kind", ChoiceWords), "merchant")
    list_select_related = ("merchant", "payment")
    search_fields = ("external_id", "=payment__deal__external_id")

    def has_settle_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        waits = Difference.objects.filter(pk=object_id, state=Difference.State.OPEN).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @action(description=_("Settled"), icon="task_alt", url_path="settle", permissions=["settle"])
    def settle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        difference = get_object_or_404(Difference, pk=object_id)

        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            try:
                reconciliation.settle(difference=difference, comment=given["comment"], author=author, at=at)
            except reconciliation.AlreadyClosed as error:
                raise forms.ValidationError(_("This difference is closed already.")) from error
            return gettext("The difference is settled.")

        return ask.ask(self, request, difference, title=gettext("Settled"), form=CommentForm, act=act)


@admin.register(Reconciliation)
class ReconciliationPage(ReadOnlyPage):
    actions_list = ("compare",)
    list_display = ("day", "merchant", "begun_at", "ended_at", "rows", "healed", "found", "error")
    list_filter = ("merchant", ("error", admin.EmptyFieldListFilter))
    list_select_related = ("merchant",)

    def has_compare_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    @action(
        description=_("Compare a day"), icon="compare_arrows", url_path="compare", permissions=["compare"]
    )
    def compare(self, request: HttpRequest) -> HttpResponse:
        """The worker asks the provider: a page does not wait for it."""

        def act(given: dict[str, Any]) -> str:
            reconciliation.request(**given, at=timezone.now())
            return gettext("The day will be compared within a minute.")

        return ask.ask(self, request, None, title=gettext("Compare a day"), form=DayForm, act=act)
