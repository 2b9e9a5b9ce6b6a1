"""The rarer actions of the panel: refund, move, settle, cancel, void, QR, message, attempts, figures."""

from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"


def invoice(server: Server, number: int = 52) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in server.card["invoices"] if one["id"] == number)
    return {**found, "text": f"Счёт на 20 000 ₽: {found['url']}"}


def more(deal: Page, name: str) -> None:
    deal.get_by_role("button", name="Ещё действия").click()
    deal.get_by_role("button", name=name, exact=True).click()


def test_a_refund_says_what_follows_and_goes_once(deal: Page, server: Server) -> None:
    server.answer("POST payments/9/refund/", 202, {"id": 1, "state": "requested"})
    server.card["payments"] = server.card["payments"][:1]
    deal.evaluate("openCard(7700123)")
    deal.get_by_role("button", name="Вернуть: 20").click()
    dialog = deal.get_by_role("dialog", name="Возврат денег")
    expect(dialog.get_by_label("Сумма")).to_have_value("20\u00a0000")
    dialog.get_by_label("Сумма").fill("25 000")
    dialog.get_by_role("button", name="Вернуть").click()
    expect(dialog.locator("[data-field=amount] .grafik-field__error")).to_contain_text("Не больше 20")
    expect(dialog.locator("[data-field=reason] .grafik-field__error")).not_to_be_empty()
    dialog.get_by_label("Сумма").fill("5 000")
    expect(dialog).to_contain_text("долг станет 120\u00a0000\u00a0₽")
    dialog.get_by_label("Причина возврата").fill("Клиент передумал")
    dialog.get_by_role("button", name="Вернуть").dblclick()
    expect(dialog).to_have_count(0)
    [call] = server.made("POST payments/9/refund/")
    assert call.body == {"amount": "5000.00", "reason": "Клиент передумал", "method": "provider"}
    assert call.key


def test_a_refund_of_cash_is_not_offered_by_the_provider(deal: Page, server: Server) -> None:
    deal.get_by_role("button", name="Вернуть: 5").click()
    dialog = deal.get_by_role("dialog", name="Возврат денег")
    expect(dialog.locator("[name=method] option")).to_have_text(["наличными", "переводом на счёт"])
    dialog.get_by_label("Какой платёж вернуть").select_option("9")
    expect(dialog.locator("[name=method] option")).to_have_count(3)
    expect(dialog.get_by_label("Сумма")).to_have_value("20\u00a0000")


def test_settling_above_what_was_paid_is_refused_before_it_is_sent(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/settle/", 200, {**server.card, "state": "paid", "debt": "0.00"})
    more(deal, "Закрыть на другую сумму")
    dialog = deal.get_by_role("dialog", name="Закрыть на другую сумму")
    dialog.get_by_label("Итоговая стоимость").fill("50 000")
    dialog.get_by_label("Причина").fill("Ушёл с курса")
    dialog.get_by_role("button", name="Закрыть сделку").click()
    expect(dialog.locator("[data-field=total] .grafik-field__error")).to_contain_text("45\u00a0000")
    dialog.get_by_label("Итоговая стоимость").fill("40 000")
    expect(dialog).to_contain_text("5\u00a0000\u00a0₽ станут переплатой")
    dialog.get_by_role("button", name="Закрыть сделку").click()
    expect(dialog).to_have_count(0)
    [call] = server.made(f"POST {LEAD}/settle/")
    assert call.body == {"total": "40000.00", "reason": "Ушёл с курса", "retained": "", "version": 2}
    expect(deal.locator("[data-figure=paid]")).to_be_visible()


def test_cancelling_needs_a_reason_and_says_what_goes(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/schedule/cancel/", 200, {**server.card, "state": "cancelled", "actions": []})
    more(deal, "Отменить график")
    dialog = deal.get_by_role("dialog", name="Отменить график")
    expect(dialog).to_contain_text("115\u00a0000\u00a0₽ снимутся")
    dialog.get_by_role("button", name="Отменить график").click()
    expect(dialog.get_by_label("Причина")).to_be_focused()
    dialog.get_by_label("Причина").fill("Ошиблись сделкой")
    dialog.get_by_role("button", name="Отменить график").click()
    expect(deal.locator("#column")).to_contain_text("Отменено")
    [call] = server.made(f"POST {LEAD}/schedule/cancel/")
    assert call.body == {"reason": "Ошиблись сделкой", "version": 2}
    expect(deal.get_by_role("button", name="Ещё действия")).to_have_count(0)


def test_an_open_invoice_is_made_void_with_a_reason(deal: Page, server: Server) -> None:
    server.answer("POST invoices/52/void/", 200, {**invoice(server), "state": "void"})
    deal.get_by_role("button", name="Аннулировать: Счёт 2026-1-0000052").click()
    dialog = deal.get_by_role("dialog", name="Аннулировать счёт")
    dialog.get_by_label("Причина").fill("Не та сумма")
    dialog.get_by_role("button", name="Аннулировать").click()
    expect(dialog).to_have_count(0)
    assert [call.body for call in server.made("POST invoices/52/void/")] == [{"reason": "Не та сумма"}]


def test_money_moves_to_another_deal_of_the_client(deal: Page, server: Server) -> None:
    server.card["actions"].append("move")
    other = {
        "lead_id": 7700199,
        "name": "Договор 15/26",
        "debt": "9000.00",
        "overdue": "0.00",
        "payments": [9],
    }
    server.answer(f"GET {LEAD}/credit/", 200, {"credit": "0.00", "payments": [], "deals": [other]})
    server.answer("POST payments/11/move/", 200, server.card)
    deal.evaluate("openCard(7700123)")
    deal.get_by_role("button", name="Перенести: 5").click()
    dialog = deal.get_by_role("dialog", name="Перенести деньги")
    dialog.get_by_label("Договор 15/26").check()
    dialog.get_by_label("Причина").fill("Оплатил не тот договор")
    dialog.get_by_role("button", name="Перенести").click()
    expect(dialog).to_have_count(0)
    [call] = server.made("POST payments/11/move/")
    assert call.body == {"lead_id": 7700199, "amount": "5000.00", "reason": "Оплатил не тот договор"}


def test_the_message_is_seen_before_it_is_sent_and_copied_by_a_click(deal: Page, server: Server) -> None:
    server.answer("GET invoices/52/", 503, {"title": "x", "status": 503, "detail": "amoCRM не отвечает."})
    deal.get_by_role("button", name="Отправить ещё раз").click()
    dialog = deal.get_by_role("dialog", name="Счёт 2026-1-0000052")
    expect(dialog).to_contain_text("amoCRM не отвечает.")
    server.answer("GET invoices/52/", 200, invoice(server))
    dialog.get_by_role("button", name="Повторить").click()
    expect(dialog.locator(".grafik-quote")).to_contain_text("Счёт на 20 000 ₽: https://pay.example.ru/pay/")
    dialog.get_by_role("button", name="Текст").click()
    expect(dialog.get_by_text("Скопировано")).to_be_visible()


def test_an_issued_invoice_gives_its_link_and_message_at_once(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/invoices/", 201, invoice(server))
    deal.get_by_role("button", name="Выставить счёт").click()
    dialog = deal.get_by_role("dialog", name="Выставить счёт")
    dialog.get_by_role("button", name="Выставить счёт").dblclick()
    expect(dialog.locator(".grafik-quote")).to_contain_text("Счёт на 20 000 ₽")
    assert len(server.made(f"POST {LEAD}/invoices/")) == 1
    dialog.get_by_text("Закрыть", exact=True).click()
    expect(deal.get_by_role("button", name="Выставить счёт")).to_be_focused()


@pytest.mark.parametrize("dark", [False, True])
def test_the_code_is_read_by_a_camera_in_both_themes(
    deal: Page, server: Server, dark: bool, tmp_path: Any
) -> None:
    if dark:
        deal.evaluate("document.documentElement.dataset.colorScheme = 'dark'")
    deal.get_by_role("button", name="QR").click()
    code = deal.get_by_role("img", name="QR-код: Страница оплаты")
    code.screenshot(path=tmp_path / "code.png")
    found = zxingcpp.read_barcodes(Image.open(tmp_path / "code.png"))
    assert [one.text for one in found] == [server.card["pay_url"]]


def test_a_declined_attempt_stands_with_its_next_step(deal: Page, server: Server) -> None:
    server.card["attempts"] = [
        {
            "at": "2026-11-20T12:00:00+03:00",
            "what": "declined",
            "amount": "15000.00",
            "reason": "не хватает денег",
        }
    ]
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("#column")).to_contain_text("Оплата не прошла: не хватает денег")
    expect(deal.locator("#column")).to_contain_text("Что дальше: передайте клиенту причину")


def test_the_figures_open_in_a_tab_by_a_code_asked_at_the_click(deal: Page, server: Server) -> None:
    server.answer("POST analytics/tab/", 201, {"url": "http://deal.invalid/style.css?code"})
    with deal.expect_popup() as opened:
        deal.get_by_role("button", name="Аналитика").click()
    opened.value.wait_for_url("http://deal.invalid/style.css?code")
    assert opened.value.evaluate("window.opener") is None


def test_what_the_server_does_not_allow_is_nowhere(deal: Page, server: Server) -> None:
    server.card["actions"] = ["rebuild", "document"]
    server.card["warnings"] = [{"code": "credit", "text": "Переплата"}]
    deal.evaluate("openCard(7700123)")
    expect(deal.get_by_role("button", name="Изменить график")).to_be_visible()
    for name in (
        "Вернуть",
        "Полная оплата",
        "Частичная оплата",
        "Выставить счёт",
        "Аннулировать",
        "Перенести",
    ):
        expect(deal.get_by_role("button", name=name)).to_have_count(0)


def test_a_refusal_of_the_right_is_said_in_the_dialog(deal: Page, server: Server) -> None:
    words = "В этом аккаунте это может только администратор amoCRM."
    refusal = {"title": "Forbidden", "status": 403, "code": "admin_only", "detail": words}
    server.answer("POST payments/11/refund/", 403, refusal)
    deal.get_by_role("button", name="Вернуть: 5").click()
    deal.get_by_label("Причина возврата").fill("x")
    deal.get_by_role("dialog").get_by_role("button", name="Вернуть").click()
    expect(deal.get_by_role("alert")).to_contain_text(words)
