"""The widget away from the card, on the emulated pages with their documented life cycle: a stage's trigger,
a Salesbot step, the card on a phone. What is set there is then done by amoCRM's server and ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import accessibility

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = pytest.mark.browser

OWNER, MANAGER = "8200001", "8200002"
BOOKING, OTHER_BOOKING = 8800107, 8800105
PREPAID = "Предоплата внесена"
NEW_ID, PREPAID_ID = 55000210, 55000230
DEPOSIT_LINK, FULL_LINK = 920025, 920026
PHONE: ViewportSize = {"width": 380, "height": 760}


def be(page: Page, demo: Demo, user: str) -> None:
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "amo_session_demoquests", "value": user, "url": demo.sandbox}])


def quests(demo: Demo, path: str, body: Any = None, *, user: str = OWNER) -> requests.Response:
    """What the emulated pages ask their own server."""
    address = f"{demo.sandbox}/amocrm/demoquests/_ui/{path}"
    return requests.request(
        "GET" if body is None else "POST",
        address,
        json=body,
        cookies={"amo_session_demoquests": user},
        timeout=10,
    )


def field(demo: Demo, lead_id: int, field_id: int) -> str:
    values = quests(demo, f"leads/{lead_id}").json()["lead"]["values"].get(str(field_id)) or [{"value": ""}]
    return str(values[0]["value"])


def test_a_trigger_set_in_words_fills_the_links_and_the_phone_copies_them(page: Page, demo: Demo) -> None:
    be(page, demo, OWNER)
    page.goto(f"{demo.sandbox}/amocrm/demoquests/settings/pipeline/")
    stage = page.get_by_role("region", name=PREPAID)
    stage.get_by_role("button", name="График платежей").click()
    window = page.locator(".digital-pipeline-modal")
    window.get_by_label("Что сделать, когда сделка попадёт сюда").select_option("links")
    expect(window.locator("[name=hook_key]")).not_to_have_value("")
    expect(window.locator("[name=hook_key]")).to_be_hidden()
    window.get_by_role("button", name="Готово").click()
    expect(stage.locator(".stages__trigger")).to_contain_text("links")

    quests(demo, f"leads/{BOOKING}", {"status_id": PREPAID_ID}).raise_for_status()
    try:
        link = demo.wait("both links in the deal's fields", lambda: field(demo, BOOKING, FULL_LINK))
        assert field(demo, BOOKING, DEPOSIT_LINK).startswith(demo.product)
        assert link.startswith(demo.product)
    finally:
        stage.get_by_role("button", name="Удалить").click()
        expect(stage.locator(".stages__trigger")).to_have_count(0)

    page.set_viewport_size(PHONE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=demo.product)
    page.goto(f"{demo.sandbox}/amocrm/demoquests/phone/leads/{BOOKING}")
    page.get_by_role("link", name="График").click()
    expect(page.locator("[data-figure=debt]")).to_have_text("7\N{NO-BREAK SPACE}500\N{NO-BREAK SPACE}₽")
    assert page.url.startswith(f"{demo.product}/analytics/mobile/?token=")
    accessibility.look(page, ".js-mobile")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Ссылка (страница оплаты)").click()
    expect(page.get_by_text("Скопировано")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{demo.product}/pay/")


def test_the_phone_says_what_is_wrong_and_tries_again(page: Page, demo: Demo) -> None:
    be(page, demo, MANAGER)
    page.set_viewport_size(PHONE)
    page.route("**/api/v1/deals/**", lambda route: route.fulfill(status=503, body="<h1>Bad Gateway</h1>"))
    page.goto(f"{demo.sandbox}/amocrm/demoquests/phone/leads/{OTHER_BOOKING}")
    page.get_by_role("link", name="График").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.unroute("**/api/v1/deals/**")
    page.get_by_role("button", name="Повторить").click()
    expect(page.locator("[data-figure=debt]")).to_be_visible()
    page.goto(f"{demo.product}/analytics/mobile/")
    expect(page.get_by_text("Откройте виджет из карточки сделки.")).to_be_visible()


def test_a_bots_step_is_chosen_in_words_and_the_bot_hands_the_button_over(page: Page, demo: Demo) -> None:
    be(page, demo, OWNER)
    page.goto(f"{demo.sandbox}/amocrm/demoquests/settings/salesbot/")
    page.get_by_role("button", name="Ссылка на оплату").click()
    window = page.locator(".salesbot-modal")
    window.get_by_label("Что оплатить по ссылке").select_option("full")
    window.get_by_label("Ссылка отправлена").fill("Ждём вас на игре!")
    window.get_by_label("Ссылки нет: платить нечего").fill("До встречи!")
    window.get_by_role("button", name="Сохранить").click()
    expect(window).to_have_count(0)
    bots = quests(demo, "automation").json()["bots"]
    [bot] = [one for one in bots if (one.get("request") or {}).get("data", {}).get("what") == "full"]
    assert bot["request"]["url"] == f"{demo.product}/webhooks/amocrm/salesbot/"

    run = [{"bot_id": bot["id"], "entity_id": OTHER_BOOKING, "entity_type": 2}]
    address = f"{demo.sandbox}/amocrm/demoquests/api/v2/salesbot/run"
    token = {"Authorization": "Bearer demo-amo-token-quests-onlooker"}
    requests.post(address, json=run, headers=token, timeout=10).raise_for_status()

    def said() -> list[str]:
        feed = quests(demo, f"leads/{OTHER_BOOKING}").json()["feed"]
        return [one["text"] for one in feed if one["kind"] == "message"]

    demo.wait("what stands behind the exit", lambda: "Ждём вас на игре!" in said())
    assert "До встречи!" not in said()
    [message] = [text for text in said() if "http" in text]
    assert "16\N{NO-BREAK SPACE}000" in message
    assert f"{demo.product}/" in message


def test_a_manager_sets_no_automation_up(page: Page, demo: Demo) -> None:
    be(page, demo, MANAGER)
    page.goto(f"{demo.sandbox}/amocrm/demoquests/settings/pipeline/")
    page.get_by_role("region", name=PREPAID).get_by_role("button", name="График платежей").click()
    window = page.locator(".digital-pipeline-modal")
    expect(window.locator(".grafik-trigger__key")).not_to_be_empty()
    expect(window.locator("[name=hook_key]")).to_have_value("")
    body = {"code": "x", "pipeline_id": 6200001, "status_id": NEW_ID, "settings": {}}
    assert quests(demo, "triggers", body, user=MANAGER).status_code == 403
