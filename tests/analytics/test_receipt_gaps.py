"""The register "money without a receipt" as a workbook, from the panel's list of receipts."""

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing import refund_orders
from billing.models import Receipt
from billing.rules import money
from tests.billing.receipting import made_order, offline, paid
from tests.billing.refunding import ask, paid_deal, pay_cash
from tests.billing.rendered import render
from tests.factories import NOW, TODAY, rub

pytestmark = pytest.mark.django_db
LIST = "/admin/billing/receipt/"


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    return client


def downloaded(client: Client) -> Any:
    answer = client.get(f"{LIST}money-without-receipt/", follow=True)
    assert answer.status_code == 200
    return openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]


def test_it_lists_the_oldest_first_with_age_reason_and_sums(owner: Client) -> None:
    order = made_order()
    late, unreceipted = paid(order), offline(order.deal, "cash", choice=False)
    registered = paid(order, external_id="502")
    Receipt.objects.filter(pk=registered.pk).update(state="registered")
    Receipt.objects.filter(pk=late.pk).update(created_at=NOW - timedelta(days=9))
    Receipt.objects.filter(pk=unreceipted.pk).update(created_at=NOW - timedelta(days=2))
    book = downloaded(owner)
    first, *rows = book.worksheets[0].iter_rows(values_only=True)
    column = {title: place for place, title in enumerate(first)}
    assert [row[column["Сумма"]] for row in rows] == [30000, 1000]
    assert rows[0][column["Дней"]] - rows[1][column["Дней"]] == 7
    assert rows[1][column["Причина"]] == "указано: чека пока нет"
    totals = dict(book.worksheets[1].iter_rows(values_only=True))
    assert (totals["Чеков не хватает"], Decimal(totals["Приход без чека"])) == (2, 31000)


def test_who_may_not_see_receipts_gets_no_register() -> None:
    client = Client()
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get("/admin/analytics/export/money-without-receipt.xlsx").status_code == 403


def test_each_row_has_the_sum_of_its_own_receipt(owner: Client) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 20000, "other")
    render(deal, 15000)
    order = ask(payment, 2000, "cash")
    refund_orders.pay_out(order=order, paid_on=TODAY, document="РКО", choice=None, author="staff:a", at=NOW)
    first, *rows = downloaded(owner).worksheets[0].iter_rows(values_only=True)
    told = {(row[first.index("Вид")], row[first.index("Сумма")]) for row in rows}
    assert told == {("Приход", 20000), ("Зачёт", 15000), ("Возврат", 2000)}
    listed = owner.get(f"{LIST}?open=yes").content.decode()
    for amount in (20000, 15000, 2000):
        assert re.search(rf">\s*{money.words(rub(amount))}\s*<", listed)
