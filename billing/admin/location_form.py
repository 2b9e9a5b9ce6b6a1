"""The form of a location: the deposit and its deadline are plain fields, checked as in the network file."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.admin import known
from billing.models import Location
from billing.network_file import kinds, nodes, schema
from billing.network_file.nodes import Problem
from billing.network_file.shapes import plain

# Field of the form -> (JSON column, key in it).
PARTS = {
    "deposit_percent": ("deposit", "percent"),
    "deposit_amount": ("deposit", "amount"),
    "deposit_round_to": ("deposit", "round_to"),
    "deposit_minimum": ("deposit", "minimum"),
    "due_minutes": ("deposit_due", "minutes"),
    "due_same_day": ("deposit_due", "same_day"),
    "due_then": ("deposit_due", "then"),
}
OWN_STAGE = "own"


def _line(label: Any, help_text: Any = "") -> forms.CharField:
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    return forms.CharField(label=label, required=False, max_length=20, help_text=help_text, widget=widget)


class LocationForm(forms.ModelForm):  # type: ignore[type-arg]
    cash_receipts = forms.ChoiceField(
        label=_("Receipts for cash"),
        choices=[("desk", _("By the desk's own register")), ("cloud", _("By us"))],
        widget=UnfoldAdminSelectWidget(),
    )
    deposit_percent = _line(_("Share of the price, %"))
    deposit_amount = _line(_("Or a fixed sum, roubles"), _("A share or a sum, not both."))
    deposit_round_to = _line(_("Round the share to, roubles"))
    deposit_minimum = _line(_("At least, roubles"))
    due_minutes = _line(_("Minutes to pay"), _("Empty: the deposit has no deadline."))
    due_same_day = _line(_("Minutes to pay on the day of the game"))
    due_then = forms.ChoiceField(
        label=_("What if it is not paid"),
        required=False,
        choices=[
            ("", "---------"),
            ("task", _("Task for the manager")),
            ("stage", _("Stage of overdue deals")),
            (OWN_STAGE, _("Another stage")),
        ],
        widget=UnfoldAdminSelectWidget(),
    )
    due_stage = _line(_("Number of the other stage"))

    class Meta:
        model = Location
        # The page names them.
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (column, key) in PARTS.items():
            self.initial.setdefault(name, getattr(self.instance, column).get(key, ""))
        stages = known.stages(self.instance.account) if self.instance.pk else []
        if "due_then" in self.fields:
            field = cast(forms.ChoiceField, self.fields["due_then"])
            *words, other = cast(list[tuple[str, Any]], field.choices)
            field.choices = [*words, *stages, other]
        then = self.initial["due_then"]
        if isinstance(then, int) and str(then) in dict(stages):
            self.initial.update(due_then=str(then))
        elif isinstance(then, int):
            self.initial.update(due_then=OWN_STAGE, due_stage=then)

    def clean_time_zone(self) -> str:
        try:
            return kinds.zone(self.cleaned_data["time_zone"]) if self.cleaned_data["time_zone"] else ""
        except kinds.Wrong as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        same = Location.objects.filter(account=cleaned.get("account"), crm_value=cleaned.get("crm_value"))
        other = same.exclude(pk=self.instance.pk).first()
        if other is not None:
            self.add_error(
                "crm_value", _("The location %(key)s has this value already.") % {"key": other.key}
            )
        for column in ("deposit", "deposit_due"):
            self._check(column, cleaned)
        return cleaned

    def _check(self, column: str, cleaned: dict[str, Any]) -> None:
        """Put the typed lines together and let the network file's reader judge them."""
        lines = {key: name for name, (where, key) in PARTS.items() if where == column}
        typed = {key: str(cleaned.get(name, "")).strip().replace(",", ".") for key, name in lines.items()}
        if typed.get("then") == OWN_STAGE:
            typed["then"] = str(cleaned.get("due_stage", "")).strip()
        given = {key: value for key, value in typed.items() if value}
        found: list[Problem] = []
        read = plain(schema.LOCATION.keys[column].read(nodes.of(given), "", found)) if given else {}
        for problem in found:
            # The reader's words for what is missing are those of a file.
            reason = problem.reason if problem.path in given else _("Fill this in.")
            self.add_error(lines.get(problem.path, min(lines.values())), reason)
        if column == "deposit" and read and ("percent" in read) == ("amount" in read):
            both = "percent" in read
            self.add_error(
                "deposit_percent", _("A share or a sum, not both.") if both else _("Fill this in.")
            )
        elif not found:
            setattr(self.instance, column, read)
