"""Notices through the door: stored once, answered after the commit, applied to one and the same ledger."""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from billing import inbox, notice_kicks
from billing.api import timeline
from billing.models import Event, MerchantAccount, Notice, Payment, ProviderOrder, Receipt, Refund
from tests.billing.notices import (
    code,
    deliver,
    facts,
    fail_fields,
    fields_of,
    refund_fields,
    secret_of,
    send,
    sign,
)
from tests.factories import NOW, make_deal, make_merchant, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


# The way of an honest payment


def test_a_payment_is_stored_and_answered_before_it_is_applied(order: ProviderOrder) -> None:
    assert code(send(order.merchant, "pay", fields_of(order))) == 0
    stored = Notice.objects.get()
    assert (stored.kind, stored.external_id, stored.state) == ("pay", "3171000501", "waiting")
    assert b"InvoiceId" in bytes(stored.body)
    assert not Payment.objects.exists()
    assert inbox.apply_waiting(at=NOW, ignore_not_before=True) == 1
    payment = Payment.objects.get()
    assert (payment.amount, payment.method, payment.order) == (rub(30000), "card", order)
    assert payment.received_at == datetime(2026, 11, 22, 8, 59, 5, tzinfo=UTC)
    stored.refresh_from_db()
    assert (stored.state, stored.outcome) == ("done", "payment")
    assert standing_of(order.deal).paid == rub(30000)
    order.refresh_from_db()
    assert order.state == "paid"


def test_the_answer_wakes_a_worker_after_the_commit(
    order: ProviderOrder, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_kicks, "_kicks", notice_kicks.Kicks())
    with mock.patch("crm.kick._send") as sent, django_capture_on_commit_callbacks(execute=True):
        send(order.merchant, "pay", fields_of(order))
        assert not sent.called
    wait_for(lambda: sent.called)
    assert [call.args for call in sent.call_args_list] == [("billing.apply_notices",)]


@pytest.mark.django_db(transaction=True)
def test_a_storm_wakes_a_worker_at_once_and_once_more_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_kicks, "QUIET_SECONDS", 2.0)
    kicks = notice_kicks.Kicks()
    sent: list[float] = []
    monkeypatch.setattr("crm.kick._send", lambda task: sent.append(time.monotonic()))
    kicks.now()
    wait_for(lambda: bool(sent))
    for _ in range(100):
        kicks.now()
    assert len(sent) == 1
    wait_for(lambda: len(sent) > 1)
    time.sleep(0.3)
    assert len(sent) == 2
    assert sent[1] > sent[0] + notice_kicks.QUIET_SECONDS - 0.01


def test_the_same_notice_again_gets_the_same_success_and_changes_nothing(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    before = facts()
    deliver(order.merchant, "pay", fields_of(order))
    assert facts() == before


def test_json_and_get_are_notices_too(order: ProviderOrder) -> None:
    body = (
        f'{{"TransactionId": 5, "Amount": 30000.0, "InvoiceId": "{order.number}", '
        '"DateTime": "2026-11-22 08:59:05", "Status": "Completed"}'
    ).encode()
    assert code(send(order.merchant, "pay", body, content_type="application/json; charset=utf-8")) == 0
    query = f"TransactionId=6&Amount=1.00&InvoiceId={order.number}&DateTime=2026-11-22+08%3a59%3a05"
    answer = Client().get(
        f"/webhooks/cloudpayments/{order.merchant.key}/pay/?{query}",
        headers={"Content-HMAC": sign(query.encode(), secret_of(order.merchant))},
    )
    assert code(answer) == 0
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [rub(1), rub(30000)]


def test_a_hold_becomes_money_only_when_confirmed(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, Status="Authorized"))
    assert Notice.objects.get().outcome == "hold"
    assert not Payment.objects.exists()
    deliver(order.merchant, "confirm", fields_of(order))
    assert Payment.objects.get().amount == rub(30000)


def test_a_voided_hold_is_no_money(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, Status="Authorized"))
    cancel = {"TransactionId": "3171000501", "Amount": "30000.00", "DateTime": "2026-11-22 09:20:00"}
    deliver(order.merchant, "cancel", cancel)
    assert set(Notice.objects.values_list("outcome", flat=True)) == {"hold", "hold_cancelled"}
    assert not Payment.objects.exists()


def test_pay_and_confirm_of_one_operation_are_one_payment(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "confirm", fields_of(order))
    assert Payment.objects.count() == 1


# What does not fit is recorded all the same


def test_an_unknown_order_is_answered_with_success_and_unplaced(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, InvoiceId="somebody-elses"))
    assert Notice.objects.get().outcome == "unplaced"
    assert Payment.objects.get().deal is None
    assert (Receipt.objects.get().state, Receipt.objects.get().reason) == ("missing", "unplaced")


def test_an_order_of_another_merchant_is_not_found_by_its_number(order: ProviderOrder) -> None:
    stranger = make_merchant(order.legal_entity)
    deliver(stranger, "pay", fields_of(order))
    assert Payment.objects.get().deal is None


def test_orders_of_others_are_kept_as_foreign_where_that_is_the_rule(order: ProviderOrder) -> None:
    MerchantAccount.objects.update(other_orders="accept")
    deliver(order.merchant, "pay", fields_of(order, InvoiceId="somebody-elses"))
    deliver(order.merchant, "refund", refund_fields())
    assert list(Notice.objects.values_list("outcome", flat=True)) == ["foreign", "foreign"]
    assert not Payment.objects.exists()


def test_another_amount_counts_in_full(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, Amount="29999.99"))
    assert standing_of(order.deal).paid == rub("29999.99")


def test_another_currency_is_stored_and_not_counted(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, Currency="USD"))
    assert Notice.objects.get().outcome == "uncounted"
    assert (Receipt.objects.get().state, Receipt.objects.get().reason) == ("missing", "currency")
    assert standing_of(order.deal).received == 0


@pytest.mark.parametrize("state", ["superseded", "cancelled", "refused", "paid", "creating"])
def test_money_by_an_order_in_any_state_reaches_the_deal(order: ProviderOrder, state: str) -> None:
    ProviderOrder.objects.update(state=state)
    deliver(order.merchant, "pay", fields_of(order))
    assert standing_of(order.deal).paid == rub(30000)


def test_test_mode_at_a_live_shop_is_not_money(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order, TestMode="1"))
    deliver(order.merchant, "refund", refund_fields())
    assert list(Notice.objects.values_list("outcome", flat=True)) == ["test_mode", "test_mode"]
    assert not Payment.objects.exists()


def test_test_mode_at_a_test_shop_is_money(order: ProviderOrder) -> None:
    order.merchant.settings["test"] = True
    order.merchant.save()
    deliver(order.merchant, "pay", fields_of(order, TestMode="1"))
    assert Payment.objects.count() == 1


def test_two_payments_of_one_order_are_both_recorded(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "pay", fields_of(order, TransactionId="3171000502"))
    assert standing_of(order.deal).paid == rub(60000)


def test_a_decline_closes_nothing_and_is_in_the_history_once(order: ProviderOrder) -> None:
    deliver(order.merchant, "fail", fail_fields(order))
    event = Event.objects.get(kind="payment_declined")
    assert event.data == {
        "amount": "30000.00",
        "reason": "на карте не хватает денег: пополните её или возьмите другую",
        "reason_code": "5051",
        "said": "Insufficient Funds",
        "external_id": "3171000500",
    }
    order.refresh_from_db()
    assert order.state == "open"
    assert code(send(order.merchant, "check", fields_of(order))) == 0
    inbox.replay(since=None, at=NOW)
    assert Event.objects.filter(kind="payment_declined").count() == 1


@pytest.mark.parametrize(
    ("reason_code", "words"),
    [
        ("5054", "срок действия карты истёк"),
        ("5082", "неверные данные карты"),
        ("5014", "неверные данные карты"),
        ("5206", "банк не подтвердил платёж"),
        ("5207", "банк не подтвердил платёж"),
        ("5005", "банк отказал без причины"),
        ("5001", "банк отказал без причины"),
        ("3001", "заказ уже не действует"),
        ("3008", "заказ уже не действует"),
        ("5999", "Банк отказал (код 5999)"),
        ("", "Банк отказал"),
    ],
)
def test_managers_read_in_russian_why_a_payment_was_declined(
    order: ProviderOrder, reason_code: str, words: str
) -> None:
    deliver(order.merchant, "fail", fail_fields(order, ReasonCode=reason_code))
    lines = timeline.of(order.deal, names=defaultdict(str))
    (line,) = [line for line in lines if line["what"] == "payment_declined"]
    assert words in line["text"]
    assert line["after"]["reason_code"] == reason_code


def test_a_refund_before_its_payment_waits_for_it(order: ProviderOrder) -> None:
    deliver(order.merchant, "refund", refund_fields())
    assert Notice.objects.get().state == "waiting"
    deliver(order.merchant, "pay", fields_of(order))
    inbox.apply_waiting(at=NOW)
    assert Refund.objects.get().amount == rub(10000)
    assert standing_of(order.deal).paid == rub(20000)


def test_a_refund_above_the_payment_waits_for_a_person_and_changes_nothing(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "refund", refund_fields(amount="30000.01"))
    Notice.objects.filter(kind="refund").update(attempts=60, leased_until=None)
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Notice.objects.get(kind="refund").state == "parked"
    assert standing_of(order.deal).paid == rub(30000)


def test_a_subscription_notice_is_stored_and_named(order: ProviderOrder) -> None:
    recurrent = {"Id": "sc_1", "AccountId": "a", "Amount": "1.00", "Interval": "Month", "Status": "Active"}
    deliver(order.merchant, "recurrent", recurrent)
    assert Notice.objects.get().outcome == "subscription"
