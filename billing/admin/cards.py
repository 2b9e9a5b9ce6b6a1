"""Saved cards: consents and masks to look at, and the withdrawal when a payer asks a person for it."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing import cards
from billing.models import SavedCard
from crm.panel import ReadOnlyPage


@admin.register(SavedCard)
class SavedCardPage(ReadOnlyPage):
    actions_detail = ("withdraw",)
    list_display = ("deal", "mask", "kind", "expires", "consented_at", "withdrawn_at", "merchant")
    list_filter = (("withdrawn_at", admin.EmptyFieldListFilter), "merchant")
    list_select_related = ("deal", "merchant")
    search_fields = ("=deal__external_id", "deal__name", "mask")

    def has_withdraw_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("billing.change_savedcard")

    @action(
        description=_("Withdraw the consent"),
        icon="credit_card_off",
        url_path="withdraw",
        permissions=["withdraw"],
    )
    def withdraw(self, request: HttpRequest, object_id: int) -> HttpResponse:
        card: Any = get_object_or_404(SavedCard.objects.select_related("deal"), pk=object_id)
        cards.withdraw(deal=card.deal, author="staff", at=timezone.now())
        self.message_user(request, gettext("The card is forgotten."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_savedcard_change", args=[object_id]))
