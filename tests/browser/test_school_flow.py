"""The school's first rouble, through what a manager and a payer would press, on a running bin/demo."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

ANNA, IGOR, ELENA = 7700123, 7700124, 7700125
DEBT, NEXT_AMOUNT, STATE = 910020, 910022, 910023
NBSP = "\N{NO-BREAK SPACE}"


def today() -> date:
    return datetime.now(ZoneInfo("Europe/Moscow")).date()


def shown(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def make_schedule(page: Page, demo: Demo, lead_id: int, *, first: date, count: int) -> None:
    page.goto(demo.deal_page(lead_id))
    page.get_by_role("button", name="Рассчитать график платежей").click()
    dialog = page.get_by_role("dialog", name="График платежей")
    dialog.get_by_label("Платежей", exact=True).fill(str(count))
    dialog.get_by_role("textbox", name="Первый платёж").fill(shown(first))
    expect(dialog.get_by_text(re.compile(r"^Итого"))).to_be_visible()
    dialog.get_by_role("button", name="Сохранить").click()
    expect(dialog).to_be_hidden()


def panel(page: Page) -> Locator:
    return page.locator(".card-widgets__widget__body .grafik").first


def receipts_of(demo: Demo, amount: str) -> list[dict[str, Any]]:
    """Other tests of the same demo make receipts too."""
    return [one for one in demo.get("/_sandbox/cloudpayments/receipts") if one["amount"] == amount]


def test_a_school_earns_its_first_rouble(page: Page, demo: Demo) -> None:
    make_schedule(page, demo, ANNA, first=today(), count=4)
    expect(panel(page)).to_contain_text("По графику")
    expect(panel(page)).to_contain_text("Поток 12")
    demo.wait("the debt in amoCRM", lambda: demo.field(ANNA, DEBT) == "160000.00")
    assert demo.field(ANNA, STATE) == "По графику"

    # The due day: the invoice goes out by itself, once however often the day is run.
    demo.manage("issue_invoices", "--on", today().isoformat())
    demo.manage("issue_invoices", "--on", today().isoformat())
    to = "anna.smirnova@example.org"
    demo.wait("the invoice in the mailbox", lambda: demo.mails(to))
    [mail] = demo.mails(to)
    assert f"40{NBSP}000{NBSP}₽" in mail["text"]
    [address] = set(re.findall(rf"{demo.product}/pay/[\w-]+/go/\?what=invoice&n=\d+", mail["text"]))

    # The payer pays by that link on the provider's page.
    page.goto(address)
    expect(page.get_by_test_id("sum")).to_contain_text("40")
    page.get_by_test_id("pay-card").click()
    expect(page.get_by_role("heading", name="Платёж получен")).to_be_visible()
    paid_at = time.monotonic()
    demo.wait("the debt to fall", lambda: demo.field(ANNA, DEBT) == "120000.00")
    demo.wait("the note", lambda: any("Получена оплата 40" in note for note in demo.notes(ANNA)))
    print(f"card, fields and note {time.monotonic() - paid_at:.1f} s after the payment")

    # The card shows it, and the receipt is made.
    page.goto(demo.deal_page(ANNA))
    expect(panel(page)).to_contain_text("1/4")
    receipts = demo.wait("the receipt", lambda: receipts_of(demo, "40000.00"))
    assert {one["type"] for one in receipts} == {"Income"}

    # A part is received over the counter, then all that is left: the deal is completed.
    page.get_by_role("button", name="Частичная оплата").click()
    dialog = page.get_by_role("dialog", name="Частичная оплата")
    dialog.get_by_label("Сумма").fill("25000")
    dialog.get_by_role("button", name="Записать платёж").click()
    expect(dialog).to_be_hidden()
    demo.wait("the rest", lambda: demo.field(ANNA, DEBT) == "95000.00")

    page.get_by_role("button", name="Полная оплата").click()
    dialog = page.get_by_role("dialog", name="Полная оплата")
    expect(dialog).to_contain_text(f"95{NBSP}000{NBSP}₽")
    dialog.get_by_role("button", name=re.compile("^Записать")).click()
    expect(dialog).to_be_hidden()
    expect(panel(page)).to_contain_text("Оплачено")
    demo.wait("«Завершенные»", lambda: demo.lead(ANNA)["status_id"] == 142)
    assert demo.field(ANNA, STATE) == "Оплачено"
    assert len(demo.mails(to)) == 1


def test_whoever_did_not_pay_is_known_the_day_after(page: Page, demo: Demo) -> None:
    make_schedule(page, demo, IGOR, first=today() - timedelta(days=5), count=3)
    demo.manage("flag_overdue", "--on", today().isoformat())
    demo.manage("flag_overdue", "--on", today().isoformat())
    tasks = demo.wait("the manager's task", lambda: demo.tasks(IGOR))
    assert len(tasks) == 1
    assert tasks[0]["responsible_user_id"] == demo.lead(IGOR)["responsible_user_id"]
    demo.wait("«Просрочка»", lambda: demo.lead(IGOR)["status_id"] == 55000150)
    # In the order of the day, as the beat has it: the missed invoice is that day's message.
    demo.manage("issue_invoices", "--on", today().isoformat())
    noon = datetime.combine(today(), datetime.min.time(), ZoneInfo("Europe/Moscow")) + timedelta(hours=12)
    demo.manage("send_reminders", "--at", noon.isoformat())
    demo.manage("send_reminders", "--at", noon.isoformat())
    demo.manage("deliver", "--until-empty")
    mails = [mail for mail in demo.mails("igor.petrov@example.org") if "32" in mail["text"]]
    assert len(mails) == 1
    page.goto(demo.deal_page(IGOR))
    expect(panel(page)).to_contain_text("Просрочено")


def test_what_the_server_refuses_is_said_beside_the_field(page: Page, demo: Demo) -> None:
    page.goto(demo.deal_page(ELENA))
    page.get_by_role("button", name="Рассчитать график платежей").click()
    dialog = page.get_by_role("dialog", name="График платежей")
    dialog.get_by_label("Платежей", exact=True).fill("999")
    expect(dialog).to_contain_text("240")
    dialog.get_by_role("button", name="Отменить").click()
    assert requests.get(f"{demo.product}/api/v1/deals/{ELENA}/", timeout=5).status_code == 401
