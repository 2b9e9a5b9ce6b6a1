"""A question of the panel: a small form between a button and its verb; one page for all of them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

TEMPLATE = "admin/billing/ask.html"


def ask(
    page: ModelAdmin,
    request: HttpRequest,
    row: Any,
    *,
    title: str,
    form: type[forms.Form],
    act: Callable[[dict[str, Any]], str],
    about: str = "",
) -> HttpResponse:
    """Show the form; when it is sent, `act` on its values and go back with what it says.

    `about`: what who answers must see beside the row's name.
    `act` raises ValidationError for what its verb refuses.
    """
    filled = form(request.POST if request.method == "POST" else None)
    if filled.is_valid():
        try:
            text = act(filled.cleaned_data)
        except forms.ValidationError as error:
            filled.add_error(None, error)
        else:
            page.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(_home(page, row))
    frame = page.admin_site.each_context(request)
    context = {**frame, "title": title, "form": filled, "row": row, "about": about, "opts": page.opts}
    return TemplateResponse(request, TEMPLATE, context)


def _home(page: ModelAdmin, row: Any) -> str:
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
    return reverse(f"{name}_change", args=[row.pk]) if row else reverse(f"{name}_changelist")


def may_act(page: ModelAdmin, request: HttpRequest) -> bool:
    """Who may change rows of the table may press its buttons."""
    return request.user.has_perm(f"{page.opts.app_label}.change_{page.opts.model_name}")


def author_of(request: HttpRequest) -> str:
    return f"staff:{request.user.get_username()}"


def line(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    widget = UnfoldAdminTextInputWidget()
    return forms.CharField(label=label, required=required, max_length=255, help_text=help_text, widget=widget)


def day(label: Any) -> forms.DateField:
    shown = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": " ".join(INPUT_CLASSES)})
    return forms.DateField(label=label, initial=timezone.localdate, widget=shown)


def money_field(label: Any, *, required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=required,
        max_digits=14,
        decimal_places=2,
        min_value=0,
        widget=UnfoldAdminDecimalFieldWidget(),
    )


def choice(label: Any, choices: Any, *, required: bool = True) -> forms.ChoiceField:
    widget = UnfoldAdminSelectWidget()
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=widget)
