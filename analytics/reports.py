"""Which columns each workbook has, and which rows and totals stand in it.

Column names are stable: people's own tables refer to them. Sums are added up while the rows are written, so
the totals are those of the rows that stand in the file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Manager
from django.utils.translation import gettext as _

from analytics import queries
from analytics.filters import Filter
from analytics.words import kind_word, method_word, provider_word, settlement_word, state_word, vat_word
from analytics.workbook import Column, Kind, Table, Total
from billing.admin.words import RECEIPT_REASONS
from billing.models import LegalEntity
from billing.rules import money

REPORTS = ("payments", "schedule", "overdue", "aging", "registry")
STATES = ("received", "expected", "overdue")
Row = Mapping[str, Any]
# Straight and calculated rates hold the same part of a sum that includes the tax.
RATES = {
    f"vat{prefix}{rate:02d}" if prefix else f"vat{rate}": rate
    for rate in (5, 7, 10, 20, 22)
    for prefix in ("", 1)
}


@dataclass(frozen=True)
class Asked:
    """One workbook: `state` belongs to the report payments, which is the page's table with that tab."""

    report: str
    state: str
    filter: Filter
    names: Mapping[int, str]


def table(asked: Asked) -> Table:
    """The workbook's contents; nothing is read before the first row is wanted."""
    makers = {
        "payments": _payments,
        "schedule": _schedule,
        "overdue": _overdue,
        "aging": _aging,
        "registry": _registry,
    }
    return makers[asked.report](asked)


def title(asked: Asked) -> str:
    """What the workbook and its first sheet are called."""
    names = {
        "received": _("Received money"),
        "expected": _("Expected"),
        "overdue": _("Overdue"),
        "schedule": _("Payment schedule"),
        "aging": _("Aging of debts"),
        "registry": _("Payment registry"),
    }
    return names[asked.state if asked.report == "payments" else asked.report]


def count(asked: Asked) -> int:
    """How many rows the workbook will have (of the aging: at most)."""
    if asked.report == "registry" or (asked.report == "payments" and asked.state == "received"):
        return queries.count_received(asked.filter)
    if asked.report == "schedule":
        return queries.count_rows(asked.filter, late=None)
    return queries.count_rows(asked.filter, late=asked.report != "payments" or asked.state == "overdue")


def _payments(asked: Asked) -> Table:
    if asked.state != "received":
        return _open(asked, late=asked.state == "overdue")
    found = queries.received(asked.filter, after=None, limit=None)
    return _table(asked, _received_columns(asked), found, {"amount": _("Received money")})


def _overdue(asked: Asked) -> Table:
    return _open(asked, late=True)


def _open(asked: Asked, *, late: bool) -> Table:
    found = queries.rows(asked.filter, late=late, after=None, limit=None)
    return _table(asked, _open_columns(asked, late=late), found, {"rest": title(asked)})


def _schedule(asked: Asked) -> Table:
    found = queries.rows(asked.filter, late=None, after=None, limit=None)
    columns = [
        *_deal_columns(),
        Column(_("№"), Kind.WHOLE, 6, lambda row: row["number"]),
        Column(_("Due on"), Kind.DATE, 12, lambda row: row["due_on"]),
        Column(_("Moved to"), Kind.DATE, 12, _moved),
        Column(_("Amount"), Kind.MONEY, 14, lambda row: row["amount"]),
        Column(_("Paid"), Kind.MONEY, 14, lambda row: row["paid"]),
        Column(_("Rest"), Kind.MONEY, 14, lambda row: row["rest"]),
        Column(_("Written off"), Kind.MONEY, 14, lambda row: row["written_off"]),
        Column(_("Row state"), Kind.TEXT, 16, _state),
        *_circumstances(asked),
    ]
    sums = {"amount": _("Amount"), "paid": _("Paid"), "rest": _("Rest"), "written_off": _("Written off")}
    return _table(asked, columns, found, sums)


def _aging(asked: Asked) -> Table:
    columns = [
        Column(_("Client"), Kind.TEXT, 28, lambda row: row["contact_name"]),
        Column(_("Contract"), Kind.TEXT, 22, lambda row: row["deal"]),
        Column(_("Legal entity"), Kind.TEXT, 24, lambda row: row["legal_entity_name"]),
        *(
            Column(title, Kind.MONEY, 14, _value(name))
            for name, title in (
                ("total", _("Total of the contract")),
                ("paid", _("Paid")),
                ("written_off", _("Written off")),
                ("not_due", _("Not due yet")),
                ("to_30", _("1–30 days")),
                ("to_60", _("31–60 days")),
                ("to_90", _("61–90 days")),
                ("over_90", _("91+ days")),
                ("overdue", _("Overdue in all")),
            )
        ),
        Column(_("Days late (most)"), Kind.WHOLE, 12, lambda row: row["days"]),
        Column(_("Last payment"), Kind.DATE, 14, lambda row: row["last_paid_on"]),
        Column(_("Phone"), Kind.TEXT, 18, lambda row: row["contact_phone"]),
        Column(_("E-mail"), Kind.TEXT, 26, lambda row: row["contact_email"]),
    ]
    sums = {
        "total": _("Total of the contract"),
        "paid": _("Paid"),
        "written_off": _("Written off"),
        "not_due": _("Not due yet"),
        "to_30": _("1–30 days"),
        "to_60": _("31–60 days"),
        "to_90": _("61–90 days"),
        "over_90": _("91+ days"),
        "overdue": _("Overdue in all"),
    }
    return _table(asked, columns, queries.debtors(asked.filter), sums)


def _registry(asked: Asked) -> Table:
    def fiscal(name: str) -> Any:
        return lambda row: row["receipt_fiscal"].get(name)

    columns = [
        Column(_("Operation date"), Kind.DATE, 12, lambda row: row["paid_on"]),
        Column(_("Recorded on"), Kind.DATE, 12, lambda row: _local_day(asked, row["recorded_at"])),
        Column(_("Operation"), Kind.TEXT, 12, lambda row: kind_word(row["kind"])),
        Column(_("Payment №"), Kind.WHOLE, 10, lambda row: row["payment_id"]),
        Column(_("Method"), Kind.TEXT, 16, lambda row: method_word(row["method"])),
        Column(_("Provider"), Kind.TEXT, 16, lambda row: provider_word(row["provider"])),
        Column(_("Operation ID"), Kind.TEXT, 18, lambda row: row["external_id"]),
        Column(_("Legal entity"), Kind.TEXT, 24, lambda row: row["legal_entity_name"]),
        Column(_("INN of the legal entity"), Kind.TEXT, 14, lambda row: row["legal_entity_inn"]),
        Column(_("Settlement account"), Kind.TEXT, 24, lambda row: row["bank_account"]),
        Column(_("Location"), Kind.TEXT, 20, lambda row: row["location_name"]),
        Column(_("Payer"), Kind.TEXT, 28, lambda row: row["payer"].get("name") or row["contact_name"]),
        Column(_("INN of the payer"), Kind.TEXT, 14, lambda row: row["payer"].get("inn")),
        Column(_("Student"), Kind.TEXT, 28, lambda row: row["contact_name"]),
        Column(_("Contract"), Kind.TEXT, 22, lambda row: row["deal"]),
        Column(_("Deal"), Kind.WHOLE, 12, lambda row: row["lead_id"]),
        Column(_("Invoice №"), Kind.TEXT, 16, lambda row: row["invoice"]),
        Column(_("Programme"), Kind.TEXT, 20, lambda row: row["programme"]),
        Column(_("Cohort"), Kind.TEXT, 14, lambda row: row["cohort"]),
        Column(_("Comment"), Kind.TEXT, 30, lambda row: row["comment"]),
        Column(_("Amount"), Kind.MONEY, 14, lambda row: row["amount"]),
        Column(_("VAT rate"), Kind.TEXT, 10, lambda row: _of_lines(row, "vat", vat_word)),
        Column(_("VAT amount"), Kind.MONEY, 12, _vat),
        Column(_("Settlement method"), Kind.TEXT, 18, lambda row: _of_lines(row, "method", settlement_word)),
        Column(_("Receipt №"), Kind.TEXT, 12, fiscal("fd")),
        Column(_("FN"), Kind.TEXT, 20, fiscal("fn")),
        Column(_("FPD"), Kind.TEXT, 14, fiscal("fpd")),
        Column(_("Receipt date"), Kind.DATE, 12, lambda row: _local_day(asked, row["receipt_at"])),
        Column(_("Receipt"), Kind.TEXT, 16, lambda row: state_word(row["receipt_state"] or "")),
        Column(_("Why no receipt"), Kind.TEXT, 34, lambda row: _reason(row["receipt_reason"])),
        Column(_("Manager"), Kind.TEXT, 22, lambda row: asked.names[row["manager"]]),
    ]
    found = queries.registry(asked.filter)
    return _table(asked, columns, found, {"amount": _("Received money")})


def _reason(code: str | None) -> str | None:
    return str(RECEIPT_REASONS.get(code, code)) if code else None


def _received_columns(asked: Asked) -> list[Column]:
    return [
        Column(_("Day"), Kind.DATE, 12, lambda row: row["paid_on"]),
        Column(_("Operation"), Kind.TEXT, 12, lambda row: kind_word(row["kind"])),
        *_deal_columns(),
        Column(_("Amount"), Kind.MONEY, 14, lambda row: row["amount"]),
        Column(_("Method"), Kind.TEXT, 16, lambda row: method_word(row["method"])),
        Column(_("Provider"), Kind.TEXT, 16, lambda row: provider_word(row["provider"])),
        Column(_("Operation ID"), Kind.TEXT, 18, lambda row: row["external_id"]),
        *_circumstances(asked),
    ]


def _open_columns(asked: Asked, *, late: bool) -> list[Column]:
    days = [Column(_("Days late"), Kind.WHOLE, 10, lambda row: row["days"])] if late else []
    return [
        Column(_("Due on"), Kind.DATE, 12, lambda row: row["due_on"]),
        Column(_("Moved to"), Kind.DATE, 12, _moved),
        *_deal_columns(),
        Column(_("№"), Kind.WHOLE, 6, lambda row: row["number"]),
        Column(_("Rest"), Kind.MONEY, 14, lambda row: row["rest"]),
        Column(_("Amount"), Kind.MONEY, 14, lambda row: row["amount"]),
        *days,
        *_circumstances(asked),
    ]


def _deal_columns() -> list[Column]:
    return [
        Column(_("Client"), Kind.TEXT, 28, lambda row: row["contact_name"]),
        Column(_("Contract"), Kind.TEXT, 22, lambda row: row["deal"]),
        Column(_("Deal"), Kind.WHOLE, 12, lambda row: row["lead_id"]),
    ]


def _circumstances(asked: Asked) -> list[Column]:
    return [
        Column(_("Programme"), Kind.TEXT, 20, lambda row: row["programme"]),
        Column(_("Cohort"), Kind.TEXT, 14, lambda row: row["cohort"]),
        Column(_("Location"), Kind.TEXT, 20, lambda row: row["location_name"]),
        Column(_("Legal entity"), Kind.TEXT, 24, lambda row: row["legal_entity_name"]),
        Column(_("Manager"), Kind.TEXT, 22, lambda row: asked.names[row["manager"]]),
    ]


def _table(asked: Asked, columns: Sequence[Column], found: Iterable[Row], sums: Mapping[str, str]) -> Table:
    """`sums` are the added columns of the rows, with their titles on the second sheet."""
    added: dict[str, Decimal] = dict.fromkeys(sums, money.ZERO)
    seen = [0]

    def watched() -> Iterator[Row]:
        for row in found:
            seen[0] += 1
            for column in added:
                added[column] += row[column] or money.ZERO
            yield row

    def totals() -> list[Total]:
        return [
            *(Total(title, added[column]) for column, title in sums.items()),
            Total(_("Rows"), seen[0]),
            *_asked_words(asked),
        ]

    return Table(title(asked), columns, watched(), totals, _("Totals"))


def _asked_words(asked: Asked) -> Iterator[Total]:
    """What was asked, so that a printed workbook explains itself."""
    given = asked.filter
    for title, value in (
        (_("From"), given.since),
        (_("To"), given.until),
        (_("On the day"), given.as_of),
        (_("As known on"), _local_day(asked, given.known_at)),
        (_("Programme"), given.programme),
        (_("Cohort"), given.cohort),
        (_("Manager"), asked.names[given.manager] if given.manager else None),
        (_("Location"), _named(given.account.locations, given.location)),
        (_("Legal entity"), _named(LegalEntity.objects, given.legal_entity)),
        (_("Provider"), provider_word(given.provider) if given.provider else None),
    ):
        if value is not None:
            yield Total(title, value)


def _named(rows: Manager[Any], key: str | None) -> str | None:
    """What the page calls it; the key where nothing has it any more."""
    return key and (rows.filter(key=key).values_list("name", flat=True).first() or key)


def _value(name: str) -> Any:
    return lambda row: row[name]


def _moved(row: Row) -> Any:
    return row["effective_due_on"] if row["effective_due_on"] != row["due_on"] else None


def _state(row: Row) -> str:
    if not row["rest"]:
        return state_word("written_off" if row["written_off"] else "paid")
    return state_word("overdue" if row["late"] else "partially_paid" if row["paid"] else "planned")


def _of_lines(row: Row, name: str, word: Callable[[str], str]) -> str:
    """What the lines of a receipt say, each word once: money may pay for what was and for what will be."""
    lines = row["receipt_content"].get("lines") or []
    return "; ".join(dict.fromkeys(word(line[name]) for line in lines))


def _vat(row: Row) -> Decimal | None:
    """The tax within the receipt's lines, rounded line by line (the law's order); negative for a refund."""
    lines = row["receipt_content"].get("lines") or []
    rates = [(Decimal(line["amount"]), RATES.get(line["vat"], 0)) for line in lines]
    if not any(rate for _amount, rate in rates):
        return None
    tax = sum(
        ((amount * rate / (100 + rate)).quantize(money.KOPECK, ROUND_HALF_UP) for amount, rate in rates),
        money.ZERO,
    )
    return -tax if row["kind"] == "refund" else tax


def _local_day(asked: Asked, moment: Any) -> Any:
    return moment.astimezone(asked.filter.zone).date() if moment else None
