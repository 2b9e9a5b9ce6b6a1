"""The widget's panel on the emulated deal page, as a manager's hands see it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.demo import Demo

NBSP = "\N{NO-BREAK SPACE}"


def today() -> date:
    return datetime.now(ZoneInfo("Europe/Moscow")).date()


def shown(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def is_known(demo: Demo, lead: int) -> bool:
    """Has amoCRM answered us about this deal? On a busy machine its first answer may come late (503)."""
    try:
        return bool(demo.api("GET", f"deals/{lead}/"))
    except AssertionError:
        return False


def opened(page: Page, demo: Demo, lead: int) -> Page:
    page.goto(demo.deal_page(lead))
    expect(panel(page).locator("[data-figure]").first).to_be_visible()
    return page


def panel(page: Page) -> Locator:
    return page.locator(".card-widgets__widget__body .grafik").first


def figure(page: Page, name: str) -> Locator:
    return panel(page).locator(f"[data-figure={name}]")


def roubles(number: int) -> str:
    return f"{number:,}".replace(",", NBSP) + f"{NBSP}₽"


def more(page: Page, name: str) -> Locator:
    """Open a rarer action; returns its dialog."""
    button = panel(page).get_by_role("button", name="Ещё действия")
    if button.get_attribute("aria-expanded") == "false":
        button.click()
    panel(page).get_by_role("button", name=name, exact=True).click()
    return page.locator(".grafik-dialog")


def done(dialog: Locator, name: str, reason: str = "Проба") -> None:
    if dialog.locator("[name=reason]").count():
        dialog.locator("[name=reason]").fill(reason)
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(dialog).to_be_hidden()
