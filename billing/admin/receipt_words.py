"""What stands in a receipt, in the words of an accountant."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.rules import money

METHODS = {
    "full_prepayment": _("full prepayment"),
    "prepayment": _("prepayment"),
    "advance": _("advance"),
    "full_payment": _("full settlement"),
    "partial_payment": _("part now, the rest on credit"),
    "credit": _("handed over on credit"),
    "credit_payment": _("payment of a credit"),
}
SUBJECTS = {
    "commodity": _("goods"),
    "excise": _("goods under excise"),
    "job": _("work"),
    "service": _("service"),
    "gambling_bet": _("stake of a game of chance"),
    "gambling_prize": _("prize of a game of chance"),
    "lottery": _("lottery ticket"),
    "lottery_prize": _("prize of a lottery"),
    "intellectual_activity": _("right to intellectual property"),
    "payment": _("payment"),
    "agent_commission": _("agent's fee"),
    "composite": _("several subjects at once"),
    "another": _("other subject"),
}
WAYS = {
    "electronic": _("cashless"),
    "cash": _("cash"),
    "advance": _("offset of a prepayment"),
    "credit": _("on credit"),
}
TYPES = {"income": _("income"), "income_return": _("return of income")}


def printed(content: Mapping[str, Any]) -> SafeString:
    """Lines, ways of payment and address of a plan; empty where nothing was planned."""
    if not content.get("lines"):
        return SafeString("")
    lines = format_html_join(
        "", "<li>{}: <b>{}</b> · {} · {} · {}</li>", (_line(line) for line in content["lines"])
    )
    paid = ", ".join(
        f"{WAYS.get(way, way)} {money.words(Decimal(amount))}"
        for way, amount in content.get("paid", {}).items()
    )
    to = ", ".join(value for value in (content.get("email"), content.get("phone")) if value)
    kind = TYPES.get(content.get("type", ""), content.get("type", ""))
    return format_html("<p>{}</p><ul>{}</ul><p>{}</p><p>{}</p>", kind, lines, paid, to)


def vat(rate: str) -> str:
    """none, vat22 or the calculated vat122."""
    number = rate.removeprefix("vat")
    if not number.isdecimal():
        return str(_("no VAT"))
    if len(number) == 3:
        part = int(number[1:])
        return f"{_('VAT')} {part}/{100 + part}"
    return f"{_('VAT')} {number} %"


def _line(line: Mapping[str, str]) -> tuple[str, str, Any, Any, str]:
    method, subject = line["method"], line["subject"]
    amount = money.words(Decimal(line["amount"]))
    return line["name"], amount, METHODS.get(method, method), SUBJECTS.get(subject, subject), vat(line["vat"])
