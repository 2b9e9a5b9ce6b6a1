"""One page per notice: what came, how it was read, what we answered, what it caused; and "apply again"."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from billing import inbox
from billing.admin import words
from billing.models import Notice, Payment, Receipt, Refund, RefusedNotice
from crm.admin import QueuePage
from crm.panel import ChoiceWords, ReadOnlyPage

SHOWN_BYTES = 16 * 1024


def raw(body: bytes | memoryview) -> SafeString:
    """The bytes as text for a person; a card's token is nobody's to read."""
    text = inbox.masked(bytes(body[:SHOWN_BYTES])).decode("utf-8", "backslashreplace")
    return format_html('<pre style="white-space: pre-wrap; word-break: break-all">{}</pre>', text)


@admin.register(Notice)
class NoticePage(QueuePage):
    stored_words: ClassVar = {"kind": words.NOTICES, "outcome": words.OUTCOMES}
    hidden = ("fields", "leased_until", "not_before")
    actions_detail = ("apply_again",)
    list_display = ("id", "created_at", "merchant", "kind", "external_id", "state", "outcome", "last_error")
    list_filter = (("state", ChoiceWords), "merchant", ("kind", ChoiceWords), ("outcome", ChoiceWords))
    list_select_related = ("merchant",)
    search_fields = ("external_id", "fields__order_number")

    def has_apply_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_wake_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), "caused", "read", "came"]

    @display(description=_("What it caused"))
    def caused(self, row: Notice) -> SafeString:
        rows = [*_facts(row)]
        if not rows:
            return format_html("{}", gettext("Nothing in the ledger"))
        return format_html_join(
            SafeString("<br>"),
            '<a href="{}">{}</a>',
            ((_address(fact), f"{fact._meta.verbose_name}: {fact}") for fact in rows),
        )

    @display(description=_("As it was read"))
    def read(self, row: Notice) -> SafeString:
        said = ((name, value) for name, value in row.fields.items() if value not in ("", None, {}, False))
        return format_html_join(SafeString("<br>"), "{} = {}", said)

    @display(description=_("As it came"))
    def came(self, row: Notice) -> SafeString:
        if not row.body:
            return format_html("{}", gettext("It was found by asking the provider"))
        return raw(row.body)

    @action(description=_("Apply again"), icon="replay", url_path="apply-again", permissions=["apply"])
    def apply_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Notice, pk=object_id)
        try:
            changed = inbox.apply_again(notice=row, at=timezone.now())
        except inbox.NotYet as error:
            self.message_user(request, gettext("It waits: %(why)s") % {"why": error}, messages.WARNING)
        else:
            text = gettext("It came to something new.") if changed else gettext("It changed nothing.")
            self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_notice_change", args=[object_id]))


@admin.register(RefusedNotice)
class RefusedNoticePage(ReadOnlyPage):
    stored_words: ClassVar = {"kind": words.NOTICES}
    list_display = ("at", "merchant", "kind", "reason", "method", "address", "size")
    list_filter = ("merchant", ("kind", ChoiceWords), "reason")
    list_select_related = ("merchant",)
    search_fields = ("digest", "address")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), "came"]

    @display(description=_("As it came"))
    def came(self, row: RefusedNotice) -> SafeString:
        return raw(row.body)


def _facts(row: Notice) -> "list[Payment | Refund | Receipt]":
    """What of the ledger has the numbers of the notice."""
    about = row.fields.get("payment_external_id") or row.external_id
    return [
        *Payment.objects.filter(merchant=row.merchant, external_id=about),
        *Refund.objects.filter(merchant=row.merchant, external_id=row.external_id),
        *Receipt.objects.filter(providercall__merchant=row.merchant, external_id=row.external_id).distinct(),
    ]


def _address(fact: "Payment | Refund | Receipt") -> str:
    return reverse(f"admin:billing_{fact._meta.model_name}_change", args=[fact.pk])
