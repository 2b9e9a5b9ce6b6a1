"""What schedules are planned by: templates, and the years of the production calendar."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from billing import schedule_templates, workdays
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.api.words import of_remark
from billing.models import CalendarYear, Installment, ScheduleTemplate
from billing.rules import money
from billing.rules import schedule as rules
from billing.rules.schedule import InvalidTerms
from crm.panel import SettingsPage

SATURDAY = 5
# The rules' names of fields where the form has another one.
FIELDS = {"down_payment": "down_percent", "down_payment_on": "down_after_days", "every": "every_days"}


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ScheduleTemplate
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        if (cleaned.get("count") is None) == (cleaned.get("monthly_amount") is None):
            self.add_error("count", _("Give either the number of payments or the monthly payment."))
        if cleaned.get("down_percent") is not None and cleaned.get("down_amount") is not None:
            self.add_error("down_amount", _("Give the down payment as a share or as a sum."))
        low, high = cleaned.get("total_from"), cleaned.get("total_to")
        if low is not None and high is not None and low > high:
            self.add_error("total_to", _("The bracket ends below its beginning."))
        if not self.errors:
            self._try([bound for bound in (low, high) if bound] or [self._some_total()])
        return cleaned

    def _some_total(self) -> Decimal:
        """Without a bracket: a deal that is big enough for the terms."""
        monthly = self.cleaned_data.get("monthly_amount")
        rest = monthly * 3 if monthly else Decimal(1_000_000)
        return rest + (self.cleaned_data.get("down_amount") or money.ZERO)

    def _try(self, bounds: Iterable[Decimal]) -> None:
        """Lay out both ends of the bracket as a deal would be today."""
        template = ScheduleTemplate(**self.cleaned_data)
        on = timezone.localdate()
        for total in bounds:
            terms = schedule_templates.terms_of(template, total=total, held=money.ZERO, on=on)
            try:
                rules.plan(terms, kept=money.ZERO, on=on, calendar=workdays.calendar())
            except InvalidTerms as error:
                for remark in error.remarks:
                    field = FIELDS.get(remark.field, remark.field)
                    self.add_error(field if field in self.fields else None, of_remark(remark))
                return


@admin.register(ScheduleTemplate)
class TemplatePage(SettingsPage):
    form = TemplateForm
    list_display = ("name", "account", "programme", "total_from", "total_to", "count", "is_active")
    list_filter = ("account", "is_active")
    list_select_related = ("account",)
    search_fields = ("name", "programme")
    ordering = ("account__key", "name")
    fields = (
        ("name", "account"),
        ("programme", "is_active"),
        ("total_from", "total_to"),
        ("count", "monthly_amount"),
        ("first_after_days", "due_day"),
        ("every_months", "every_days"),
        ("down_percent", "down_amount", "down_after_days"),
        ("round_to", "remainder"),
        "shift_weekends",
    )


class DaysField(forms.CharField):
    """Dates, one a line, as 31.12.2028 or 2028-12-31."""

    def __init__(self, *, label: Any, help_text: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 8})
        super().__init__(label=label, help_text=help_text, required=False, widget=widget)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else "\n".join(f"{day:%d.%m.%Y}" for day in value or ())

    def to_python(self, value: Any) -> Any:
        return sorted({self._day(text) for text in re.split(r"[\s,;]+", value or "") if text})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != self.prepare_value(data))

    def _day(self, text: str) -> date:
        russian = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
        try:
            if russian:
                day, month, year = map(int, russian.groups())
                return date(year, month, day)
            return date.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError(_("“%(text)s” is not a date."), params={"text": text}) from None


class YearForm(forms.ModelForm):  # type: ignore[type-arg]
    year = forms.IntegerField(
        label=_("Year"), min_value=2000, max_value=2100, widget=UnfoldAdminIntegerFieldWidget()
    )
    days_off = DaysField(
        label=_("Weekdays off"),
        help_text=_("Every Monday to Friday that is not worked: holidays and days off moved to it."),
    )
    working_weekends = DaysField(
        label=_("Working weekend days"), help_text=_("Saturdays and Sundays that are worked instead.")
    )

    class Meta:
        model = CalendarYear
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        year = cleaned.get("year")
        for name, at_the_weekend in (("days_off", False), ("working_weekends", True)):
            days: list[date] = cleaned.get(name) or []
            wrong = [day for day in days if day.year != year or (day.weekday() >= SATURDAY) != at_the_weekend]
            if wrong:
                text = ", ".join(f"{day:%d.%m.%Y}" for day in wrong)
                self.add_error(
                    name, _("Of another year or another day of the week: %(days)s") % {"days": text}
                )
        if year and not cleaned.get("days_off"):
            self.add_error(
                "days_off", _("A year has holidays: give them all, this list replaces what is known.")
            )
        return cleaned


@admin.register(CalendarYear)
class YearPage(SettingsPage):
    form = YearForm
    list_display = ("year", "off", "source")
    ordering = ("-year",)
    fields = (("year", "source"), ("days_off", "working_weekends"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without its row a year is again what the program knows of it."""
        return bool(request.user.has_perm("billing.delete_calendaryear"))

    @admin.display(description=_("Weekdays off"))
    def off(self, year: CalendarYear) -> int:
        return len(year.days_off)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new year begins with its fixed holidays; the moved days are in the decree."""
        told = CalendarYear.objects.aggregate(last=Max("year"))["last"] or workdays.KNOWN_UNTIL
        year = max(told, workdays.KNOWN_UNTIL) + 1
        days = sorted(day for day in workdays.built_in().days_off if day.year == year)
        return {"year": year, "days_off": days}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        text = _("Without a row the program itself knows the years through %(year)s.")
        messages.info(request, text % {"year": workdays.KNOWN_UNTIL})
        last = Installment.objects.current().aggregate(last=Max("due_on"))["last"]
        if last is not None and not workdays.calendar().knows(last):
            warning = _("Schedules reach to %(day)s, where the calendar is not known: add the missing years.")
            messages.warning(request, warning % {"day": date_format(last, "d.m.Y")})
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer
