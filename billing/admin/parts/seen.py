"""What a page of settings was opened with: whoever saves it sees what somebody else has saved meanwhile.

The page carries a short mark of each column. Saving with marks that are no longer the row's changes nothing
and names the columns; the page then carries the marks of now, so that a second Save is a choice.
"""

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from django import forms
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

NAME = "seen"


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """Its page draws `admin/billing/parts/seen.html` inside the form; a form without marks is not held up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = _marks(self.instance, self.fields) if self.instance.pk else {}

    @property
    def seen(self) -> str:
        return " ".join(f"{name}:{mark}" for name, mark in self._now.items())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        before = dict(one.split(":", 1) for one in self.data.get(NAME, "").split() if ":" in one)
        others = [name for name, mark in self._now.items() if before.get(name, mark) != mark]
        if others:
            names = [capfirst(self._meta.model._meta.get_field(name).verbose_name) for name in others]
            words = _(
                "While this page was open, somebody else changed: %(names)s. Nothing was saved. Save again "
                "to keep what stands here, or open the page anew to see theirs."
            )
            self.add_error(None, words % {"names": ", ".join(f"«{name}»" for name in names)})
        return cleaned


def _marks(row: models.Model, shown: Iterable[str]) -> dict[str, str]:
    """A short mark of what each shown column holds."""
    columns = {field.name: field.attname for field in row._meta.concrete_fields}
    held = {name: getattr(row, columns[name]) for name in shown if name in columns}
    return {name: f"{crc32(repr(value).encode()):08x}" for name, value in held.items()}
