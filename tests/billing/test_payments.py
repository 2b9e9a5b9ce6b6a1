"""Money comes and goes back: recorded once, allocated oldest due first, never refused."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing import payments, refunds
from billing.api import timeline
from billing.models import Allocation, Event, MerchantAccount, Payment, ProviderOrder, Receipt
from billing.payments import Offline
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


def offline(paid_on: date = TODAY, method: str = "cash") -> Offline:
    return Offline(paid_on=paid_on, method=method, payer={}, comment="", receipt=None)


def receive(
    order: ProviderOrder | None,
    amount: object,
    external_id: str = "501",
    merchant: MerchantAccount | None = None,
) -> Payment:
    owner = merchant or (order.merchant if order else None)
    assert owner is not None
    return payments.receive(
        merchant=owner,
        external_id=external_id,
        amount=rub(amount),
        currency="RUB",
        received_at=datetime(2026, 11, 22, 8, 59, tzinfo=UTC),
        method="card",
        order=order,
        at=NOW,
    )


def refund(payment: Payment, amount: object, external_id: str = "r1") -> object:
    assert payment.merchant is not None
    return refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id=external_id,
        amount=rub(amount),
        refunded_at=NOW,
        at=NOW,
    )


def paid_deal(total: object = 90000, count: int = 3) -> tuple[Deal, ProviderOrder]:
    deal = make_deal()
    make_schedule(deal, total=total, count=count)
    return deal, make_order(deal)


def test_a_payment_covers_the_oldest_rows_and_tells_everybody_once() -> None:
    deal, order = paid_deal()
    receive(order, 40000)
    standing = standing_of(deal)
    assert [(row.paid, row.state) for row in standing.rows] == [
        (rub(30000), "paid"),
        (rub(10000), "partially_paid"),
        (0, "planned"),
    ]
    assert (standing.paid, standing.debt, standing.credit) == (rub(40000), rub(50000), 0)
    assert OutboxRow.objects.filter(deal=deal, key__startswith="payment:").count() == 1
    assert Receipt.objects.filter(payment__deal=deal, kind="income").count() == 1
    assert Event.objects.filter(deal=deal, kind="payment_received").count() == 1
    assert ProviderOrder.objects.get(id=order.id).state == "paid"


def test_a_second_notice_of_the_same_payment_changes_nothing() -> None:
    _, order = paid_deal()
    first = receive(order, 30000)
    counts = [model.objects.count() for model in (Allocation, Receipt, OutboxRow, Event)]
    assert receive(order, 30000) == first
    assert [model.objects.count() for model in (Allocation, Receipt, OutboxRow, Event)] == counts


def test_the_full_debt_completes_the_deal_at_its_pipelines_stage() -> None:
    deal, order = paid_deal()
    receive(order, 90000)
    stage = OutboxRow.objects.get(deal=deal, kind="stage")
    assert stage.payload["status_id"] == 142
    assert standing_of(deal).state == "paid"


def test_money_above_the_debt_is_credit_and_never_lost() -> None:
    deal, order = paid_deal()
    receive(order, 100000)
    standing = standing_of(deal)
    assert (standing.paid, standing.credit, standing.debt) == (rub(90000), rub(10000), 0)


def test_a_payment_without_an_order_is_recorded_as_unplaced() -> None:
    _, order = paid_deal()
    payment = receive(None, 777, merchant=order.merchant)
    assert payment.deal is None
    assert not Allocation.objects.exists()


def test_another_currency_is_recorded_not_counted_and_told_to_the_manager_once() -> None:
    deal, order = paid_deal()
    for _ in range(2):
        payments.receive(
            merchant=order.merchant,
            external_id="usd",
            amount=rub(500),
            currency="USD",
            received_at=NOW,
            method="card",
            order=order,
            at=NOW,
        )
    assert standing_of(deal).received == 0
    payment = Payment.objects.get(external_id="usd")
    assert payment.counted is False
    note = OutboxRow.objects.get(deal=deal, key=f"payment:{payment.pk}")
    assert "500.00 USD" in note.payload["text"]
    assert "не учтены" in note.payload["text"]
    assert Event.objects.get(deal=deal, kind="payment_uncounted").data["money"] == "500.00 USD"
    (line,) = [
        each for each in timeline.of(deal, names=defaultdict(str)) if each["what"] == "payment_uncounted"
    ]
    assert line["text"] == "Пришли деньги в другой валюте, не учтены: 500.00 USD"
    assert not Event.objects.filter(deal=deal, kind="payment_received").exists()


def test_money_comes_before_any_schedule_too() -> None:
    deal = make_deal(price=rub(50000))
    receive(make_order(deal), 60000)
    standing = standing_of(deal)
    assert (standing.state, standing.paid, standing.credit) == ("no_schedule", rub(50000), rub(10000))


def test_a_refund_takes_the_newest_allocations_and_reopens_the_rows() -> None:
    deal, order = paid_deal()
    payment = receive(order, 50000)
    refund(payment, 30000)
    standing = standing_of(deal)
    assert [row.paid for row in standing.rows] == [rub(20000), 0, 0]
    assert (standing.received, standing.refunded, standing.paid, standing.credit) == (
        rub(50000),
        rub(30000),
        rub(20000),
        0,
    )


def test_a_refund_takes_unallocated_money_first() -> None:
    deal, order = paid_deal()
    payment = receive(order, 100000)
    refund(payment, 10000)
    assert (standing_of(deal).paid, standing_of(deal).credit) == (rub(90000), 0)


def test_other_credit_flows_into_the_rows_that_a_refund_reopened() -> None:
    deal, order = paid_deal()
    first = receive(order, 90000)
    receive(make_order(deal, purpose="full"), 20000, external_id="502")
    refund(first, 30000)
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.credit) == (rub(80000), rub(10000), 0)


def test_a_refund_notice_twice_is_one_refund_and_too_much_is_none() -> None:
    _, order = paid_deal()
    payment = receive(order, 30000)
    assert refund(payment, 10000) == refund(payment, 10000)
    assert refund(payment, "20000.01", external_id="r2") is None
    assert payment.refunds.count() == 1


def test_an_offline_payment_is_dated_by_the_day_that_was_named() -> None:
    deal = make_deal()
    make_schedule(deal)
    payment = payments.receive_offline(
        deal=deal, amount=rub(1000), offline=offline(date(2026, 11, 20)), author="user:1", at=NOW
    )
    assert deal.local_day(payment.received_at) == date(2026, 11, 20)
    assert payment.recorded_at == NOW


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        *((amount, payments.NotPositive) for amount in ("0", "-1", "0.001", "NaN")),
        ("100000000.01", payments.TooBig),
    ],
)
def test_impossible_sums_are_refused(amount: str, refusal: type[Exception]) -> None:
    deal = make_deal()
    with pytest.raises(refusal):
        payments.receive_offline(
            deal=deal, amount=Decimal(amount), offline=offline(), author="user:1", at=NOW
        )
    assert not Payment.objects.exists()


def test_money_cannot_have_come_tomorrow() -> None:
    deal = make_deal()
    with pytest.raises(payments.InTheFuture):
        payments.receive_offline(
            deal=deal, amount=rub(1), offline=offline(date(2026, 11, 23)), author="user:1", at=NOW
        )


def test_full_payment_takes_the_whole_debt_and_a_second_click_owes_nothing() -> None:
    deal = make_deal()
    make_schedule(deal)
    payments.receive_full(deal=deal, expected=rub(90000), offline=offline(), author="user:1", at=NOW)
    assert standing_of(deal).debt == 0
    with pytest.raises(payments.NothingOwed):
        payments.receive_full(deal=deal, expected=None, offline=offline(), author="user:1", at=NOW)
    assert Payment.objects.count() == 1


def test_full_payment_of_another_debt_than_expected_records_nothing() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(payments.DebtDiffers):
        payments.receive_full(deal=deal, expected=rub(1), offline=offline(), author="user:1", at=NOW)
    assert not Payment.objects.exists()


def test_an_open_order_whose_sum_is_no_longer_owed_is_replaced() -> None:
    deal, order = paid_deal()
    other = make_order(deal, purpose="full", amount=90000)
    receive(order, 30000)
    assert ProviderOrder.objects.get(id=other.id).state == "superseded"


def test_money_of_today_stands_behind_what_the_payer_did_before() -> None:
    """Cash in the afternoon answers the card that was refused at two, though nobody names the hour."""
    deal = make_deal()
    make_schedule(deal)
    evening = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    today, before = (
        payments.receive_offline(
            deal=deal, amount=rub(100), offline=offline(day), author="user:1", at=evening
        )
        for day in (TODAY, date(2026, 11, 20))
    )
    assert today.received_at == evening
    assert before.received_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
