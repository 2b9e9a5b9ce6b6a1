"""Forged, broken and huge notices, and what trips: nothing changes, nothing genuine is lost."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError
from django.test import Client

from billing import inbox, notice_store, payments
from billing.models import Notice, Payment, ProviderOrder
from crm import queues
from tests.billing.notices import (
    code,
    facts,
    fields_of,
    secret_of,
    send,
)
from tests.factories import NOW, make_deal, make_merchant, make_order, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


def test_forged_notices_are_refused_and_leave_no_row(order: ProviderOrder) -> None:
    stranger = make_merchant(order.legal_entity)
    for secret in ("", "wrong", secret_of(stranger)):
        answer = send(order.merchant, "pay", fields_of(order), secret=secret)
        assert answer.status_code == 403
        assert b"code" not in answer.content
    unsigned = Client().post(f"/webhooks/cloudpayments/{order.merchant.key}/pay/", {"TransactionId": "1"})
    assert unsigned.status_code == 403
    assert not Notice.objects.exists()


NONSENSE = pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"TransactionId=1&Amount=%00", "application/x-www-form-urlencoded"),
        (b"TransactionId=1&TransactionId=2&Amount=1.00", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b'{"TransactionId": "1\\u0000", "Amount": 1}', "application/json"),
        (b"--x--", "multipart/form-data; boundary=x"),
        (b"a=1", "application/x-www-form-urlencoded; charset=koi8-r"),
        (b"a=1", ""),
    ],
)


@NONSENSE
@pytest.mark.parametrize("kind", ["pay", "fail", "refund", "receipt"])
def test_genuine_nonsense_is_kept_for_a_person_once_and_causes_nothing(
    order: ProviderOrder, kind: str, body: bytes, content_type: str
) -> None:
    before = facts()
    for _ in range(2):
        assert code(send(order.merchant, kind, body, content_type=content_type)) == 0
    assert inbox.apply_waiting(at=NOW, ignore_not_before=True) == 0
    stored = Notice.objects.get()
    assert (stored.kind, stored.state, bytes(stored.body)) == (kind, "parked", body)
    assert stored.external_id == f"unread:{hashlib.sha256(body).hexdigest()}"
    assert "нельзя прочитать" in stored.last_error
    assert facts() == (1, *before[1:])


@NONSENSE
def test_a_check_that_cannot_be_read_is_a_400_and_leaves_no_row(
    order: ProviderOrder, body: bytes, content_type: str
) -> None:
    assert send(order.merchant, "check", body, content_type=content_type).status_code == 400
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"DateTime": "yesterday"}, "DateTime"),
        ({"DateTime": ""}, "DateTime"),
        ({"Amount": "10,00"}, "Amount"),
        ({"Data": "a\0b"}, "NUL"),
        ({"PaymentTransactionId": "9"}, "refund"),
    ],
)
def test_a_genuine_payment_with_a_broken_field_is_never_lost(
    order: ProviderOrder, changes: dict[str, str], why: str
) -> None:
    assert code(send(order.merchant, "pay", fields_of(order, **changes))) == 0
    stored = Notice.objects.get()
    assert stored.state == "parked"
    assert why in stored.last_error
    assert not Payment.objects.exists()


def test_an_unread_notice_that_is_forged_leaves_no_row(order: ProviderOrder) -> None:
    assert send(order.merchant, "pay", fields_of(order, Amount="10,00"), secret="wrong").status_code == 403
    assert not Notice.objects.exists()


def test_an_unread_notice_that_is_tried_again_goes_back_to_its_person(order: ProviderOrder) -> None:
    send(order.merchant, "pay", fields_of(order, Amount="10,00"))
    said = Notice.objects.get().last_error
    assert inbox.replay(since=None, at=NOW) == inbox.Replay(seen=1, changed=0)
    queues.wake(Notice.objects.get(), at=NOW)
    assert inbox.apply_waiting(at=NOW) == 1
    assert (Notice.objects.get().state, Notice.objects.get().last_error) == ("parked", said)


def test_no_success_for_an_unread_notice_without_its_row(order: ProviderOrder) -> None:
    with mock.patch.object(Notice.objects, "bulk_create", side_effect=DatabaseError):
        assert send(order.merchant, "pay", fields_of(order, Amount="10,00")).status_code == 503


def test_a_huge_body_is_refused_before_it_is_looked_at(order: ProviderOrder) -> None:
    assert send(order.merchant, "pay", b"a" * 65_537).status_code == 413
    long_query = Client().get(f"/webhooks/cloudpayments/{order.merchant.key}/pay/?a={'b' * 65_537}")
    assert long_query.status_code == 413


def test_unknown_merchants_kinds_and_methods(order: ProviderOrder) -> None:
    key = order.merchant.key
    assert Client().post("/webhooks/cloudpayments/nobody/pay/").status_code == 404
    assert Client().post(f"/webhooks/cloudpayments/{key}/unknown/").status_code == 404
    assert Client().post(f"/webhooks/cloudpayments/{key}/pay").status_code == 404
    assert Client().put(f"/webhooks/cloudpayments/{key}/pay/").status_code == 405


def test_no_success_without_the_row(order: ProviderOrder) -> None:
    with mock.patch.object(notice_store, "connection") as connection:
        connection.cursor.side_effect = DatabaseError
        answer = send(order.merchant, "pay", fields_of(order))
    assert answer.status_code == 503
    assert b"code" not in answer.content


def test_a_notice_that_trips_does_not_hold_up_the_others(order: ProviderOrder) -> None:
    send(order.merchant, "pay", fields_of(order))
    send(order.merchant, "pay", fields_of(order, TransactionId="3171000502"))
    whole = payments.receive

    def trip(**values: Any) -> Payment:
        if values["external_id"] == "3171000501":
            raise RuntimeError("tripped")
        return whole(**values)

    def trip_together(arrived: Sequence[payments.Arrived], *, at: datetime) -> list[Payment]:
        raise RuntimeError("one of them tripped")

    with mock.patch.multiple(payments, receive=trip, receive_all=trip_together):
        assert inbox.apply_waiting(at=NOW, ignore_not_before=True) == 2
    first, second = Notice.objects.order_by("id")
    assert (first.state, first.last_error) == ("waiting", "RuntimeError: tripped")
    assert second.state == "done"
    inbox.apply_waiting(at=NOW + timedelta(seconds=3), ignore_not_before=True)
    assert Payment.objects.count() == 2
