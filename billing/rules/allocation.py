"""Which installment a rouble covers: oldest due first, and back newest first.

Values only: rows are given in the order in which money covers them; what no row can take is the deal's
credit.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.rules import money


@dataclass(frozen=True)
class Source:
    """A payment with money that covers nothing yet; `free` in roubles."""

    payment: int
    free: Decimal


@dataclass(frozen=True)
class Gap:
    """An installment that is not covered yet; `rest` in roubles."""

    installment: int
    rest: Decimal


@dataclass(frozen=True)
class Share:
    """A signed part of a payment that covers an installment."""

    payment: int
    installment: int
    amount: Decimal


def spread(sources: Iterable[Source], gaps: Iterable[Gap]) -> list[Share]:
    """Cover the gaps in their order by the sources in theirs; nothing is taken twice, nothing covered
    twice.
    """
    waiting = deque(gap for gap in gaps if gap.rest > 0)
    shares = []
    for source in sources:
        free = source.free
        while free > 0 and waiting:
            gap = waiting.popleft()
            part = min(free, gap.rest)
            shares.append(Share(source.payment, gap.installment, part))
            free -= part
            if part < gap.rest:
                waiting.appendleft(Gap(gap.installment, gap.rest - part))
    return shares


def left(sources: Iterable[Source], shares: Iterable[Share]) -> list[Source]:
    """Return what the shares leave of the sources, in their order; empty ones are dropped."""
    spent: dict[int, Decimal] = {}
    for share in shares:
        spent[share.payment] = spent.get(share.payment, money.ZERO) + share.amount
    rests = [
        Source(source.payment, source.free - spent.get(source.payment, money.ZERO)) for source in sources
    ]
    return [rest for rest in rests if rest.free > 0]


def take_back(shares: Sequence[Share], amount: Decimal) -> list[Share]:
    """Return the negative shares that free `amount`, newest share first.

    `shares` are the positive nets of one payment per installment, oldest first; `amount` is at most their
    sum.
    """
    back = []
    for share in reversed(shares):
        part = min(amount, share.amount)
        if part > 0:
            back.append(Share(share.payment, share.installment, -part))
            amount -= part
    if amount > money.ZERO:
        raise ValueError("more is taken back than was allocated")
    return back
