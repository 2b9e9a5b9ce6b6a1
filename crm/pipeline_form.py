"""The form of a pipeline's stages: chosen by name where amoCRM told the names, else typed as numbers.

A stored number that amoCRM does not name is offered as it is, so that saving loses nothing.
"""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from crm import gates, setup_choices, stage_names
from crm.models import Account, Pipeline

ONE = ("completed_status", "paid_status", "deposit_status", "overdue_status")
MANY = ("lost_statuses", "gated_statuses")
Choices = list[tuple[Any, Any]]


class NumbersField(forms.CharField):
    """A list of amoCRM's numbers, typed with commas between them."""

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False, widget=UnfoldAdminTextInputWidget())
        self.help_text = _("Numbers in amoCRM, separated by commas.")

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        typed = re.findall(r"[^\s,;]+", value or "")
        if not all(re.fullmatch("[1-9][0-9]{0,17}", number) for number in typed):
            raise forms.ValidationError(_("Numbers in amoCRM, separated by commas."))
        return [int(number) for number in typed]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or []) != (data or ""))


class PipelineForm(forms.ModelForm):  # type: ignore[type-arg]
    lost_statuses = NumbersField(_("Stages of lost deals"))
    gated_statuses = NumbersField(_("Stages that need the deposit"))

    class Meta:
        model = Pipeline
        # The inline names them.
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = _account(self.instance)
        known = stage_names.remembered(account=account) if account else {}
        if not known:
            return
        row = self.instance
        named: Choices = [(number, one.name) for number, one in known.items()]
        self._choose("external_id", with_stored(named, [row.external_id]))
        self.fields["external_id"].label = _("Pipeline")
        own = known.get(row.external_id)
        groups: Choices = [(one.name, list(one.stages.items())) for one in known.values()]
        stages: Choices = list(own.stages.items()) if own else groups
        for name in ONE:
            offered = with_stored(stages, [getattr(row, name)])
            self._choose(name, offered if name == "completed_status" else [("", _("— not used —")), *offered])
        for name in MANY:
            open_ones = [(number, words) for number, words in stages if number not in gates.FINAL]
            offered = open_ones if name == "gated_statuses" else stages
            self.fields[name] = forms.TypedMultipleChoiceField(
                label=self.fields[name].label,
                choices=with_stored(offered, getattr(row, name)),
                coerce=int,
                required=False,
                widget=UnfoldAdminCheckboxSelectMultipleWidget(),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, words in setup_choices.wrong_stages(cleaned).items():
            self.add_error(name, words)
        return cleaned

    def _choose(self, name: str, choices: Choices) -> None:
        before = self.fields[name]
        self.fields[name] = forms.TypedChoiceField(
            label=before.label,
            choices=choices,
            coerce=int,
            empty_value=None,
            required=before.required,
            widget=UnfoldAdminSelectWidget(),
        )


def _account(row: Pipeline) -> Account | None:
    """The account that the row was made for; a form that is only being laid out has none."""
    return row.account if row.account_id else None


def with_stored(offered: Choices, stored: Iterable[int | None]) -> Choices:
    """What is offered, and what is stored although nobody named it."""
    inside = [inner for _group, inner in offered if isinstance(inner, list)]
    known = {number for number, _name in offered} | {number for group in inside for number, _name in group}
    return [*offered, *((number, str(number)) for number in stored if number and number not in known)]
