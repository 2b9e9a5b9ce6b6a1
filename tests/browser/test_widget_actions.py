"""Every action of the panel on the emulated deal page of a running bin/demo: pressed, done, seen."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.deal_panel import NBSP, done, figure, more, opened, panel, roubles, shown, today

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

MANAGER, CHIEF = "8100002", "8100001"


def test_a_refund_in_cash_waits_for_its_payout(deal: Page, demo: Demo, lead: int) -> None:
    panel(deal).get_by_role("button", name=re.compile("^Вернуть")).click()
    dialog = deal.locator(".grafik-dialog")
    dialog.locator("[name=amount]").fill("4000")
    done(dialog, "Вернуть")
    expect(panel(deal).locator("[data-payment]")).to_contain_text(f"4{NBSP}000{NBSP}₽")
    card: dict[str, Any] = demo.api("GET", f"deals/{lead}/")
    assert card["payments"][0]["refundable"] == "6000.00"


def test_a_pause_and_its_end(deal: Page, demo: Demo, lead: int) -> None:
    done(more(deal, "Поставить на паузу"), "Поставить на паузу", "Болеет")
    expect(panel(deal)).to_contain_text("Болеет")
    done(more(deal, "Снять с паузы"), "Снять с паузы")
    expect(panel(deal)).not_to_contain_text("Болеет")
    expect(panel(deal)).to_contain_text("Просрочено")


def test_one_date_and_the_total_change(deal: Page, demo: Demo, lead: int) -> None:
    later = today() + timedelta(days=10)
    dialog = more(deal, "Перенести один платёж")
    dialog.locator("[name=due_on]").fill(shown(later))
    done(dialog, "Перенести", "Зарплата позже")
    expect(panel(deal)).to_contain_text(shown(later))
    dialog = more(deal, "Изменить стоимость")
    dialog.locator("[name=total]").fill("54000")
    done(dialog, "Изменить", "Скидка")
    expect(figure(deal, "debt")).to_have_text(roubles(44000))
    demo.wait("the budget in amoCRM", lambda: demo.lead(lead)["price"] == 54000)


def test_a_deal_is_settled_and_what_is_over_is_credit(deal: Page) -> None:
    dialog = more(deal, "Закрыть на другую сумму")
    dialog.locator("[name=total]").fill("7000")
    expect(dialog).to_contain_text(f"3{NBSP}000{NBSP}₽ станут переплатой")
    done(dialog, "Закрыть сделку", "Ушёл с курса")
    expect(figure(deal, "credit")).to_have_text(roubles(3000))
    expect(panel(deal)).to_contain_text("Ушёл с курса")


def test_a_schedule_is_cancelled(deal: Page) -> None:
    done(more(deal, "Отменить график"), "Отменить график", "Ошиблись")
    expect(panel(deal)).to_contain_text("Отменено")
    expect(panel(deal).get_by_role("button", name="Полная оплата")).to_have_count(0)


def test_a_debt_is_written_off_and_owed_again(deal: Page) -> None:
    done(more(deal, "Списать долг"), "Списать", "Безнадёжный")
    expect(figure(deal, "written_off")).to_have_text(roubles(50000))
    panel(deal).get_by_role("button", name="Отменить списание").first.click()
    done(deal.locator(".grafik-dialog"), "Отменить списание", "Заплатит")
    expect(figure(deal, "debt")).to_have_text(roubles(50000))


def test_an_invoice_is_issued_shown_sent_and_made_void(deal: Page, demo: Demo) -> None:
    before = len(demo.mails("vera@example.org"))
    panel(deal).get_by_role("button", name="Выставить счёт").click()
    dialog = deal.locator(".grafik-dialog")
    dialog.get_by_role("button", name="Выставить счёт").click()
    expect(dialog.locator(".grafik-quote")).to_contain_text("/pay/")
    deal.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    demo.wait("the letter", lambda: len(demo.mails("vera@example.org")) > before)
    panel(deal).get_by_role("button", name=re.compile("^Отправить")).first.click()
    expect(dialog.locator(".grafik-quote")).to_contain_text("/pay/")
    deal.keyboard.press("Escape")
    panel(deal).get_by_role("button", name=re.compile("^Аннулировать")).first.click()
    done(dialog, "Аннулировать", "Не та сумма")
    expect(panel(deal).locator("[data-invoice]")).to_contain_text("Аннулирован")


def test_a_company_pays_and_the_contact_again(deal: Page) -> None:
    dialog = more(deal, "Плательщик")
    dialog.locator("[name=kind]").select_option("company")
    dialog.locator("[name=name]").fill("ООО «Ромашка»")
    dialog.locator("[name=inn]").fill("7700000088")
    dialog.get_by_role("button", name="Сохранить").click()
    expect(dialog.locator("[data-field=inn] .grafik-field__error")).not_to_be_empty()
    dialog.locator("[name=inn]").fill("7707083893")
    dialog.locator("[name=kpp]").fill("770701001")
    dialog.locator("[name=address]").fill("Москва, ул. Лесная, 5")
    done(dialog, "Сохранить")
    expect(figure(deal, "payer")).to_have_text("ООО «Ромашка»")
    dialog = more(deal, "Плательщик")
    dialog.locator("[name=kind]").select_option("contact")
    done(dialog, "Сохранить")
    expect(figure(deal, "payer")).to_have_count(0)


def test_the_clients_link_changes_and_the_code_follows(deal: Page, demo: Demo, lead: int) -> None:
    before = demo.api("GET", f"deals/{lead}/")["pay_url"]
    done(more(deal, "Сменить ссылку клиента"), "Сменить ссылку")
    after = demo.api("GET", f"deals/{lead}/")["pay_url"]
    assert before != after
    panel(deal).get_by_role("button", name="QR").click()
    expect(deal.locator(".grafik-qr-place__address")).to_have_text(after)
    expect(deal.get_by_role("img", name="QR-код: Страница оплаты")).to_be_visible()
    deal.keyboard.press("Escape")
    assert requests.get(before, timeout=10).status_code in (404, 410)


def test_a_payer_who_opened_the_bank_is_an_attempt_with_a_next_step(
    deal: Page, demo: Demo, lead: int
) -> None:
    address = demo.api("GET", f"deals/{lead}/")["pay_url"]
    # On a busy machine the bank's answer is late: the payer's page then opens its address again by itself.
    demo.wait("the bank's page", lambda: is_sent_on(f"{address}go/?what=full"))
    opened(deal, demo, lead)
    expect(panel(deal)).to_contain_text("Открыл страницу оплаты")
    expect(panel(deal)).to_contain_text("Что дальше:")


def is_sent_on(address: str) -> bool:
    """Does the payer's click end at the bank's page?"""
    headers = {"User-Agent": "Mozilla/5.0"}
    answer = requests.get(address, timeout=20, headers=headers, allow_redirects=False)
    return answer.is_redirect


def test_a_signed_schedule_is_an_administrators(deal: Page, demo: Demo, lead: int) -> None:
    done(more(deal, "Отметить подписанным"), "Отметить")
    expect(panel(deal)).to_contain_text("График подписан")
    expect(panel(deal).get_by_role("button", name="Изменить график")).to_have_count(0)
    expect(panel(deal).get_by_role("button", name="Изменить стоимость")).to_have_count(0)
    expect(panel(deal).get_by_role("button", name="Частичная оплата")).to_be_visible()


def test_a_promise_is_shown_and_a_stop_is_taken_back(deal: Page) -> None:
    dialog = more(deal, "Обещание оплаты")
    dialog.locator("[name=until]").fill(shown(today() + timedelta(days=3)))
    dialog.locator("[name=amount]").fill("5000")
    done(dialog, "Записать")
    expect(figure(deal, "promise")).to_contain_text(shown(today() + timedelta(days=3)))
    done(more(deal, "Остановить счета или напоминания"), "Остановить", "Попросил не писать")
    panel(deal).get_by_role("button", name="Возобновить").first.click()
    done(deal.locator(".grafik-dialog"), "Возобновить")
    expect(panel(deal).get_by_role("button", name="Возобновить")).to_have_count(0)


def test_the_figures_open_in_a_tab_and_know_nobody_without_the_code(deal: Page, demo: Demo) -> None:
    with deal.expect_popup() as popup:
        panel(deal).get_by_role("button", name="Аналитика").click()
    tab = popup.value
    expect(tab.locator("[data-figure=received]")).to_be_visible()
    assert tab.url == f"{demo.product}/analytics/"
    stranger = deal.context.browser
    assert stranger is not None
    other = stranger.new_context().new_page()
    other.goto(f"{demo.product}/analytics/")
    expect(other.locator("body")).to_contain_text("Вход в аналитику закончился")
    other.context.close()


def test_an_administrator_sees_the_set_up_and_a_manager_does_not(page: Page, demo: Demo) -> None:
    def be(user: str) -> None:
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "amo_session_demoschool", "value": user, "url": demo.sandbox}])
        page.goto(f"{demo.sandbox}/amocrm/demoschool/settings/widgets/")
        page.get_by_role("link", name="Аналитика платежей").click()
        expect(page.locator("[data-figure=received]")).to_be_visible()

    be(MANAGER)
    expect(page.get_by_role("button", name="Настройка")).to_have_count(0)
    be(CHIEF)
    page.get_by_role("button", name="Настройка").click()
    expect(page.get_by_text("Подключено")).to_be_visible()
    expect(page.get_by_text("Продажи курсов").first).to_be_visible()
