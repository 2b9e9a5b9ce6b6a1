"""Notices through the door: stored once, answered after the commit, applied to one and the same ledger."""

import hashlib
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.test import Client

from billing import inbox, ledger, notice_kicks, notice_store, payments
from billing.api import timeline
from billing.models import Event, MerchantAccount, Notice, Payment, ProviderOrder, Receipt, Refund
from crm import queues
from crm.models import Deal, OutboxRow
from tests.billing.notices import (
    code,
    deliver,
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


def facts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Notice, Payment, Refund, Receipt, Event, OutboxRow))


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
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


# *check* reads and refuses before the card is charged


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


# Bad input changes nothing


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


# Any order, any repetition


def ledger_of(deal: Deal) -> tuple[Any, ...]:
    standing = standing_of(deal)
    return (
        standing.paid,
        standing.debt,
        standing.credit,
        [(row.installment.number, row.paid) for row in standing.rows],
        sorted(Payment.objects.values_list("external_id", "amount")),
        sorted(Refund.objects.values_list("external_id", "amount")),
        sorted(Receipt.objects.values_list("kind", "state")),
    )


@pytest.mark.parametrize("sequence", list(itertools.permutations(["check", "pay", "fail", "refund"])))
def test_every_order_of_notices_ends_in_one_ledger(order: ProviderOrder, sequence: tuple[str, ...]) -> None:
    said = {
        "check": fields_of(order),
        "pay": fields_of(order),
        "fail": fail_fields(order),
        "refund": refund_fields(),
    }
    for kind in (*sequence, *sequence):
        send(order.merchant, kind, said[kind])
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    rows = [(1, rub(20000)), (2, rub(0)), (3, rub(0))]
    assert ledger_of(order.deal) == (
        rub(20000),
        rub(70000),
        0,
        rows,
        [("3171000501", rub(30000))],
        [("3171000777", rub(10000))],
        [("income", "planned"), ("refund", "planned")],
    )
    assert not Notice.objects.exclude(state="done").exists()


def test_replaying_everything_changes_nothing(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    deliver(order.merchant, "fail", fail_fields(order))
    deliver(order.merchant, "refund", refund_fields())
    before, rows = facts(), ledger_of(order.deal)
    assert inbox.replay(since=None, at=NOW) == inbox.Replay(seen=3, changed=0)
    call_command("replay_notices", since="2026-01-01")
    assert (facts(), ledger_of(order.deal)) == (before, rows)


def test_replay_applies_what_was_parked(order: ProviderOrder) -> None:
    send(order.merchant, "pay", fields_of(order))
    Notice.objects.update(state="parked")
    assert inbox.replay(since=NOW - timedelta(days=900), at=NOW) == inbox.Replay(seen=1, changed=1)
    assert standing_of(order.deal).paid == rub(30000)


# Real parallel connections


def in_parallel(times: int, call: Any) -> list[Any]:
    start = threading.Barrier(min(times, 16))

    def run(number: int) -> Any:
        try:
            if number < start.parties:
                start.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(start.parties) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_hundred_duplicates_at_once_are_one_notice_and_one_payment() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    given = fields_of(order)
    answers = in_parallel(100, lambda: code(send(order.merchant, "pay", given)))
    assert answers == [0] * 100
    assert Notice.objects.count() == 1
    in_parallel(4, lambda: inbox.apply_waiting(at=NOW, ignore_not_before=True))
    assert Payment.objects.count() == 1
    assert Receipt.objects.count() == 1
    assert OutboxRow.objects.filter(kind="note", key__startswith="payment:").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_payments_and_refunds_of_one_deal_at_once_end_in_one_sum() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal, amount="1000")
    for number in range(8):
        send(order.merchant, "pay", fields_of(order, TransactionId=f"p{number}"))
        send(
            order.merchant,
            "refund",
            refund_fields(payment=f"p{number}", amount="400.00", TransactionId=f"r{number}"),
        )
    for _ in range(3):
        in_parallel(4, lambda: inbox.apply_waiting(at=NOW, ignore_not_before=True))
        Notice.objects.filter(state="waiting").update(leased_until=None)
    assert standing_of(deal).paid == rub(8 * 600)
    assert not Notice.objects.exclude(state="done").exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_storing_waits_for_no_lock_of_the_deal() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        with transaction.atomic():
            ledger.lock(deal.pk)
            locked.set()
            done.wait(timeout=20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(timeout=20)
        assert code(send(order.merchant, "pay", fields_of(order))) == 0
        assert Notice.objects.count() == 1
    finally:
        done.set()
        holder.join()
