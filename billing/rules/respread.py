"""The same due dates for another sum: how a changed total goes over the rows that are still open.

evenly() keeps the rows' proportion, rounded down to the unit, the remainder in the last one; at_the_end()
changes the last row and, going down, the rows before it. Either way the rows add up to the kopeck, and a row
that nothing is left of goes.
"""

from collections.abc import Sequence
from decimal import Decimal

from billing.rules import money
from billing.rules.schedule import Row


def evenly(rows: Sequence[Row], *, rest: Decimal, unit: Decimal) -> tuple[Row, ...]:
    """Lay `rest` roubles over the rows in the proportion that they have."""
    before = sum((row.amount for row in rows), money.ZERO)
    amounts = [money.floor_to(row.amount * rest / before, unit) for row in rows]
    amounts[-1] += rest - sum(amounts, money.ZERO)
    return _left(rows, amounts)


def at_the_end(rows: Sequence[Row], *, rest: Decimal) -> tuple[Row, ...]:
    """Let the last row take what is added, and the last rows lose what is taken away."""
    amounts = [row.amount for row in rows]
    missing = rest - sum(amounts, money.ZERO)
    for index in reversed(range(len(amounts))):
        change = max(missing, -amounts[index])
        amounts[index] += change
        missing -= change
    return _left(rows, amounts)


def _left(rows: Sequence[Row], amounts: Sequence[Decimal]) -> tuple[Row, ...]:
    return tuple(Row(row.due_on, amount) for row, amount in zip(rows, amounts, strict=True) if amount > 0)
