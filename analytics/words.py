"""Words for the codes that stand in reports."""

from collections.abc import Callable

from django.utils.translation import gettext as _

KINDS: dict[str, Callable[[], str]] = {
    "payment": lambda: _("Payment"),
    "refund": lambda: _("Refund"),
    "moved": lambda: _("Moved to another deal"),
    "returned": lambda: _("Moved back"),
    "reversal": lambda: _("Entered by mistake"),
}
METHODS: dict[str, Callable[[], str]] = {
    "card": lambda: _("Bank card"),
    "sbp": lambda: _("SBP"),
    "cash": lambda: _("Cash"),
    "card_terminal": lambda: _("Card terminal"),
    "bank_transfer": lambda: _("Bank transfer"),
    "other": lambda: _("Another way"),
    "transfer": lambda: _("From another deal"),
}
PROVIDERS: dict[str, Callable[[], str]] = {
    "cloudpayments": lambda: "CloudPayments",
    "robokassa": lambda: _("Robokassa"),
    "offline": lambda: _("Past the providers"),
}
STATES: dict[str, Callable[[], str]] = {
    "paid": lambda: _("Paid"),
    "overdue": lambda: _("Overdue"),
    "partially_paid": lambda: _("Partly paid"),
    "written_off": lambda: _("Written off"),
    "planned": lambda: _("Planned"),
    "sent": lambda: _("Being made"),
    "registered": lambda: _("Made"),
    "failed": lambda: _("Failed"),
    "not_required": lambda: _("Not required"),
    "missing": lambda: _("None yet"),
}
SETTLEMENTS: dict[str, Callable[[], str]] = {
    "full_prepayment": lambda: _("Full prepayment"),
    "prepayment": lambda: _("Prepayment"),
    "advance": lambda: _("Advance"),
    "full_payment": lambda: _("Full settlement"),
    "partial_payment": lambda: _("Part now, the rest on credit"),
    "credit": lambda: _("Handed over on credit"),
    "credit_payment": lambda: _("Payment of a credit"),
}


def kind_word(code: str) -> str:
    return _word(KINDS, code)


def method_word(code: str) -> str:
    return _word(METHODS, code)


def provider_word(code: str) -> str:
    return _word(PROVIDERS, code)


def state_word(code: str) -> str:
    return _word(STATES, code)


def settlement_word(code: str) -> str:
    return _word(SETTLEMENTS, code)


def vat_word(code: str) -> str:
    """«22 %» for vat22, «22/122» for the calculated vat122."""
    if not code.startswith("vat"):
        return _("No VAT") if code == "none" else ""
    digits = code.removeprefix("vat")
    return f"{int(digits[1:])}/{digits}" if len(digits) == 3 else f"{digits} %"


def _word(words: dict[str, Callable[[], str]], code: str) -> str:
    return words[code]() if code in words else code
