"""Money on its way back: what the accountant pays out, and what a person saw in a provider's cabinet."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from billing import payments, refund_orders, refunds
from billing.admin import ask, words
from billing.admin.receipt_form import ReceiptForm
from billing.models import Payment, Refund, RefundOrder
from crm.panel import ChoiceWords, ReadOnlyPage

BY_HAND = ("pay_out", "give_up")
UNANSWERED = ("found_made", "found_not_made")


class PayOutForm(ReceiptForm):
    paid_on = ask.day(_("Paid out on"))
    document = ask.line(
        _("Document"), required=False, help_text=_("Number of the payment order or cash slip")
    )
    field_order = ("paid_on", "document")


class GiveUpForm(forms.Form):
    reason = ask.line(_("Reason"))


class FoundForm(forms.Form):
    made_on = ask.day(_("The money went on"))
    external_id = ask.line(_("Provider's number"), required=False)


class NothingForm(forms.Form):
    """One press is enough."""


class EnterForm(ReceiptForm):
    kind = ask.choice(_("What happened"), [("refund", _("Refund")), ("chargeback", _("Chargeback"))])
    amount = ask.money_field(_("Amount"))
    went_on = ask.day(_("The money went on"))
    external_id = ask.line(_("Provider's number"))
    reason = ask.line(_("Reason"), required=False)
    field_order = ("kind", "amount", "went_on", "external_id", "reason")


class GiveBackForm(forms.Form):
    amount = ask.money_field(_("Amount"))
    method = ask.choice(_("Method"), [("", _("As it came")), *words.WAYS_BACK.items()], required=False)
    reason = ask.line(_("Reason"))


class EnterRefund:
    """A payment's button: what a person saw in the provider's cabinet and nobody told us of."""

    def has_enter_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """What came past the providers goes back by an order only."""
        by_provider = Payment.objects.filter(pk=object_id, merchant__isnull=False).exists()
        every = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [one for one in every if by_provider or not one.action_name.endswith("enter_refund")]

    @action(description=_("Give back"), icon="undo", url_path="give-back", permissions=["enter"])
    def give_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The same order as from the deal's card; for money without a deal this is the only door."""
        payment = get_object_or_404(Payment.objects.select_related("deal", "merchant"), pk=object_id)

        def act(given: dict[str, Any]) -> str:
            demand = refund_orders.Demand(given["amount"], given["reason"], given["method"])
            author, at = ask.author_of(request), timezone.now()
            try:
                refund_orders.request(payment=payment, demand=demand, author=author, at=at)
            except payments.NotPositive as error:
                words_of = _("Enter a sum above zero with at most two decimals.")
                raise forms.ValidationError(words_of) from error
            except (refund_orders.AboveLeft, refund_orders.NotByProvider) as error:
                raise forms.ValidationError(str(error)) from error
            return gettext("The refund is asked for.")

        return ask.ask(self, request, payment, title=gettext("Give back"), form=GiveBackForm, act=act)

    @action(description=_("Enter a refund"), icon="edit_note", url_path="enter-refund", permissions=["enter"])
    def enter_refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        payment = get_object_or_404(Payment.objects.select_related("deal", "merchant"), pk=object_id)

        def act(given: dict[str, Any]) -> str:
            at = timezone.now()
            zone = payment.deal.zone if payment.deal else timezone.get_current_timezone()
            fact = refunds.Fact(
                amount=given["amount"],
                refunded_at=datetime.combine(given["went_on"], time(12), tzinfo=zone),
                external_id=given["external_id"],
                author=ask.author_of(request),
                reason=given["reason"],
                chargeback=given["kind"] == "chargeback",
                choice=given["choice"],
            )
            try:
                refunds.entered(payment=payment, fact=fact, at=at)
            except refunds.AboveHeld as error:
                raise forms.ValidationError(_("The payment does not hold so much any more.")) from error
            return gettext("The refund is in the books.")

        title = gettext("Enter a refund")
        return ask.ask(self, request, payment, title=title, form=EnterForm, act=act)


@admin.register(RefundOrder)
class RefundOrderPage(ReadOnlyPage):
    actions_detail = (*BY_HAND, *UNANSWERED)
    stored_words: ClassVar = {"method": words.WAYS_BACK}
    list_display = ("created_at", "amount", "method", "state", "to_whom", "deal", "owner", "reason", "error")
    list_filter = (("state", ChoiceWords), ("method", ChoiceWords), "payment__legal_entity")
    list_select_related = ("payment__deal", "payment__legal_entity")
    search_fields = (
        "=payment__deal__external_id",
        "payment__deal__name",
        "external_id",
        "=payment__external_id",
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["to_whom", "deal", "owner", *super().get_fields(request, obj)]

    @display(description=_("To whom"))
    def to_whom(self, row: RefundOrder) -> str:
        """The payer of the payment, else the deal's contact."""
        payer, deal = row.payment.payer, row.payment.deal
        inn = _("INN %(inn)s") % {"inn": payer["inn"]} if payer.get("inn") else ""
        name = payer.get("name") or (deal.contact_name if deal else "") or payer.get("email", "")
        return ", ".join(filter(None, (name, inn))) or "–"

    @display(description=_("Deal"))
    def deal(self, row: RefundOrder) -> str:
        return str(row.payment.deal or "–")

    @display(description=_("Legal entity"))
    def owner(self, row: RefundOrder) -> str:
        return row.payment.legal_entity.name

    def has_act_permission(self, request: HttpRequest, *_row: Any) -> bool:
        return ask.may_act(self, request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what fits the order as it stands."""
        order = RefundOrder.objects.filter(pk=object_id).first()
        fitting: tuple[str, ...] = ()
        if order is not None and order.state in refunds.OPEN:
            by_hand = order.method != RefundOrder.Method.PROVIDER
            fitting = BY_HAND if by_hand else UNANSWERED if order.error else ()
        every = super().get_actions_detail(request, object_id)
        return [one for one in every if one.action_name.endswith(fitting)]

    @action(description=_("Paid out"), icon="payments", url_path="pay-out", permissions=["act"])
    def pay_out(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def act(given: dict[str, Any]) -> str:
            refund_orders.pay_out(
                order=self._order(object_id),
                paid_on=given["paid_on"],
                document=given["document"],
                choice=given["choice"],
                author=ask.author_of(request),
                at=timezone.now(),
            )
            return gettext("The refund is in the books.")

        return self._ask(request, object_id, gettext("Paid out"), PayOutForm, act)

    @action(description=_("Give up"), icon="cancel", url_path="give-up", permissions=["act"])
    def give_up(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            refund_orders.give_up(order=self._order(object_id), reason=given["reason"], author=author, at=at)
            return gettext("The sum is free again.")

        return self._ask(request, object_id, gettext("Give up"), GiveUpForm, act)

    @action(description=_("The money went"), icon="done", url_path="found-made", permissions=["act"])
    def found_made(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def act(given: dict[str, Any]) -> str:
            refund_orders.found_made(
                order=self._order(object_id), **given, author=ask.author_of(request), at=timezone.now()
            )
            return gettext("The refund is in the books.")

        return self._ask(request, object_id, gettext("The money went"), FoundForm, act)

    @action(description=_("No money went"), icon="block", url_path="found-not-made", permissions=["act"])
    def found_not_made(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def act(given: dict[str, Any]) -> str:
            author, at = ask.author_of(request), timezone.now()
            refund_orders.found_not_made(order=self._order(object_id), author=author, at=at)
            return gettext("The sum is free again.")

        return self._ask(request, object_id, gettext("No money went"), NothingForm, act)

    def _order(self, object_id: int) -> RefundOrder:
        related = ("payment__deal", "payment__legal_entity", "merchant")
        return get_object_or_404(RefundOrder.objects.select_related(*related), pk=object_id)

    def _ask(
        self,
        request: HttpRequest,
        object_id: int,
        title: str,
        form: type[forms.Form],
        act: Callable[[dict[str, Any]], str],
    ) -> HttpResponse:
        def guarded(given: dict[str, Any]) -> str:
            try:
                return act(given)
            except refund_orders.NotThatDay as error:
                raise forms.ValidationError(_("The day lies before the request or in the future.")) from error
            except refunds.AboveHeld as error:
                raise forms.ValidationError(_("The payment does not hold so much any more.")) from error
            except (refund_orders.AlreadyClosed, refund_orders.NotByHand) as error:
                raise forms.ValidationError(_("This refund is over already.")) from error

        order = self._order(object_id)
        about = " · ".join((self.to_whom(order), self.deal(order), self.owner(order)))
        return ask.ask(self, request, order, title=title, form=form, act=guarded, about=about)


@admin.register(Refund)
class RefundPage(ReadOnlyPage):
    list_display = ("refunded_at", "amount", "payment", "external_id", "author", "chargeback")
    list_filter = ("chargeback", "payment__legal_entity")
    list_select_related = ("payment",)
    search_fields = ("external_id", "=payment__deal__external_id")
