"""What money covers when payments and refunds are taken in the order of their own moments.

Notices are late and overtake each other. A refund takes its payment's newest rows, so which rows these are
must not depend on which notice was first: told in any order, the same facts end in the same rows. Values
only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from billing.rules import allocation, money
from billing.rules.allocation import Gap, Share, Source

Covers = dict[tuple[int, int], Decimal]


@dataclass(frozen=True, order=True)
class Fact:
    """At its own moment `amount` roubles came, or went back when `is_refund`; `name` decides between two."""

    at: datetime
    is_refund: bool
    name: str
    payment: int = field(compare=False)
    amount: Decimal = field(compare=False)


def covered(
    *,
    rows: Sequence[Gap],
    held: Mapping[tuple[int, int], Decimal],
    free: Mapping[int, Decimal],
    facts: Iterable[Fact],
) -> Covers:
    """Return what each payment covers of each row in the end, by (payment, row).

    `rows` are oldest due first, each with what it may take in all; `held` and `free` is what payments covered
    and had left before the facts, `free` of every payment in the order of their moments.
    """
    story = _Story([row.installment for row in rows], defaultdict(Decimal, held), defaultdict(Decimal, free))
    room = {row.installment: row.rest for row in rows}
    for (_payment, row), amount in held.items():
        room[row] = room.get(row, money.ZERO) - amount
    for fact in sorted(facts):
        if fact.is_refund:
            story.give_back(fact, room)
        else:
            story.free[fact.payment] += fact.amount
        story.flow(room)
    return {where: amount for where, amount in story.held.items() if amount}


@dataclass
class _Story:
    """What is covered so far, by rows in the order of their dates and payments in that of their coming."""

    rows: list[int]
    held: Covers
    free: dict[int, Decimal]

    def give_back(self, fact: Fact, room: dict[int, Decimal]) -> None:
        """What covers nothing first, then the payment's newest rows."""
        loose = min(self.free[fact.payment], fact.amount)
        self.free[fact.payment] -= loose
        covers = [
            Share(fact.payment, row, self.held.get((fact.payment, row), money.ZERO)) for row in self.rows
        ]
        self._apply(allocation.take_back(covers, fact.amount - loose), room)

    def flow(self, room: dict[int, Decimal]) -> None:
        sources = [Source(payment, amount) for payment, amount in self.free.items() if amount > 0]
        shares = allocation.spread(sources, [Gap(row, room[row]) for row in self.rows])
        for share in shares:
            self.free[share.payment] -= share.amount
        self._apply(shares, room)

    def _apply(self, shares: Iterable[Share], room: dict[int, Decimal]) -> None:
        for share in shares:
            where = share.payment, share.installment
            self.held[where] = self.held.get(where, money.ZERO) + share.amount
            room[share.installment] -= share.amount
