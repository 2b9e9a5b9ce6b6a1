"""The accountant's lists in the panel: payouts, what a cabinet showed, receipts settled by hand."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import payments, refund_orders, service_rendered
from billing.models import Difference, Event, Receipt, Reconciliation, Refund, RefundOrder
from billing.refund_orders import Demand
from tests.billing.refunding import paid_deal, pay_cash
from tests.factories import NOW, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel() -> Client:
    owner = get_user_model().objects.create(username="anna", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def press(panel: Client, row: Any, button: str, **given: Any) -> Any:
    """Open the question of a button, answer it, and end on the row's page."""
    name = f"admin:billing_{row._meta.model_name}_{button}"
    address = reverse(name, args=[row.pk])
    assert panel.get(address).status_code == 200
    return panel.post(address, given, follow=True)


def page(panel: Client, row: Any) -> str:
    address = reverse(f"admin:billing_{row._meta.model_name}_change", args=[row.pk])
    return str(panel.get(address).content.decode())


def cash_order(at: Any) -> tuple[Any, RefundOrder]:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000)
    demand = Demand(rub(2000), "передумал")
    return deal, refund_orders.request(payment=payment, demand=demand, author="user:7", at=at)


def test_a_payout_is_marked_with_its_day_and_document(panel: Client) -> None:
    deal, order = cash_order(timezone.now())
    assert "Выплачено" in page(panel, order)
    answer = press(panel, order, "pay_out", paid_on=timezone.localdate().isoformat(), document="РКО 17")
    assert "Возврат проведён" in answer.content.decode()
    order.refresh_from_db()
    assert (order.state, order.document, order.closed_by) == ("done", "РКО 17", "staff:anna")
    assert standing_of(deal).refunded == rub(2000)
    assert "Выплачено" not in page(panel, order)


def test_who_gives_money_back_sees_whose_it_is(panel: Client) -> None:
    deal, order = cash_order(timezone.now())
    for row, button in ((order.payment, "give_back"), (order, "pay_out")):
        asked = panel.get(reverse(f"admin:billing_{row._meta.model_name}_{button}", args=[row.pk]))
        assert f", {deal.name} · {deal.external_id}</p>" in asked.content.decode()


def test_a_payout_of_tomorrow_is_refused_at_the_form(panel: Client) -> None:
    _deal, order = cash_order(timezone.now())
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    answer = press(panel, order, "pay_out", paid_on=tomorrow)
    assert 'role="alert"' in answer.content.decode()
    assert not Refund.objects.exists()


def test_a_refund_by_the_shop_offers_a_hand_only_when_nobody_knows(panel: Client) -> None:
    _deal, [payment] = paid_deal(30000)
    order = refund_orders.request(
        payment=payment, demand=Demand(rub(100), "x", "provider"), author="user:7", at=NOW
    )
    assert "Деньги ушли" not in page(panel, order)
    RefundOrder.objects.filter(pk=order.pk).update(error="Неизвестно")
    assert "Деньги ушли" in page(panel, order)
    day = timezone.localdate().isoformat()
    press(panel, order, "found_made", made_on=day, external_id="req-9")
    assert Refund.objects.get().external_id == "req-9"


def test_what_the_cabinet_showed_is_entered_once(panel: Client) -> None:
    deal, [payment] = paid_deal(30000)
    given = {
        "kind": "chargeback",
        "amount": "30000.00",
        "went_on": "2026-11-21",
        "external_id": "cb-1",
        "receipt": "none",
        "why_none": "решение бухгалтера",
    }
    for _ in range(2):
        press(panel, payment, "enter_refund", **given)
    refund = Refund.objects.get()
    assert (refund.chargeback, refund.author, refund.amount) == (True, "staff:anna", rub(30000))
    assert Receipt.objects.get(kind="refund").reason == "решение бухгалтера"
    assert standing_of(deal).refunded == rub(30000)
    above = press(panel, payment, "enter_refund", **(given | {"external_id": "cb-2"}))
    assert 'role="alert"' in above.content.decode()


def test_money_without_a_receipt_is_a_list_that_gets_shorter(panel: Client) -> None:
    deal, _none = paid_deal()
    pay_cash(deal, 5000, "other")
    [receipt] = Receipt.objects.all()
    listed = reverse("admin:billing_receipt_changelist") + "?open=yes"
    assert "никто не указал" in panel.get(listed).content.decode()
    press(panel, receipt, "settle", receipt="register", fn="99", fd="4", fpd="7")
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason, receipt.fiscal["fn"]) == ("not_required", "other_register", "99")
    assert "никто не указал" not in panel.get(listed).content.decode()
    assert Event.objects.get(kind="receipt_settled").author == "staff:anna"


def test_settling_by_hand_needs_a_word(panel: Client) -> None:
    deal, _none = paid_deal()
    pay_cash(deal, 5000, "other")
    [receipt] = Receipt.objects.all()
    for given in ({"receipt": ""}, {"receipt": "none"}, {"receipt": "register", "fn": "x"}):
        answer = press(panel, receipt, "settle", **given)
        assert 'role="alert"' in answer.content.decode()
    receipt.refresh_from_db()
    assert receipt.state == "missing"


def test_a_rendered_service_is_entered_at_the_schedule_and_its_prepayment_leaves_the_list(
    panel: Client,
) -> None:
    deal, [payment] = paid_deal(30000)
    type(deal).objects.filter(pk=deal.pk).update(service_on=timezone.localdate() - timedelta(days=1))
    listed = reverse("admin:billing_payment_changelist") + "?prepayment=due"
    shown = reverse("admin:billing_payment_change", args=[payment.pk])
    assert shown in panel.get(listed).content.decode()
    on = timezone.localdate().isoformat()
    refused = press(panel, deal.schedule, "render_service", on=on, amount="90000.01")
    assert 'role="alert"' in refused.content.decode()
    press(panel, deal.schedule, "render_service", on=on, amount="")
    assert Receipt.objects.get(kind="offset").state == "planned"
    assert shown not in panel.get(listed).content.decode()


def test_a_day_is_compared_on_demand_and_a_difference_is_settled(panel: Client) -> None:
    _deal, [payment] = paid_deal(30000)
    merchant = payment.merchant
    assert merchant is not None
    address = reverse("admin:billing_reconciliation_compare")
    assert panel.get(address).status_code == 200
    panel.post(address, {"merchant": merchant.pk, "day": "2026-11-11"})
    asked = Reconciliation.objects.get()
    assert (asked.merchant, asked.day, asked.ended_at) == (merchant, date(2026, 11, 11), None)
    difference = Difference.objects.create(
        merchant=merchant,
        day=asked.day,
        kind="amount",
        external_id="501",
        reason="amount_differs",
        found_at=NOW,
    )
    assert "суммы не совпадают" in page(panel, difference)
    press(panel, difference, "settle", comment="исправлено у провайдера")
    difference.refresh_from_db()
    assert (difference.state, difference.closed_by) == ("settled", "staff:anna")


def test_money_without_a_deal_is_given_back_from_its_page(panel: Client) -> None:
    _deal, [paid] = paid_deal(30000)
    merchant = paid.merchant
    assert merchant is not None
    nobodys = payments.receive(
        merchant=merchant,
        external_id="900",
        amount=rub(7000),
        currency="RUB",
        received_at=timezone.now(),
        method="card",
        order=None,
        at=timezone.now(),
    )
    refused = press(panel, nobodys, "give_back", amount="7000.01", method="", reason="не наш")
    assert 'role="alert"' in refused.content.decode()
    press(panel, nobodys, "give_back", amount="7000.00", method="", reason="не наш")
    order = RefundOrder.objects.get()
    assert (order.amount, order.method, order.author) == (rub(7000), "provider", "staff:anna")


def test_a_payout_says_to_whom_for_what_and_from_whose_money_it_goes(panel: Client) -> None:
    deal, _none = paid_deal()
    payment = pay_cash(deal, 5000, "bank_transfer")
    order = refund_orders.request(
        payment=payment, demand=Demand(rub(2000), "ушёл", "bank_transfer"), author="user:1", at=NOW
    )
    listed = panel.get(reverse("admin:billing_refundorder_changelist")).content.decode()
    asked = panel.get(reverse("admin:billing_refundorder_pay_out", args=[order.pk])).content.decode()
    for shown in (listed, asked, page(panel, order)):
        assert deal.contact_name in shown
        assert deal.name in shown
        assert payment.legal_entity.name in shown


def test_a_prepayment_that_nobody_closed_shows_its_open_part_the_oldest_first(panel: Client) -> None:
    deal, _payments = paid_deal(30000, 25000)
    type(deal).objects.filter(pk=deal.pk).update(service_on=date(2026, 11, 1))
    service_rendered.render(deal=deal, on=date(2026, 11, 21), amount=rub(10000), author="user:1", at=NOW)
    listed = panel.get(reverse("admin:billing_payment_changelist") + "?prepayment=due").content.decode()
    assert "25 000,00".replace(" ", "\N{NO-BREAK SPACE}") in listed
    assert "картой" in listed
    older, newer = (f"{thousands}\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" for thousands in (20, 25))
    assert listed.index(older) < listed.index(newer)
    assert "01.11.2026" in listed
    assert "Не закрыто" in listed
