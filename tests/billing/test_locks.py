"""Every race by two real connections, with the deal's lock and without it.

With the lock whoever comes second sees what the first one did. Without it both read before either writes,
and each race goes wrong: the database refuses one of them, verify_ledger finds a break, or both believe to be
first.
"""

import itertools
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db import connection

from billing import (
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
from billing.models import MerchantAccount, Payment
from billing.payments import Offline
from billing.rules.schedule import Terms
from crm.models import Deal
from tests.billing.test_ledger_races import pay, together
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
NAMED: dict[str, Any] = {"author": "user:1", "at": NOW}
Act = Callable[[], Any]
OVER = sys.maxsize
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Race:
    """Two acts at once, and the one error with which the second may answer (None: both succeed)."""

    acts: Callable[[Deal], tuple[Act, Act]]
    second: type[Exception] | None = None


class Meeting:
    """Two acts wait for each other at the same places, however slow the machine is. One goes on alone only
    when the other is over or waits for a row of it.
    """

    def __init__(self) -> None:
        self._places = dict.fromkeys(range(2), 0)
        self._seats = itertools.count()
        self._mine = threading.local()

    def attended(self, act: Act) -> Act:
        seat = next(self._seats)

        def attend() -> Any:
            self._mine.seat = seat
            try:
                return act()
            finally:
                self._places[seat] = OVER

        return attend

    def begin(self) -> None:
        if self._places[self._mine.seat] == 0:
            self.wait()

    def wait(self) -> None:
        mine, other = self._mine.seat, 1 - self._mine.seat
        self._places[mine] += 1
        until = time.monotonic() + PATIENCE_SECONDS
        while self._places[other] < self._places[mine] and not self._somebody_waits_for_a_row():
            assert time.monotonic() < until, "the other act came to nothing"
            time.sleep(0.005)

    def _somebody_waits_for_a_row(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            return bool(cursor.fetchone()[0])


def enter(deal: Deal, amount: int) -> Payment:
    return payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, **NAMED)


def payment_against_payment(deal: Deal) -> tuple[Act, Act]:
    return pay(make_order(deal), "501", 40000), pay(make_order(deal, purpose="full"), "502", 40000)


def payment_against_rebuild(deal: Deal) -> tuple[Act, Act]:
    terms = Terms(rub(100000), date(2027, 1, 10), 4)
    save = {"terms": terms, "version": 1, "reason": "agreed", **NAMED}
    return pay(make_order(deal), "501"), lambda: schedules.save(deal=deal, **save)


def refund_against_payment(deal: Deal) -> tuple[Act, Act]:
    """Everything is paid: the refund opens rows while new money believes that there are none."""
    pay(make_order(deal), "501", 90000)()
    merchant = MerchantAccount.objects.get()
    refund: dict[str, Any] = {"payment_external_id": "501", "external_id": "r1", "amount": rub(50000)}
    back = {"merchant": merchant, "refunded_at": NOW, "at": NOW, **refund}
    return lambda: refunds.noticed(**back), pay(make_order(deal, purpose="full"), "502", 30000)


def first_schedule_twice(_deal: Deal) -> tuple[Act, Act]:
    fresh = make_deal(_deal.account)
    terms = Terms(rub(90000), date(2026, 12, 10), 3)

    def save() -> object:
        return schedules.save(deal=fresh, terms=terms, version=None, reason="", **NAMED)

    return save, save


def full_payment_twice(deal: Deal) -> tuple[Act, Act]:
    def click() -> object:
        return payments.receive_full(deal=deal, expected=rub(90000), offline=CASH, **NAMED)

    return click, click


def settlement_against_payment(deal: Deal) -> tuple[Act, Act]:
    enter(deal, 40000)
    return (
        lambda: settlements.settle(deal=deal, total=rub(40000), reason="left", **NAMED),
        pay(make_order(deal), "501", 20000),
    )


def settlement_against_cancellation(deal: Deal) -> tuple[Act, Act]:
    enter(deal, 40000)
    return (
        lambda: settlements.settle(deal=deal, total=rub(35000), reason="left", **NAMED),
        lambda: settlements.cancel(deal=deal, reason="left", **NAMED),
    )


def write_off_twice(deal: Deal) -> tuple[Act, Act]:
    def click() -> object:
        return write_offs.write_off(deal=deal, amount=rub(60000), reason="lost", written_on=None, **NAMED)

    return click, click


def write_off_against_payment(deal: Deal) -> tuple[Act, Act]:
    return (
        lambda: write_offs.write_off(deal=deal, amount=None, reason="lost", written_on=None, **NAMED),
        pay(make_order(deal), "501", 30000),
    )


def move_twice(deal: Deal) -> tuple[Act, Act]:
    other, payment = make_deal(deal.account), enter(deal, 40000)
    make_schedule(other)

    def click() -> object:
        return moves.move(payment=payment, to=other, amount=rub(30000), reason="agreed", **NAMED)

    return click, click


def reversal_twice(deal: Deal) -> tuple[Act, Act]:
    payment = enter(deal, 40000)

    def click() -> object:
        return reversals.reverse(payment=payment, reason="typo", **NAMED)

    return click, click


RACES = {
    "payment against payment": Race(payment_against_payment),
    "payment against rebuild": Race(payment_against_rebuild),
    "refund against payment": Race(refund_against_payment),
    "first schedule twice": Race(first_schedule_twice, schedules.StaleVersion),
    "full payment twice": Race(full_payment_twice, payments.DebtDiffers),
    "settlement against payment": Race(settlement_against_payment),
    "settlement against cancellation": Race(settlement_against_cancellation),
    "write-off twice": Race(write_off_twice, write_offs.AboveDebt),
    "write-off against payment": Race(write_off_against_payment),
    "move twice": Race(move_twice, moves.AboveLeft),
    "reversal twice": Race(reversal_twice, reversals.AlreadyReversed),
}


@pytest.mark.parametrize("name", RACES)
def test_with_the_lock_the_second_sees_what_the_first_did(name: str) -> None:
    assert went_right(RACES[name])


@pytest.mark.parametrize("name", RACES)
def test_without_the_lock_it_goes_wrong(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    race = RACES[name]
    deal = make_deal()
    make_schedule(deal)
    meeting = Meeting()
    acts = [meeting.attended(act) for act in race.acts(deal)]
    settle = ledger.settle_open

    def both_have_begun(deal_id: int) -> Deal:
        """The deal without its lock, and nobody a whole act ahead."""
        deal = Deal.objects.select_related("account").get(id=deal_id)
        meeting.begin()
        return deal

    def both_have_read(*values: Any, **named: Any) -> Any:
        """Neither sees what the other writes."""
        meeting.wait()
        found = settle(*values, **named)
        meeting.wait()
        return found

    monkeypatch.setattr(ledger, "lock", both_have_begun)
    monkeypatch.setattr(ledger, "settle_open", both_have_read)
    assert not holds(race, together(*acts))


def went_right(race: Race) -> bool:
    deal = make_deal()
    make_schedule(deal)
    return holds(race, together(*race.acts(deal)))


def holds(race: Race, found: list[Any]) -> bool:
    """The right number of errors, of the right kind, and a ledger that verify_ledger finds sound."""
    errors = [one for one in found if isinstance(one, Exception)]
    if race.second is None and errors:
        return False
    if race.second is not None and [type(one) for one in errors] != [race.second]:
        return False
    return list(verification.violations()) == []
