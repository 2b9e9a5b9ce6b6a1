"""Histories of one deal, made by the verbs: acts, each at its own moment, that Hypothesis chooses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from billing import hindsight, ledger, payments, refunds, schedules
from billing.models import Payment, Schedule
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from crm.models import Deal
from tests.factories import NOW, make_order, rub

Figures = dict[str, Any]


def figures(standing: ledger.Standing) -> Figures:
    """What people see of a standing, as plain values."""
    return {
        "total": standing.total,
        "received": standing.received,
        "refunded": standing.refunded,
        "paid": standing.paid,
        "debt": standing.debt,
        "overdue": standing.overdue,
        "credit": standing.credit,
        "written_off": standing.written_off,
        "fees": (standing.fees.charged, standing.fees.paid),
        "state": standing.state,
        "version": standing.schedule.version if standing.schedule else None,
        "next": standing.next.installment.pk if standing.next else None,
        "rows": [
            (row.installment.number, row.installment.due_on, row.installment.amount, row.paid, row.state)
            for row in standing.rows
        ],
    }


@dataclass
class History:
    """A deal and what was seen of it after each act; every act happens an hour and some days later."""

    deal: Deal
    at: datetime = NOW
    seen: list[tuple[datetime, Figures]] = field(default_factory=list)

    def step(self, act: Callable[..., None], days: int, *values: Any) -> None:
        self.at += timedelta(days=days, hours=1)
        act(self, *values)
        self.seen.append((self.at, figures(self.now())))

    def now(self) -> ledger.Standing:
        deal = Deal.objects.select_related("account").get(pk=self.deal.pk)
        return ledger.standing(deal, on=deal.local_day(self.at))

    def then(self, at: datetime) -> ledger.Standing:
        """The deal on the day of `at` by what was known at that moment."""
        return hindsight.standing(self.deal, on=self.deal.local_day(at), known_at=at)

    def payments(self) -> list[Payment]:
        return list(Payment.objects.filter(deal=self.deal).order_by("id"))


def pay(history: History, amount: Decimal, days_ago: int) -> None:
    """Money by the provider, of a day some days before we learn of it."""
    order = make_order(history.deal, amount=amount, state="paid")
    payments.receive(
        merchant=order.merchant,
        external_id=f"tx-{order.number}",
        amount=amount,
        currency="RUB",
        received_at=history.at - timedelta(days=days_ago),
        method="card",
        order=order,
        at=history.at,
    )


def pay_in_cash(history: History, amount: Decimal, days_ago: int) -> None:
    day = history.deal.local_day(history.at - timedelta(days=days_ago))
    offline = Offline(paid_on=day, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(
        deal=history.deal, amount=amount, offline=offline, author="user:1", at=history.at
    )


def refund(history: History, which: int, part: int) -> None:
    """A quarter, a half … of a provider's payment goes back, as far as it is still here."""
    mine = [payment for payment in history.payments() if payment.merchant]
    if not mine:
        return
    payment = mine[which % len(mine)]
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id=f"re-{payment.pk}-{history.at.isoformat()}",
        amount=(payment.amount * part / 4).quantize(Decimal("0.01")),
        refunded_at=history.at,
        at=history.at,
    )


def lay_out(history: History, more: int, count: int, first: int) -> None:
    """A first schedule or a rebuild: what is held and some hundreds more, in so many rows."""
    schedule = Schedule.objects.filter(deal=history.deal).first()
    total = ledger.standing(history.deal, on=history.deal.local_day(history.at)).received + rub(more * 100)
    first_due_on = history.deal.local_day(history.at) + timedelta(days=first)
    try:
        schedules.save(
            deal=history.deal,
            terms=Terms(total, first_due_on=first_due_on, count=count),
            version=schedule.version if schedule else None,
            author="user:1",
            reason="agreed" if schedule else "",
            at=history.at,
        )
    except InvalidTerms:
        return  # nothing left to lay out, or too little for so many rows


AMOUNTS = st.integers(1, 900).map(lambda hundreds: rub(hundreds * 10) + rub("0.01") * (hundreds % 3))
DAYS = st.integers(0, 40)
ACTS = st.one_of(
    st.tuples(st.just(pay), DAYS, AMOUNTS, st.integers(0, 60)),
    st.tuples(st.just(pay_in_cash), DAYS, AMOUNTS, st.integers(0, 60)),
    st.tuples(st.just(refund), DAYS, st.integers(0, 9), st.integers(1, 4)),
    st.tuples(st.just(lay_out), DAYS, st.integers(1, 50), st.integers(1, 6), st.integers(-20, 60)),
)
HISTORIES = st.lists(ACTS, min_size=1, max_size=9)
