"""Receipts: what was made, and the list of money without one, which a person works off."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from billing import network, receipt_gaps, receipt_retries, receipts
from billing.admin import ask, receipt_words, words
from billing.admin.receipt_form import CHOICES, NONE, REGISTER, ReceiptForm
from billing.models import LegalEntity, Offset, Receipt, Rendering
from billing.rules import money
from crm.panel import ChoiceWords, ReadOnlyPage, ReadOnlyRows

OURS = "ours"
CHOICES_OF_OTHERS = [row for row in CHOICES if row[0] in (REGISTER, NONE)]


class WithoutReceipt(admin.SimpleListFilter):
    """Money without a receipt: nobody makes it, it failed, or it is on its way for more than a day."""

    title = _("Money without a receipt")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, page: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Receipt]) -> QuerySet[Receipt]:
        return rows.filter(receipt_gaps.open_at(timezone.now())) if self.value() else rows


class OfEntity(admin.SimpleListFilter):
    """By legal entity, whether the receipt is of money or of what was handed over on credit."""

    title = _("Legal entity")
    parameter_name = "entity"

    def lookups(self, request: HttpRequest, page: Any) -> list[tuple[str, Any]]:
        return [(str(one.pk), one.name) for one in LegalEntity.objects.order_by("name")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Receipt]) -> QuerySet[Receipt]:
        chosen = self.value() or ""
        if not chosen.isdecimal():
            return rows
        return rows.filter(Q(payment__legal_entity=chosen) | Q(rendering__legal_entity=chosen))


class Offsets(ReadOnlyRows):
    model = Offset
    fields = ("payment", "amount", "recorded_at")


class SettleForm(ReceiptForm):
    """Here somebody must say something."""

    receipt = ask.choice(
        _("Receipt"),
        [("", _("Choose")), (OURS, _("Make it on our register")), *CHOICES_OF_OTHERS],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("choice") is None and given.get("receipt") != OURS and not self.errors:
            raise forms.ValidationError(_("Say who made the receipt, or why none is needed."))
        return given


@admin.register(Receipt)
class ReceiptPage(ReadOnlyPage):
    stored_words: ClassVar = {"reason": words.RECEIPT_REASONS}
    hidden = ("content", "fiscal")
    actions_detail = ("settle",)
    actions_list = ("money_without_receipt",)
    inlines = (Offsets,)
    list_display = (
        *("created_at", "age", "kind", "state", "amount"),
        *("payment", "deal", "reason", "registered_at"),
    )
    list_filter = (WithoutReceipt, ("state", ChoiceWords), ("kind", ChoiceWords), OfEntity)
    list_select_related = ("payment__deal", "rendering__deal", "refund")
    search_fields = (
        "external_id",
        "=payment__deal__external_id",
        "=rendering__deal__external_id",
        "payment__external_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        rows: QuerySet[Receipt] = super().get_queryset(request)
        return rows.prefetch_related("offsets")

    @display(description=_("Days"))
    def age(self, row: Receipt) -> int | str:
        """How long the money has been without its receipt."""
        ended = row.state in (Receipt.State.REGISTERED, Receipt.State.NOT_REQUIRED)
        return "" if ended else (timezone.now() - row.created_at).days

    @display(description=_("Amount"))
    def amount(self, row: Receipt) -> str:
        return money.words(receipt_gaps.amount_of(row))

    @display(description=_("Deal"))
    def deal(self, row: Receipt) -> str:
        return str(receipts.deal_of(row) or "–")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["deal", *super().get_fields(request, obj), "printed", "numbers", "told"]

    @display(description=_("Content"))
    def printed(self, row: Receipt) -> SafeString:
        return receipt_words.printed(row.content) or SafeString("–")

    @display(description=_("Fiscal data"))
    def numbers(self, row: Receipt) -> str:
        return _("FN %(fn)s, FD %(fd)s, FPD %(fpd)s") % row.fiscal if row.fiscal else "–"

    @display(description=_("How it becomes known"))
    def told(self, row: Receipt) -> str:
        """Where nobody tells what became of it, the page says so."""
        if row.state != Receipt.State.SENT:
            return "–"
        if row.providercall_set.exists():
            return gettext("The shop is asked until it is printed.")
        return gettext("The shop prints it with the refund and tells nobody: see its cabinet.")

    def has_money_without_receipt_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return bool(self.has_view_permission(request))

    @action(
        description=_("Money without a receipt, Excel"),
        icon="table_view",
        url_path="money-without-receipt",
        permissions=["money_without_receipt"],
    )
    def money_without_receipt(self, request: HttpRequest) -> HttpResponse:
        """The whole register with its age; workbooks are made by the room above."""
        return HttpResponseRedirect(reverse("admin:analytics_money_without_receipt"))

    def has_settle_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        waits = Receipt.objects.filter(
            pk=object_id, state__in=(Receipt.State.MISSING, Receipt.State.FAILED)
        ).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @action(description=_("Settle by hand"), icon="task_alt", url_path="settle", permissions=["settle"])
    def settle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        receipt = get_object_or_404(
            Receipt.objects.select_related("payment__deal", "refund", "rendering"), pk=object_id
        )

        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            try:
                if given["receipt"] == OURS:
                    receipt_retries.make(receipt=receipt, author=author, at=at)
                    return gettext("The receipt is on its way to the register.")
                receipts.settle(receipt=receipt, choice=given["choice"], author=author, at=at)
            except receipts.AlreadySettled as error:
                raise forms.ValidationError(_("This receipt is settled already.")) from error
            except receipt_retries.CannotBeMade as error:
                why = words.RECEIPT_REASONS.get(error.reason, error.reason)
                raise forms.ValidationError(_("We cannot make it: %(why)s.") % {"why": why}) from error
            except network.NoTaxSetting as error:
                raise forms.ValidationError(str(error)) from error
            return gettext("The receipt is settled.")

        return ask.ask(self, request, receipt, title=gettext("Settle by hand"), form=SettleForm, act=act)


@admin.register(Rendering)
class RenderingPage(ReadOnlyPage):
    list_display = ("rendered_on", "amount", "deal", "legal_entity", "author", "recorded_at")
    list_filter = ("legal_entity",)
    list_select_related = ("deal", "legal_entity")
    search_fields = ("=deal__external_id", "deal__name")
