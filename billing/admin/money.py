"""Schedules, invoices, payments, orders: to look at. Only verbs write them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.admin import words
from billing.admin.acts import MakeAct
from billing.admin.refunds import EnterRefund
from billing.admin.rendering import NotClosed, RenderService
from billing.models import (
    Allocation,
    Installment,
    Invoice,
    Move,
    Payment,
    ProviderOrder,
    Receipt,
    Refund,
    Reversal,
    Schedule,
    ScheduleVersion,
)
from billing.rules import money
from crm.panel import ChoiceWords, ReadOnlyPage, ReadOnlyRows

DEAL_SEARCH = ("=deal__external_id", "deal__name", "deal__contact_name")


class Installments(ReadOnlyRows):
    model = Installment
    fields = ("number", "due_on", "effective_due_on", "amount", "opened_in", "replaced_in")
    ordering = ("id",)


class Versions(ReadOnlyRows):
    model = ScheduleVersion
    fields = ("number", "total", "author", "reason", "created_at")
    ordering = ("number",)


@admin.register(Schedule)
class SchedulePage(RenderService, MakeAct, ReadOnlyPage):
    actions_detail = ("render_service", "make_act")
    inlines = (Installments, Versions)
    list_display = ("deal", "total", "version", "due_day")
    list_select_related = ("deal",)
    list_filter = ("deal__account",)
    search_fields = DEAL_SEARCH


class Allocations(ReadOnlyRows):
    model = Allocation
    fields = ("installment", "amount", "recorded_at")


class Refunds(ReadOnlyRows):
    model = Refund
    fields = ("amount", "external_id", "refunded_at", "author", "reason")


class MovesAway(ReadOnlyRows):
    model = Move
    fk_name = "source"
    fields = ("target", "amount", "author", "reason", "recorded_at")
    ordering = ("id",)


class Reversals(ReadOnlyRows):
    model = Reversal
    fields = ("amount", "author", "reason", "recorded_at")


class Receipts(ReadOnlyRows):
    model = Receipt
    fields = ("kind", "state", "reason", "external_id", "created_at", "registered_at")


@admin.register(Payment)
class PaymentPage(EnterRefund, ReadOnlyPage):
    stored_words: ClassVar = {"method": words.METHODS, "payer": words.PAYERS}
    actions_detail = ("give_back", "enter_refund")
    inlines = (Allocations, Refunds, MovesAway, Reversals, Receipts)
    list_display = ("received_at", "amount", "currency", "method", "deal", "legal_entity", "counted")
    list_filter = (
        NotClosed,
        "legal_entity",
        "merchant",
        ("method", ChoiceWords),
        "counted",
        ("deal", admin.EmptyFieldListFilter),
    )
    list_select_related = ("deal", "legal_entity")
    search_fields = (*DEAL_SEARCH, "external_id")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Who closes prepayments reads what is still open and since when the service is due."""
        if not NotClosed.is_on(request):
            return super().get_list_display(request)
        columns = ("received_at", "amount", "open_part", "service_day", "method", "deal", "legal_entity")
        return self.in_words(columns)

    def get_ordering(self, request: HttpRequest) -> Any:
        return ("received_at", "id") if NotClosed.is_on(request) else super().get_ordering(request)

    @display(description=_("Not closed"))
    def open_part(self, row: Payment) -> str:
        return money.words(row.open_part)

    @display(description=_("Service"))
    def service_day(self, row: Payment) -> str:
        deal = row.deal
        if deal is None:
            return "–"
        day = date_format(deal.service_on, "d.m.Y") if deal.service_on else ""
        return ", ".join(filter(None, (deal.cohort, day)))


@admin.register(Invoice)
class InvoicePage(ReadOnlyPage):
    stored_words: ClassVar = {"payer": words.PAYERS}
    list_display = ("number", "issued_on", "amount", "deal", "legal_entity", "voided_at")
    list_filter = ("legal_entity", ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("deal", "legal_entity")
    search_fields = ("number", *DEAL_SEARCH)


@admin.register(ProviderOrder)
class ProviderOrderPage(ReadOnlyPage):
    stored_words: ClassVar = {"purpose": words.PURPOSES}
    list_display = ("number", "created_at", "amount", "purpose", "state", "deal", "merchant")
    list_filter = (("state", ChoiceWords), "merchant")
    list_select_related = ("deal", "merchant")
    search_fields = ("number", "external_id", *DEAL_SEARCH)
