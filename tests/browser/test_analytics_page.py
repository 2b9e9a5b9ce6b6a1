"""The page of figures inside amoCRM: what it shows is what the API says and what the workbook holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import accessibility

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

DMITRY = 7700126
API = re.compile(r".*/api/v1/analytics/(summary|aging|payments)/.*")


def today() -> date:
    return datetime.now(ZoneInfo("Europe/Moscow")).date()


@pytest.fixture(scope="module")
def school(demo: Demo) -> Demo:
    """Dmitry owes three rows: the first is late and half paid over the counter."""
    card = demo.api("GET", f"deals/{DMITRY}/")
    first = today() - timedelta(days=40)
    terms = {"total": "84000", "count": 3, "first_due_on": first.isoformat(), "version": card["version"]}
    demo.api("PUT", f"deals/{DMITRY}/schedule/", {**terms, "reason": "для отчёта"})
    money = {"amount": "14000.50", "paid_on": today().isoformat(), "method": "cash"}
    demo.api("POST", f"deals/{DMITRY}/payments/", money)
    return demo


@pytest.fixture
def analytics(page: Page, school: Demo) -> Iterator[Page]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{school.sandbox}/amocrm/demoschool/settings/widgets/")
    page.get_by_role("link", name="Аналитика платежей").click()
    expect(page.get_by_role("heading", name="Аналитика платежей")).to_be_visible()
    yield page
    assert errors == []


def figure(page: Page, name: str) -> Locator:
    return page.locator(f".grafik-number dd[data-figure={name}]")


def shown(amount: str) -> str:
    """«14 000,50 ₽» as people read 14000.50."""
    whole, kopecks = amount.split(".")
    grouped = f"{int(whole):,}".replace(",", "\N{NO-BREAK SPACE}")
    return f"{grouped}{'' if kopecks == '00' else f',{kopecks}'}\N{NO-BREAK SPACE}₽"


def test_the_page_shows_what_the_api_says(analytics: Page, school: Demo) -> None:
    year = f"from={today().year}-01-01&to={today().year}-12-31"
    said: dict[str, Any] = school.api("GET", f"analytics/summary/?{year}")
    for name in ("received", "expected", "overdue"):
        expect(figure(analytics, name)).to_have_text(shown(said[name]))
    rows = school.api("GET", f"analytics/payments/?state=received&limit=25&{year}")["results"]
    expect(analytics.locator(".grafik-table_rows tbody tr")).to_have_count(len(rows))
    analytics.get_by_text("Показать таблицей").click()
    months = analytics.locator(".grafik-region_chart .grafik-table_figures tbody tr")
    expect(months).to_have_count(len(said["by_period"]))


def test_a_tab_and_a_filter_narrow_the_rows_and_a_row_leads_to_its_deal(
    analytics: Page, school: Demo
) -> None:
    analytics.get_by_text("Всё время").click()
    analytics.get_by_role("button", name=re.compile("^Просрочено")).click()
    deal = analytics.locator(".grafik-table_rows tbody tr", has_text="Дмитрий Соколов").first
    expect(deal).to_contain_text(shown("13999.50"))
    expect(deal).to_contain_text(f"из {shown('28000.00')}")
    expect(deal).to_contain_text("просрочен на")
    expect(deal.get_by_role("link")).to_have_attribute("href", school.deal_page(DMITRY))
    manager = school.api("GET", "analytics/payments/?state=overdue")["results"][0]["manager_name"]
    with analytics.expect_response(API):
        analytics.get_by_role("button", name="Менеджер", exact=True).click()
        analytics.locator(".grafik-region_groups").get_by_role("button", name=manager).click()
    expect(analytics.get_by_label("Менеджер")).not_to_have_value("")


def test_the_workbook_holds_exactly_the_rows_of_the_screen(analytics: Page, school: Demo) -> None:
    analytics.get_by_text("Всё время").click()
    analytics.get_by_role("button", name=re.compile("^Просрочено")).click()
    expect(analytics.locator(".grafik-switch__button_on", has_text="Просрочено")).to_be_visible()
    with analytics.expect_download(timeout=20_000) as downloaded:
        analytics.get_by_role("button", name="Скачать Excel").click()
    book = openpyxl.load_workbook(BytesIO(downloaded.value.path().read_bytes()))
    header, *rows = book.worksheets[0].iter_rows(values_only=True)
    total = sum(Decimal(str(row[header.index("Остаток")])) for row in rows)
    assert f"{total:.2f}" == school.api("GET", "analytics/summary/")["overdue"]
    expect(figure(analytics, "overdue")).to_have_text(shown(f"{total:.2f}"))


def test_an_own_period_is_typed_and_a_wrong_one_is_said(analytics: Page) -> None:
    expect(figure(analytics, "received")).to_be_visible()
    analytics.get_by_text("Свой период").click()
    analytics.get_by_role("textbox", name="По").fill("31.02.2026")
    analytics.get_by_role("textbox", name="По").press("Tab")
    expect(analytics.locator("[data-field=to] .grafik-field__error")).to_have_text("Укажите дату")
    analytics.get_by_role("textbox", name="С", exact=True).fill("01.01.2001")
    analytics.get_by_role("textbox", name="По").fill("31.01.2001")
    analytics.get_by_role("textbox", name="По").press("Tab")
    expect(analytics.get_by_text("За этот период денег не поступало.")).to_be_visible()
    expect(figure(analytics, "received")).to_have_text(shown("0.00"))


def known(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Как было известно на")


def test_a_day_gone_by_is_shown_as_it_was_known_then_and_excel_says_so(analytics: Page, school: Demo) -> None:
    expect(figure(analytics, "received")).to_be_visible()
    analytics.get_by_text("Всё время").click()
    then = today() - timedelta(days=1)
    with analytics.expect_response(API):
        known(analytics).fill(f"{then:%d.%m.%Y}")
        known(analytics).press("Tab")
    expect(analytics.get_by_text(f"Показано так, как было известно на {then:%d.%m.%Y}")).to_be_visible()
    said = school.api("GET", f"analytics/summary/?as_of={then}&known_at={then}")
    assert said["overdue"] == "0.00"
    expect(figure(analytics, "none")).to_have_text(shown("0.00"))
    for name in ("received", "expected"):
        expect(figure(analytics, name)).to_have_text(shown(said[name]))
    # The money of today was not known yesterday.
    assert said["received"] != school.api("GET", "analytics/summary/")["received"]
    with analytics.expect_download(timeout=20_000) as downloaded:
        analytics.get_by_role("button", name="Скачать Excel").click()
    book = openpyxl.load_workbook(BytesIO(downloaded.value.path().read_bytes()))
    totals: dict[Any, Any] = {row[0]: row[1] for row in book.worksheets[1].iter_rows(values_only=True)}
    assert totals["Как было известно на"].date() == then
    assert totals["На дату"].date() == then
    assert f"{Decimal(str(totals['Получено'])):.2f}" == said["received"]
    analytics.get_by_role("button", name="Показать как сейчас").click()
    now = school.api("GET", "analytics/summary/")
    expect(figure(analytics, "received")).to_have_text(shown(now["received"]))
    expect(known(analytics)).to_have_value("")


def test_a_day_to_come_is_known_to_nobody(analytics: Page) -> None:
    expect(figure(analytics, "received")).to_be_visible()
    known(analytics).fill(f"{today() + timedelta(days=1):%d.%m.%Y}")
    known(analytics).press("Tab")
    error = analytics.locator("[data-field=known_at] .grafik-field__error")
    expect(error).to_have_text("Этот день ещё не настал")


def test_a_day_picked_in_the_calendar_is_asked_at_once(analytics: Page) -> None:
    expect(figure(analytics, "received")).to_be_visible()
    analytics.get_by_text("Свой период").click()
    analytics.get_by_role("textbox", name="С", exact=True).fill("01.01.2001")
    analytics.get_by_role("textbox", name="С", exact=True).press("Tab")
    analytics.get_by_role("button", name="По: Выбрать дату в календаре").click()
    expect(analytics.get_by_role("textbox", name="С", exact=True)).to_have_value("01.01.2001")
    chosen = (
        "node => { node.value = '2001-01-31'; node.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    analytics.locator("[data-picker=to]").evaluate(chosen)
    expect(figure(analytics, "received")).to_have_text(shown("0.00"))
    expect(analytics.get_by_role("textbox", name="По")).to_have_value("31.01.2001")


def test_a_failure_says_so_and_can_be_tried_again(analytics: Page) -> None:
    expect(figure(analytics, "received")).to_be_visible()

    def refuse(route: Route) -> None:
        route.abort()

    analytics.route(API, refuse)
    analytics.get_by_text("Квартал").click()
    expect(analytics.get_by_text("Нет связи с сервером платежей.")).to_be_visible()
    analytics.unroute(API, refuse)
    analytics.get_by_role("button", name="Повторить").click()
    expect(figure(analytics, "received")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(analytics: Page, theme: str) -> None:
    expect(figure(analytics, "received")).to_be_visible()
    analytics.evaluate("theme => { document.documentElement.dataset.colorScheme = theme; }", theme)
    analytics.wait_for_timeout(300)
    accessibility.look(analytics, "#list_page_holder")


@pytest.mark.parametrize("width", [380, 1280])
def test_the_page_fits_its_width(analytics: Page, width: int) -> None:
    analytics.set_viewport_size({"width": width, "height": 900})
    expect(figure(analytics, "received")).to_be_visible()
    expect(analytics.locator(".grafik-chart")).to_be_visible()
    wide = "element => element.scrollWidth - element.clientWidth"
    assert analytics.locator("#list_page_holder").evaluate(wide) <= 0


def test_the_chart_is_drawn_for_the_width_it_has(analytics: Page) -> None:
    """Also at the first opening, when the page is drawn before its styles came."""
    expect(analytics.locator(".grafik-chart")).to_be_visible()
    analytics.wait_for_function(
        "() => { const chart = document.querySelector('.grafik-chart');"
        " const scale = chart.clientWidth / chart.viewBox.baseVal.width; return scale > 0.9 && scale < 1.1; }"
    )
