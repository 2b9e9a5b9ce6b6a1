"""The database refuses what the verbs would never do."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing import payments
from billing.models import Allocation, Payment, Refund
from billing.payments import Offline
from tests.factories import (
    NOW,
    TODAY,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_order,
    make_schedule,
    rows_of,
    rub,
)

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


ALLOCATE = (
    "INSERT INTO billing_allocation (payment_id, installment_id, amount, recorded_at)"
    " VALUES (%s, %s, %s, now())"
)


def run_and_check(statement: str, values: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(statement: str, values: list[Any]) -> str:
    """Run plain SQL and return the name of the constraint that refused it."""
    with pytest.raises(IntegrityError) as caught:
        run_and_check(statement, values)
    name: str = caught.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


def test_installments_must_add_up_to_the_total() -> None:
    schedule = make_schedule()
    row = rows_of(schedule)[0]
    assert refused("UPDATE billing_installment SET amount = 1 WHERE id = %s", [row.id]) == "schedule_adds_up"
    assert refused("UPDATE billing_schedule SET total = 1 WHERE id = %s", [schedule.id]) == "schedule_adds_up"


def test_more_than_the_payment_cannot_be_allocated() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    payment = payments.receive_offline(deal=deal, amount=rub(1000), offline=CASH, author="user:1", at=NOW)
    row = rows_of(schedule)[1]
    assert refused(ALLOCATE, [payment.id, row.id, 1]) == "payment_covers_allocations"


def test_more_than_the_row_cannot_be_allocated() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, total=90000, count=3)
    payment = payments.receive_offline(deal=deal, amount=rub(120000), offline=CASH, author="user:1", at=NOW)
    row = rows_of(schedule)[0]
    assert refused(ALLOCATE, [payment.id, row.id, 1]) == "installment_covers_allocations"


def test_facts_are_append_only() -> None:
    deal = make_deal()
    make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(1000), offline=CASH, author="user:1", at=NOW)
    assert refused("UPDATE billing_payment SET amount = 1", []) == "append_only"
    assert refused("DELETE FROM billing_allocation", []) == "append_only"
    assert refused("UPDATE billing_event SET kind = 'x'", []) == "append_only"
    assert Payment.objects.get().amount == rub(1000)
    assert Allocation.objects.get().amount == rub(1000)
    assert not Refund.objects.exists()


def test_an_order_or_payment_by_another_entitys_merchant_is_impossible() -> None:
    deal = make_deal()
    order = make_order(deal)
    stranger = make_merchant(make_legal_entity())
    assert refused("UPDATE billing_providerorder SET merchant_id = %s", [stranger.id]) == "order_of_the_owner"
    statement = (
        "INSERT INTO billing_payment (deal_id, legal_entity_id, merchant_id, amount, currency, counted,"
        " method, external_id, received_at, recorded_at, author, comment, payer, manager, programme, cohort)"
        " VALUES (%s, %s, %s, 1, 'RUB', true, 'card', 'x', now(), now(), '', '', '{}', 0, '', '')"
    )
    values = [deal.id, order.legal_entity_id, stranger.id]
    assert refused(statement, values) == "payment_by_the_entitys_merchant"
