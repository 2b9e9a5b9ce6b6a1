"""Locations with their owners, and products."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from billing import handovers, network, requisites
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.admin.location_form import LocationForm
from billing.admin.parts.choices import Choice
from billing.admin.parts.field import PartField, PartForm
from billing.admin.parts.groups import Group, Rows
from billing.admin.parts.lines import Day
from billing.admin.parts.page import LookedAtPage
from billing.admin.receipt_words import SUBJECTS
from billing.models import Location, Ownership, Product
from billing.network_file import nodes, schema
from billing.network_file.entity_checks import repeated_days

SHOWN_BOOKINGS = 20
_ORDERED = _("Orders were made for this owner: leave the row and add another one with the day of the change.")


class OwnerForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Ownership
        fields = ("valid_from", "legal_entity", "merchant")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        entity, merchant = cleaned.get("legal_entity"), cleaned.get("merchant")
        if entity and merchant and merchant.legal_entity_id != entity.pk:
            self.add_error("merchant", _("This merchant account belongs to another legal entity."))
        if {"valid_from", "legal_entity"} & set(self.changed_data) and network.has_orders(self.instance):
            self.add_error("valid_from", _ORDERED)
        return cleaned


class OwnerRows(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        if any(network.has_orders(form.instance) for form in self.deleted_forms):
            raise forms.ValidationError(_ORDERED)

    def get_unique_error_message(self, unique_check: Any) -> str:
        """Django's own words name the column; a location has only its day to tell owners apart."""
        return str(_("Two owners begin on one day: leave one of them."))


class Owners(TabularInline):  # type: ignore[misc]
    model = Ownership
    form = OwnerForm
    formset = OwnerRows
    extra = 0
    hide_title = True
    ordering = ("valid_from",)


@admin.register(Location)
class LocationPage(LookedAtPage):
    form = LocationForm
    inlines = (Owners,)
    list_display = ("name", "key", "account", "crm_value", "owner")
    list_filter = ("account",)
    list_select_related = ("account",)
    search_fields = ("name", "key", "crm_value")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": (("name", "key"), ("account", "crm_value"), ("time_zone", "cash_receipts"))}),
        (
            _("Deposit"),
            {"fields": (("deposit_percent", "deposit_amount"), ("deposit_round_to", "deposit_minimum"))},
        ),
        (
            _("Deadline of the deposit"),
            {"fields": (("due_minutes", "due_same_day"), ("due_then", "due_stage"))},
        ),
    )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        added = [row for rows in formsets for row in rows.new_objects if isinstance(row, Ownership)]
        if change and added:
            found = handovers.left_behind(location=form.instance, on=min(row.valid_from for row in added))
            if left := list(found):
                messages.warning(request, _left_behind(left))

    @admin.display(description=_("Last owner"))
    def owner(self, location: Location) -> str:
        last = location.ownerships.select_related("legal_entity").order_by("valid_from").last()
        return f"{last.legal_entity.name}, {last.valid_from:%d.%m.%Y}" if last else "—"


def _left_behind(left: list[handovers.Left]) -> SafeString:
    """The bookings of the new owner whose money lies with the old one: now, not when the client complains."""
    told = [
        gettext("%(lead)s %(name)s, %(day)s: %(amount)s at %(holder)s, served by %(owner)s.") % each.words()
        for each in left[:SHOWN_BOOKINGS]
    ]
    more = len(left) - len(told)
    if more:
        told.append(
            ngettext("And %(count)s more booking.", "And %(count)s more bookings.", more) % {"count": more}
        )
    told.append(gettext(handovers.WAYS_OUT))
    return format_html_join(SafeString("<br>"), "{}", ((line,) for line in told))


VAT_BY_DATE = Rows(
    label=_("VAT by date, instead of one rate"),
    help=_("A row for every day from which the rate is another one; without rows the rate above counts."),
    more=_("Add a rate"),
    gone=_("Take the rate away"),
    item=Group(
        parts=(
            Day(key="from", label=_("From which day")),
            Choice(key="vat", label=_("VAT"), words=(("", "—"), *requisites.VAT_RATES.items())),
        )
    ),
)


class ProductForm(PartForm):
    subject = forms.ChoiceField(
        label=_("Subject of the receipt"),
        choices=[(word, SUBJECTS[word]) for word in schema.SUBJECTS],
        initial="service",
        widget=UnfoldAdminSelectWidget(),
    )
    vat = forms.ChoiceField(
        label=_("VAT"),
        required=False,
        choices=[("", _("As the legal entity")), *requisites.VAT_RATES.items()],
        widget=UnfoldAdminSelectWidget(),
    )
    vat_dates = PartField(VAT_BY_DATE, schema.DATED_VAT)

    class Meta:
        model = Product
        fields = ("programme", "name", "subject", "vat", "vat_dates")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        rates = schema.DATED_VAT.read(nodes.of(cleaned.get("vat_dates", [])), "", [])
        for problem in repeated_days(rates):
            self.add_fault("vat_dates", problem.path, problem.reason)
        return cleaned


@admin.register(Product)
class ProductPage(LookedAtPage):
    form = ProductForm
    stored_words: ClassVar = {"subject": SUBJECTS, "vat": requisites.VAT_RATES}
    list_display = ("programme", "name", "subject", "vat")
    search_fields = ("programme", "name")
    ordering = ("programme",)
