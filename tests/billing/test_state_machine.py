"""Everything that can happen to two deals, in any order, against an independent oracle.

After each step the product and the oracle say the same of both deals, the database's own guards agree, and
verify_ledger finds nothing. At the end every moment of the way can still be seen as it was known then.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing import (
    hindsight,
    ledger,
    moves,
    payments,
    refunds,
    reversals,
    schedules,
    settlements,
    verification,
    write_offs,
)
from billing.ledger import Standing
from billing.models import Payment, Schedule
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from billing.versions import NoSchedule
from crm.models import Deal
from tests.billing import oracle
from tests.billing.histories import Figures, figures
from tests.billing.oracle import Book, Money, Refused
from tests.factories import NOW, make_account, make_deal, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.long]

BOOKS = st.integers(0, 1)
WHICH = st.integers(0, 20)
SUMS = st.one_of(st.integers(1, 400), st.integers(400, 200_000).map(lambda part: part * 25))
DAYS_AGO = st.integers(0, 40)
COUNTS = st.integers(1, 14)
FIRST = st.integers(-60, 120)


def rub(kopecks: int) -> Decimal:
    return Decimal(kopecks) / 100


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        account = make_account()
        self.deals = [make_deal(account), make_deal(account)]
        self.books = [Book(price=160_000_00), Book(price=160_000_00)]
        self.at = NOW
        # Our payment -> the oracle's, in the order in which they came to be; notices as they were told.
        self.known: dict[int, Money] = {}
        self.notices: list[Callable[[], Any]] = []
        self.seen: list[tuple[int, datetime, Figures]] = []
        self.touched: set[int] = set()

    def teardown(self) -> None:
        try:
            for number, at, seen in self.seen[:: max(1, len(self.seen) // 6)]:
                deal = self.deals[number]
                assert figures(hindsight.standing(deal, on=deal.local_day(at), known_at=at)) == seen
            assert list(verification.violations()) == []
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # Time, and money that comes.

    @initialize(days=st.integers(0, 300), laid_out=st.sets(BOOKS))
    def begin(self, days: int, laid_out: set[int]) -> None:
        self.tick(days)
        for which in laid_out:
            self.manager_lays_out_more(which=which, more=500_00, count=5, first=20)

    @rule(which=BOOKS, amount=SUMS, days=st.integers(0, 45), days_ago=DAYS_AGO)
    def provider_tells_of_money(self, which: int, amount: int, days: int, days_ago: int) -> None:
        self.tick(days)
        order = make_order(self.deals[which], amount=rub(amount), state="paid")
        received_at, external_id = self.at - timedelta(days=days_ago), f"tx-{order.number}"

        def notice() -> Payment:
            return payments.receive(
                merchant=order.merchant,
                external_id=external_id,
                amount=rub(amount),
                currency="RUB",
                received_at=received_at,
                method="card",
                order=order,
                at=self.at,
            )

        payment = notice()
        moment = received_at.astimezone(self.deals[which].zone)
        self.known[payment.pk] = self.books[which].come(amount, (moment, payment.pk))
        self.notices.append(notice)
        self.look(which)

    @rule(which=BOOKS, amount=SUMS, days=st.integers(0, 45), days_ago=DAYS_AGO, whole=st.booleans())
    def manager_enters_money(self, which: int, amount: int, days: int, days_ago: int, whole: bool) -> None:
        self.tick(days)
        if whole:
            self.enter_the_whole_debt(which)
            return
        day = self.today(which) - timedelta(days=days_ago)
        payment = payments.receive_offline(
            deal=self.deals[which], amount=rub(amount), offline=cash(day), author="user:1", at=self.at
        )
        self.known[payment.pk] = self.books[which].come(amount, (self.noon(which, day), payment.pk))
        self.look(which)

    def enter_the_whole_debt(self, which: int) -> None:
        debt, day = self.books[which].debt, self.today(which)
        try:
            payment = payments.receive_full(
                deal=self.deals[which], expected=rub(debt), offline=cash(day), author="user:1", at=self.at
            )
        except payments.NothingOwed:
            assert debt == 0
            return
        self.known[payment.pk] = self.books[which].come(debt, (self.noon(which, day), payment.pk))
        self.look(which)

    @rule(which=WHICH)
    def somebody_repeats_himself(self, which: int) -> None:
        """A notice comes again, or a manager saves what he saw before somebody else changed it."""
        self.tick()
        if self.notices:
            self.notices[which % len(self.notices)]()
        book, deal = self.books[which % 2], self.deals[which % 2]
        terms = Terms(rub(100_00), first_due_on=self.today(0), count=1)
        named: dict[str, Any] = {"author": "user:2", "reason": "late", "at": self.at}
        with pytest.raises(schedules.StaleVersion):
            schedules.save(deal=deal, terms=terms, version=book.version + 7, **named)

    # Money that goes.

    @precondition(lambda self: self.refundable())
    @rule(which=WHICH, amount=SUMS, all_of_it=st.booleans())
    def provider_tells_of_a_refund(self, which: int, amount: int, all_of_it: bool) -> None:
        self.tick()
        found = self.refundable()
        payment = found[which % len(found)]
        known = self.known[payment.pk]
        book = self.book_of(known)
        amount = known.left if all_of_it and known.left else amount
        if amount > known.left and known.moved:
            return  # the provider's refund of money that stands in another deal: tests/billing/test_moves.py
        name = f"re-{payment.pk}-{self.at.isoformat()}"

        def notice() -> Any:
            return refunds.noticed(
                merchant=payment.merchant,  # type: ignore[arg-type]
                payment_external_id=payment.external_id,
                external_id=name,
                amount=rub(amount),
                refunded_at=self.at,
                at=self.at,
            )

        try:
            book.refund(known, amount, self.at)
        except Refused:
            assert notice() is None
            return
        assert notice() is not None
        self.notices.append(notice)
        self.look(self.books.index(book))

    @precondition(lambda self: self.known)
    @rule(which=WHICH, amount=SUMS)
    def manager_moves_money_to_the_other_deal(self, which: int, amount: int) -> None:
        self.tick()
        pk = sorted(self.known)[which % len(self.known)]
        known = self.known[pk]
        source = self.books.index(self.book_of(known))
        to = 1 - source
        if not known.left:
            return
        target = moves.move(
            payment=Payment.objects.get(pk=pk),
            to=self.deals[to],
            amount=rub(min(amount, known.left)),
            reason="agreed",
            author="user:1",
            at=self.at,
        )
        moved = oracle.move(known, self.books[to], min(amount, known.left), target.pk, self.today(to))
        self.known[target.pk] = moved
        self.look(source)
        self.look(to)

    @rule(which=WHICH)
    def manager_takes_a_mistake_out(self, which: int) -> None:
        """A payment entered by hand never was."""
        self.tick()
        by_hand = Payment.objects.filter(pk__in=self.known, merchant=None).exclude(method=moves.METHOD)
        found = list(by_hand.filter(reversal=None).order_by("pk"))
        if not found:
            return
        payment = found[which % len(found)]
        number = self.books.index(self.book_of(self.known[payment.pk]))
        for move in payment.moves_out.filter(amount__gt=0).order_by("-id"):
            there = self.known[move.target_id]
            if there.left:
                home = oracle.move(there, self.books[number], there.left, payment.pk, self.today(number))
                self.known[payment.pk] = home
        named: dict[str, Any] = {"payment": payment, "reason": "typo", "author": "user:1", "at": self.at}
        try:
            self.books[number].reverse(self.known[payment.pk], self.today(number))
        except Refused:
            with pytest.raises(reversals.NothingLeft):
                reversals.reverse(**named)
            return
        reversals.reverse(**named)
        self.look(number)
        self.look(1 - number)

    @rule(which=BOOKS, amount=st.none() | SUMS)
    def manager_gives_debt_up(self, which: int, amount: int | None) -> None:
        self.tick()
        book, deal = self.books[which], self.deals[which]
        whole = book.debt if book.rows is not None else 0
        named: dict[str, Any] = {"deal": deal, "reason": "bankrupt", "author": "user:1", "at": self.at}
        given = None if amount is None else rub(amount)
        try:
            book.write_off(whole if amount is None else amount)
        except Refused:
            with pytest.raises((write_offs.NothingToWriteOff, write_offs.AboveDebt)):
                write_offs.write_off(amount=given, written_on=None, **named)
            return
        write_offs.write_off(amount=given, written_on=None, **named)
        self.look(which)

    @rule(which=BOOKS, amount=st.none() | SUMS)
    def manager_asks_again_for_what_was_given_up(self, which: int, amount: int | None) -> None:
        self.tick()
        book, deal = self.books[which], self.deals[which]
        named: dict[str, Any] = {"deal": deal, "reason": "found", "author": "user:1", "at": self.at}
        given = None if amount is None else rub(amount)
        try:
            book.take_back_write_off(book.written if amount is None else amount)
        except Refused:
            with pytest.raises((write_offs.NothingWrittenOff, write_offs.AboveWrittenOff)):
                write_offs.reverse(amount=given, **named)
            return
        write_offs.reverse(amount=given, **named)
        self.look(which)

    # Schedules.

    @rule(which=BOOKS, more=st.integers(1, 3_000_00), count=COUNTS, first=FIRST)
    def manager_lays_out_more(self, which: int, more: int, count: int, first: int) -> None:
        """A first schedule or a rebuild above what was paid."""
        self.lay_out(which, self.books[which].kept + more, count, first)

    @rule(which=BOOKS, more=st.integers(-300_00, 100), count=COUNTS, first=FIRST)
    def manager_lays_out_near_what_was_paid(self, which: int, more: int, count: int, first: int) -> None:
        self.lay_out(which, self.books[which].kept + more, count, first)

    def lay_out(self, which: int, whole: int, count: int, first: int) -> None:
        self.tick()
        book, deal = self.books[which], self.deals[which]
        first_on = self.today(which) + timedelta(days=first)
        terms = Terms(rub(whole), first_due_on=first_on, count=count, shift_weekends=False)
        try:
            book.lay_out(whole, count=count, first=first_on)
        except Refused:
            with pytest.raises(InvalidTerms):
                self.save(deal, terms)
            return
        self.save(deal, terms)
        self.look(which)

    @rule(which=BOOKS, part=st.none() | st.integers(0, 5))
    def manager_closes(self, which: int, part: int | None) -> None:
        """Cancelled, or settled at some quarters of what was paid; five quarters are refused."""
        self.tick()
        book = self.books[which]
        if part is None:
            self.close(which, book.paid, "cancelled")
        else:
            self.close(which, book.kept * part // 4, "settled")

    # What must hold.

    @invariant()
    def both_say_the_same(self) -> None:
        for deal, book, number in zip(self.deals, self.books, (0, 1), strict=True):
            assert told(self.standing(number)) == expected(book, self.today(number))
            if number in self.touched:
                assert list(verification.violations(lead_id=deal.external_id)) == []
        self.touched.clear()

    @invariant()
    def the_database_agrees(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    # Helpers, in the order in which they are called.

    def tick(self, days: int = 0) -> None:
        """No two facts are recorded at one moment."""
        self.at += timedelta(days=days, seconds=1)

    def today(self, which: int) -> date:
        return self.deals[which].local_day(self.at)

    def noon(self, which: int, day: date) -> datetime:
        """A day that a person names is its noon, or now when that is still ahead."""
        zone = self.deals[which].zone
        return min(datetime.combine(day, time(12), tzinfo=zone), self.at.astimezone(zone))

    def look(self, which: int) -> None:
        self.touched.add(which)
        self.seen.append((which, self.at, figures(self.standing(which))))

    def standing(self, which: int) -> Standing:
        deal = Deal.objects.select_related("account").get(pk=self.deals[which].pk)
        return ledger.standing(deal, on=self.today(which))

    def refundable(self) -> list[Payment]:
        return list(Payment.objects.filter(pk__in=self.known, merchant__isnull=False).order_by("pk"))

    def book_of(self, known: Money) -> Book:
        return next(book for book in self.books if any(one is known for one in book.payments))

    def save(self, deal: Deal, terms: Terms) -> None:
        schedule = Schedule.objects.filter(deal=deal).first()
        schedules.save(
            deal=deal,
            terms=terms,
            version=schedule.version if schedule else None,
            author="user:1",
            reason="agreed" if schedule else "",
            at=self.at,
        )

    def close(self, which: int, total: int, closing: str) -> None:
        book, deal = self.books[which], self.deals[which]
        named: dict[str, Any] = {"deal": deal, "reason": "left", "author": "user:1", "at": self.at}

        def act() -> Schedule:
            if closing == "settled":
                return settlements.settle(total=rub(total), **named)
            return settlements.cancel(**named)

        if book.rows is not None and (book.closing, book.total) == (closing, total):
            act()  # a second click
            return
        try:
            book.close(total, closing, self.today(which))
        except Refused:
            with pytest.raises((InvalidTerms, NoSchedule)):
                act()
            return
        act()
        self.look(which)


def cash(day: date) -> Offline:
    return Offline(paid_on=day, method="cash", payer={}, comment="", receipt=None)


def told(standing: Standing) -> dict[str, Any]:
    """What the product says, in kopecks."""
    rows = standing.rows if standing.schedule else ()
    return {
        "version": standing.schedule.version if standing.schedule else 0,
        "closing": str(standing.schedule.closing) if standing.schedule else "",
        "rows": [
            (
                row.installment.number,
                row.installment.due_on,
                *map(kopecks, (row.installment.amount, row.paid)),
            )
            for row in rows
        ],
        **{
            name: kopecks(getattr(standing, name))
            for name in ("total", "received", "refunded", "paid", "debt", "overdue", "credit", "written_off")
        },
    }


def expected(book: Book, on: date) -> dict[str, Any]:
    """What the oracle says."""
    return {
        "version": book.version,
        "closing": book.closing,
        "rows": [
            (row.number, row.due, row.amount, row.paid)
            for row in sorted(book.rows or (), key=lambda row: row.number)
        ],
        "total": book.price if book.rows is None else book.total,
        "received": book.received,
        "refunded": book.refunded,
        "paid": book.paid,
        "debt": book.debt,
        "overdue": book.overdue(on),
        "credit": book.credit,
        "written_off": book.written,
    }


def kopecks(amount: Decimal) -> int:
    return int(amount * 100)


STEPS = 50
MACHINE = settings(
    stateful_step_count=STEPS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_a_thousand_steps_end_where_the_oracle_ends() -> None:
    run_state_machine_as_test(Ledger, settings=settings(MACHINE, max_examples=1000 // STEPS))


@pytest.mark.exhaustive
def test_ten_thousand_steps_end_where_the_oracle_ends() -> None:
    run_state_machine_as_test(Ledger, settings=settings(MACHINE, max_examples=10_000 // STEPS))
