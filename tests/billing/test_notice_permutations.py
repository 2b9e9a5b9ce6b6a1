"""Whatever the order, the repeats and the delay of a year's notices: one ledger, by its hash."""

import hashlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import inbox
from billing.models import (
    Allocation,
    Event,
    MerchantAccount,
    Notice,
    Payment,
    ProviderOrder,
    Receipt,
    Refund,
)
from billing.providers.base import Delivery, NoticeKind
from crm.models import Deal, OutboxRow
from tests.billing.notices import FORM, fail_fields, fields_of, refund_fields, secret_of, sign
from tests.factories import make_deal, make_order, make_schedule, rub, standing_of

pytestmark = [pytest.mark.django_db, pytest.mark.long]

START = datetime(2025, 12, 10, 9, tzinfo=UTC)
END = datetime(2026, 12, 1, 9, tzinfo=UTC)
Told = tuple[NoticeKind, dict[str, str]]


class Year:
    """One deal's year at its shop: twelve rows paid, some after a decline, some given back in part."""

    def __init__(self) -> None:
        self.deal = make_deal()
        make_schedule(self.deal, total="120000", count=12, first_due_on=START.date(), at=START)
        self.merchant = MerchantAccount.objects.get()
        self.orders = [
            make_order(self.deal, amount="10000", purpose=f"invoice:{month}", request={"account_id": "a"})
            for month in range(12)
        ]
        self.told = [told for month in range(12) for told in self._month(month)]

    def _month(self, month: int) -> list[Told]:
        order, at = self.orders[month], START + timedelta(days=30 * month)
        when, number = f"{at:%Y-%m-%d %H:%M:%S}", str(5000 + month)
        paid = fields_of(order, TransactionId=number, DateTime=when)
        told: list[Told] = [(NoticeKind.PAY, paid)]
        if month % 4 == 1:
            told.append((NoticeKind.FAIL, fail_fields(order, TransactionId=f"6{number}", DateTime=when)))
        if month == 3:
            # Held first, taken later: two notices of one operation.
            told = [(NoticeKind.PAY, paid | {"Status": "Authorized"}), (NoticeKind.CONFIRM, paid)]
        if month == 5:
            # One order paid by two cards at once.
            told.append((NoticeKind.PAY, paid | {"TransactionId": f"7{number}"}))
        if month == 7:
            told.append((NoticeKind.PAY, paid | {"TransactionId": f"8{number}", "TestMode": "1"}))
            told.append((NoticeKind.PAY, paid | {"TransactionId": f"9{number}", "InvoiceId": "theirs"}))
        for part in {2: ("2500.00", "1500.50"), 8: ("10000.00",)}.get(month, ()):
            back = refund_fields(number, part, TransactionId=f"{number}{part[:2]}", DateTime=when)
            told.append((NoticeKind.REFUND, back))
        return told

    def tell(self, told: Told, *, at: datetime) -> None:
        kind, fields = told
        body = urlencode(fields).encode()
        delivery = Delivery(
            method="POST",
            body=body,
            query=b"",
            headers={"Content-HMAC": sign(body, secret_of(self.merchant))},
            content_type=FORM,
            received_at=at,
        )
        key = self.merchant.key
        answer = inbox.take(provider="cloudpayments", merchant_key=key, kind=kind, delivery=delivery, at=at)
        assert answer.status == 200


def ledger_hash(deal: Deal) -> str:
    """Every fact and figure of the money; not when we learnt it, nor which of two payments covers a row."""
    standing = standing_of(deal, on=END.date())
    allocated = Allocation.objects.filter(payment__deal=deal).aggregate(sum=Sum("amount"))["sum"]
    said: list[Any] = [
        sorted(
            Payment.objects.values_list("external_id", "amount", "deal", "order", "received_at", "counted")
        ),
        sorted(Refund.objects.values_list("external_id", "amount", "payment__external_id", "refunded_at")),
        sorted(
            Receipt.objects.values_list("kind", "payment__external_id", "refund__external_id", "state"),
            key=str,
        ),
        (standing.paid, standing.debt, standing.credit, allocated or Decimal(0)),
        sorted(Counter(Event.objects.values_list("kind", flat=True)).items()),
        sorted(ProviderOrder.objects.values_list("number", "state")),
        sorted(Notice.objects.values_list("kind", "external_id", "state", "outcome")),
        OutboxRow.objects.filter(key__startswith="payment:").count(),
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def run(year: Year, order: list[Told], applied_after: set[int]) -> str:
    """Tell all of it in this order, apply at these places and to the end, and take everything back."""
    with transaction.atomic():
        at = END
        for place, told in enumerate(order):
            at += timedelta(minutes=7)
            year.tell(told, at=at)
            if place in applied_after:
                inbox.apply_waiting(at=at, ignore_not_before=True)
        for _ in range(3):
            at += timedelta(hours=1)
            inbox.apply_waiting(at=at, ignore_not_before=True)
        found = ledger_hash(year.deal)
        transaction.set_rollback(True)
    return found


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dice=st.randoms(use_true_random=False))
def test_a_year_of_notices_in_any_order_with_repeats_and_delays_is_one_ledger(
    dice: random.Random, year: Year, expected: str
) -> None:
    order = [told for told in year.told for _ in range(dice.choice([1, 1, 1, 2, 3]))]
    dice.shuffle(order)
    applied = {place for place in range(len(order)) if dice.random() < 0.25}
    assert run(year, order, applied) == expected


@pytest.fixture
def year() -> Year:
    return Year()


@pytest.fixture
def expected(year: Year) -> str:
    """The ledger of the year as it would be told by an honest provider, each notice at once."""
    return run(year, year.told, set(range(len(year.told))))


def test_the_honest_year_has_everything_that_is_shuffled(year: Year) -> None:
    at = END
    for told in year.told:
        year.tell(told, at=at)
        inbox.apply_waiting(at=at, ignore_not_before=True)
    assert Payment.objects.filter(deal=year.deal).count() == 13
    assert Refund.objects.count() == 3
    standing = standing_of(year.deal, on=END.date())
    assert (standing.paid, standing.debt) == (rub("115999.50"), rub("4000.50"))
    outcomes = set(Notice.objects.values_list("outcome", flat=True))
    assert outcomes == {"payment", "refund", "declined", "hold", "test_mode", "unplaced"}
