"""Draws docs/images/widget-*.png anew from a running demo: `python -m tests.pictures --port 8000 --data DIR`.

Every screen of the widget, light and dark, on a desk and on a phone. The school's deal gets a schedule with a
late row, money in cash and an invoice; the network's booking its links. For people to look at.
"""

import argparse
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.deal_panel import more, panel, today
from tests.demo import Demo

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SCHOOL, NETWORK = "demoschool/leads/detail/7700125", "demoquests/leads/detail/8800104"
MARKET = "demoschool/settings/widgets/"
CHIEF = "8100001"
SIZES = {1280: 900, 380: 800}
# What the README shows is one of these.
ALSO = {
    "panel-light-1280": "deal-card",
    "schedule-light-1280": "schedule-dialog",
    "panel-light-380": "panel-phone",
}


def by(action: str) -> Callable[[Page], object]:
    """Press a button of the panel by what it does."""
    return lambda page: panel(page).locator(f"[data-action={action}]").first.click()


def rarer(name: str) -> Callable[[Page], object]:
    return lambda page: more(page, name)


def part_paid(page: Page) -> None:
    by("partial_payment")(page)
    page.get_by_label("Сумма", exact=True).fill("30 000")


def unfold(page: Page) -> None:
    panel(page).get_by_role("button", name="Ещё действия").click()
    panel(page).locator(".grafik-rare__list").last.scroll_into_view_if_needed()


def analytics(page: Page) -> None:
    page.get_by_role("link", name="Аналитика платежей").click()
    page.locator("[data-figure=received]").wait_for()
    page.get_by_role("button", name="Год", exact=True).or_(page.get_by_text("Год", exact=True)).first.click()


def setup(page: Page) -> None:
    analytics(page)
    page.get_by_role("button", name="Настройка").click()
    page.get_by_text("Подключено").first.wait_for()


SCREENS: dict[str, tuple[str, Callable[[Page], object]]] = {
    "panel": (SCHOOL, lambda page: None),
    "more": (SCHOOL, unfold),
    "schedule": (SCHOOL, by("schedule")),
    "full-payment": (SCHOOL, by("full_payment")),
    "payment": (SCHOOL, part_paid),
    "send": (SCHOOL, by("send")),
    "refund": (SCHOOL, by("refund")),
    "reverse": (SCHOOL, by("reverse")),
    "split": (SCHOOL, rarer("Перевод за несколько сделок")),
    "payer": (SCHOOL, rarer("Плательщик")),
    "settle": (SCHOOL, rarer("Закрыть на другую сумму")),
    "qr": (SCHOOL, by("qr")),
    "history": (SCHOOL, by("history")),
    "links": (NETWORK, lambda page: None),
    "analytics": (MARKET, analytics),
    "setup": (MARKET, setup),
}


def prepare(demo: Demo) -> None:
    """The school's deal as the pictures want it; a second time nothing is added."""
    deal = "deals/7700125/"
    if demo.api("GET", deal)["version"] is not None:
        return
    terms = {"total": "120000", "count": 6, "first_due_on": (today() - timedelta(days=40)).isoformat()}
    demo.api("PUT", f"{deal}schedule/", {**terms, "version": None})
    money = {"amount": "20000", "paid_on": (today() - timedelta(days=38)).isoformat(), "method": "cash"}
    demo.api("POST", f"{deal}payments/", money)
    demo.api("POST", f"{deal}invoices/", {})


def variants(browser: Browser, demo: Demo, address: str) -> Iterator[tuple[str, Page]]:
    """The page of an address in each theme and width."""
    for scheme in ("light", "dark"):
        for width, height in SIZES.items():
            view = ViewportSize(width=width, height=height)
            context = browser.new_context(viewport=view, locale="ru-RU", timezone_id="Europe/Moscow")
            context.add_init_script(f"localStorage.setItem('color-scheme', '{scheme}')")
            if address == MARKET:
                cookie = "amo_session_demoschool"
                context.add_cookies([{"name": cookie, "value": CHIEF, "url": demo.sandbox}])
            page = context.new_page()
            page.goto(f"{demo.sandbox}/amocrm/{address}")
            if address != MARKET:
                panel(page).locator("[data-figure]").first.wait_for()
            if address == NETWORK:
                by("links")(page)
                panel(page).locator("[data-link=full]").wait_for()
            yield f"{scheme}-{width}", page
            context.close()


def settled(page: Page) -> None:
    """Nothing is being waited for any more."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".grafik-ring, .grafik-button_busy").filter(visible=True)).to_have_count(0)


def draw(demo: Demo, wanted: list[str]) -> None:
    with sync_playwright() as playwright:
        chromium = (
            shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        )
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for screen in wanted or SCREENS:
            address, act = SCREENS[screen]
            for variant, page in variants(browser, demo, address):
                act(page)
                settled(page)
                page.screenshot(path=IMAGES / f"widget-{screen}-{variant}.png")
                also = ALSO.get(f"{screen}-{variant}")
                if also:
                    shutil.copy(IMAGES / f"widget-{screen}-{variant}.png", IMAGES / f"{also}.png")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the running demo")
    parser.add_argument("--data", type=Path, required=True, help="the demo's folder")
    parser.add_argument("screens", nargs="*", help="only these")
    given = parser.parse_args()
    demo = Demo(port=given.port, data_dir=given.data)
    prepare(demo)
    draw(demo, given.screens)


if __name__ == "__main__":
    main()
