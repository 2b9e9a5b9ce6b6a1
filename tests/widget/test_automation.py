"""What is set once: the trigger's form, the bot's step, the set-up page, the light card without charts."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

FORM = """
document.body.insertAdjacentHTML('beforeend', `
<form data-action="send_widget_hook"><input id="foreign" name="action" value=""></form>
<form class="digital-pipeline__short-task_widget-style_w7">
<div><label>Что сделать</label><input name="action" value=""></div>
<div><label>Ключ</label><input name="hook_key" value=""></div></form>`);
"""
SETUP: dict[str, Any] = {
    "connection": {"state": "connected", "connect_url": "https://www.amocrm.ru/oauth?x"},
    "findings": [
        {"works": True, "text": "Доступ выдал администратор."},
        {"works": False, "text": "Нет поля 1 для «Долг»."},
    ],
    "fields": [
        {"ours": "debt", "name": "Долг", "field_id": 910020, "choices": [{"id": 910020, "name": "Долг"}],
         "can_make": False},
        {"ours": "full_link", "name": "Ссылка", "field_id": None, "choices": [], "can_make": True},
    ],
    "pipelines": [
        {"id": 6100001, "name": "Продажи", "stages": [{"id": 142, "name": "Завершенные"}],
         "deposit_status": None, "paid_status": None, "completed_status": 142, "overdue_status": None}
    ],
    "rules": {"mode": "installments", "issue_at": "09:00", "issue_days_before": 0, "salesbot_id": None,
              "reminders": [{"days": -3, "channels": ["email"]}]},
    "bots": [{"id": 3301, "name": "Напоминания"}],
    "panel_url": "https://pay.example.ru/admin/",
}  # fmt: skip


def settings_page(deal: Page, server: Server, *, is_admin: bool) -> None:
    server.answer("GET analytics/filters/", 503, {"title": "x", "status": 503, "detail": "Не отвечает."})
    deal.evaluate(
        """isAdmin => {
          document.body.insertAdjacentHTML('beforeend', '<div id="list_page_holder"></div>');
          APP.constant = () => ({ is_admin: isAdmin });
          widget.callbacks.advancedSettings();
        }""",
        is_admin,
    )


def test_a_trigger_is_chosen_in_words_and_carries_the_key(deal: Page, server: Server) -> None:
    outcomes = {
        1: (503, {"title": "x", "status": 503, "detail": "Не отвечает."}),
        2: (200, {"hook_key": "k_3f"}),
    }
    server.answers["GET automation/"] = lambda number: outcomes[number]
    deal.evaluate("widget.get_settings = () => ({ widget_code: 'w7' }); widget.callbacks.dpSettings()")
    deal.wait_for_timeout(150)
    deal.evaluate(FORM)
    form = deal.locator("form.digital-pipeline__short-task_widget-style_w7")
    expect(form).to_contain_text("Не отвечает.")
    form.get_by_role("button", name="Повторить").click()
    expect(form.locator("[name=hook_key]")).to_have_value("k_3f")
    expect(form.locator("[name=action]")).to_have_value("schedule")
    form.get_by_label("Что сделать, когда сделка попадёт сюда").select_option("invoice")
    expect(form.locator("[name=action]")).to_have_value("invoice")
    expect(form.locator("[name=hook_key]")).to_be_hidden()
    expect(deal.locator("#foreign")).to_have_value("")


def test_a_bot_step_is_chosen_in_words_and_survives_an_odd_value(deal: Page, server: Server) -> None:
    deal.evaluate(
        """() => {
          document.body.insertAdjacentHTML('beforeend', `<div id="step"><div><label>Что</label>
            <input name="value" data-field-name="what" value="чтонибудь">
            <input type="hidden" name="value_manual" data-field-name="what" value="true"></div></div>`);
          widget.callbacks.salesbotDesignerSettings([document.getElementById('step')], () => '', {});
        }"""
    )
    typed = deal.locator("#step input[name=value]")
    expect(typed).to_have_value("installment")
    expect(typed).to_be_hidden()
    deal.get_by_label("Что оплатить по ссылке").select_option("overdue")
    expect(typed).to_have_value("overdue")


def test_a_bot_step_asks_the_server_for_a_link(deal: Page, server: Server) -> None:
    said = deal.evaluate("widget.callbacks.onSalesbotDesignerSave('payment_link', { what: 'full' })")
    step, onward = json.loads(said)[0]["question"]
    assert onward == {"handler": "goto", "params": {"type": "question", "step": 1}}
    assert step["handler"] == "widget_request"
    assert step["params"]["url"] == "https://grafik.invalid/webhooks/amocrm/salesbot/"
    assert step["params"]["data"] == {"lead": "{{lead.id}}", "action": "link", "what": "full"}
    odd = json.loads(
        deal.evaluate("widget.callbacks.onSalesbotDesignerSave('payment_link', { what: 'all' })")
    )
    assert odd[0]["question"][0]["params"]["data"]["what"] == "installment"


def test_a_bot_goes_on_by_one_of_the_two_exits_that_the_step_names(deal: Page, server: Server) -> None:
    shown = "widget.callbacks.salesbotDesignerSettings([document.createElement('div')], () => '', {})"
    exits = {one["code"]: one["title"] for one in deal.evaluate(shown)["exits"]}
    assert exits == {"success": "Ссылка отправлена", "fail": "Ссылки нет: платить нечего"}
    said = deal.evaluate("widget.callbacks.onSalesbotDesignerSave('payment_link', { what: 'full' })")
    conditions, otherwise = json.loads(said)[1]["question"]
    [asked] = conditions["params"]["conditions"]
    assert asked == {"term1": "{{json.status}}", "term2": "success", "operation": "="}
    [taken] = conditions["params"]["result"]
    assert taken == {"handler": "exits", "params": {"value": "success"}}
    assert otherwise == {"handler": "exits", "params": {"value": "fail"}}


def test_pages_that_get_json_not_ours_say_so(deal: Page, server: Server) -> None:
    settings_page(deal, server, is_admin=True)
    server.answer("GET analytics/filters/", 200, {"ok": True})
    server.answer("GET setup/", 200, {"ok": True})
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_text("ответил не так, как ожидалось")).to_be_visible()
    deal.get_by_role("button", name="Настройка").click()
    expect(deal.get_by_text("ответил не так, как ожидалось")).to_be_visible()
    server.answer("GET setup/", 200, SETUP)
    deal.get_by_role("button", name="Повторить").click()
    expect(deal.get_by_text("Доступ выдал администратор.")).to_be_visible()


def test_an_administrator_sets_up_section_by_section(deal: Page, server: Server) -> None:
    server.answer("GET setup/", 200, SETUP)
    settings_page(deal, server, is_admin=True)
    deal.get_by_role("button", name="Настройка").click()
    expect(deal.get_by_text("Нет поля 1 для «Долг».")).to_be_visible()

    fields = deal.locator("[data-form=fields]")
    fields.get_by_label("Ссылка").select_option("make")
    server.answer("PUT setup/fields/", 200, {**SETUP, "findings": []})
    fields.get_by_role("button", name="Сохранить").dblclick()
    expect(fields.get_by_text("Сохранено")).to_be_visible()
    expect(deal.get_by_text("Нет поля 1 для «Долг».")).to_have_count(0)
    [call] = server.made("PUT setup/fields/")
    assert call.body == {"chosen": {"debt": "910020", "full_link": "make"}}

    rules = deal.locator("[data-form=rules]")
    rules.get_by_role("button", name="Добавить напоминание").click()
    rules.get_by_label("Напоминание 2: дней от срока", exact=True).fill("7")
    rules.locator("[data-step='1']").get_by_label("мессенджер").check()
    refusal = {
        "title": "x",
        "status": 422,
        "detail": "Нужен бот",
        "errors": {"salesbot_id": ["Выберите Salesbot"]},
    }
    server.answer("PUT setup/rules/", 422, refusal)
    rules.get_by_role("button", name="Сохранить").click()
    expect(rules.locator("[data-field=salesbot_id] .grafik-field__error")).to_have_text("Выберите Salesbot")
    rules.get_by_label("Salesbot для сообщений").select_option("3301")
    server.answer("PUT setup/rules/", 200, SETUP["rules"])
    rules.get_by_role("button", name="Сохранить").click()
    expect(rules.get_by_text("Сохранено")).to_be_visible()
    assert server.made("PUT setup/rules/")[-1].body == {
        "issue_at": "09:00",
        "issue_days_before": 0,
        "salesbot_id": 3301,
        "reminders": [{"days": -3, "channels": ["email"]}, {"days": 7, "channels": ["email", "salesbot"]}],
    }

    server.answer("POST setup/try/", 200, {"text": "Поле записано и возвращено."})
    deal.locator("[data-form=trial]").get_by_label("Номер сделки").fill("7700123")
    deal.get_by_role("button", name="Проверить", exact=True).click()
    expect(deal.get_by_text("Поле записано и возвращено.")).to_be_visible()


def test_a_reminder_without_a_day_is_not_one_of_the_day_itself(deal: Page, server: Server) -> None:
    server.answer("GET setup/", 200, SETUP)
    settings_page(deal, server, is_admin=True)
    deal.get_by_role("button", name="Настройка").click()
    rules = deal.locator("[data-form=rules]")
    rules.get_by_role("button", name="Добавить напоминание").click()
    rules.get_by_label("Напоминание 2: дней от срока", exact=True).fill("")
    rules.get_by_label("Дней до срока платежа").fill("")
    kept = {**SETUP["rules"], "reminders": [{"days": -5, "channels": ["email"]}]}
    server.answer("PUT setup/rules/", 200, kept)
    rules.get_by_role("button", name="Сохранить").click()
    expect(rules.get_by_text("Сохранено")).to_be_visible()
    [call] = server.made("PUT setup/rules/")
    assert (call.body["reminders"][1]["days"], call.body["issue_days_before"]) == (None, None)
    # What the server keeps is what stands there.
    expect(rules.locator("[data-step]")).to_have_count(1)
    expect(rules.get_by_label("Напоминание 1: дней от срока", exact=True)).to_have_value("-5")


def test_a_manager_is_offered_the_figures_only(deal: Page, server: Server) -> None:
    settings_page(deal, server, is_admin=False)
    expect(deal.locator("#list_page_holder")).to_contain_text("Не отвечает.")
    expect(deal.get_by_role("button", name="Настройка")).to_have_count(0)
    assert server.made("GET setup/") == []


def test_the_card_never_loads_the_charts(deal: Page, server: Server) -> None:
    asked: list[str] = []
    deal.on("request", lambda request: asked.append(request.url))
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    assert not any("figures.js" in url for url in asked)
    settings_page(deal, server, is_admin=False)
    deal.wait_for_function("document.querySelector('#list_page_holder .grafik-page')")
    assert any("figures.js" in url for url in asked)


def test_a_page_that_does_not_load_can_be_tried_again(deal: Page, server: Server) -> None:
    deal.route("**/lib/figures.js*", lambda route: route.abort())
    settings_page(deal, server, is_admin=False)
    expect(deal.locator("#list_page_holder")).to_contain_text("Нет связи")
    deal.unroute("**/lib/figures.js*")
    deal.get_by_role("button", name="Повторить").click()
    deal.wait_for_function("document.querySelector('#list_page_holder .grafik-page')")
