"""Money asked back: reserved at once, given back once, and nothing is lost when nobody answers."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import DatabaseError, connection, transaction

from billing import inbox, payments, provider_calls, refund_orders, refunds
from billing.api import timeline
from billing.models import Allocation, Event, ProviderCall, Receipt, Refund, RefundOrder
from billing.providers.base import (
    FollowedRefund,
    NotSent,
    Operation,
    OperationKind,
    OperationStatus,
    RefundState,
    Refused,
    Unknown,
)
from billing.providers.cloudpayments import CloudPayments
from billing.refund_orders import Demand
from crm.models import Deal, OutboxRow
from tests.billing.notices import code, refund_fields, send
from tests.billing.refunding import WHY, FakeShop, ask, paid_deal, pay_cash, shop_of, work
from tests.factories import NOW, rub, standing_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def events(deal: Deal) -> list[str]:
    kinds = ("refund", "refund_requested", "refund_failed")
    return list(Event.objects.filter(deal=deal, kind__in=kinds).order_by("id").values_list("kind", flat=True))


# Asking


def test_what_is_asked_back_is_reserved_but_not_yet_refunded(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    order = ask(payment, 12000)
    assert (order.state, order.method, refund_orders.left(payment)) == ("requested", "provider", rub(18000))
    assert standing_of(deal).refunded == 0
    call = ProviderCall.objects.get(kind="refund")
    assert (call.key, call.refund_order) == (f"refund:{order.pk}", order)
    assert not shop.asked


@pytest.mark.parametrize(("first", "second"), [(30000, "0.01"), (18000, 12001), (1, "29999.01")])
def test_no_two_requests_together_get_more_than_the_payment_has(
    shop: FakeShop, first: object, second: object
) -> None:
    _deal, [payment] = paid_deal(30000)
    ask(payment, first)
    with pytest.raises(refund_orders.AboveLeft):
        ask(payment, second)
    assert RefundOrder.objects.count() == 1
    assert ProviderCall.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize("amount", [0, -5, "0.001"])
def test_only_a_sum_above_zero_in_kopecks_is_asked_back(shop: FakeShop, amount: object) -> None:
    from decimal import Decimal

    _deal, [payment] = paid_deal(30000)
    demand = Demand(Decimal(str(amount)), WHY)
    with pytest.raises(payments.NotPositive):
        refund_orders.request(payment=payment, demand=demand, author="user:7", at=NOW)


def test_the_database_lets_nobody_reserve_more_than_there_is(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    ask(payment, 20000)

    def grab() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            RefundOrder.objects.create(
                payment=payment, amount=rub("10000.01"), method="cash", group="x", created_at=NOW
            )
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="asked back"):
        grab()


@pytest.mark.parametrize(
    "change", [{"amount": 1}, {"reason": "другая"}, {"state": "requested", "refund": None}]
)
def test_the_database_keeps_what_was_asked_and_how_it_ended(
    shop: FakeShop, change: dict[str, object]
) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    work()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RefundOrder.objects.filter(pk=order.pk).update(**change)


def test_a_payment_too_old_for_the_provider_is_paid_out_by_hand(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    late = NOW + timedelta(days=366)
    demand = Demand(rub(100), WHY, "provider")
    with pytest.raises(refund_orders.NotByProvider, match="365"):
        refund_orders.request(payment=payment, demand=demand, author="user:7", at=late)
    own_way = Demand(rub(100), WHY)
    order = refund_orders.request(payment=payment, demand=own_way, author="user:7", at=late)
    assert (order.method, order.merchant) == ("bank_transfer", None)


def test_a_shop_that_cannot_give_back_says_so_before_anything_is_reserved(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    shop.gives_back = False
    with pytest.raises(refund_orders.NotByProvider, match="Робокасса"):
        ask(payment, 100, "provider")
    assert ask(payment, 100).method == "bank_transfer"


@pytest.mark.parametrize(("came", "goes"), [("cash", "cash"), ("bank_transfer", "bank_transfer")])
def test_money_past_the_providers_goes_back_as_it_came(shop: FakeShop, came: str, goes: str) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000, came)
    with pytest.raises(refund_orders.NotByProvider):
        ask(payment, 100, "provider")
    assert ask(payment, 100).method == goes
    assert not ProviderCall.objects.filter(kind="refund").exists()
    note = OutboxRow.objects.filter(deal=deal, key__startswith="refund-order:").get()
    assert "100" in note.payload["text"]


# The provider gives back


def test_the_provider_confirms_and_everything_follows(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    order = ask(payment, 12000)
    work()
    [request] = shop.asked
    assert (request.payment_external_id, request.amount) == (payment.external_id, rub(12000))
    assert request.request_id == f"refund:{order.pk}"
    order.refresh_from_db()
    refund = Refund.objects.get()
    assert (order.state, order.refund, order.external_id) == ("done", refund, "r1")
    assert (refund.amount, refund.author, refund.reason, refund.external_id) == (
        rub(12000),
        "user:7",
        WHY,
        "r1",
    )
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.refunded) == (rub(18000), rub(72000), rub(12000))
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.content["lines"][0]["amount"]) == ("planned", "12000.00")
    assert events(deal) == ["refund_requested", "refund"]
    assert (
        not ProviderCall.objects.filter(kind__in=("refund", "follow_refund")).exclude(state="done").exists()
    )


def test_a_notice_before_the_answer_and_one_after_it_are_the_same_refund(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Unknown("ReadTimeout", call="payments/refund"), "3171000777"]
    work()
    for _ in range(2):
        refunds.noticed(
            merchant=shop_of(payment),
            payment_external_id=payment.external_id,
            external_id="3171000777",
            amount=rub(10000),
            refunded_at=NOW,
            at=NOW,
        )
    work(5)
    order.refresh_from_db()
    assert (order.state, order.external_id, Refund.objects.count()) == ("done", "3171000777", 1)
    assert standing_of(deal).refunded == rub(10000)


def test_a_refund_of_the_cabinet_that_looks_like_ours_leaves_both_in_the_books(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Unknown("ReadTimeout", call="payments/refund"), "ours"]
    provider_calls.deliver(at=NOW)
    refunds.noticed(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id="cabinet",
        amount=rub(10000),
        refunded_at=NOW,
        at=NOW,
    )
    refund_orders.sent(order=order, external_id="ours", at=NOW)
    assert set(Refund.objects.values_list("external_id", flat=True)) == {"cabinet", "ours"}
    assert standing_of(deal).refunded == rub(20000)


def test_the_notice_of_a_whole_refund_counts_although_the_order_reserves_all_of_it(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    ask(payment, 30000)
    told = {"merchant": shop_of(payment), "payment_external_id": payment.external_id, "refunded_at": NOW}
    refund = refunds.noticed(**told, external_id="cabinet", amount=rub(30000), at=NOW)  # type: ignore[arg-type]
    assert refund is not None
    assert standing_of(deal).refunded == rub(30000)
    order = RefundOrder.objects.get()
    assert (order.state, order.error) == ("failed", "деньги вернулись другим путём")
    work()
    assert not shop.asked


def test_what_the_provider_confirms_beyond_the_payment_is_a_persons(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment, 30000)
    shop.states = [FollowedRefund(state=RefundState.PROCESSING, amount=rub(30000))]
    work(times=1)
    refunds.charged_back(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id="cb-1",
        amount=rub(30000),
        charged_at=NOW,
        author="system",
        at=NOW,
    )
    work(5)
    order.refresh_from_db()
    assert (order.state, bool(order.error), Refund.objects.count()) == ("sent", True, 1)
    assert ProviderCall.objects.get(kind="follow_refund").state == "parked"
    refund_orders.found_not_made(order=order, author="staff:anna", at=NOW)


def test_the_notice_through_the_door_ends_our_order(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Unknown("ReadTimeout", call="payments/refund")]
    provider_calls.deliver(at=NOW)
    real = mock.patch(
        "billing.providers.of", lambda merchant: CloudPayments(merchant, url="http://127.0.0.1:9")
    )
    with real:
        assert code(send(shop_of(payment), "refund", refund_fields(payment=payment.external_id))) == 0
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    order.refresh_from_db()
    assert (order.state, order.refund) == ("done", Refund.objects.get())


def test_a_lost_answer_is_repeated_under_the_same_key(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Unknown("HTTP 500", call="payments/refund"), Unknown("HTTP 500", call="payments/refund")]
    for minutes in (0, 1, 5):
        work(minutes)
    assert {request.request_id for request in shop.asked} == {f"refund:{order.pk}"}
    assert (len(shop.asked), Refund.objects.count()) == (3, 1)


def made_there(amount: object = 10000, external_id: str = "777") -> Operation:
    return Operation(
        external_id=external_id,
        kind=OperationKind.REFUND,
        status=OperationStatus.COMPLETED,
        amount=rub(amount),
        currency="RUB",
        created_at=NOW,
        payment_external_id="501",
    )


def test_after_the_keys_life_the_provider_is_asked_before_anything_is_repeated(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Unknown("HTTP 500", call="payments/refund")]
    work(times=1)
    shop.made = [made_there(500, "other"), made_there()]
    work(60)
    order.refresh_from_db()
    assert (len(shop.asked), order.state, order.external_id) == (1, "done", "777")


def test_what_was_surely_not_made_is_asked_for_again_under_a_new_key(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    ask(payment)
    shop.answers = [Unknown("HTTP 500", call="payments/refund")]
    work(times=1)
    work(60)
    assert len({request.request_id for request in shop.asked}) == 2
    assert Refund.objects.count() == 1


def test_a_refusal_frees_the_sum_and_tells_the_manager(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [Refused("Недостаточно средств", call="payments/refund", status=200)]
    work()
    order.refresh_from_db()
    assert (order.state, order.error, refund_orders.left(payment)) == (
        "failed",
        "Недостаточно средств",
        rub(30000),
    )
    assert events(deal) == ["refund_requested", "refund_failed"]
    assert not Refund.objects.exists()
    assert ProviderCall.objects.get(kind="refund").state == "done"


def test_a_provider_that_was_never_reached_is_asked_for_days(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = [NotSent("no connection", call="payments/refund")] * 4
    for hour in range(6):
        work(60 * hour)
    assert {request.request_id for request in shop.asked} == {f"refund:{order.pk}"}
    assert Refund.objects.count() == 1


def test_a_killed_worker_between_answer_and_commit_gives_back_once(shop: FakeShop) -> None:
    _deal, [payment] = paid_deal(30000)
    order = ask(payment)
    shop.answers = ["r1", "r1"]
    with (
        mock.patch("billing.refund_orders.sent", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        provider_calls.deliver(at=NOW)
    work(1)
    assert [request.request_id for request in shop.asked] == [f"refund:{order.pk}"] * 2
    assert Refund.objects.get().external_id == "r1"


# Chargebacks and words


def test_a_chargeback_opens_the_debt_again_and_waits_for_the_accountants_word(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(90000)
    assert standing_of(deal).debt == 0
    for _ in range(2):
        refunds.charged_back(
            merchant=shop_of(payment),
            payment_external_id=payment.external_id,
            external_id="cb-1",
            amount=rub(90000),
            charged_at=NOW,
            author="system",
            at=NOW,
        )
    refund = Refund.objects.get()
    assert (refund.chargeback, standing_of(deal).debt) == (True, rub(90000))
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("missing", "chargeback")
    assert Event.objects.filter(deal=deal, kind="chargeback").count() == 1


def test_every_step_is_told_in_words(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(30000)
    ask(payment, 12000)
    work()
    texts = [
        line["text"]
        for line in timeline.of(deal, names={7: "Анна", 8100002: "Олег"})
        if line["what"].startswith("refund")
    ]
    assert [text.partition("12")[0].strip() for text in texts] == ["Запрошен возврат", "Возврат"]
    assert all(WHY in text for text in texts)


def test_allocations_come_back_newest_first_when_the_provider_confirms(shop: FakeShop) -> None:
    deal, [payment] = paid_deal(50000)
    ask(payment, 25000)
    work()
    rows = {row.number: row.paid for row in deal.schedule.installments.with_paid()}
    assert rows == {1: rub(25000), 2: rub(0), 3: rub(0)}
    assert Allocation.objects.filter(amount__lt=0).count() == 2
