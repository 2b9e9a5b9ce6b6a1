"""Every action of the panel in the network's mode: bookings with a deposit."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.browser.deal_panel import NBSP, done, figure, more, panel, roubles, shown, today

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

PLACE, PLAYED_ON = 920012, 920013


def book(demo: Demo, price: int = 10000) -> int:
    """A booking of one's own at a place whose deposit is 30 %, played in ten days."""
    played = today() + timedelta(days=10)
    made = requests.post(
        f"{demo.sandbox}/amocrm/demoquests/_ui/leads/0",
        json={
            "name": "Квест на пробу",
            "price": price,
            "responsible_user_id": 8200002,
            "contact": {"name": "Ия Белова", "email": "iya@example.org", "phone": "+79160000078"},
            "custom_fields_values": [
                {"field_id": PLACE, "values": [{"value": "Петроградская, 14"}]},
                {"field_id": PLAYED_ON, "values": [{"value": f"{played.isoformat()}T12:00:00+03:00"}]},
            ],
        },
        cookies={"amo_session_demoquests": "8200002"},
        timeout=10,
    )
    made.raise_for_status()
    number: int = made.json()["id"]
    return number


@pytest.fixture
def booking(page: Page, demo: Demo) -> Page:
    """The booking's page with its two links: a deposit of 3 000 and the whole 10 000."""
    return with_links(page, demo, book(demo))


def with_links(page: Page, demo: Demo, number: int) -> Page:
    page.goto(f"{demo.sandbox}/amocrm/demoquests/leads/detail/{number}")
    panel(page).get_by_role("button", name="Сформировать ссылки").click()
    expect(panel(page).locator("[data-link=deposit]")).to_contain_text(f"3{NBSP}000{NBSP}₽")
    expect(panel(page).locator("[data-link=full]")).to_contain_text(f"10{NBSP}000{NBSP}₽")
    return page


def press(page: Page, name: str) -> Locator:
    panel(page).get_by_role("button", name=re.compile(f"^{name}")).first.click()
    return page.locator(".grafik-dialog")


def test_money_at_the_desk_comes_goes_back_and_is_taken_out(booking: Page) -> None:
    dialog = press(booking, "Частичная оплата")
    dialog.locator("[name=amount]").fill("4000")
    expect(dialog).to_contain_text(f"останется 6{NBSP}000{NBSP}₽")
    done(dialog, "Записать платёж")
    expect(panel(booking).locator("[data-link=deposit]")).to_contain_text("Оплачена")
    expect(panel(booking)).to_contain_text("Предоплата")
    dialog = press(booking, "Вернуть")
    dialog.locator("[name=amount]").fill("1000")
    done(dialog, "Вернуть")
    expect(panel(booking).locator("[data-payment]")).to_contain_text(f"1{NBSP}000{NBSP}₽")
    dialog = press(booking, "Полная оплата")
    done(dialog, f"Записать 6{NBSP}000{NBSP}₽")
    expect(panel(booking)).to_contain_text("Оплачено")
    expect(panel(booking).get_by_role("button", name="Сформировать ссылки")).to_have_count(0)
    done(press(booking, "Записан по ошибке"), "Снять платёж")
    expect(figure(booking, "debt")).to_have_text(roubles(6000))


def test_a_booking_is_promised_stopped_paused_and_moved(booking: Page) -> None:
    dialog = more(booking, "Обещание оплаты")
    dialog.locator("[name=until]").fill(shown(today() + timedelta(days=2)))
    done(dialog, "Записать")
    expect(figure(booking, "promise")).to_be_visible()
    done(more(booking, "Остановить счета или напоминания"), "Остановить")
    done(press(booking, "Возобновить"), "Возобновить")
    dialog = more(booking, "Напоминания клиенту")
    dialog.locator("[name=channel]").select_option("email")
    done(dialog, "Сохранить")
    expect(figure(booking, "reminders")).to_have_text("письмом")
    done(more(booking, "Поставить на паузу"), "Поставить на паузу")
    expect(panel(booking)).to_contain_text("На паузе")
    done(more(booking, "Снять с паузы"), "Снять с паузы")
    dialog = more(booking, "Перенести один платёж")
    dialog.locator("[name=due_on]").fill(shown(today() + timedelta(days=5)))
    done(dialog, "Перенести")
    expect(panel(booking)).to_contain_text(shown(today() + timedelta(days=5)))
    expect(panel(booking).get_by_role("button", name="Перевести в другой поток")).to_have_count(0)


def test_a_booking_is_asked_by_an_invoice_by_code_and_by_another_payer(booking: Page, demo: Demo) -> None:
    press(booking, "Выставить счёт").get_by_role("button", name="Выставить счёт").click()
    dialog = booking.locator(".grafik-dialog")
    expect(dialog.locator(".grafik-quote")).to_contain_text("/pay/")
    booking.keyboard.press("Escape")
    done(press(booking, "Аннулировать"), "Аннулировать")
    dialog = press(booking, "QR")
    expect(dialog.get_by_role("img", name=re.compile("QR-код: Предоплата"))).to_be_visible()
    booking.keyboard.press("Escape")
    dialog = more(booking, "Плательщик")
    dialog.locator("[name=kind]").select_option("third_party")
    dialog.locator("[name=name]").fill("Лев Белов")
    done(dialog, "Сохранить")
    expect(figure(booking, "payer")).to_have_text("Лев Белов")
    done(more(booking, "Сменить ссылку клиента"), "Сменить ссылку")
    expect(press(booking, "История")).to_contain_text("Выставлен счёт")
    booking.keyboard.press("Escape")
    done(more(booking, "Отменить график"), "Отменить график")
    expect(panel(booking)).to_contain_text("Отменено")


def test_a_transfer_for_two_bookings_then_one_is_settled_and_one_written_off(
    booking: Page, demo: Demo
) -> None:
    other = book(demo)
    dialog = more(booking, "Перевод за несколько сделок")
    dialog.get_by_label("Сумма перевода").fill("7000")
    dialog.get_by_label("Часть 1: сумма").fill("5000")
    dialog.get_by_label("Часть 2: номер сделки").fill(str(other))
    dialog.get_by_label("Часть 2: сумма").fill("2000")
    done(dialog, "Записать перевод")
    expect(figure(booking, "debt")).to_have_text(roubles(5000))
    dialog = more(booking, "Изменить стоимость")
    dialog.locator("[name=total]").fill("9000")
    done(dialog, "Изменить")
    expect(figure(booking, "debt")).to_have_text(roubles(4000))
    done(more(booking, "Списать долг"), "Списать")
    expect(figure(booking, "written_off")).to_have_text(roubles(4000))
    done(press(booking, "Отменить списание"), "Отменить списание")
    dialog = more(booking, "Закрыть на другую сумму")
    expect(dialog).to_contain_text("«Изменить стоимость»")
    dialog.locator("[name=total]").fill("3000")
    done(dialog, "Закрыть сделку")
    expect(figure(booking, "credit")).to_have_text(roubles(2000))
    dialog = press(booking, "Перенести")
    dialog.locator("[name=lead_id]").fill(str(other))
    dialog.locator("[name=amount]").fill("2000")
    done(dialog, "Перенести")
    expect(panel(booking)).to_contain_text("Перенесено в другую сделку")


def test_a_signed_booking_is_an_administrators(booking: Page) -> None:
    done(more(booking, "Отметить подписанным"), "Отметить")
    expect(panel(booking)).to_contain_text("График подписан")
    expect(panel(booking).get_by_role("button", name="Отменить график")).to_have_count(0)
