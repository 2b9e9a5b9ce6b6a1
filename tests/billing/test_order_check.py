"""*check*: answered by the documented codes, from the database alone, before the card is charged."""

from unittest import mock

import pytest

from billing.models import MerchantAccount, ProviderOrder
from tests.billing.notices import (
    code,
    deliver,
    facts,
    fields_of,
    send,
)
from tests.factories import make_deal, make_order, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0),
        ({"AccountId": ""}, 0),
        ({"InvoiceId": ""}, 10),
        ({"InvoiceId": "unknown"}, 10),
        ({"AccountId": "somebody"}, 11),
        ({"Amount": "29999.99"}, 12),
        ({"Amount": "30000.01"}, 12),
        ({"Currency": "USD"}, 12),
        ({"TestMode": "1"}, 13),
    ],
)
def test_check_answers_by_the_documented_codes(
    order: ProviderOrder, changes: dict[str, str], expected: int
) -> None:
    before = facts()
    assert code(send(order.merchant, "check", fields_of(order, **changes))) == expected
    assert facts() == before


@pytest.mark.parametrize(
    ("state", "expected"), [("open", 0), ("creating", 0), ("paid", 13), ("superseded", 20), ("cancelled", 20)]
)
def test_check_knows_the_state_of_the_order(order: ProviderOrder, state: str, expected: int) -> None:
    ProviderOrder.objects.update(state=state)
    assert code(send(order.merchant, "check", fields_of(order))) == expected


def test_check_refuses_what_is_paid_but_not_applied_yet(order: ProviderOrder) -> None:
    send(order.merchant, "pay", fields_of(order))
    assert code(send(order.merchant, "check", fields_of(order, TransactionId="9"))) == 13


def test_check_refuses_more_than_is_owed(order: ProviderOrder) -> None:
    other = make_order(order.deal, amount="90000", purpose="full")
    deliver(order.merchant, "pay", fields_of(order))
    ProviderOrder.objects.filter(pk=other.pk).update(state="open")
    assert code(send(order.merchant, "check", fields_of(other))) == 13


def test_check_lets_other_peoples_orders_pass_where_that_is_the_rule(order: ProviderOrder) -> None:
    MerchantAccount.objects.update(other_orders="accept")
    assert code(send(order.merchant, "check", fields_of(order, InvoiceId="shop-17"))) == 0


def test_check_calls_nobody(order: ProviderOrder) -> None:
    with mock.patch("requests.Session.request", side_effect=AssertionError):
        assert code(send(order.merchant, "check", fields_of(order))) == 0
