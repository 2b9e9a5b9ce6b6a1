"""The registry says of each receipt what stands in it, and of each refund how the money went back."""

from datetime import date
from unittest import mock

import pytest

from billing import refund_orders
from billing.models import ReceiptPolicy, RefundOrder
from crm.models import Account, Deal
from tests.analytics import asking
from tests.billing.refunding import FakeShop, ask, paid_deal, pay, pay_cash, work
from tests.billing.rendered import vat
from tests.billing.test_moved_refunds import carried
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db


def told(deal: Deal, operation: str, *names: str) -> list[tuple[object, ...]]:
    """These columns of the rows of one operation, in the order of the workbook."""
    book = asking.workbook(Account.objects.get(pk=deal.account_id), report="registry")
    columns = [asking.column(book, name) for name in ("Операция", *names)]
    return [row[1:] for row in zip(*columns, strict=True) if row[0] == operation]


def test_each_line_of_a_receipt_has_its_rate_and_its_method_in_words() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat5")
    entity = deal.account.policy.legal_entity
    assert entity is not None
    ReceiptPolicy.objects.create(
        legal_entity=entity, valid_from=date(2026, 1, 1), scheme="credit", decided_by="П", decided_on=TODAY
    )
    pay(deal, 30000, 1)
    pay(deal, 80000, 2)
    assert sorted(told(deal, "Оплата", "Сумма", "Ставка НДС", "Признак способа расчёта")) == [
        (30000, "5 %", "Частичный расчёт и кредит"),
        (80000, "Без НДС; 5/105", "Оплата кредита; Аванс"),
    ]


def test_a_refund_stands_where_its_money_went() -> None:
    deal, [card] = paid_deal(30000)
    entered = pay_cash(deal, 20000, "card_terminal")
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(card, 10000)
        work()
        for payment in (card, entered):
            order: RefundOrder = ask(payment, 5000, "cash")
            refund_orders.pay_out(
                order=order, paid_on=TODAY, document="РКО 1", choice=None, author="staff:anna", at=NOW
            )
    assert sorted(told(deal, "Возврат", "Сумма", "Способ", "Платёжная система")) == [
        (-10000, "Карта", "CloudPayments"),
        (-5000, "Наличные", "Мимо платёжных систем"),
        (-5000, "Наличные", "Мимо платёжных систем"),
    ]


def test_a_shops_refund_of_money_that_was_carried_on_is_the_shops() -> None:
    _payment, [deal, _there], target = carried()
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        ask(target, 5000)
        work()
    assert told(deal, "Возврат", "Сумма", "Платёжная система") == [(-5000, "CloudPayments")]
