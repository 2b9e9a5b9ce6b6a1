"""The network's flow, through what an owner, a manager and a player would press, on a running bin/demo."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

# A booking at a place that nobody has registered yet, and one at a registered one.
NEW_PLACE, KNOWN_PLACE = 8800109, 8800104
NEW, PREPAID, PAID = 55000210, 55000230, 55000240
DEBT, STATE, DEPOSIT_LINK, FULL_LINK = 920020, 920023, 920025, 920026
NBSP = "\N{NO-BREAK SPACE}"
# Not the product's own token: looking often must not use up its limit. amoCRM answers 7 in a second.
ONLOOKER = {"Authorization": "Bearer demo-amo-token-quests-onlooker"}
LOOK_SECONDS = 0.2


def booking_page(demo: Demo, lead_id: int) -> str:
    return f"{demo.sandbox}/amocrm/demoquests/leads/detail/{lead_id}"


def lead(demo: Demo, lead_id: int) -> dict[str, Any]:
    time.sleep(LOOK_SECONDS)
    address = f"{demo.sandbox}/amocrm/demoquests/api/v4/leads/{lead_id}"
    answer = requests.get(address, headers=ONLOOKER, timeout=10)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def field(demo: Demo, lead_id: int, field_id: int) -> Any:
    for one in lead(demo, lead_id)["custom_fields_values"] or []:
        if one["field_id"] == field_id:
            return one["values"][0]["value"]
    return None


def panel(page: Page) -> Locator:
    return page.locator(".card-widgets__widget__body .grafik").first


def make_links(page: Page, demo: Demo, lead_id: int) -> dict[str, str]:
    """Press the one button and return the two addresses."""
    page.goto(booking_page(demo, lead_id))
    page.get_by_role("button", name="Сформировать ссылки").click()
    expect(page.locator("[data-link=deposit]")).to_be_visible()
    expect(page.locator("[data-link=full]")).to_be_visible()
    return {
        name: str(page.locator(f"[data-link={name}] a").first.get_attribute("href"))
        for name in ("deposit", "full")
    }


def pay(page: Page, address: str, *, amount: str, shop: str) -> None:
    """Pay on the provider's page of that shop, and come back."""
    page.goto(address)
    assert f"MerchantLogin={shop}&" in page.url
    expect(page.get_by_test_id("sum")).to_contain_text(amount)
    page.get_by_test_id("pay-card").click()
    page.get_by_role("link", name="Вернуться в магазин").click()
    expect(page.get_by_role("heading", name="Платёж получен")).to_be_visible()


def fill(page: Page, **values: str) -> None:
    """Fill a form of the panel by the names of its fields."""
    for name, value in values.items():
        box = page.locator(f"[name='{name}']")
        if box.evaluate("element => element.tagName") == "SELECT":
            box.select_option(value, force=True)
        else:
            box.fill(value)


def option(page: Page, name: str, label: str) -> str:
    """The value of a choice by its words."""
    value = page.locator(f"select[name='{name}'] option", has_text=label).first.get_attribute("value")
    assert value
    return value


def save(page: Page) -> None:
    page.locator("button[name='_save'], input[name='_save']").first.click()
    expect(page).to_have_url(re.compile(r"/admin/billing/\w+/$"))


def register_partner(page: Page, demo: Demo) -> None:
    """What the owner does before the first booking at a new place: partner, shop, location."""
    page.goto(f"{demo.product}/admin/")
    fill(page, username="owner", password="grafik-demo")
    page.locator("button[type=submit], input[type=submit]").first.click()

    page.goto(f"{demo.product}/admin/billing/legalentity/add/")
    fill(page, name="ИП Зимин Олег Львович", key="ip-zimin", kind="ip", inn="780000000177")
    page.get_by_role("link", name=re.compile("Добавить")).last.click()
    prefix = "tax_settings-0"
    fill(
        page,
        **{
            f"{prefix}-valid_from": "01.01.2025",
            f"{prefix}-tax_system": "usn_income",
            f"{prefix}-vat": "none",
        },
    )
    save(page)

    page.goto(f"{demo.product}/admin/billing/merchantaccount/add/")
    fill(
        page,
        key="quest-13-robokassa",
        legal_entity=option(page, "legal_entity", "ИП Зимин"),
        provider="robokassa",
        other_orders="refuse",
        login="demo-quest-13",
        algorithm="sha256",
        password1="p1-demo-quest-13",
        password2="p2-demo-quest-13",
    )
    save(page)
    page.locator("#result_list").get_by_role("link", name="quest-13-robokassa").click()
    page.get_by_role("link", name="Проверить ключи").click()
    expect(page.locator("body")).to_contain_text("Ключи работают")

    page.goto(f"{demo.product}/admin/billing/location/add/")
    fill(
        page,
        name="Невский, 7",
        key="nevskiy",
        account=option(page, "account", "quests"),
        crm_value="Невский, 7",
        deposit_percent="30",
        deposit_round_to="100",
        deposit_minimum="1000",
    )
    page.get_by_role("link", name=re.compile("Добавить")).last.click()
    fill(
        page,
        **{
            "ownerships-0-valid_from": "01.01.2025",
            "ownerships-0-legal_entity": option(page, "ownerships-0-legal_entity", "ИП Зимин"),
            "ownerships-0-merchant": option(page, "ownerships-0-merchant", "quest-13-robokassa"),
        },
    )
    save(page)


def test_a_new_partner_earns_its_first_booking(page: Page, demo: Demo) -> None:
    page.goto(booking_page(demo, NEW_PLACE))
    expect(panel(page)).to_contain_text("локаци")
    register_partner(page, demo)

    links = make_links(page, demo, NEW_PLACE)
    assert links["deposit"].startswith(f"{demo.product}/pay/")
    expect(page.locator("[data-link=deposit]")).to_contain_text(f"4{NBSP}200{NBSP}₽")
    expect(page.locator("[data-link=full]")).to_contain_text(f"14{NBSP}000{NBSP}₽")
    demo.wait("the links in amoCRM", lambda: field(demo, NEW_PLACE, DEPOSIT_LINK) == links["deposit"])
    assert field(demo, NEW_PLACE, FULL_LINK) == links["full"]

    pay(page, links["deposit"], amount="4", shop="demo-quest-13")
    demo.wait("the debt to fall", lambda: field(demo, NEW_PLACE, DEBT) == "9800.00")
    demo.wait("«Предоплата внесена»", lambda: lead(demo, NEW_PLACE)["status_id"] == PREPAID)
    assert field(demo, NEW_PLACE, STATE) == "Предоплата"

    # The same full link now asks only for the rest, and the deposit link for nothing.
    page.goto(booking_page(demo, NEW_PLACE))
    expect(page.locator("[data-link=deposit]")).to_contain_text("Оплачена")
    expect(page.locator("[data-link=full]")).to_contain_text(f"9{NBSP}800{NBSP}₽")
    page.goto(links["deposit"])
    expect(page.locator("body")).to_contain_text("Оплачено")
    pay(page, links["full"], amount="9", shop="demo-quest-13")
    demo.wait("«Оплачено»", lambda: lead(demo, NEW_PLACE)["status_id"] == PAID)
    demo.wait("the state", lambda: field(demo, NEW_PLACE, STATE) == "Оплачено")
    page.goto(booking_page(demo, NEW_PLACE))
    expect(panel(page)).to_contain_text("Оплачено")
    expect(page.get_by_role("button", name="Сформировать ссылки")).to_be_hidden()


def test_a_booking_moved_to_another_partner_asks_for_nothing_more(page: Page, demo: Demo) -> None:
    assert lead(demo, KNOWN_PLACE)["status_id"] == NEW
    links = make_links(page, demo, KNOWN_PLACE)
    pay(page, links["deposit"], amount="2", shop="demo-quest-2")
    demo.wait("the debt to fall", lambda: field(demo, KNOWN_PLACE, DEBT) == "9500.00")
    moved = {"custom_fields_values": [{"field_id": 920012, "values": [{"value": "Садовая, 28"}]}]}
    requests.patch(
        f"{demo.sandbox}/amocrm/demoquests/api/v4/leads/{KNOWN_PLACE}",
        json=moved,
        headers=ONLOOKER,
        timeout=10,
    ).raise_for_status()
    page.goto(booking_page(demo, KNOWN_PLACE))
    page.get_by_role("button", name="Сформировать ссылки").click()
    expect(page.locator("body")).to_contain_text("Деньги этой брони у")
    page.goto(links["full"])
    expect(page.locator("body")).to_contain_text("Сейчас оплатить не получится")
    assert "robokassa" not in page.url
