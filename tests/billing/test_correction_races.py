"""What puts money right, by two real connections at once."""

from collections.abc import Callable

import pytest

from billing import moves, verification
from billing.models import Payment
from crm.models import Deal
from tests.billing.test_ledger_races import together
from tests.billing.test_moves import pay
from tests.factories import NOW, make_account, make_deal, make_schedule, rub, standing_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def two_deals() -> tuple[Deal, Deal]:
    account = make_account()
    here, there = make_deal(account), make_deal(account)
    make_schedule(here)
    make_schedule(there)
    return here, there


def moving(payment: Payment, to: Deal, amount: object) -> Callable[[], Payment]:
    return lambda: moves.move(
        payment=payment, to=to, amount=rub(amount), reason="не та сделка", author="user:1", at=NOW
    )


def test_two_moves_at_once_never_carry_more_than_came() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    found = together(moving(payment, there, 30000), moving(payment, there, 30000))
    assert sum(isinstance(one, moves.AboveLeft) for one in found) == 1
    assert (standing_of(here).paid, standing_of(there).paid) == (rub(10000), rub(30000))


def test_two_deals_that_move_to_each_other_do_not_wait_for_each_other() -> None:
    here, there = two_deals()
    ours, theirs = pay(here, 40000), pay(there, 20000)
    found = together(moving(ours, there, 40000), moving(theirs, here, 20000))
    assert [type(one) for one in found] == [Payment, Payment]
    assert (standing_of(here).paid, standing_of(there).paid) == (rub(20000), rub(40000))
    assert list(verification.violations()) == []


def test_a_move_beside_new_money_ends_in_one_ledger() -> None:
    here, there = two_deals()
    payment = pay(here, 60000)
    together(moving(payment, there, 50000), lambda: pay(here, 45000), lambda: pay(there, 10000))
    assert (standing_of(here).paid, standing_of(there).paid) == (rub(55000), rub(60000))
    assert Payment.objects.count() == 4
    assert list(verification.violations()) == []
