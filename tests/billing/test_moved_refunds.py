"""Money that was carried to another deal goes back from there, by the shop that took it."""

import pytest

from billing import moves, refunds
from billing.models import Payment, Receipt, Refund
from crm.models import Deal
from tests.billing.refunding import FakeShop, ask, paid_deal, shop_of, work
from tests.billing.test_guards import refused
from tests.factories import NOW, make_deal, make_legal_entity, make_merchant, make_schedule, rub, standing_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]


def carried(times: int = 1) -> tuple[Payment, list[Deal], Payment]:
    """30 000 by card, 20 000 of it carried on from deal to deal; the payment, the deals, where it lies."""
    first, [payment] = paid_deal(30000)
    deals, here = [first], payment
    for _step in range(times):
        deals.append(make_deal(first.account))
        make_schedule(deals[-1], total="60000", count=2)
        here = moves.move(payment=here, to=deals[-1], amount=rub(20000), reason="x", author="u", at=NOW)
    return payment, deals, here


@pytest.mark.parametrize("times", [1, 2])
def test_the_shop_gives_back_what_lies_in_another_deal(shop: FakeShop, times: int) -> None:
    payment, deals, target = carried(times)
    order = ask(target, 5000)
    work()
    order.refresh_from_db()
    refund = Refund.objects.get()
    assert (order.state, order.refund, refund.payment) == ("done", refund, target)
    assert (refund.merchant, shop.asked[0].payment_external_id) == (payment.merchant, payment.external_id)
    assert standing_of(deals[-1]).paid == rub(15000)
    assert standing_of(deals[0]).paid == rub(10000)
    back = Receipt.objects.get(kind="refund")
    assert (back.payment, back.content["paid"]) == (target, {"electronic": "5000.00"})


@pytest.mark.parametrize("times", [1, 2])
def test_a_notice_of_the_cabinet_finds_the_money_where_it_was_carried(times: int) -> None:
    payment, deals, target = carried(times)
    told = refunds.noticed(
        merchant=shop_of(payment),
        payment_external_id=payment.external_id,
        external_id="cabinet",
        amount=rub(20000),
        refunded_at=NOW,
        at=NOW,
    )
    assert told is not None
    assert told.payment == target
    assert (standing_of(deals[0]).paid, standing_of(deals[-1]).paid) == (rub(10000), 0)


def test_the_database_knows_whose_shop_took_money_that_was_carried() -> None:
    _payment, _deals, target = carried(2)
    entity = make_legal_entity()
    stranger = make_merchant(entity, key="stranger")
    refund = (
        "INSERT INTO billing_refund (payment_id, merchant_id, amount, external_id, refunded_at, recorded_at,"
        " author, reason, chargeback) VALUES (%s, %s, 1, 'r', now(), now(), '', '', false)"
    )
    assert refused(refund, [target.pk, stranger.pk]) == "refund_by_the_payments_merchant"
