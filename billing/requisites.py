"""A legal entity's requisites as a whole, and the words for what is wrong with them.

One check for the network file and for the admin panel: which numbers an entity of a kind has, whether each is
well formed, and whether they fit each other. The arithmetic is billing.rules.requisites.
"""

from collections.abc import Callable, Mapping
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import LegalEntity
from billing.rules import requisites as rules
from billing.rules.requisites import Invalid, Reason

TAX_SYSTEMS = {
    "osn": gettext_lazy("General tax regime"),
    "usn_income": gettext_lazy("Simplified, income"),
    "usn_income_outcome": gettext_lazy("Simplified, income less expenses"),
    "esn": gettext_lazy("Agricultural tax"),
    "patent": gettext_lazy("Patent"),
    "ausn_income": gettext_lazy("Automated simplified, income"),
    "ausn_income_outcome": gettext_lazy("Automated simplified, income less expenses"),
    "npd": gettext_lazy("Tax on professional income"),
}
VAT_RATES = {
    "none": gettext_lazy("No VAT"),
    "vat0": gettext_lazy("VAT 0%"),
    "vat5": gettext_lazy("VAT 5%"),
    "vat7": gettext_lazy("VAT 7%"),
    "vat10": gettext_lazy("VAT 10%"),
    "vat20": gettext_lazy("VAT 20%"),
    "vat22": gettext_lazy("VAT 22%"),
}
# "From always": the day of a tax setting that was given without a date.
BEGINNING = date(2000, 1, 1)

_WORDS: dict[Reason, Promise] = {
    Reason.EMPTY: gettext_lazy("it is empty"),
    Reason.NOT_DIGITS: gettext_lazy("it must have digits only"),
    Reason.LENGTH: gettext_lazy("it has a wrong number of digits"),
    Reason.ZEROS: gettext_lazy("it begins with zeros that no real number has"),
    Reason.FIRST_DIGIT: gettext_lazy("its first digits belong to another kind of number"),
    Reason.CHECKSUM: gettext_lazy("its check digit is wrong: look for a typing mistake"),
    Reason.FORM: gettext_lazy("it must look like 770101001"),
}


def problems(
    *, kind: str, inn: str | None, kpp: str | None, ogrn: str | None, bank: Mapping[str, str] | None
) -> dict[str, str]:
    """What is wrong, by field (inn, kpp, ogrn, bank.bic, bank.account, bank.correspondent); None is not
    looked at.
    """
    found: dict[str, str] = {}
    company = kind == LegalEntity.Kind.OOO
    if inn is not None:
        _try(found, "inn", _("TIN"), lambda: rules.check_inn(inn))
        if "inn" not in found and len(inn) != (10 if company else 12):
            found["inn"] = (
                _("A company's TIN has 10 digits.") if company else _("A person's TIN has 12 digits.")
            )
    if kpp:
        if company:
            _try(found, "kpp", _("KPP"), lambda: rules.check_kpp(kpp))
        else:
            found["kpp"] = _("Only a company has a KPP.")
    if ogrn:
        if kind == LegalEntity.Kind.SELF_EMPLOYED:
            found["ogrn"] = _("A self-employed person has no registration number.")
        else:
            check = rules.check_ogrn if company else rules.check_ogrnip
            _try(found, "ogrn", _("OGRN") if company else _("OGRNIP"), lambda: check(ogrn))
    _bank(found, bank or {})
    return found


def inn_problem(inn: str) -> str:
    """What is wrong with the TIN of an organisation or a person, or an empty text."""
    found: dict[str, str] = {}
    _try(found, "inn", _("TIN"), lambda: rules.check_inn(inn))
    return found.get("inn", "")


def payer_problem(*, kind: str, inn: str, kpp: str) -> dict[str, str]:
    """What a payer cannot have, by field: a person no organisation's TIN, a KPP its own form."""
    found: dict[str, str] = {}
    if kind == "person" and len(inn) == 10:
        found["inn"] = _("A person's TIN has 12 digits.")
    if kpp:
        _try(found, "kpp", _("KPP"), lambda: rules.check_kpp(kpp))
    return found


def tax_problem(*, tax_system: str, vat: str) -> str:
    """Why the regime cannot have the rate (НК РФ, chapters 26.2, 26.5; 422-ФЗ; 17-ФЗ), or an empty text."""
    if tax_system in ("patent", "npd", "ausn_income", "ausn_income_outcome") and vat != "none":
        return _("This tax regime has no VAT.")
    if vat in ("vat5", "vat7") and not tax_system.startswith("usn_"):
        return _("VAT 5% and 7% exist under the simplified regime only.")
    return ""


def _bank(found: dict[str, str], bank: Mapping[str, str]) -> None:
    bic, account, correspondent = (bank.get(name, "") for name in ("bic", "account", "correspondent"))
    if bic:
        _try(found, "bank.bic", _("BIC"), lambda: rules.check_bic(bic))
    elif account or correspondent:
        found["bank.bic"] = _("The account cannot be checked without the bank's BIC.")
    if "bank.bic" in found:
        return
    if account:
        _try(found, "bank.account", _("Settlement account"), lambda: rules.check_account(account, bic=bic))
    if correspondent:
        _try(
            found,
            "bank.correspondent",
            _("Correspondent account"),
            lambda: rules.check_correspondent(correspondent, bic=bic),
        )


def _try(found: dict[str, str], field: str, name: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Invalid as error:
        found[field] = _("%(name)s: %(reason)s.") % {"name": name, "reason": _WORDS[error.reason]}
