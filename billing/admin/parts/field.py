"""A form field that is a part: the network file's shape checks it, each reason stands at its input.

What nobody changed is stored as it was, byte for byte; keys that have no input survive a change. A form that
does not send the field leaves it alone.
"""

import re
from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from billing.admin.parts import OMIT, Page, Part
from billing.admin.parts.groups import Group
from billing.network_file import nodes
from billing.network_file.nodes import Problem
from billing.network_file.shapes import ListOf, Mapping, Shape, plain
from crm.models import Account


class Fault(forms.ValidationError):
    """Something wrong at a path of a structured setting; its text leads a person there."""

    def __init__(self, path: str, reason: str, part: Part) -> None:
        words = part.where(path)[1:]  # the field's own label stands above it
        super().__init__(f"{' · '.join(words)}: {reason}" if words else reason)
        self.path, self.reason = path, reason


class PartWidget(forms.Widget):
    template_name = "admin/billing/parts/field.html"
    use_fieldset = True
    page = Page()

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part = part

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return {"name": name, "view": self.part.view(value, name, "", self.page)}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return self.part.read(data, name) if f"{name}-sent" in data else None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-sent" not in data

    def id_for_label(self, id_: str | None) -> str:
        return ""


class PartBound(BoundField):
    """Shows what was typed, with what is wrong beside it."""

    field: "PartField"

    def value(self) -> Any:
        typed = self.data if self.form.is_bound else None
        return self.field.part.raw(self.field.stored) if typed is None else typed

    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> Any:
        faults: dict[str, list[str]] = {}
        for error in self.errors.as_data():
            if isinstance(error, Fault):
                faults.setdefault(error.path, []).append(error.reason)
        self.field.widget.page = Page(self.field.account, faults)
        return super().as_widget(widget, attrs, only_initial)


class PartField(forms.Field):
    """`stored` and `account` are told by the form of a row."""

    account: Account | None = None

    def __init__(self, part: Part, shape: Shape) -> None:
        super().__init__(label=part.label, help_text=part.help, required=False, widget=PartWidget(part))
        self.part, self.shape = part, shape
        self.nothing: Any = [] if isinstance(shape, ListOf) else {}
        self.stored = self.nothing

    def get_bound_field(self, form: Any, field_name: str) -> BoundField:
        return PartBound(form, self, field_name)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return data is not None and data != self.part.raw(self.stored)

    def clean(self, value: Any) -> Any:
        if not self.has_changed(None, value):
            return self.stored
        given = self.part.given(value)
        if given is OMIT:
            return self._emptied()
        found: list[Problem] = []
        read = self.shape.read(nodes.of(given), "", found)
        if found:
            raise forms.ValidationError([self._fault(problem, given) for problem in found])
        return self.part.merged(self.stored, value, plain(read))

    def _emptied(self) -> Any:
        """A mapping that needs keys is gone as a whole; another one keeps what has no input."""
        if isinstance(self.part, Group) and isinstance(self.shape, Mapping) and not self.shape.needed:
            return self.part.extras(self.stored)
        return self.nothing

    def _fault(self, problem: Problem, given: Any) -> Fault:
        lacking = _lacks(given, problem.path)
        return Fault(problem.path, _("Fill this in.") if lacking else problem.reason, self.part)


class PartForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of a row some of whose columns are parts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = getattr(self.instance, "account", None) if self.instance.pk else None
        for name, field in self.fields.items():
            if isinstance(field, PartField):
                field.stored, field.account = getattr(self.instance, name), account

    def add_fault(self, name: str, path: str, reason: str) -> None:
        """Something wrong at a path of a part."""
        self.add_error(name, Fault(path, reason, cast(PartField, self.fields[name]).part))


def _lacks(given: Any, path: str) -> bool:
    """Does the path lead to a key that was left out?"""
    for name in re.findall(r"[^.\[\]]+", path):
        if isinstance(given, dict) and name not in given:
            return True
        given = given[int(name) - 1] if isinstance(given, list) else given.get(name)
    return False
