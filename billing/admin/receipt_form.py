"""What a person says about a receipt: made elsewhere, none yet, none needed, or as the rules have it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.admin import ask
from billing.receipts import InvalidChoice, ReceiptChoice

AS_USUAL, REGISTER, OPEN, NONE = "", "register", "open", "none"
CHOICES = [
    (AS_USUAL, _("As the rules have it")),
    (REGISTER, _("Made on another register")),
    (OPEN, _("None yet")),
    (NONE, _("None is needed, for this reason")),
]


class ReceiptForm(forms.Form):
    """`choice` in the cleaned data is the verbs' value; None leaves it to the rules."""

    receipt = ask.choice(_("Receipt"), CHOICES, required=False)
    fn = ask.line(_("Fiscal drive (FN)"), required=False)
    fd = ask.line(_("Fiscal document (FD)"), required=False)
    fpd = ask.line(_("Fiscal sign (FPD)"), required=False)
    why_none = ask.line(_("Why no receipt is needed"), required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        said: dict[str, Any] = {
            REGISTER: {name: given.get(name, "") for name in ("fn", "fd", "fpd")},
            OPEN: False,
            NONE: {"none": given.get("why_none", "")},
        }
        try:
            given["choice"] = ReceiptChoice.read(said.get(given.get("receipt", "")))
        except InvalidChoice as error:
            raise forms.ValidationError(_("Fill in the numbers of the receipt, or the reason.")) from error
        return given
