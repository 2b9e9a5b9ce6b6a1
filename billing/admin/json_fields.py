"""Structured settings in forms: JSON that obeys the same shapes as the network file.

JSON is YAML, so the reader of the network file checks it and its reasons are shown at the field.
"""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.network_file import nodes
from billing.network_file.nodes import Problem, Refused
from billing.network_file.shapes import Shape, plain


def checked(shape: Shape, value: str) -> tuple[Any, list[Problem]]:
    """The JSON text as the network file's reader understands it, and what is wrong with it."""
    found: list[Problem] = []
    try:
        read = shape.read(nodes.read(value), "", found)
    except Refused as refused:
        return None, refused.problems
    return (None if found else plain(read)), found


class ShapedField(forms.CharField):
    """A field whose value is a list or a mapping of one shape; `example` is shown below it."""

    def __init__(self, shape: Shape, *, label: Any, example: Any, empty: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
        example_text = json.dumps(example, ensure_ascii=False)
        super().__init__(label=label, required=False, widget=widget, help_text=_("Example: ") + example_text)
        self.shape, self.empty_value = shape, empty

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""

    def to_python(self, value: Any) -> Any:
        if not value:
            return self.empty_value
        if not isinstance(value, str):
            return value
        read, found = checked(self.shape, value)
        if found:
            raise forms.ValidationError([f"{problem.path} {problem.reason}".strip() for problem in found])
        return read

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != self.prepare_value(data))
