"""The pages in a real Chromium: a widget lives through cards as in amoCRM, a person works with the deal."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from werkzeug.serving import make_server

from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.store import Store

from . import archives
from .conftest import load_seed

pytestmark = pytest.mark.browser


class Served:
    """A sandbox that listens on a free port."""

    def __init__(self, folder: Path) -> None:
        store = Store(folder / "sandbox.sqlite3")
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        home = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{home}/amocrm/demoschool"
        self.app = create_app(
            store=store,
            clock=Clock(store),
            product_url="http://127.0.0.1:9",
            public_url=home,
        )
        load_seed(self.app)
        raw = archives.packed(archives.widget_files())
        self.app.test_client().post("/_sandbox/widget?subdomain=demoschool", data=raw)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _answer(self, environ: Any, start: Any) -> Any:
        return self.app(environ, start)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.close()


def test_a_widget_is_rendered_bound_started_and_destroyed_from_card_to_card(
    page: Page, served: Served
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served.url}/leads/")
    page.get_by_role("link", name="Договор 15/26").click()
    expect(page.locator(".tiny")).to_contain_text("Привет, мир")
    page.locator(".card-fields__back").click()
    page.get_by_role("link", name="Договор 14/26").click()
    expect(page.locator("#card_holder[data-id='7700123'] .tiny")).to_be_visible()
    steps = ["render", "bind_actions", "init"]
    first, second = ([f"{step}:{lead}" for step in steps] for lead in (7700124, 7700123))
    trace = page.evaluate("window.trace")
    assert trace[:3] == first
    assert trace[3].startswith("destroy")
    assert trace[4:] == second
    card = page.evaluate(
        "[APP.data.current_card.id, APP.getBaseEntity(), APP.isCard(), APP.getWidgetsArea()]"
    )
    assert card == [7700123, "leads", True, "leads_card"]


@pytest.mark.parametrize("how", ["cross", "escape", "overlay"])
def test_a_modal_closes_by_cross_escape_and_overlay(page: Page, served: Served, how: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served.url}/leads/detail/7700123")
    page.locator(".js-tiny").click()
    expect(page.locator(".tiny-modal .modal-body h2")).to_have_count(1)
    if how == "cross":
        page.locator(".tiny-modal .modal-body__close").click()
    elif how == "escape":
        page.keyboard.press("Escape")
    else:
        page.mouse.click(5, 5)
    expect(page.locator(".modal")).to_have_count(0)


def test_an_unsaved_card_has_id_zero_and_becomes_a_deal(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/leads/add/")
    expect(page.locator("#card_holder[data-id='0']")).to_be_visible()
    assert page.evaluate("APP.data.current_card.id") == 0
    page.locator("#person_n").fill("Новая")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#card_holder:not([data-id='0'])")).to_be_visible()
    assert page.evaluate("APP.data.current_card.id") >= 7_800_000


def test_the_card_shows_a_change_made_elsewhere_and_keeps_what_is_being_typed(
    page: Page, served: Served
) -> None:
    page.goto(f"{served.url}/leads/detail/7700123")
    page.locator("[name='CFV[910011]']").fill("Поток 99")
    other = served.app.test_client()
    headers = {"Authorization": "Bearer demo-amo-token-school"}
    path = "/amocrm/demoschool/api/v4/leads/7700123"
    other.patch(path, json={"price": 77000, "status_id": 142, "pipeline_id": 6100001}, headers=headers)
    note = {"note_type": "service_message", "params": {"service": "График", "text": "Платёж получен"}}
    other.post(f"{path}/notes", json=[note], headers=headers)
    expect(page.locator(".feed-note_service")).to_contain_text("Платёж получен", timeout=5000)
    expect(page.locator("[name='lead[PRICE]']")).to_have_value("77\u00a0000")
    expect(page.locator(".card-stage")).to_contain_text("Завершенные")
    expect(page.locator("[name='CFV[910011]']")).to_have_value("Поток 99")


def test_a_person_edits_moves_writes_and_completes(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/leads/detail/7700123")
    page.locator("[name='CFV[910013]']").fill("15.12.2026")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".feed-event").last).to_contain_text("15.12.2026")
    page.locator(".card-stage").click()
    page.get_by_role("menuitem", name="Просрочка").click()
    expect(page.locator(".card-stage")).to_contain_text("Просрочка")
    page.locator(".feed-compose__kind").select_option("task")
    page.locator(".feed-compose__text").fill("Перезвонить")
    page.get_by_role("button", name="Поставить").click()
    task = page.locator(".feed-task")
    task.get_by_label("Результат задачи").fill("Оплатит завтра")
    task.get_by_role("button", name="Выполнить").click()
    expect(page.locator(".feed-note_done")).to_contain_text("Оплатит завтра")
    expect(task).to_have_count(0)


def test_settings_are_saved_through_on_save_and_reach_the_widget(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served.url}/settings/widgets/")
    page.locator(".nav__user").click()
    page.get_by_role("menuitem", name="Ольга Демидова").click()
    expect(page.locator(".nav__user")).to_have_attribute("title", "Ольга Демидова")
    page.locator(".market__tile").click()
    expect(page.locator(".tiny-settings")).to_be_visible()
    expect(page.get_by_role("button", name="Сохранить")).to_be_disabled()
    page.get_by_label("Подпись").fill("Строка")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".notice")).to_contain_text("Настройки сохранены")
    saved = page.evaluate("window.saved")
    assert (saved["active"], saved["fields"]) == ("Y", {"note": "Строка"})
    page.get_by_role("link", name="Страница виджета").click()
    expect(page.locator("#list_page_holder .tiny-advanced")).to_be_visible()
    page.get_by_role("link", name="Сделки").click()
    page.get_by_role("link", name="Договор 14/26").click()
    page.locator(".js-tiny").click()
    expect(page.locator(".tiny-modal h2")).to_have_text("Строка")


def test_authorized_ajax_brings_a_fresh_token_to_another_origin(page: Page, served: Served) -> None:
    seen: list[str] = []

    def answer(route: Route) -> None:
        seen.append(route.request.headers.get("x-auth-token", ""))
        route.fulfill(json={"ok": 1}, headers={"Access-Control-Allow-Origin": "*"})

    page.route("http://127.0.0.1:9/**", answer)
    page.goto(f"{served.url}/leads/detail/7700123")
    expect(page.locator(".card-widgets__widget")).to_have_count(1)
    call = """() => {
        const [widget] = Object.values(APP.widgets.list);
        const asked = widget.$authorizedAjax({ url: 'http://127.0.0.1:9/x', dataType: 'json' });
        return new Promise((tell) => asked
            .done((data, status, xhr) => tell([data.ok, status, xhr.status]))
            .fail((xhr) => tell(xhr.status)));
    }"""
    assert page.evaluate(call) == [1, "success", 200]
    assert page.evaluate(call) == [1, "success", 200]
    tokens = [token for token in seen if token]
    assert len(tokens) == len(set(tokens)) == 2
    assert all(token.count(".") == 2 for token in tokens)
