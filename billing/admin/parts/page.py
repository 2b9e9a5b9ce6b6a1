"""A page of settings whose form has fields of its own: who may only look sees what they hold.

Django shows such a person the columns of the table and knows nothing of other fields: parts are drawn with
their inputs shut, plain fields by the words of what they hold. A secret is shown to nobody.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from billing.admin.parts import Page
from billing.admin.parts.field import PartField, PartWidget
from crm.panel import SettingsPage

_SHUT = "_shut"
_NOTHING = "–"


class LookedAtPage(SettingsPage):
    """`shut` is for a page that puts its own fieldsets together."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for name, field in self.form.declared_fields.items():
            show = _part(name, field) if isinstance(field, PartField) else _plain(self.form, name, field)
            show.short_description = field.label  # type: ignore[attr-defined]
            setattr(self, name + _SHUT, show)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shut(request, obj, super().get_fieldsets(request, obj))

    def shut(self, request: HttpRequest, obj: Any, found: Any) -> Any:
        """The fieldsets as this person may have them."""
        if obj is None or self.has_change_permission(request, obj):
            return found
        return [(title, {**options, "fields": self._names(options["fields"])}) for title, options in found]

    def _names(self, names: Any) -> list[Any]:
        return [self._names(name) if isinstance(name, list | tuple) else self._name(name) for name in names]

    def _name(self, name: str) -> str:
        return name + _SHUT if hasattr(self, name + _SHUT) else name


def _part(name: str, field: PartField) -> Callable[[models.Model], Any]:
    def show(row: models.Model) -> SafeString:
        widget = PartWidget(field.part)
        widget.page = Page(getattr(row, "account", None))
        inputs = widget.render(name, field.part.raw(getattr(row, name)))
        return format_html('<fieldset disabled class="w-full">{}</fieldset>', inputs)

    return show


def _plain(form: Any, name: str, field: Any) -> Callable[[models.Model], Any]:
    def show(row: models.Model) -> str:
        value = form(instance=row).initial.get(name)
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        words = dict(getattr(field, "choices", ())).get(value, value)
        return str(words) if words not in (None, "") else _NOTHING

    return show
