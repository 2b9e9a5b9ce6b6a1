"""Money written down by hand: the account's day, what will happen, several deals at once; monthly sums."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
DEFAULTS = {
    "cash": {"maker": "elsewhere", "reason": "other_register"},
    "card_terminal": {"maker": "elsewhere", "reason": "other_register"},
    "bank_transfer": {"maker": "us", "reason": ""},
    "other": {"maker": "open", "reason": "method_unknown"},
}


def candidate(lead_id: int, name: str, asked: str) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "name": name,
        "debt": "60000.00",
        "overdue": "0.00",
        "asked": asked,
        "payments": [],
    }


def reopened(deal: Page, button: str) -> Any:
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    if deal.get_by_role("button", name=button, exact=True).count() == 0:
        deal.get_by_role("button", name="Ещё действия").click()
    deal.get_by_role("button", name=button, exact=True).click()
    return deal.get_by_role("dialog")


def test_the_day_is_the_accounts_and_not_the_browsers(deal: Page, server: Server) -> None:
    server.card["today"] = "2031-01-31"
    dialog = reopened(deal, "Частичная оплата")
    expect(dialog.get_by_label("Дата оплаты", exact=True)).to_have_value("31.01.2031")
    dialog.get_by_label("Сумма", exact=True).fill("5000")
    dialog.get_by_label("Дата оплаты", exact=True).fill("01.02.2031")
    dialog.get_by_role("button", name="Записать платёж").click()
    expect(dialog.locator("[data-field=paid_on] .grafik-field__error")).to_contain_text("31.01.2031")
    assert not server.made(f"POST {LEAD}/payments/")


def test_a_partial_payment_says_what_will_happen_as_it_is_typed(deal: Page, server: Server) -> None:
    server.card["receipt_defaults"] = DEFAULTS
    dialog = reopened(deal, "Частичная оплата")
    said = dialog.locator(".grafik-payment__effects")
    expect(said).to_be_empty()
    dialog.get_by_label("Сумма", exact=True).fill("20 000")
    expect(said).to_contain_text("Что произойдёт")
    expect(said).to_contain_text("закроется платёж № 3")
    expect(said).to_contain_text("платёж № 4 закроется частично")
    expect(said).to_contain_text("на своей кассе")
    dialog.get_by_label("Способ").select_option("bank_transfer")
    expect(said).to_contain_text("чек пробьёт онлайн-касса")
    dialog.get_by_label("Чек", exact=True).select_option("later")
    expect(said).to_contain_text("Деньги без чека")


def test_a_full_payment_says_what_becomes_of_the_receipt(deal: Page, server: Server) -> None:
    server.card["receipt_defaults"] = DEFAULTS
    dialog = reopened(deal, "Полная оплата")
    expect(dialog).to_contain_text("на своей кассе")
    dialog.get_by_label("Способ").select_option("other")
    expect(dialog).to_contain_text("способ неизвестен")


def test_other_deals_of_the_payer_join_a_transfer_by_a_click(deal: Page, server: Server) -> None:
    server.card["actions"].append("split")
    offered = [
        candidate(7700199, "Договор 15/26", "10000.00"),
        candidate(7700200, "Договор 16/26", "5000.50"),
    ]
    found = {"credit": "0.00", "payments": [], "deals": [], "together": offered}
    server.answer(f"GET {LEAD}/credit/", 200, found)
    server.answer("POST payments/split/", 201, {"id": 1})
    dialog = reopened(deal, "Перевод за несколько сделок")
    dialog.get_by_role("button", name="Договор 15/26").click()
    dialog.get_by_role("button", name="Договор 16/26").click()
    expect(dialog.get_by_role("button", name="Договор 1")).to_have_count(0)
    expect(dialog.locator("[name=part_lead]")).to_have_count(3)
    dialog.get_by_label("Сумма перевода").fill("30 000,50")
    expect(dialog.locator(".grafik-split__effects")).to_contain_text("3 платежа")
    dialog.get_by_role("button", name="Записать перевод").click()
    expect(dialog).to_have_count(0)
    [call] = server.made("POST payments/split/")
    assert call.body["parts"] == [
        {"lead_id": 7700123, "amount": "15000.00"},
        {"lead_id": 7700199, "amount": "10000.00"},
        {"lead_id": 7700200, "amount": "5000.50"},
    ]


def test_a_move_says_what_it_does_to_both_deals(deal: Page, server: Server) -> None:
    server.card["actions"].append("move")
    found = {
        "credit": "0.00",
        "payments": [],
        "deals": [],
        "together": [candidate(7700199, "Договор 15/26", "1.00")],
    }
    server.answer(f"GET {LEAD}/credit/", 200, found)
    deal.evaluate("openCard(7700123)")
    deal.get_by_role("button", name="Перенести: 5").click()
    dialog = deal.get_by_role("dialog", name="Перенести деньги")
    expect(dialog).to_contain_text("в другую сделку")
    dialog.get_by_label("Договор 15/26").check()
    expect(dialog).to_contain_text("уйдут в сделку 7700199")
    expect(dialog).to_contain_text("здесь долг станет 120\u00a0000\u00a0₽")


def test_a_monthly_sum_in_kopecks_needs_no_rounding(deal: Page, server: Server) -> None:
    rows = {"installments": server.card["installments"], "warnings": [], "changes": []}
    sums = {"total": "160000.00", "paid": "45000.00", "debt": "115000.00"}
    server.answer(f"POST {LEAD}/schedule/preview/", 200, {**rows, **sums})
    dialog = reopened(deal, "Изменить график")
    dialog.get_by_text("Периодичность, округление и выходные").click()
    expect(dialog.get_by_label("Округление")).to_be_visible()
    dialog.get_by_text("По сумме в месяц").click()
    expect(dialog.get_by_label("Округление")).to_be_hidden()
    dialog.get_by_label("Платёж в месяц").fill("12 345,67")
    dialog.get_by_label("Причина изменения").fill("Просит так")
    dialog.get_by_role("button", name="Сохранить").click()
    expect(dialog).to_have_count(0)
    [call] = server.made(f"PUT {LEAD}/schedule/")
    assert call.body["monthly_amount"] == "12345.67"
    assert "round_to" not in call.body
