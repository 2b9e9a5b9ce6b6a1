"""A slow network: every wait is seen at once, holds its place, and ends in words."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import CORS, Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
TEMPLATES = f"GET {LEAD}/schedule/templates/"
BODY = {
    "count": 3,
    "monthly_amount": None,
    "due_day": None,
    "total": "160000.00",
    "down_payment": None,
    "first_due_on": "2026-12-01",
    "down_payment_on": None,
    "every": {"months": 1},
    "round_to": "1",
    "remainder": "last",
    "shift_weekends": True,
}
READY = {"results": [{"id": 4, "name": "Три платежа", "body": BODY}]}
PREVIEW = {"total": "160000.00", "paid": "0.00", "debt": "160000.00", "warnings": [], "changes": []}


def release(server: Server, answer: Any) -> None:
    server.held.pop(0).fulfill(status=200, headers=CORS, body=json.dumps(answer))


def schedule_dialog(deal: Page, server: Server) -> Any:
    rows = {"installments": server.card["installments"]}
    server.answer(f"POST {LEAD}/schedule/preview/", 200, {**PREVIEW, **rows})
    deal.get_by_role("button", name="Изменить график", exact=True).click()
    return deal.get_by_role("dialog")


def top_of(place: Any) -> float:
    box = place.bounding_box()
    return float(box["y"])


def test_ready_schedules_hold_their_place_while_they_are_asked_for(deal: Page, server: Server) -> None:
    server.answers[TEMPLATES] = lambda _number: None
    dialog = schedule_dialog(deal, server)
    expect(dialog.locator("[data-templates] .grafik-ring")).to_be_visible()
    expect(dialog.locator(".grafik-preview table")).to_be_visible()
    before = top_of(dialog.locator("[name=total]"))
    release(server, READY)
    expect(dialog.get_by_role("button", name="Три платежа")).to_be_visible()
    assert top_of(dialog.locator("[name=total]")) == before


def test_an_account_without_ready_schedules_is_shown_no_place_for_them_again(
    deal: Page, server: Server
) -> None:
    server.answer(TEMPLATES, 200, {"results": []})
    dialog = schedule_dialog(deal, server)
    expect(dialog.locator("[data-templates]")).to_be_empty()
    deal.keyboard.press("Escape")
    server.answers[TEMPLATES] = lambda _number: None
    dialog = schedule_dialog(deal, server)
    expect(dialog.locator(".grafik-preview table")).to_be_visible()
    expect(dialog.locator("[data-templates]")).to_be_empty()


def test_a_chosen_schedule_shows_that_it_is_on_its_way_and_is_asked_for_once(
    deal: Page, server: Server
) -> None:
    server.answer(TEMPLATES, 200, READY)
    asked = f"{TEMPLATES}?total=160000.00"
    server.answers[asked] = lambda _number: None
    dialog = schedule_dialog(deal, server)
    chip = dialog.get_by_role("button", name="Три платежа")
    chip.click()
    expect(chip).to_have_attribute("aria-busy", "true")
    chip.dispatch_event("click")
    release(server, READY)
    expect(chip).to_have_attribute("aria-busy", "false")
    expect(dialog.locator("[name=count]")).to_have_value("3")
    assert len(server.made(asked)) == 1


@pytest.mark.parametrize("button", ["Перенести: 5", "Перевод за несколько сделок"])
def test_other_deals_are_looked_for_in_sight_and_the_search_ends_in_words(
    deal: Page, server: Server, button: str
) -> None:
    server.card["actions"] += ["move", "split"]
    outcomes: dict[int, tuple[int, Any] | None] = {
        1: None,
        2: (200, {"credit": "0.00", "payments": [], "deals": [], "together": []}),
    }
    server.answers[f"GET {LEAD}/credit/"] = lambda number: outcomes[number]
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    deal.get_by_role("button", name="Ещё действия").click()
    deal.get_by_role("button", name=button, exact=button[-1] != "5").click()
    dialog = deal.get_by_role("dialog")
    expect(dialog).to_contain_text("Ищем другие сделки клиента…")
    server.held.pop(0).abort()
    expect(dialog).to_contain_text("Другие сделки клиента не нашлись: введите номер.")
    deal.keyboard.press("Escape")
    deal.get_by_role("button", name=button, exact=button[-1] != "5").click()
    expect(deal.get_by_role("dialog")).to_contain_text("Других сделок с долгом у клиента нет.")
