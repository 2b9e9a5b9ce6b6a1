"""Two people, two connections, one payment: what is asked back never exceeds what there is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from billing import acts, moves, refund_orders, refunds, service_rendered
from billing.models import AccountPolicy, Move, Offset, Payment, Refund, RefundOrder, Rendering
from billing.refund_orders import Demand
from crm.models import Deal
from tests.billing.refunding import paid_deal, pay_cash, shop_of
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub, standing_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at once, each on a connection of its own; an error stands for its result."""
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def go(place: int) -> None:
        try:
            start.wait()
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def asking(payment: Payment, amount: object) -> Callable[[], Any]:
    def act() -> Any:
        demand = Demand(rub(amount), "x")
        return refund_orders.request(payment=payment, demand=demand, author="user:7", at=NOW)

    return act


@pytest.mark.parametrize("sums", [(20000, 20000), (30000, 1), (10000, 10000, 10000, 10000)])
def test_requests_at_once_never_reserve_more_than_the_payment(sums: tuple[int, ...]) -> None:
    _deal, [payment] = paid_deal(30000)
    results = together(*(asking(payment, amount) for amount in sums))
    reserved = RefundOrder.objects.aggregate(sum=Sum("amount"))["sum"]
    refused = [result for result in results if isinstance(result, refund_orders.AboveLeft)]
    assert reserved <= rub(30000)
    assert len(refused) == len(sums) - RefundOrder.objects.count() >= 1


def test_a_request_of_the_deal_and_one_of_its_payment_share_what_there_is() -> None:
    deal, [first, _second] = paid_deal(30000, 20000)

    def whole() -> Any:
        demand = Demand(rub(50000), "x")
        return refund_orders.request_of_deal(deal=deal, demand=demand, author="user:7", at=NOW)

    together(whole, asking(first, 30000))
    assert RefundOrder.objects.aggregate(sum=Sum("amount"))["sum"] in (rub(50000), rub(30000))


def test_the_same_refund_told_by_answer_and_notice_at_once_is_one() -> None:
    deal, [payment] = paid_deal(30000)
    order = asking(payment, 10000)()
    refund_orders.sent(order=order, external_id="r1", at=NOW)
    order = RefundOrder.objects.get()

    def notice() -> Any:
        return refunds.noticed(
            merchant=shop_of(payment),
            payment_external_id=payment.external_id,
            external_id="r1",
            amount=rub(10000),
            refunded_at=NOW,
            at=NOW,
        )

    results = together(notice, notice, lambda: refund_orders.done(order=order, done_at=NOW, at=NOW), notice)
    assert {result.pk for result in results} == {Refund.objects.get().pk}
    assert RefundOrder.objects.get().refund == Refund.objects.get()
    assert standing_of(deal).refunded == rub(10000)


def test_two_accountants_pay_one_order_out_once() -> None:
    deal, _none = paid_deal()
    order = asking(pay_cash(deal, 5000), 5000)()

    def pay() -> Any:
        return refund_orders.pay_out(
            order=order, paid_on=TODAY, document="", choice=None, author="staff", at=NOW
        )

    results = together(pay, pay, pay)
    assert sum(isinstance(result, refund_orders.AlreadyClosed) for result in results) == 2
    assert Refund.objects.count() == 1


def test_money_that_is_asked_back_is_not_moved_away_meanwhile() -> None:
    deal, [payment] = paid_deal(30000)
    other = make_deal(deal.account)
    make_schedule(other)

    def move() -> Any:
        return moves.move(payment=payment, to=other, amount=rub(30000), reason="x", author="user:7", at=NOW)

    together(asking(payment, 30000), move)
    reserved = RefundOrder.objects.aggregate(sum=Sum("amount"))["sum"] or 0
    moved = Move.objects.aggregate(sum=Sum("amount"))["sum"] or 0
    assert reserved + moved == rub(30000)


def test_a_service_rendered_twice_at_once_closes_no_kopeck_twice() -> None:
    deal, _payments = paid_deal(30000, 30000)

    def render() -> Any:
        return service_rendered.render(
            deal=Deal.objects.get(pk=deal.pk), on=TODAY, amount=rub(50000), author="user:7", at=NOW
        )

    together(render, render)
    assert Rendering.objects.count() == 1
    assert Offset.objects.aggregate(sum=Sum("amount"))["sum"] == rub(50000)


def test_an_act_that_two_people_mark_at_once_renders_once() -> None:
    deal, _paid = paid_deal(30000)
    AccountPolicy.objects.filter(account=deal.account).update(rendered={"by": "act", "from": "2026-11-01"})
    act = acts.make(deal=deal, on=None, amount=None, author="user:7", at=NOW)

    def accept() -> Any:
        return acts.accept(act=act, accepted_on=TODAY, author="user:7", at=NOW)

    first, second = together(accept, accept)
    assert first == second == Rendering.objects.get()
    assert Offset.objects.count() == 1


def test_an_act_is_signed_or_void_and_never_both() -> None:
    deal, _paid = paid_deal(30000)
    AccountPolicy.objects.filter(account=deal.account).update(rendered={"by": "act", "from": "2026-11-01"})
    act = acts.make(deal=deal, on=None, amount=None, author="user:7", at=NOW)

    def accept() -> Any:
        return acts.accept(act=act, accepted_on=TODAY, author="user:7", at=NOW)

    def void() -> Any:
        return acts.void(act=act, reason="x", author="user:8", at=NOW)

    results = together(accept, void)
    assert sum(isinstance(one, acts.Refused) for one in results) == 1
    act.refresh_from_db()
    assert (act.state == "accepted") == Rendering.objects.exists()
