"""Orders at the click: one per purpose, the amount owed now, the same one after every mishap."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from billing import ledger, links, orders, payments
from billing.asking import What
from billing.models import Event, Invoice, ProviderCall, ProviderOrder, TaxSetting
from billing.orders import Contact
from billing.providers.base import CreatedOrder, NotSent, OrderRequest, Refused, Unknown
from crm.models import Deal
from tests.billing.collecting import entity_of
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


@dataclass
class Bank:
    """A provider that remembers keys as the real one does; `answers` are what happens to the next calls."""

    answers: list[str] = field(default_factory=list)
    requests: list[OrderRequest] = field(default_factory=list)
    in_transaction: list[bool] = field(default_factory=list)
    made: dict[str, CreatedOrder] = field(default_factory=dict)
    during: Callable[[], None] = lambda: None
    request_id_lives: timedelta = timedelta(minutes=55)
    finds_orders: bool = False
    order_lives: timedelta | None = None
    first_number: int | None = None

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        assert timeout <= 4
        self.in_transaction.append(connection.in_atomic_block)
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else "ok"
        if answer == "refused":
            raise Refused("wrong credentials", call="create_order", status=401)
        if answer == "not sent":
            raise NotSent("no connection", call="create_order")
        number = len(self.made) + 1
        created = CreatedOrder(external_id=f"Qz{number}", url=f"https://orders.example.org/d/Qz{number}")
        created = self.made.setdefault(request.request_id, created)
        self.during()
        if answer == "lost":
            raise Unknown("no answer", call="create_order")
        return created


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    monkeypatch.setattr("billing.providers.of", lambda merchant: bank)
    return bank


def scheduled() -> Deal:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3, first_due_on=TODAY)
    return deal


def click(deal: Deal, what: What = What.INSTALLMENT, minutes: float = 0, **more: Any) -> ProviderOrder:
    return orders.open_order(deal=deal, what=what, at=NOW + timedelta(minutes=minutes), **more)


def pay(order: ProviderOrder, amount: object) -> None:
    payments.receive(
        merchant=order.merchant,
        external_id=f"t{order.pk}-{amount}",
        amount=rub(amount),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )


def test_a_click_makes_one_order_for_the_first_open_row(bank: Bank) -> None:
    deal = scheduled()
    order = click(deal)
    assert (order.state, order.amount, order.url) == ("open", rub(30000), "https://orders.example.org/d/Qz1")
    assert order.ordered_on == TODAY
    assert order.legal_entity == entity_of(deal)
    (request,) = bank.requests
    assert re.fullmatch(rf"G{order.pk}-[0-9a-f]{{6}}", request.number)
    assert request.request_id.startswith(f"order:{order.pk}:")
    assert request.email == deal.contact_email
    assert request.success_url == f"{links.page_url(deal=deal, at=NOW)}done/?order={order.number}"
    assert order.request == request.as_json()


def test_the_first_way_to_an_order_is_in_the_history_once(bank: Bank) -> None:
    deal = scheduled()
    order = click(deal)
    click(deal, minutes=5)
    event = Event.objects.get(deal=deal, kind="payment_opened")
    assert (event.at, event.data) == (
        NOW,
        {"amount": "30000.00", "purpose": "installment", "order": order.number},
    )
    click(deal, What.FULL)
    assert Event.objects.filter(deal=deal, kind="payment_opened").count() == 2


@pytest.mark.parametrize("answer", ["lost", "refused"])
def test_an_order_that_did_not_open_was_opened_by_nobody(bank: Bank, answer: str) -> None:
    bank.answers = [answer]
    deal = scheduled()
    click(deal)
    assert not Event.objects.filter(deal=deal, kind="payment_opened").exists()


def test_a_second_click_returns_the_same_order_without_a_call(bank: Bank) -> None:
    deal = scheduled()
    first, second = click(deal), click(deal, minutes=500)
    assert first.pk == second.pk
    assert len(bank.requests) == 1


@pytest.mark.parametrize(
    ("what", "amount"),
    [(What.INSTALLMENT, 30000), (What.FULL, 90000), (What.OVERDUE, 60000)],
)
def test_each_purpose_asks_its_own_sum(bank: Bank, what: What, amount: int) -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3, first_due_on=date(2026, 10, 10))
    assert click(deal, what).amount == rub(amount)


def test_before_a_schedule_the_whole_price_is_asked(bank: Bank) -> None:
    assert click(make_deal(price=rub(160000)), What.FULL).amount == rub(160000)


def test_nothing_owed_makes_no_order(bank: Bank) -> None:
    deal = scheduled()
    pay(click(deal, What.FULL), 90000)
    for what in What:
        with pytest.raises(orders.NothingOwed):
            click(deal, what)
    for what in (What.OVERDUE, What.DEPOSIT):
        with pytest.raises(orders.NothingOwed):
            click(scheduled(), what)
    assert len(bank.requests) == 1


def test_an_invoice_asks_its_open_rest_and_never_more(bank: Bank) -> None:
    deal = scheduled()
    row = standing_of(deal).rows[1].installment
    invoice = make_invoice(deal, 30000, installment=row)
    order = click(deal, What.INVOICE, invoice=invoice)
    assert (order.amount, order.purpose, order.invoice) == (rub(30000), f"invoice:{invoice.pk}", invoice)
    pay(click(deal, What.FULL), 40000)
    assert click(deal, What.INVOICE, invoice=invoice).amount == rub(20000)


def test_a_void_invoice_asks_what_the_first_open_row_asks(bank: Bank) -> None:
    deal = scheduled()
    invoice = make_invoice(deal, 500, voided_at=NOW)
    order = click(deal, What.INVOICE, invoice=invoice)
    # The provider's check refuses orders of void invoices, so this one must not be such an order.
    assert (order.amount, order.purpose, order.invoice) == (rub(30000), "installment", None)
    assert click(deal, What.INSTALLMENT).pk == order.pk


def test_the_open_order_of_an_invoice_that_becomes_void_is_retired(bank: Bank) -> None:
    deal = scheduled()
    invoice = make_invoice(deal, 30000, installment=standing_of(deal).rows[0].installment)
    order = click(deal, What.INVOICE, invoice=invoice)
    Invoice.objects.filter(pk=invoice.pk).update(voided_at=NOW)
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        standing = ledger.standing(locked, on=locked.local_day(NOW))
        assert orders.retire(deal=locked, standing=standing, at=NOW) == 1
    order.refresh_from_db()
    assert order.state == "superseded"


def test_an_invoice_for_a_sum_is_capped_by_the_debt(bank: Bank) -> None:
    deal = scheduled()
    invoice = make_invoice(deal, 80000)
    assert click(deal, What.INVOICE, invoice=invoice).amount == rub(80000)
    pay(click(deal, What.FULL), 60000)
    assert click(deal, What.INVOICE, invoice=invoice).amount == rub(20000)


def test_another_amount_replaces_the_order_and_cancels_the_old_one(bank: Bank) -> None:
    deal = scheduled()
    first = click(deal)
    pay(click(deal, What.FULL), 10000)
    second = click(deal)
    first.refresh_from_db()
    assert (first.state, second.amount) == ("superseded", rub(20000))
    assert second.pk != first.pk
    assert ProviderCall.objects.filter(kind="cancel_order", order=first).count() == 1


def test_retiring_leaves_orders_whose_amount_is_right(bank: Bank) -> None:
    deal = scheduled()
    right, paid = click(deal, What.INSTALLMENT), click(deal, What.FULL)
    ProviderOrder.objects.filter(pk=paid.pk).update(amount=rub(5))
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        standing = ledger.standing(locked, on=locked.local_day(NOW))
        assert orders.retire(deal=locked, standing=standing, at=NOW) == 1
    right.refresh_from_db()
    paid.refresh_from_db()
    assert (right.state, paid.state) == ("open", "superseded")


@pytest.mark.parametrize("answer", ["lost", "not sent"])
def test_no_answer_is_unknown_and_the_next_click_repeats_the_same_body(bank: Bank, answer: str) -> None:
    bank.answers = [answer]
    deal = scheduled()
    first = click(deal)
    assert (first.state, first.url) == ("creating", "")
    second = click(deal, minutes=1)
    assert (second.pk, second.state) == (first.pk, "open")
    assert bank.requests[0] == bank.requests[1]
    assert len(bank.made) == 1


def test_a_process_killed_before_it_stored_the_answer_leaves_one_order(bank: Bank) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        bank.during = lambda: None
        raise Killed

    bank.during = kill
    deal = scheduled()
    with pytest.raises(Killed):
        click(deal)
    assert ProviderOrder.objects.get().state == "creating"
    assert click(deal, minutes=1).external_id == "Qz1"
    assert len(bank.made) == 1


def test_an_unknown_order_is_replaced_when_its_key_may_be_forgotten(bank: Bank) -> None:
    bank.answers = ["lost"]
    deal = scheduled()
    first = click(deal)
    second = click(deal, minutes=55)
    first.refresh_from_db()
    assert first.state == "superseded"
    assert second.pk != first.pk
    assert second.state == "open"
    assert bank.requests[0].request_id != bank.requests[1].request_id


def test_an_order_replaced_while_it_was_made_is_cancelled_when_its_name_is_known(bank: Bank) -> None:
    deal = scheduled()

    def rival() -> None:
        bank.during = lambda: None
        ProviderOrder.objects.update(state="superseded")

    bank.during = rival
    order = click(deal)
    assert (order.state, order.external_id) == ("superseded", "Qz1")
    assert ProviderCall.objects.filter(kind="cancel_order", order=order).count() == 1


def test_a_refused_order_says_so_once_and_the_next_click_tries_anew(bank: Bank) -> None:
    bank.answers = ["refused"]
    deal = scheduled()
    first = click(deal)
    assert first.state == "refused"
    assert Event.objects.filter(deal=deal, kind="order_refused").count() == 1
    second = click(deal)
    assert (second.state, second.pk != first.pk) == ("open", True)


def test_a_new_tax_rule_replaces_the_order(bank: Bank) -> None:
    deal = scheduled()
    first = click(deal)
    TaxSetting.objects.create(
        legal_entity=first.legal_entity, valid_from=TODAY + timedelta(days=1), tax_system="osn", vat="vat22"
    )
    assert click(deal, minutes=10).pk == first.pk
    assert click(deal, minutes=24 * 60).pk != first.pk


def test_without_an_address_for_the_receipt_no_order_is_made(bank: Bank) -> None:
    deal = make_deal(contact_email="", contact_phone="нет")
    make_schedule(deal)
    for contact in (None, Contact(), Contact(email="not an address"), Contact(phone="12")):
        with pytest.raises(orders.NoReceiptContact):
            click(deal, contact=contact)
    assert ProviderOrder.objects.count() == 0
    order = click(deal, contact=Contact(email="mama@example.org"))
    assert (order.request["email"], order.request["phone"]) == ("mama@example.org", "")
    pay(order, 10000)
    assert click(deal).request["email"] == "mama@example.org"
    deal.refresh_from_db()
    assert deal.contact_email == ""


def make_invoice(deal: Deal, amount: object, **values: Any) -> Invoice:
    return Invoice.objects.create(
        deal=deal,
        legal_entity=entity_of(deal),
        number=f"2026-{Invoice.objects.count()}",
        amount=rub(amount),
        issued_on=TODAY,
        created_at=NOW,
        **values,
    )


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_order(bank: Bank) -> None:
    deal = make_deal(make_account())
    make_schedule(deal, first_due_on=TODAY)
    bank.during = lambda: time.sleep(0.3)
    found: list[ProviderOrder] = []

    def one() -> None:
        try:
            found.append(click(deal))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(order.state, order.url) for order in found] == [("open", "https://orders.example.org/d/Qz1")] * 6
    assert len(bank.requests) == 1
    assert bank.in_transaction == [False]
    assert ProviderOrder.objects.count() == 1
