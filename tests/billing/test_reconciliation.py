"""A provider's day against the books: what is safe heals itself, the rest is a list with reasons."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from billing import reconciliation, registry_watch
from billing.models import (
    AccountPolicy,
    Difference,
    MerchantAccount,
    Notice,
    Payment,
    ProviderOrder,
    Receipt,
    Reconciliation,
    Refund,
    RefundOrder,
)
from billing.providers.base import (
    Chargeback,
    Operation,
    OperationKind,
    OperationStatus,
    Unknown,
    Unsupported,
)
from crm.models import Deal
from tests.billing.refunding import FakeShop, paid_deal, shop_of
from tests.factories import NOW, make_order, rub, standing_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 11)
AT = datetime(2026, 11, 11, 9, tzinfo=UTC)


class Registry(FakeShop):
    """A shop with a registry of the test's choice."""

    rows: list[Operation]
    disputes: list[Chargeback]
    down: bool

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.disputes, self.down = [], [], False

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        if self.down:
            raise Unknown("ReadTimeout", call="v2/payments/list")
        return list(self.rows)

    def chargebacks(self, *, day: date, timeout: float) -> list[Chargeback]:
        return self.disputes

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        return None

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        return next((row for row in self.rows if row.order_number == order_number), None)


class Asked(Registry):
    """A shop without a registry, as Robokassa."""

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        raise Unsupported(self.name, "registry")


@pytest.fixture
def there() -> Iterator[Registry]:
    fake = Registry()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def row(external_id: str = "501", amount: object = 30000, **values: Any) -> Operation:
    usual: dict[str, Any] = {
        "kind": OperationKind.PAYMENT,
        "status": OperationStatus.COMPLETED,
        "currency": "RUB",
        "created_at": AT,
        "completed_at": AT,
    }
    return Operation(external_id=external_id, amount=rub(amount), **usual | values)


def run(merchant: MerchantAccount | None = None) -> Reconciliation:
    # Only differences of money: receipts have their own test.
    Receipt.objects.filter(kind="income").update(state="registered")
    return reconciliation.run(merchant=merchant or MerchantAccount.objects.get(), day=DAY, at=NOW)


def found() -> list[tuple[str, str, str]]:
    rows = Difference.objects.filter(state="open").order_by("kind", "external_id")
    return list(rows.values_list("kind", "external_id", "reason"))


def order_of(deal: Deal, amount: object = 30000) -> ProviderOrder:
    return make_order(deal, amount=amount, opened_at=AT, state="open")


def test_a_day_that_agrees_has_no_difference(there: Registry) -> None:
    paid_deal(30000)
    there.rows = [row()]
    done = run()
    assert (done.rows, done.healed, done.found, found()) == (1, 0, 0, [])


def test_a_lost_notice_comes_in_through_the_inbox_once(there: Registry) -> None:
    deal, _none = paid_deal()
    order = order_of(deal)
    there.rows = [row("900", order_number=order.number)]
    done = run()
    assert (done.healed, done.found) == (1, 0)
    payment = Payment.objects.get()
    assert (payment.external_id, payment.order, payment.received_at) == ("900", order, AT)
    assert standing_of(deal).paid == rub(30000)
    run()
    assert (Payment.objects.count(), Notice.objects.count(), found()) == (1, 1, [])


def test_a_lost_refund_comes_in_too(there: Registry) -> None:
    deal, _paid = paid_deal(30000)
    there.rows = [row(), row("777", 5000, kind=OperationKind.REFUND, payment_external_id="501")]
    done = run()
    assert (done.healed, found()) == (1, [])
    assert (Refund.objects.get().external_id, standing_of(deal).refunded) == ("777", rub(5000))


def test_a_chargeback_is_recorded_and_its_fee_and_return_wait_for_a_person(there: Registry) -> None:
    deal, _paid = paid_deal(30000)
    there.rows = [row()]
    given: dict[str, Any] = {"payment_external_id": "501", "currency": "RUB", "at": AT}
    there.disputes = [
        Chargeback(external_id="1", amount=rub(30000), is_fee=False, returned=False, **given),
        Chargeback(external_id="2", amount=rub(1500), is_fee=True, returned=False, **given),
        Chargeback(external_id="3", amount=rub(30000), is_fee=False, returned=True, **given),
    ]
    for _ in range(2):
        run()
    refund = Refund.objects.get()
    assert (refund.chargeback, standing_of(deal).refunded) == (True, rub(30000))
    assert found() == [
        ("chargeback", "chargeback-2", "chargeback_fee"),
        ("chargeback", "chargeback-3", "chargeback_returned"),
        ("receipt", f"receipt:{Receipt.objects.get(kind='refund').pk}", "chargeback"),
    ]


@pytest.mark.parametrize(
    ("told", "difference"),
    [
        ([row(amount="30000.01")], ("amount", "501", "amount_differs")),
        ([row(currency="USD")], ("amount", "501", "amount_differs")),
        ([row(status=OperationStatus.CANCELLED)], ("status", "501", "there_cancelled")),
        ([row(status=OperationStatus.DECLINED)], ("status", "501", "there_declined")),
        ([], ("missing_there", "501", "payment_unknown_there")),
        (
            [row(), row("777", 40000, kind=OperationKind.REFUND, payment_external_id="501")],
            ("refund", "777", "refund_unknown_here"),
        ),
    ],
)
def test_what_no_program_may_decide_is_on_the_list(
    there: Registry, told: list[Operation], difference: tuple[str, str, str]
) -> None:
    deal, _paid = paid_deal(30000)
    there.rows = told
    for _ in range(2):
        run()
    assert found() == [difference]
    assert Difference.objects.count() == 1
    assert standing_of(deal).paid == rub(30000)


def test_money_of_nobody_is_recorded_and_printed(there: Registry) -> None:
    paid_deal()
    there.rows = [row("900", order_number="UNKNOWN-1")]
    run()
    assert Payment.objects.get().deal is None
    assert ("status", "900", "unplaced") in found()


def test_another_programs_sale_and_a_test_payment_are_no_difference(there: Registry) -> None:
    paid_deal()
    MerchantAccount.objects.update(other_orders="accept")
    there.rows = [row("900", order_number="THEIRS-1"), row("901", test=True), row("902", order_number="T2")]
    run()
    run()
    assert (found(), Payment.objects.count()) == ([], 0)


def test_a_difference_that_is_gone_heals_and_one_that_comes_back_opens_again(there: Registry) -> None:
    paid_deal(30000)
    for told, state in (([], "open"), ([row()], "healed"), ([], "open")):
        there.rows = told
        run()
        assert Difference.objects.get().state == state


def test_what_a_person_settled_stays_settled(there: Registry) -> None:
    paid_deal(30000)
    run()
    difference = Difference.objects.get()
    given: dict[str, Any] = {"comment": "возврат по письму", "author": "staff:anna", "at": NOW}
    reconciliation.settle(difference=difference, **given)
    run()
    difference.refresh_from_db()
    assert (difference.state, difference.comment, difference.closed_by) == (
        "settled",
        "возврат по письму",
        "staff:anna",
    )
    with pytest.raises(reconciliation.AlreadyClosed):
        reconciliation.settle(difference=difference, **given)


def test_money_without_a_receipt_is_a_difference_of_its_day(there: Registry) -> None:
    _deal, [payment] = paid_deal(30000)
    there.rows = [row()]
    Receipt.objects.update(state="failed", reason="ФН переполнен")
    reconciliation.run(merchant=shop_of(payment), day=DAY, at=NOW)
    assert [(kind, reason) for kind, _id, reason in found()] == [("receipt", "ФН переполнен")]
    Receipt.objects.update(state="registered", reason="")
    reconciliation.run(merchant=shop_of(payment), day=DAY, at=NOW)
    assert found() == []


def test_a_refund_that_nobody_confirms_for_a_day_is_on_the_list(there: Registry) -> None:
    _deal, [payment] = paid_deal(30000)
    there.rows = [row()]
    order = RefundOrder.objects.create(
        payment=payment,
        merchant=shop_of(payment),
        method="provider",
        amount=rub(100),
        state="sent",
        group="g",
        created_at=NOW - timedelta(days=2),
    )
    run()
    assert found() == [("refund", f"order:{order.pk}", "refund_not_confirmed")]


def test_before_the_business_begins_nothing_is_a_difference(there: Registry) -> None:
    paid_deal(30000)
    AccountPolicy.objects.update(starts_on=DAY + timedelta(days=1))
    run()
    assert found() == []


def test_a_silent_provider_is_asked_again_and_changes_nothing(there: Registry) -> None:
    paid_deal(30000)
    there.down = True
    assert "ReadTimeout" in run().error
    assert not Difference.objects.exists()
    at = datetime(2026, 11, 12, 2, tzinfo=UTC)
    assert reconciliation.request_yesterday(at=at) == 1
    there.down, there.rows = False, [row()]
    assert reconciliation.perform(at=NOW) == 1
    assert reconciliation.request_yesterday(at=at) == 0


def test_a_day_in_one_workers_hands_is_left_to_it_until_it_is_surely_dead(there: Registry) -> None:
    _deal, [payment] = paid_deal(30000)
    there.rows = [row()]
    asked = reconciliation.request(merchant=shop_of(payment), day=DAY, at=NOW)
    Reconciliation.objects.filter(pk=asked.pk).update(taken_at=NOW)
    assert reconciliation.perform(at=NOW + timedelta(minutes=10)) == 0
    assert reconciliation.perform(at=NOW + timedelta(minutes=31)) == 1
    assert reconciliation.perform(at=NOW + timedelta(minutes=90)) == 0


# Without a registry


def test_a_shop_without_a_registry_is_asked_about_our_own_orders_and_payments() -> None:
    deal, _paid = paid_deal(30000)
    order = order_of(deal, 20000)
    fake = Asked()
    fake.rows = [row(order.number, 20000, order_number=order.number)]
    with mock.patch("billing.providers.of", return_value=fake):
        run()
    assert Payment.objects.filter(order=order).count() == 1
    assert found() == [("missing_there", "501", "payment_unknown_there")]


# Young orders


def test_money_of_a_young_order_is_found_within_minutes_and_counts_once(there: Registry) -> None:
    deal, _none = paid_deal()
    order = order_of(deal)
    there.rows = [row("900", order_number=order.number)]
    at = AT + timedelta(minutes=4)
    assert registry_watch.run(at=at) == 1
    Notice.objects.update(not_before=at)
    from billing import inbox

    inbox.apply_waiting(at=at)
    assert standing_of(deal).paid == rub(30000)
    assert registry_watch.run(at=at) == 0


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0.5, {}), (4, {"status": OperationStatus.DECLINED}), (4, {"order_number": "OTHER"}), (60 * 25, {})],
)
def test_the_watch_leaves_alone_what_is_not_lost(there: Registry, minutes: float, told: Any) -> None:
    deal, _none = paid_deal()
    order = order_of(deal)
    there.rows = [row("900", **({"order_number": order.number} | told))]
    assert registry_watch.run(at=AT + timedelta(minutes=minutes)) == 0
    assert not Notice.objects.exists()


# The command


def test_the_command_prints_every_difference(there: Registry) -> None:
    _deal, [payment] = paid_deal(30000)
    Receipt.objects.update(state="registered")
    out = StringIO()
    there.rows = [row(amount=Decimal("1"))]
    call_command("reconcile", merchant=shop_of(payment).key, day=DAY, stdout=out)
    assert "amount 501 amount_differs" in out.getvalue()
    assert "1 rows there, 0 healed, 1 differences" in out.getvalue()


def test_the_command_fails_loudly_without_an_answer_and_for_an_unknown_shop(there: Registry) -> None:
    _deal, [payment] = paid_deal(30000)
    there.down = True
    with pytest.raises(CommandError, match="did not answer"):
        call_command("reconcile", merchant=shop_of(payment).key, day=DAY)
    with pytest.raises(CommandError, match="no merchant account"):
        call_command("reconcile", merchant="nobody", day=DAY)
