"""How much of a booking is asked in advance.

The share is a percentage of the price or a fixed sum, rounded to the nearest unit (half up), at least the
minimum, never more than the price. What is asked is the share less what was paid. A share that was paid in
full once stays covered, whatever the price becomes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from billing.rules import money


@dataclass(frozen=True, kw_only=True)
class DepositTerms:
    """Either `percent` or `amount`; roubles. A fixed sum is not rounded."""

    percent: Decimal | None = None
    amount: Decimal | None = None
    round_to: Decimal = money.KOPECK
    minimum: Decimal = money.ZERO


def share(terms: DepositTerms, *, total: Decimal) -> Decimal:
    """The deposit of a booking that costs `total` roubles."""
    if terms.amount is not None:
        asked = terms.amount
    else:
        exact = total * (terms.percent or Decimal(0)) / 100
        asked = (exact / terms.round_to).quantize(Decimal(1), ROUND_HALF_UP) * terms.round_to
    return max(money.ZERO, min(max(asked, terms.minimum), total)).quantize(money.KOPECK)


def asked(*, share: Decimal, held: Decimal, earlier: Iterable[tuple[Decimal, Decimal]] = ()) -> Decimal:
    """What is still asked as deposit.

    `held` is the booking's money now (received less refunded); `earlier` are (share, money held) at the end
    of each earlier price: one that was covered then, and still is, needs nothing more.
    """
    if held >= share or any(then <= held_then and then <= held for then, held_then in earlier if held > 0):
        return money.ZERO
    return share - max(held, money.ZERO)
