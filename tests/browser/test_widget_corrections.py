"""What is put right or added from the panel: a split transfer, a payment by mistake, a row's payer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.deal_panel import NBSP, done, figure, is_known, more, panel, roubles

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser


def test_a_payment_by_mistake_is_taken_out_and_the_service_rendered_for_the_rest(
    deal: Page, demo: Demo, lead: int
) -> None:
    done(more(deal, "Услуга оказана"), "Отметить оказанной")
    demo.wait("the rendering", lambda: "service_rendered" in str(demo.api("GET", f"deals/{lead}/history/")))
    panel(deal).get_by_role("button", name=re.compile("^Записан по ошибке")).click()
    dialog = deal.locator(".grafik-dialog")
    expect(dialog).to_contain_text("Это не возврат")
    done(dialog, "Снять платёж", "Не та сделка")
    expect(figure(deal, "debt")).to_have_text(roubles(60000))
    expect(panel(deal).locator("[data-payment]")).to_contain_text("Снят как ошибочный")
    expect(panel(deal).get_by_role("button", name=re.compile("^Записан по ошибке"))).to_have_count(0)


def test_one_transfer_pays_two_deals(deal: Page, demo: Demo, lead: int) -> None:
    demo.wait("amoCRM's answer about the other deal", lambda: is_known(demo, 7700127))
    other = demo.api("GET", "deals/7700127/")
    dialog = more(deal, "Перевод за несколько сделок")
    dialog.get_by_label("Сумма перевода").fill("25000")
    dialog.get_by_label("Часть 1: сумма").fill("20000")
    dialog.get_by_role("button", name="Записать перевод").click()
    expect(dialog.locator("#grafik-parts-error")).to_contain_text(f"5{NBSP}000")
    dialog.get_by_label("Часть 2: номер сделки").fill("7700127")
    dialog.get_by_label("Часть 2: сумма").fill("5000")
    expect(dialog).to_contain_text("2 платежа")
    done(dialog, "Записать перевод")
    expect(figure(deal, "debt")).to_have_text(roubles(30000))
    after = demo.api("GET", "deals/7700127/")
    assert float(other["debt"]) - float(after["debt"]) == 5000


def test_a_template_is_one_click_and_a_row_waits_for_somebody_else(deal: Page, demo: Demo, lead: int) -> None:
    panel(deal).get_by_role("button", name="Изменить график").click()
    dialog = deal.locator(".grafik-dialog")
    dialog.locator("[data-templates] button").first.click()
    expect(dialog.locator("[name=count]")).to_have_value("4")
    expect(dialog.locator(".grafik-preview tbody tr")).to_have_count(5)
    done(dialog, "Сохранить", "По шаблону")
    expect(panel(deal)).to_contain_text("1/5")

    dialog = more(deal, "Плательщик")
    dialog.locator("[name=row]").select_option("3")
    dialog.locator("[name=kind]").select_option("third_party")
    dialog.locator("[name=name]").fill("Пётр Ильин")
    dialog.locator("[name=email]").fill("petr@example.org")
    done(dialog, "Сохранить")
    expect(panel(deal).locator("[data-installment='3']")).to_contain_text("платит Пётр Ильин")


def test_a_wish_about_reminders_is_kept_and_a_document_is_mailed(deal: Page, demo: Demo) -> None:
    dialog = more(deal, "Напоминания клиенту")
    dialog.locator("[name=channel]").select_option("none")
    expect(dialog).to_contain_text("ни по одной сделке")
    done(dialog, "Сохранить")
    expect(figure(deal, "reminders")).to_have_text("не напоминать")

    panel(deal).get_by_role("button", name="Документ", exact=True).click()
    dialog = deal.locator(".grafik-dialog")
    dialog.get_by_label("Коммерческое предложение").check()
    dialog.get_by_role("button", name="Сделать").click()
    expect(dialog).to_contain_text("Готово")
    deal.keyboard.press("Escape")
    panel(deal).get_by_role("button", name=re.compile("^Отправить: Коммерческое")).click()
    expect(dialog.locator("[name=to]")).to_have_value("vera@example.org")
    done(dialog, "Отправить")
    demo.wait(
        "the letter",
        lambda: any("Коммерческое" in mail["subject"] for mail in demo.mails("vera@example.org")),
    )
