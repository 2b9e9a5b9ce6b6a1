"""What the pages of the admin panel share: words for tables and columns, read-only pages, fields that hide
secrets.

Tables and columns carry no words: a changed word is no migration. Stored words (choices) are shown by their
labels, rows by their names (row_names). A secret is written through a form and never comes back in a page.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ChoicesFieldListFilter
from django.db import models
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminPasswordWidget

from crm import alerts, called, stored_json
from crm.models import Alert
from crm.models.encrypted import EncryptedTextField

Words = Any  # a text, or a text that is translated when it is shown
_SHOWN = "_shown"
_IN_WORDS = (models.DecimalField, models.JSONField)
# What columns are called, for the same names inside stored JSON.
_names: dict[str, Words] = {}


def name_tables(
    tables: Mapping[type[models.Model], tuple[Words, Words]],
    columns: Mapping[str, Words],
    own: Mapping[tuple[type[models.Model], str], Words],
) -> None:
    """Give tables (one, many) and columns their names for people; `own` goes before the common `columns`."""
    _names.update(columns)
    for model, (one, many) in tables.items():
        model._meta.verbose_name, model._meta.verbose_name_plural = one, many
        for column in model._meta.concrete_fields:
            word = own.get((model, column.name), columns.get(column.name))
            if word is not None:
                column.verbose_name = word


def label(column: "models.Field[Any, Any]", value: object) -> str:
    """The label of a stored word, translated."""
    return gettext(str(dict(column.flatchoices).get(value, value))) if value not in (None, "") else ""


def alarm(request: HttpRequest) -> list[str] | None:
    """What stands beside the panel's name: the first open alert, in a word."""
    first = alerts.open_ones().first() if request.user.is_authenticated else None
    if first is None:
        return None
    words = {
        Alert.Kind.RECONNECT: gettext("amoCRM must be connected again"),
        Alert.Kind.HOOKS_OFF: gettext("amoCRM sends no web hooks"),
        Alert.Kind.BLOCKED: gettext("amoCRM blocks our calls"),
        Alert.Kind.TOKEN_ENDS: gettext("amoCRM's token ends soon"),
    }
    return [f"{words[Alert.Kind(first.kind)]}: {first.account.subdomain}", "danger"]


class ChoiceWords(ChoicesFieldListFilter):
    """A filter by stored words with their labels: the column's choices, else the page's `stored_words`."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self._labels = model_admin.stored_words.get(field.name) or dict(field.flatchoices)

    def choices(self, changelist: Any) -> Any:
        chosen = (self.lookup_val or [None])[-1]
        keep = self.lookup_kwarg_isnull
        every = changelist.get_query_string(remove=[self.lookup_kwarg, keep])
        yield {"selected": chosen is None, "query_string": every, "display": gettext("All")}
        for value, words in self._labels.items():
            query = changelist.get_query_string({self.lookup_kwarg: value}, [keep])
            yield {"selected": chosen == str(value), "query_string": query, "display": gettext(str(words))}


class InWords:
    """Shows stored words by label and sums by thousands, in lists and on read-only pages.

    `stored_words` names the words of columns that have no choices: {column: {stored: label}}.
    """

    stored_words: ClassVar[Mapping[str, Mapping[str, Words]]] = {}

    def show_in_words(self, model: type[models.Model]) -> None:
        for column in model._meta.concrete_fields:
            labels = self.stored_words.get(column.name)
            named = None if labels else called.shower(column)
            if named or labels or column.choices or isinstance(column, _IN_WORDS):
                setattr(self, column.name + _SHOWN, _shown(column, labels or {}, named))

    def in_words(self, names: Iterable[Any]) -> list[Any]:
        return [
            name + _SHOWN if isinstance(name, str) and hasattr(self, name + _SHOWN) else name
            for name in names
        ]


def _shown(
    column: "models.Field[Any, Any]",
    labels: Mapping[str, Words],
    named: Callable[[models.Model], str] | None,
) -> Callable[[models.Model], str]:
    def show(row: models.Model) -> str:
        value = getattr(row, column.name)
        if named:
            return named(row)
        if isinstance(column, models.JSONField):
            return stored_json.shown(value, _names, labels)
        if isinstance(value, Decimal):
            return number_format(value, decimal_pos=2, force_grouping=True)
        # A stored word may carry a detail: "invoice:51".
        word = str(value).partition(":")[0]
        return str(labels[word]) if word in labels else label(column, value)

    show.short_description = column.verbose_name  # type: ignore[attr-defined]
    show.admin_order_field = column.name  # type: ignore[attr-defined]
    return show


class ReadOnlyPage(InWords, ModelAdmin):  # type: ignore[misc]
    """A table that only verbs write: search, filter, look."""

    hidden: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    ordering: tuple[str, ...] = ("-id",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.show_in_words(self.model)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kw: Any
    ) -> Any:
        if object_id is not None and not object_id.isdecimal():
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return super().changeform_view(request, object_id, *args, **kw)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self.in_words(super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        columns = self.model._meta.concrete_fields
        return self.in_words(column.name for column in columns if self._is_shown(column))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def _is_shown(self, column: "models.Field[Any, Any]") -> bool:
        secret = isinstance(column, EncryptedTextField | models.BinaryField)
        return not (secret or column.primary_key or column.name in self.hidden)


class ReadOnlyRows(InWords, TabularInline):  # type: ignore[misc]
    """Rows of another table under a read-only page."""

    extra = 0
    can_delete = False
    hide_title = True
    tab = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.show_in_words(self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.in_words(self.fields or ())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.in_words(self.fields or ())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EditedRow:
    """Form fields of what people edit: choices by their label, an address without a scheme is https."""

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        empty = [("", "---------")] if db_field.blank else []
        kwargs["choices"] = [*empty, *((value, _(str(words))) for value, words in db_field.choices)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class SettingsPage(EditedRow, InWords, ModelAdmin):  # type: ignore[misc]
    """A table that people edit; nothing is deleted here, because money may refer to it."""

    list_per_page = 50
    warn_unsaved_form = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.show_in_words(self.model)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self.in_words(super().get_list_display(request))


class SecretField(forms.CharField):
    """A secret that can be written and is never shown; left empty, the stored one stays."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", _("Never shown. Leave empty to keep the stored one."))
        super().__init__(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)
