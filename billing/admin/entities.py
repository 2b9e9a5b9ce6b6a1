"""Legal entities: requisites are checked as in the network file, bank and signatory are plain fields."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing import requisites
from billing.admin import words  # noqa: F401  names the columns before forms are built from them
from billing.admin.parts.page import LookedAtPage
from billing.models import LegalEntity, ReceiptPolicy, TaxSetting
from crm.panel import EditedRow

# Field of the form -> (JSON column, key in it).
PARTS = {
    "bank_bic": ("bank", "bic"),
    "bank_account": ("bank", "account"),
    "bank_correspondent": ("bank", "correspondent"),
    "bank_name": ("bank", "name"),
    "signatory_name": ("signatory", "name"),
    "signatory_position": ("signatory", "position"),
    "signatory_name_genitive": ("signatory", "name_genitive"),
    "signatory_position_genitive": ("signatory", "position_genitive"),
    "signatory_basis_genitive": ("signatory", "basis_genitive"),
}


def _line(label: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=255, widget=UnfoldAdminTextInputWidget())


class LegalEntityForm(forms.ModelForm):  # type: ignore[type-arg]
    bank_bic = _line(_("BIC"))
    bank_account = _line(_("Settlement account"))
    bank_correspondent = _line(_("Correspondent account"))
    bank_name = _line(_("Bank"))
    signatory_name = _line(_("Signatory"))
    signatory_position = _line(_("Position"))
    signatory_name_genitive = _line(_("Signatory, genitive"))
    signatory_position_genitive = _line(_("Position, genitive"))
    signatory_basis_genitive = _line(_("Acts on the basis of, genitive"))

    class Meta:
        model = LegalEntity
        # The page names them.
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (column, key) in PARTS.items():
            self.initial.setdefault(name, getattr(self.instance, column).get(key, ""))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        found = requisites.problems(
            kind=cleaned.get("kind", ""),
            inn=cleaned.get("inn"),
            kpp=cleaned.get("kpp"),
            ogrn=cleaned.get("ogrn"),
            bank={key: cleaned.get(name, "") for name, (column, key) in PARTS.items() if column == "bank"},
        )
        for name, reason in found.items():
            self.add_error(name.replace(".", "_"), reason)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        for name, (column, key) in PARTS.items():
            getattr(self.instance, column)[key] = self.cleaned_data[name]
        return super().save(commit)


class TaxForm(forms.ModelForm):  # type: ignore[type-arg]
    tax_system = forms.ChoiceField(
        label=_("Tax regime"), choices=list(requisites.TAX_SYSTEMS.items()), widget=UnfoldAdminSelectWidget()
    )
    vat = forms.ChoiceField(
        label=_("VAT"), choices=list(requisites.VAT_RATES.items()), widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = TaxSetting
        fields = ("valid_from", "tax_system", "vat")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "tax_system" in cleaned and "vat" in cleaned:
            reason = requisites.tax_problem(tax_system=cleaned["tax_system"], vat=cleaned["vat"])
            if reason:
                self.add_error("vat", reason)
        return cleaned


class TaxRows(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and form not in self.deleted_forms]
        if not kept and self.instance.kind != LegalEntity.Kind.SELF_EMPLOYED:
            raise forms.ValidationError(_("Without a tax regime no receipt can be made: add it."))


class Taxes(TabularInline):  # type: ignore[misc]
    model = TaxSetting
    form = TaxForm
    formset = TaxRows
    extra = 0
    hide_title = True
    ordering = ("valid_from",)


class ReceiptPolicies(EditedRow, TabularInline):  # type: ignore[misc]
    """What only an accountant can decide about receipts: dated, with who decided it."""

    model = ReceiptPolicy
    extra = 0
    hide_title = True
    tab = True
    ordering = ("valid_from",)


@admin.register(LegalEntity)
class LegalEntityPage(LookedAtPage):
    form = LegalEntityForm
    inlines = (Taxes, ReceiptPolicies)
    list_display = ("name", "key", "kind", "inn")
    search_fields = ("name", "key", "inn", "ogrn")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": (("name", "key"), ("kind", "inn"), ("kpp", "ogrn"), "address")}),
        (_("Receipts"), {"fields": (("site", "email"), ("phone", "vat_basis"))}),
        (_("Bank"), {"fields": (("bank_bic", "bank_name"), ("bank_account", "bank_correspondent"))}),
        (
            _("Signatory"),
            {
                "fields": (
                    ("signatory_name", "signatory_position"),
                    ("signatory_name_genitive", "signatory_position_genitive"),
                    "signatory_basis_genitive",
                )
            },
        ),
    )
