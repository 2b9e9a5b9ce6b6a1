"""Money by hand when an answer was lost, when somebody else was faster, and when more came than was owed."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"


def refusal(status: int, **more: Any) -> tuple[int, dict[str, Any]]:
    return status, {"title": "x", "status": status, "detail": "", "code": "", **more}


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refusal_at_the_door_leaves_open_what_became_of_a_lost_save(
    deal: Page, server: Server, status: int
) -> None:
    outcomes = {1: (0, ""), 2: refusal(status), 3: (201, server.card)}
    server.answers[f"POST {LEAD}/payments/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("5000")
    deal.get_by_role("button", name="Записать платёж").click()
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("alert")).to_contain_text("Неизвестно, успел ли сервер записать")
    expect(deal.get_by_label("Сумма", exact=True)).to_be_disabled()
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    calls = server.made(f"POST {LEAD}/payments/")
    assert len(calls) == 3
    assert len({(call.key, str(call.body)) for call in calls}) == 1


def test_a_refusal_of_the_payment_itself_ends_the_doubt_about_a_lost_save(deal: Page, server: Server) -> None:
    refused = refusal(422, errors={"paid_on": ["Такого дня ещё не было"]})
    outcomes = {1: (0, ""), 2: refused, 3: (201, server.card)}
    server.answers[f"POST {LEAD}/payments/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("5000")
    deal.get_by_role("button", name="Записать платёж").click()
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_label("Сумма", exact=True)).to_be_enabled()
    deal.get_by_role("button", name="Записать платёж").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    lost, refused_one, done = server.made(f"POST {LEAD}/payments/")
    assert lost.key == refused_one.key != done.key


def test_a_full_payment_of_a_debt_that_changed_stays_and_asks_for_the_new_one(
    deal: Page, server: Server
) -> None:
    outcomes = {1: (409, server.card), 2: (200, server.card)}
    server.answers[f"POST {LEAD}/full-payment/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Полная оплата").click()
    dialog = deal.get_by_role("dialog")
    dialog.get_by_label("Комментарий").fill("Принесла сестра")
    server.card["debt"] = "7000.00"
    dialog.locator(".grafik-dialog__submit").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Платёж не записан")
    dialog.get_by_role("button", name="Обновить").click()
    expect(dialog.locator(".grafik-dialog__submit")).to_have_text("Записать 7 000 ₽")
    expect(dialog.locator(".grafik-question")).to_contain_text("7 000 ₽")
    dialog.locator(".grafik-dialog__submit").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    first, second = server.made(f"POST {LEAD}/full-payment/")
    assert second.body == {**first.body, "expected": "7000.00"}
    assert second.body["comment"] == "Принесла сестра"
    assert first.key != second.key


def test_a_full_payment_of_what_somebody_else_recorded_closes(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/full-payment/", 409, server.card)
    deal.get_by_role("button", name="Полная оплата").click()
    server.card["debt"] = "0.00"
    deal.get_by_role("dialog").locator(".grafik-dialog__submit").click()
    deal.get_by_role("button", name="Обновить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("way", ["Вернуть деньги", "Перенести"])
def test_the_way_out_of_an_overpaid_deal_offers_what_is_over(deal: Page, server: Server, way: str) -> None:
    server.card["warnings"] = [{"code": "credit", "text": "Переплата 3 000 ₽"}]
    server.card.update(credit="3000.00", actions=["refund", "move"])
    deal.evaluate("openCard(7700123)")
    deal.locator(".grafik-callout").get_by_role("button", name=way).click()
    expect(deal.get_by_role("dialog").get_by_label("Сумма", exact=True)).to_have_value("3\u00a0000")
