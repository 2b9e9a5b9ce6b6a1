"""What the rows of a schedule held on a day gone by, from what is known of it now.

The ledger covers rows in the order in which facts became known, not in the order of their days: money of
March may be entered in May, a refund of May reopens a row that was covered in April. So what had not come by
the day is taken from the rows, the last covered first; what lay here then and went later flows into the open
rows, oldest due first, then into what was written off. For today nothing is left to move: it is the ledger
itself.
Values only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.rules import money


@dataclass(frozen=True)
class Row:
    """One row as it stood by what is known; `known` is what all allocations say of it, `come` only those of
    money that had come by the day, `last` the newest of them (an ascending number).
    """

    row: int
    amount: Decimal
    written_off: Decimal
    known: Decimal
    come: Decimal
    last: int


@dataclass(frozen=True)
class Held:
    """What a row held on the day; both in roubles."""

    paid: Decimal
    written_off: Decimal


def held(rows: Sequence[Row], *, kept: Decimal, reopened: bool) -> dict[int, Held]:
    """Spread `kept`, the money for rows that lay here on the day; `rows` are in the order of their due days.

    `reopened`: money was taken back from rows at some time, so only allocations of money that had come can
    tell which rows it left open. Without that every allocation does: they show the order of covering.
    """
    paid = {row.row: min(max(row.come if reopened else row.known, money.ZERO), row.amount) for row in rows}
    too_much = sum(paid.values(), money.ZERO) - max(kept, money.ZERO)
    for row in sorted(rows, key=lambda row: row.last, reverse=True):
        part = min(paid[row.row], max(too_much, money.ZERO))
        paid[row.row] -= part
        too_much -= part
    flowing = max(-too_much, money.ZERO)
    for asked in (_not_given_up, _whole):
        for row in rows:
            part = min(max(asked(row) - paid[row.row], money.ZERO), flowing)
            paid[row.row] += part
            flowing -= part
    return {row.row: Held(paid[row.row], _given_up(row, paid[row.row])) for row in rows}


def _not_given_up(row: Row) -> Decimal:
    return row.amount - row.written_off


def _whole(row: Row) -> Decimal:
    return row.amount


def _given_up(row: Row, paid: Decimal) -> Decimal:
    return min(max(row.written_off, money.ZERO), row.amount - paid)
