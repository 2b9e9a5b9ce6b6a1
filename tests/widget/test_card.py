"""The widget in a card: nothing twice, nothing of another deal, nothing that a client wrote run."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
PREVIEW = {
    "installments": [
        {"number": 1, "due_on": "2026-12-10", "effective_due_on": "2026-12-10", "amount": "80000.00"},
        {"number": 2, "due_on": "2027-01-10", "effective_due_on": "2027-01-11", "amount": "80000.00"},
    ],
    "total": "160000.00",
    "paid": "0.00",
    "debt": "160000.00",
    "warnings": [],
    "changes": [],
}


def without_schedule(card: dict[str, Any]) -> None:
    card.update({"installments": [], "invoices": [], "payments": [], "version": None, "next": None})
    card.update(
        {"due_day": None, "state": "no_schedule", "paid": "0.00", "debt": "160000.00", "overdue": "0.00"}
    )
    card["actions"] = ["schedule", "partial_payment", "full_payment"]


def problem(status: int, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": "Нельзя", "status": status, "detail": "Так нельзя", **more}


def test_schedule_is_previewed_and_saved_with_the_version_of_the_card(deal: Page, server: Server) -> None:
    without_schedule(server.card)
    deal.evaluate("openCard(7700123)")
    server.answer(f"POST {LEAD}/schedule/preview/", 200, PREVIEW)
    deal.get_by_role("button", name="Рассчитать график платежей").click()
    dialog = deal.get_by_role("dialog", name="График платежей")
    dialog.get_by_label("Платежей", exact=True).fill("2")
    dialog.locator("[name=first_due_on]").fill("10.12.2026")
    expect(dialog.locator("tfoot")).to_contain_text("160\u00a0000\u00a0₽")
    dialog.get_by_role("button", name="Сохранить").click()
    expect(dialog).to_have_count(0)
    [saved] = server.made(f"PUT {LEAD}/schedule/")
    assert saved.body["version"] is None
    assert (saved.body["total"], saved.body["count"]) == ("160000.00", 2)
    assert saved.body["first_due_on"] == "2026-12-10"
    assert "reason" not in saved.body
    assert server.made(f"POST {LEAD}/schedule/preview/")[-1].key is None


def test_rebuild_needs_a_reason_and_sends_it(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/schedule/preview/", 200, PREVIEW)
    deal.get_by_role("button", name="Изменить график").click()
    deal.get_by_role("button", name="Сохранить").click()
    expect(deal.get_by_label("Причина изменения")).to_be_focused()
    assert server.made(f"PUT {LEAD}/schedule/") == []
    deal.get_by_label("Причина изменения").fill("Клиент попросил")
    deal.get_by_role("button", name="Сохранить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    [saved] = server.made(f"PUT {LEAD}/schedule/")
    assert (saved.body["version"], saved.body["reason"]) == (2, "Клиент попросил")


def test_a_stale_save_keeps_what_was_typed_and_goes_on_with_the_new_card(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/schedule/preview/", 200, PREVIEW)
    stale = problem(409, code="stale_version", detail="График уже изменён")
    outcomes = {1: (409, stale), 2: (200, server.card)}
    server.answers[f"PUT {LEAD}/schedule/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Изменить график").click()
    deal.get_by_label("Платежей", exact=True).fill("7")
    deal.get_by_label("Причина изменения").fill("Клиент попросил")
    deal.get_by_role("button", name="Сохранить").click()
    expect(deal.get_by_role("alert")).to_contain_text("График изменил кто-то другой")
    server.card["version"] = 5
    before = len(server.made(f"POST {LEAD}/schedule/preview/"))
    deal.get_by_role("button", name="Обновить и пересчитать").click()
    expect(deal.get_by_role("alert")).to_be_empty()
    expect(deal.get_by_label("Платежей", exact=True)).to_have_value("7")
    assert server.made(f"POST {LEAD}/schedule/preview/")[before].body["count"] == 7
    deal.get_by_role("button", name="Сохранить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    first, second = server.made(f"PUT {LEAD}/schedule/")
    assert (first.body["version"], second.body["version"]) == (2, 5)
    assert (second.body["count"], second.body["reason"]) == (7, "Клиент попросил")
    assert first.key != second.key


def test_a_first_schedule_that_someone_else_made_first_asks_for_a_reason(deal: Page, server: Server) -> None:
    without_schedule(server.card)
    deal.evaluate("openCard(7700123)")
    server.answer(f"POST {LEAD}/schedule/preview/", 200, PREVIEW)
    server.answer(f"PUT {LEAD}/schedule/", 409, problem(409, code="stale_version"))
    deal.get_by_role("button", name="Рассчитать график платежей").click()
    expect(deal.get_by_label("Причина изменения")).to_be_hidden()
    deal.get_by_role("button", name="Сохранить").click()
    server.card.update(version=1, actions=["rebuild"])
    deal.get_by_role("button", name="Обновить и пересчитать").click()
    expect(deal.get_by_role("dialog", name="Изменить график")).to_be_visible()
    deal.get_by_role("button", name="Сохранить").click()
    expect(deal.get_by_label("Причина изменения")).to_be_focused()
    assert len(server.made(f"PUT {LEAD}/schedule/")) == 1


def test_errors_of_the_server_stand_beside_their_fields(deal: Page, server: Server) -> None:
    errors = {"total": ["Меньше полученного"], "rows": ["Строк слишком много"]}
    server.answer(f"POST {LEAD}/schedule/preview/", 422, problem(422, errors=errors))
    deal.get_by_role("button", name="Изменить график").click()
    expect(deal.locator("[data-field=total] .grafik-field__error")).to_have_text("Меньше полученного")
    expect(deal.locator(".grafik-preview")).to_have_text("Меньше полученного Строк слишком много")


def test_save_without_a_reason_keeps_the_servers_mark_beside_its_own(deal: Page, server: Server) -> None:
    refusal = problem(422, errors={"total": ["Меньше полученного"]})
    server.answer(f"POST {LEAD}/schedule/preview/", 422, refusal)
    deal.get_by_role("button", name="Изменить график").click()
    total = deal.locator("[data-field=total] .grafik-field__error")
    reason = deal.locator("[data-field=reason] .grafik-field__error")
    expect(total).to_have_text("Меньше полученного")
    deal.get_by_role("button", name="Сохранить").click()
    expect(total).to_have_text("Меньше полученного")
    expect(reason).not_to_be_empty()
    deal.get_by_label("Причина изменения").fill("x")
    expect(reason).to_be_empty()
    expect(total).to_have_text("Меньше полученного")


def test_too_many_payments_are_judged_by_the_server_in_its_words(deal: Page, server: Server) -> None:
    server.answer(f"POST {LEAD}/schedule/preview/", 200, PREVIEW)
    deal.get_by_role("button", name="Изменить график").click()
    expect(deal.locator("tfoot")).to_be_visible()
    refusal = problem(422, errors={"count": ["Не больше 240 платежей"]})
    server.answer(f"POST {LEAD}/schedule/preview/", 422, refusal)
    deal.get_by_label("Платежей", exact=True).fill("1000")
    expect(deal.locator("[data-field=count] .grafik-field__error")).to_have_text("Не больше 240 платежей")
    expect(deal.locator(".grafik-preview")).to_have_text("Не больше 240 платежей")
    assert server.made(f"POST {LEAD}/schedule/preview/")[-1].body["count"] == 1000


def test_double_click_records_one_payment(deal: Page, server: Server) -> None:
    server.answers[f"POST {LEAD}/payments/"] = lambda _number: None
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("5 000,50")
    deal.get_by_role("button", name="Записать платёж").dblclick()
    deal.keyboard.press("Enter")
    deal.keyboard.press("Escape")
    expect(deal.get_by_role("dialog")).to_have_count(1)
    [call] = server.made(f"POST {LEAD}/payments/")
    assert call.body["amount"] == "5000.50"
    assert call.body["method"] == "cash"


def test_unknown_outcome_is_repeated_with_the_same_key_and_body_only(deal: Page, server: Server) -> None:
    outcomes = {1: (0, ""), 2: (502, "<html>Bad gateway</html>"), 3: (201, server.card)}
    server.answers[f"POST {LEAD}/payments/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("5000")
    deal.get_by_role("button", name="Записать платёж").click()
    expect(deal.get_by_label("Сумма", exact=True)).to_be_disabled()
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("alert")).to_contain_text("второй раз это не запишется")
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    calls = server.made(f"POST {LEAD}/payments/")
    assert len(calls) == 3
    assert len({(call.key, str(call.body)) for call in calls}) == 1
    assert calls[0].key


def test_a_save_that_still_runs_is_no_conflict_and_may_be_repeated(deal: Page, server: Server) -> None:
    running = problem(409, code="still_running", detail="Тот же запрос ещё выполняется.")
    outcomes = {1: (0, ""), 2: (409, running), 3: (200, server.card)}
    server.answers[f"POST {LEAD}/full-payment/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Полная оплата").click()
    deal.get_by_role("button", name="Записать").click()
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("alert")).to_contain_text("ещё выполняется")
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    assert len({call.key for call in server.made(f"POST {LEAD}/full-payment/")}) == 1


def test_invoice_for_the_next_row_names_the_row_and_another_sum_only_the_sum(
    deal: Page, server: Server
) -> None:
    server.answer(f"POST {LEAD}/invoices/", 201, {**server.card["invoices"][0], "text": "Готовый текст"})
    for amount in ("15 000", "7 000"):
        deal.get_by_role("button", name="Выставить счёт").click()
        dialog = deal.get_by_role("dialog", name="Выставить счёт")
        dialog.get_by_label("Сумма счёта").fill(amount)
        dialog.get_by_role("button", name="Выставить счёт").click()
        dialog.get_by_text("Закрыть", exact=True).click()
        expect(dialog).to_have_count(0)
    sent = [call.body for call in server.made(f"POST {LEAD}/invoices/")]
    assert sent == [{"installment": 3, "send": ["email"]}, {"amount": "7000.00", "send": ["email"]}]


def test_refused_payment_may_be_changed_and_goes_with_a_new_key(deal: Page, server: Server) -> None:
    refusal = problem(422, errors={"amount": ["Слишком много"]})
    outcomes = {1: (422, refusal), 2: (201, server.card)}
    server.answers[f"POST {LEAD}/payments/"] = lambda number: outcomes[number]
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("500000")
    deal.get_by_role("button", name="Записать платёж").click()
    expect(deal.locator("[data-field=amount] .grafik-field__error")).to_have_text("Слишком много")
    deal.get_by_label("Сумма", exact=True).fill("5000")
    deal.get_by_role("button", name="Записать платёж").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    first, second = server.made(f"POST {LEAD}/payments/")
    assert first.key != second.key


def test_full_payment_sends_the_debt_it_was_shown_for(deal: Page, server: Server) -> None:
    deal.get_by_role("button", name="Полная оплата").click()
    expect(deal.get_by_role("dialog")).to_contain_text("Что произойдёт")
    deal.get_by_role("button", name="Записать 115\u00a0000\u00a0₽").click()
    expect(deal.get_by_role("dialog")).to_have_count(0)
    [call] = server.made(f"POST {LEAD}/full-payment/")
    assert call.body["expected"] == "115000.00"


def test_late_answer_of_one_card_never_shows_in_the_next(deal: Page, server: Server) -> None:
    other = {**server.card, "lead_id": 7700124, "debt": "96000.00", "name": "Договор 15/26"}
    server.answer("GET deals/7700124/", 200, other)
    server.answers[f"GET {LEAD}/"] = lambda _number: None
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("#column")).to_contain_text("Загружаем платежи")
    deal.evaluate("openCard(7700124)")
    expect(deal.locator("[data-figure=debt]")).to_have_text("96\u00a0000\u00a0₽")
    server.held.pop().fulfill(status=200, headers={"Access-Control-Allow-Origin": "*"}, json=server.card)
    deal.wait_for_timeout(200)
    expect(deal.locator("[data-figure=debt]")).to_have_text("96\u00a0000\u00a0₽")


def test_card_closed_in_the_middle_of_a_save_leaves_nothing_behind(deal: Page, server: Server) -> None:
    server.answers[f"POST {LEAD}/full-payment/"] = lambda _number: None
    deal.get_by_role("button", name="Полная оплата").click()
    deal.get_by_role("button", name="Записать").click()
    expect(deal.get_by_role("dialog")).to_have_attribute("aria-busy", "true")
    deal.evaluate("widget.callbacks.destroy()")
    expect(deal.get_by_role("dialog")).to_have_count(0)
    server.held.pop().fulfill(status=200, headers={"Access-Control-Allow-Origin": "*"}, json=server.card)
    deal.wait_for_timeout(200)
    assert deal.evaluate("notices") == []


def test_failure_can_be_tried_again(deal: Page, server: Server) -> None:
    server.answer(f"GET {LEAD}/", 502, "<html>")
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("#column")).to_contain_text("ответил не так")
    del server.answers[f"GET {LEAD}/"]
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.locator("[data-figure=debt]")).to_have_text("115\u00a0000\u00a0₽")


def test_refresh_that_fails_keeps_the_last_card_and_says_so(deal: Page, server: Server) -> None:
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    server.answer(f"GET {LEAD}/", 0, "")
    deal.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(deal.locator("#column")).to_contain_text("последние известные данные")
    expect(deal.locator("[data-figure=debt]")).to_have_text("115\u00a0000\u00a0₽")
    del server.answers[f"GET {LEAD}/"]
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.locator("#column")).not_to_contain_text("последние известные данные")


def test_after_a_link_went_out_the_payment_shows_within_three_seconds(deal: Page, server: Server) -> None:
    deal.get_by_role("button", name="Ссылка (страница оплаты)").click()
    expect(deal.get_by_role("button", name="Скопировано")).to_be_visible()
    server.card.update(debt="95000.00", paid="65000.00")
    expect(deal.locator("[data-figure=debt]")).to_have_text("95\u00a0000\u00a0₽", timeout=3000)


def test_a_retry_shows_that_it_waits_and_asks_once(deal: Page, server: Server) -> None:
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    server.answer(f"GET {LEAD}/", 0, "")
    deal.evaluate("window.dispatchEvent(new Event('focus'))")
    retry = deal.get_by_role("button", name="Повторить")
    retry.wait_for()
    server.answers[f"GET {LEAD}/"] = lambda _number: None
    before = len(server.made(f"GET {LEAD}/"))
    retry.click()
    expect(retry).to_have_attribute("aria-busy", "true", timeout=100)
    deal.evaluate("window.dispatchEvent(new Event('focus'))")
    deal.wait_for_timeout(100)
    assert len(server.made(f"GET {LEAD}/")) == before + 1


def test_deposit_mode_makes_the_pair_of_links_at_one_click(deal: Page, server: Server) -> None:
    link = {"amount": "48000.00", "url": "https://pay.example.ru/a", "state": "open", "text": "Готовый текст"}
    pair = {"deposit": link, "full": {**link, "amount": "160000.00", "url": "https://pay.example.ru/b"}}
    without_schedule(server.card)
    server.card.update(mode="deposit", actions=["links"])
    server.answer(f"POST {LEAD}/payment-links/", 200, pair)
    deal.evaluate("openCard(7700123)")
    button = deal.get_by_role("button", name="Сформировать ссылки")
    button.wait_for()
    server.card["links"] = pair
    button.dblclick()
    expect(deal.locator("[data-link]")).to_have_count(2)
    expect(deal.locator("[data-link=full] [data-id=link-full]")).to_have_attribute(
        "data-text", "https://pay.example.ru/b"
    )
    assert len({call.key for call in server.made(f"POST {LEAD}/payment-links/")}) == len(
        server.made(f"POST {LEAD}/payment-links/")
    )


def test_markup_of_a_client_is_read_and_never_run(deal: Page, server: Server) -> None:
    evil = "<img src=x onerror=\"notices.push('ran')\"><script>notices.push('ran')</script>"
    server.card.update(name=evil, programme=evil, cohort=evil, warnings=[{"code": evil, "text": evil}])
    server.card["payer"].update(name=evil, email=evil)
    server.card["contact"].update(name=evil, email=evil)
    events = {"results": [{"at": "2026-09-01T10:00:00+03:00", "who": evil, "what": evil, "text": evil}]}
    server.answer(f"GET {LEAD}/history/", 200, events)
    deal.evaluate("openCard(7700123)")
    expect(deal.locator(".grafik-course")).to_contain_text("<img src=x")
    for name in ("Выставить счёт", "Отправить ещё раз", "История"):
        deal.get_by_role("button", name=name).first.click()
        deal.wait_for_timeout(50)
        deal.keyboard.press("Escape")
    assert deal.locator(".grafik img, .grafik script").count() == 0
    assert deal.evaluate("notices") == []


def test_keyboard_stays_in_the_dialog_and_comes_back_to_its_button(deal: Page, server: Server) -> None:
    opener = deal.get_by_role("button", name="Частичная оплата")
    opener.focus()
    deal.keyboard.press("Enter")
    expect(deal.get_by_label("Сумма", exact=True)).to_be_focused()
    for _step in range(12):
        deal.keyboard.press("Tab")
        assert deal.evaluate("document.querySelector('.grafik-dialog').contains(document.activeElement)")
    deal.keyboard.press("Escape")
    expect(deal.get_by_role("button", name="Частичная оплата")).to_be_focused()


@pytest.mark.parametrize("width", [220, 245, 300])
def test_panel_fits_the_column_at_any_width(deal: Page, server: Server, width: int) -> None:
    server.card.update(programme="Программа с очень длинным названием " * 3, cohort="Поток" * 40)
    deal.evaluate(f"document.getElementById('column').style.width = '{width}px'; openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    # The stylesheet may come a moment after the card.
    deal.wait_for_function(f"document.querySelector('.grafik-panel').scrollWidth <= {width}")
