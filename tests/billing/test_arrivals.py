"""Payments and refunds told of in any order end in one state, row by row."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import payments, refunds, schedules, verification
from billing.models import ProviderOrder
from billing.rules.schedule import Terms
from crm.models import Account, Deal
from tests.factories import NOW, TODAY, make_account, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """At an hour of the deal's life money came, or some of payment `of` went back."""

    hour: int
    number: int
    amount: int
    of: int | None = None


class Teller:
    """A deal whose notices come when they come."""

    def __init__(self, account: Account, total: int = 90000) -> None:
        self.deal = make_deal(account)
        make_schedule(self.deal, total=total, at=NOW - 100 * HOUR)
        self.orders: dict[int, ProviderOrder] = {}
        self.at = NOW

    def tell(self, order: list[Told]) -> None:
        """Tell all of it; a refund that nobody can place yet is told again after each other notice."""
        early: list[Told] = []
        for told in order:
            early = [one for one in [*early, told] if not self._tell(one)]
            while early and any(self._tell(one) for one in early):
                early = [one for one in early if not self._tell(one)]
        assert not early

    def _tell(self, told: Told) -> bool:
        self.at += timedelta(minutes=1)
        moment = NOW - 90 * HOUR + told.hour * HOUR
        if told.of is not None:
            return self._back(told, moment)
        if told.number not in self.orders:
            self.orders[told.number] = make_order(self.deal, amount=told.amount)
        payments.receive(
            merchant=self.orders[told.number].merchant,
            external_id=f"{self.deal.pk}-{told.number}",
            amount=rub(told.amount),
            currency="RUB",
            received_at=moment,
            method="card",
            order=self.orders[told.number],
            at=self.at,
        )
        return True

    def _back(self, told: Told, moment: datetime) -> bool:
        if told.of not in self.orders:
            return False
        refund = refunds.noticed(
            merchant=self.orders[told.of].merchant,
            payment_external_id=f"{self.deal.pk}-{told.of}",
            external_id=f"{self.deal.pk}-back-{told.number}",
            amount=rub(told.amount),
            refunded_at=moment,
            at=self.at,
        )
        return refund is not None

    def rows(self) -> list[Decimal]:
        return [row.paid for row in standing_of(self.deal).rows]

    def state(self) -> tuple[object, ...]:
        """What each row holds, and the deal's sums."""
        standing = standing_of(self.deal)
        return self.rows(), standing.paid, standing.debt, standing.credit


def test_a_refund_reopens_the_row_of_its_payment_whichever_notice_came_first() -> None:
    first, second = Told(1, 1, 30000), Told(2, 2, 30000)
    back = Told(3, 3, 30000, of=1)
    account = make_account()
    for order in ([first, second, back], [second, first, back], [second, back, first], [back, second, first]):
        teller = Teller(account)
        teller.tell(order)
        assert teller.rows() == [0, rub(30000), 0], order
    assert list(verification.violations()) == []


def test_money_that_came_after_the_refund_fills_what_it_opened() -> None:
    first, back, second = Told(1, 1, 30000), Told(2, 2, 30000, of=1), Told(3, 3, 30000)
    account = make_account()
    for order in ([first, back, second], [first, second, back], [second, first, back]):
        teller = Teller(account)
        teller.tell(order)
        assert teller.rows() == [rub(30000), 0, 0], order


def test_what_was_decided_upon_stays() -> None:
    teller = Teller(make_account())
    teller.tell([Told(2, 2, 30000)])
    terms = Terms(rub(90000), first_due_on=TODAY + timedelta(days=30), count=2)
    deal = Deal.objects.get(pk=teller.deal.pk)
    schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="ok", at=teller.at + HOUR)
    teller.at += 2 * HOUR
    teller.tell([Told(1, 1, 30000), Told(3, 3, 30000, of=2)])
    # The first row of the rebuilt schedule belongs to the payment by which it was paid then.
    assert teller.rows() == [0, rub(30000), 0]
    assert list(verification.violations()) == []


STORIES = st.lists(
    st.tuples(st.integers(0, 80), st.integers(1, 60), st.none() | st.integers(0, 3)), min_size=2, max_size=7
)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=STORIES, dice=st.randoms(use_true_random=False))
def test_payments_and_refunds_in_any_order_end_in_one_state(
    story: list[tuple[int, int, int | None]], dice: random.Random
) -> None:
    told = facts_of(story)
    with transaction.atomic():
        account = make_account()
        honest = Teller(account, total=100000)
        honest.tell(sorted(told, key=lambda one: (one.hour, one.of is not None, one.number)))
        for _ in range(2):
            dice.shuffle(told)
            teller = Teller(account, total=100000)
            teller.tell(told)
            assert teller.state() == honest.state()
        assert list(verification.violations()) == []
        transaction.set_rollback(True)


def facts_of(story: list[tuple[int, int, int | None]]) -> list[Told]:
    """Payments, and refunds that some payment before them can give."""
    left: dict[int, int] = {}
    told: list[Told] = []
    for number, (hour, thousands, of) in enumerate(sorted(story, key=lambda one: one[0]), start=1):
        if of is None or not left:
            told.append(Told(hour, number, thousands * 1000))
            left[number] = thousands * 1000
            continue
        payment = sorted(left)[of % len(left)]
        amount = min(thousands * 1000, left[payment])
        if amount:
            left[payment] -= amount
            told.append(Told(hour, number, amount, of=payment))
    return told
