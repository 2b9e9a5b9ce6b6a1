"""The ledger once more, from docs/money.md alone: plain Python over kopecks, nothing of ours imported.

A Book is one deal. It keeps what the rules are about (payments, rows, which payment covers what) and does
what the document says of each act; the state machine compares it with the product after every step.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime


class Refused(Exception):
    """The act is impossible, and nothing changes."""


@dataclass
class Money:
    """A payment; `order` is its moment where the deal lives and its number.

    `gone` is what was refunded or stands in another deal.
    """

    amount: int
    order: tuple[datetime, int]
    refunded: int = 0
    moved: int = 0
    # Came by a move: the payment it came from, whose money goes home when it is moved back.
    home: "Money | None" = None
    book: "Book | None" = None

    @property
    def left(self) -> int:
        return self.amount - self.refunded - self.moved


@dataclass
class Row:
    number: int
    due: date
    amount: int
    covers: dict[int, int] = field(default_factory=dict)  # position of the payment in the book -> kopecks
    written: int = 0

    @property
    def paid(self) -> int:
        return sum(self.covers.values())

    @property
    def rest(self) -> int:
        return self.amount - self.paid - self.written


def by_due(row: Row) -> tuple[date, int]:
    return row.due, row.number


@dataclass(frozen=True, order=True)
class Fact:
    """Money that came, or went back, at its own moment."""

    at: datetime
    is_refund: bool
    number: int
    position: int
    amount: int


@dataclass
class Book:
    price: int
    payments: list[Money] = field(default_factory=list)
    rows: list[Row] | None = None
    total: int = 0
    closing: str = ""
    version: int = 0
    # Since the last decision of a person: what was told, in the order of the telling, and what was before it.
    told: list[Fact] = field(default_factory=list)
    covered: dict[int, dict[int, int]] = field(default_factory=dict)
    loose: dict[int, int] = field(default_factory=dict)

    # What is told of the deal.

    @property
    def received(self) -> int:
        return sum(payment.amount - payment.moved for payment in self.payments)

    @property
    def refunded(self) -> int:
        return sum(payment.refunded for payment in self.payments)

    @property
    def kept(self) -> int:
        return self.received - self.refunded

    @property
    def paid(self) -> int:
        if self.rows is None:
            return min(self.kept, self.price)
        return sum(row.paid for row in self.rows)

    @property
    def written(self) -> int:
        return sum(row.written for row in self.rows or ())

    @property
    def debt(self) -> int:
        return (self.price if self.rows is None else self.total) - self.paid - self.written

    @property
    def credit(self) -> int:
        return self.kept - self.paid

    def overdue(self, on: date) -> int:
        return sum(row.rest for row in self.rows or () if row.due < on)

    # What happens to it.

    def come(self, amount: int, order: tuple[datetime, int]) -> Money:
        payment = Money(amount, order, book=self)
        self.payments.append(payment)
        self.told.append(Fact(order[0], False, order[1], len(self.payments) - 1, amount))
        self.flow()
        self.put_in_order()
        return payment

    def flow(self) -> None:
        """Free money covers open rows, oldest due first, and then what was written off."""
        rows = sorted(self.rows or (), key=by_due)
        for position in sorted(range(len(self.payments)), key=lambda one: self.payments[one].order):
            for row in rows:
                part = min(self.free(position), row.rest)
                if part > 0:
                    row.covers[position] = row.covers.get(position, 0) + part
        recovered = False
        for position in sorted(range(len(self.payments)), key=lambda one: self.payments[one].order):
            for row in rows:
                part = min(self.free(position), row.written)
                if part > 0:
                    row.written -= part
                    row.covers[position] = row.covers.get(position, 0) + part
                    recovered = True
        if recovered:
            self.decided()

    def decided(self) -> None:
        """What stands now stays; what is told from now on is taken in the order of its moments."""
        self.told = []
        self.covered = {row.number: dict(row.covers) for row in self.rows or ()}
        self.loose = {position: self.free(position) for position in range(len(self.payments))}

    def put_in_order(self) -> None:
        """Rows end as if everything had been told at its own moment, once money went back."""
        if self.rows is None or self.closing or not any(fact.is_refund for fact in self.told):
            return
        if self.told == sorted(self.told):
            return
        rows = sorted(self.rows, key=by_due)
        for row in rows:
            row.covers = dict(self.covered.get(row.number, {}))
        loose = {position: self.loose.get(position, 0) for position in range(len(self.payments))}
        for fact in sorted(self.told):
            if fact.is_refund:
                missing = fact.amount
                part = min(loose[fact.position], missing)
                loose[fact.position] -= part
                missing -= part
                for row in reversed(rows):
                    part = min(missing, row.covers.get(fact.position, 0))
                    if part:
                        row.covers[fact.position] -= part
                        missing -= part
            else:
                loose[fact.position] += fact.amount
            for position in sorted(loose, key=lambda one: self.payments[one].order):
                for row in rows:
                    part = min(loose[position], row.rest)
                    if part > 0:
                        row.covers[position] = row.covers.get(position, 0) + part
                        loose[position] -= part

    def free(self, position: int) -> int:
        covers = sum(row.covers.get(position, 0) for row in self.rows or ())
        return self.payments[position].left - covers

    def release(self, payment: Money, amount: int) -> None:
        """Free so much of a payment: what covers nothing first, then its newest rows."""
        position = next(at for at, one in enumerate(self.payments) if one is payment)
        missing = amount - self.free(position)
        for row in sorted(self.rows or (), key=by_due, reverse=True):
            part = min(max(missing, 0), row.covers.get(position, 0))
            if part:
                row.covers[position] -= part
                missing -= part

    def refund(self, payment: Money, amount: int, at: datetime) -> None:
        if amount > payment.left:
            raise Refused
        self.release(payment, amount)
        payment.refunded += amount
        position = next(place for place, one in enumerate(self.payments) if one is payment)
        moment = max(at, payment.order[0])
        self.told.append(Fact(moment, True, len(self.told), position, amount))
        self.after_leaving(date.max)
        self.put_in_order()

    def after_leaving(self, on: date) -> None:
        """A closed deal stays closed: at what is left. Otherwise free money flows into what was opened."""
        self.flow()
        if self.closing and self.debt:
            self.close(self.paid, self.closing, on)

    def lay_out(self, total: int, *, count: int, first: date) -> None:
        """Rows with money stay, closed at what they hold; the rest is laid out by months, and asked for."""
        held = self._held_rows()
        rest = total - sum(row.amount for row in held)
        if total <= 0 or rest < 0:
            raise Refused
        number = max((row.number for row in held), default=0) + 1
        coming: list[Row] = []
        if rest:
            each = rest // count
            if each == 0 and count > 1:
                raise Refused
            amounts = [each] * (count - 1) + [rest - each * (count - 1)]
            coming = [Row(number + step, _month(first, step), amount) for step, amount in enumerate(amounts)]
        self._stand([*held, *coming], total, "")

    def close(self, total: int, closing: str, on: date) -> None:
        """Nothing is owed: the oldest rows up to the total stay, the newest money above it is free."""
        lines = self._held_rows()
        if total > (self.kept if self.rows is None else self.paid + self.credit):
            raise Refused
        if self.rows is None and self.kept == 0:
            raise Refused
        left, stay = total, []
        number = max((row.number for row in lines), default=0) + 1
        for row in sorted(lines, key=by_due):
            if left > 0:
                self._lower(row, min(row.amount, left))
                stay.append(row)
                left -= row.amount
        if left > 0:
            stay.append(Row(number, on, left))
        self._stand(sorted(stay, key=lambda row: row.number), total, closing)

    def write_off(self, amount: int) -> None:
        """So much of the debt is given up, oldest due first."""
        if not 0 < amount <= self.debt or self.rows is None:
            raise Refused
        for row in sorted(self.rows, key=by_due):
            part = min(amount, row.rest)
            row.written += part
            amount -= part
        self.decided()

    def take_back_write_off(self, amount: int) -> None:
        """So much is owed again, the newest rows first; free money covers it."""
        if not 0 < amount <= self.written:
            raise Refused
        for row in sorted(self.rows or (), key=by_due, reverse=True):
            part = min(amount, row.written)
            row.written -= part
            amount -= part
        self.flow()
        self.decided()

    def reverse(self, payment: Money, on: date) -> None:
        """The payment never was: what is left of it leaves the books."""
        left = payment.left
        if left <= 0:
            raise Refused
        self.release(payment, left)
        payment.moved += left
        self.after_leaving(on)
        self.decided()

    def _held_rows(self) -> list[Row]:
        """Rows with money, at what they hold; before a schedule a row for each payment, dated by it."""
        if self.rows is not None:
            return [Row(row.number, row.due, row.paid, dict(row.covers)) for row in self.rows if row.paid > 0]
        positions = sorted(range(len(self.payments)), key=lambda one: self.payments[one].order)
        found = [position for position in positions if self.free(position) > 0]
        return [
            Row(
                number,
                self.payments[position].order[0].date(),
                self.free(position),
                {position: self.free(position)},
            )
            for number, position in enumerate(found, start=1)
        ]

    def _lower(self, row: Row, amount: int) -> None:
        """The row holds at most so much: its newest money goes first."""
        above = row.paid - amount
        for position in sorted(row.covers, key=lambda one: self.payments[one].order, reverse=True):
            part = min(max(above, 0), row.covers[position])
            row.covers[position] -= part
            above -= part
        row.amount = amount

    def _stand(self, rows: list[Row], total: int, closing: str) -> None:
        for row in rows:
            row.covers = {position: part for position, part in row.covers.items() if part}
        self.rows, self.total, self.closing = rows, total, closing
        self.version += 1
        self.flow()
        self.decided()


def move(payment: Money, to: Book, amount: int, number: int, on: date) -> Money:
    """Carry so much of a payment to another deal, or home where it came from; return the payment there."""
    source = payment.book
    assert source is not None
    if not 0 < amount <= payment.left or to is source:
        raise Refused
    source.release(payment, amount)
    payment.moved += amount
    if payment.home is not None and payment.home.book is to:
        target = payment.home
        target.moved -= amount
    else:
        target = Money(amount, (payment.order[0], number), home=payment, book=to)
        to.payments.append(target)
    source.after_leaving(on)
    to.after_leaving(on)
    source.decided()
    to.decided()
    return target


def _month(first: date, step: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + step, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
