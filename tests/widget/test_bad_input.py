"""What goes wrong around the widget: hostile words in every field, every kind of wrong answer to a call."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
RUN = "window.notices.push('ran')"
CORPUS = [
    f"<script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}",
    f"</textarea><svg onload={RUN}>",
    f"</title></style></script><iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"javascript:{RUN}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"`${{{RUN}}}`",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    "«Кавычки» 'и' \"ещё\" 👩‍👩‍👧‍👦 \u202e\u0000\ufeff " + "щ" * 2000,
]
ACTIONS = [
    *(
        "rebuild",
        "full_payment",
        "partial_payment",
        "invoice",
        "void",
        "move",
        "document",
        "settle",
        "cancel",
    ),
    *(
        "transfer",
        "change_total",
        "move_date",
        "resume",
        "sign",
        "refund",
        "payer",
        "decide_loss",
        "decide_date",
    ),
]
# What the server computes or checks itself; everything else may be any text.
OURS = {
    "actions",
    "state",
    "mode",
    "id",
    "number",
    "amount",
    "paid",
    "total",
    "debt",
    "overdue",
    "credit",
    "rest",
}
SUMS = {"written_off", "charged", "owed", "refunded", "refundable", "moved"}
DATES = {
    "due_on",
    "effective_due_on",
    "at",
    "received_at",
    "created_at",
    "until",
    "since",
    "on",
    "issued_on",
    "was_on",
    "wanted_on",
}
WRONG: list[tuple[int, Any]] = [
    (401, {"title": "x", "status": 401, "detail": ""}),
    (403, {"title": "x", "status": 403, "detail": "Нельзя"}),
    (409, {"title": "x", "status": 409, "detail": "Занято"}),
    (422, {"title": "x", "status": 422, "detail": "Так нельзя", "errors": {"nobody": [{"message": "Поле"}]}}),
    (429, {"title": "x", "status": 429, "detail": "Подождите"}),
    (503, {"title": "x", "status": 503, "detail": "amoCRM не отвечает"}),
    (502, "<html><body>Bad Gateway"),
    (200, "<html><body>Вход"),
    (200, ""),
    (0, ""),
]
# JSON, but not ours: what a proxy or a captive portal may say.
FOREIGN: list[tuple[int, Any]] = [(200, {"ok": True}), (200, ["x"]), (200, '"x"')]


def poisoned(value: Any, evil: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: poisoned(one, evil, name) for name, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, evil, key) for one in value]
    if key in OURS | SUMS | DATES or value is None or not isinstance(value, str):
        return value
    return evil


@pytest.mark.parametrize("evil", CORPUS, ids=range(len(CORPUS)))
def test_no_word_of_a_client_ever_runs(deal: Page, server: Server, evil: str) -> None:
    server.card.update(
        actions=ACTIONS,
        location={"key": "a", "name": "b"},
        warnings=[{"code": "a", "text": "b"}, {"code": "price_differs", "text": "c"}],
        attempts=[{"at": "2026-11-20T12:00:00+03:00", "what": "a", "amount": "1.00", "reason": "b"}],
        documents=[{"id": 1, "name": "a", "url": "b", "created_at": "2026-11-22T15:30:00+03:00"}],
        pause={"since": "2026-11-01", "until": None, "reason": "a"},
        closing={"kind": "settled", "reason": "a"},
        promise={"until": "2026-12-01", "amount": "1.00"},
        date_request={"number": 3, "was_on": "2026-11-10", "wanted_on": "2026-12-01", "comment": "a"},
    )
    server.card["payer"].update(kind="company", inn="a", kpp="b", address="c")
    server.card.update(poisoned(server.card, evil))
    events = [{"at": "2026-09-01T10:00:00+03:00", "who": evil, "who_name": evil, "what": evil, "text": evil}]
    preview = {
        "installments": server.card["installments"],
        "warnings": [{"code": evil, "text": evil}],
        "changes": [{"kind": evil, "text": evil}],
        **{"total": "160000.00", "paid": "45000.00", "debt": "115000.00"},
    }
    server.answer("GET templates/", 200, {"results": [{"key": evil, "name": evil, "format": evil}]})
    server.answer(f"GET {LEAD}/history/", 200, {"results": events})
    server.answer(f"POST {LEAD}/schedule/preview/", 200, preview)
    server.answer("GET invoices/52/", 200, {**server.card["invoices"][1], "text": evil})
    others = [{"lead_id": 1, "name": evil, "debt": "1.00"}]
    server.answer(f"GET {LEAD}/credit/", 200, {"credit": "0.00", "payments": [], "deals": others})
    server.answer("GET documents/1/", 422, {"title": evil, "status": 422, "detail": evil})
    deal.evaluate("window.notices = notices; openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    deal.get_by_role("button", name="Ещё действия").click()
    keys = deal.eval_on_selector_all(
        "#column [data-action]",
        "all => all.map(one => one.dataset.key).filter(key => !/^(copy|fold|reload)/.test(key))",
    )
    assert len(keys) > 20
    for key in keys:
        if key.startswith(("open_document", "analytics")):
            continue
        deal.evaluate('key => document.querySelector(`#column [data-key="${CSS.escape(key)}"]`).click()', key)
        deal.wait_for_timeout(20)
        deal.keyboard.press("Escape")
    assert deal.locator(".grafik img, .grafik script, .grafik iframe, .grafik form form").count() == 0
    assert (
        deal.evaluate(
            "[...document.querySelectorAll('.grafik a')].filter(one => !/^https?:|#$/.test(one.href)).length"
        )
        == 0
    )
    assert "ran" not in deal.evaluate("notices")


@pytest.mark.parametrize(("status", "body"), WRONG + FOREIGN, ids=range(len(WRONG + FOREIGN)))
def test_a_card_that_does_not_come_is_said_politely(
    deal: Page, server: Server, status: int, body: Any
) -> None:
    server.answer(f"GET {LEAD}/", status, body)
    deal.evaluate("openCard(7700123)")
    said = deal.locator("#column .grafik-callout_error")
    expect(said).to_be_visible()
    assert said.inner_text().strip()
    again = deal.get_by_role("button", name="Повторить")
    expect(again).to_have_count(0 if status == 403 else 1)


@pytest.mark.parametrize("odd", [{"ok": True}, {"results": None}, ["x"], '"x"'], ids=range(4))
def test_no_dialog_waits_for_ever_on_json_that_is_not_ours(deal: Page, server: Server, odd: Any) -> None:
    doors = (f"GET {LEAD}/history/", "GET templates/", f"POST {LEAD}/schedule/preview/", "GET invoices/52/")
    for door in doors:
        server.answer(door, 200, odd)
    server.card["actions"].append("document")
    deal.evaluate("openCard(7700123)")
    for action in ("history", "document", "schedule", "send"):
        deal.locator(f"#column [data-action={action}]").first.click()
        dialog = deal.get_by_role("dialog")
        expect(dialog.get_by_text("ответил не так, как ожидалось")).to_be_visible()
        expect(dialog.get_by_role("button", name="Повторить")).to_be_visible()
        expect(dialog.locator(".grafik-ring")).to_have_count(0)
        deal.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_an_issued_invoice_that_is_not_ours_to_read_is_asked_for_again_by_the_same_key(
    deal: Page, server: Server
) -> None:
    server.answer(f"POST {LEAD}/invoices/", 201, {"ok": True})
    deal.get_by_role("button", name="Выставить счёт").click()
    dialog = deal.get_by_role("dialog", name="Выставить счёт")
    dialog.locator(".grafik-dialog__submit").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Неизвестно, успел ли сервер записать")
    dialog.get_by_role("button", name="Повторить").click()
    deal.wait_for_timeout(100)
    first, second = server.made(f"POST {LEAD}/invoices/")
    assert first.key == second.key


@pytest.mark.parametrize(("status", "body"), WRONG, ids=range(len(WRONG)))
def test_a_save_that_goes_wrong_is_said_and_never_doubled(
    deal: Page, server: Server, status: int, body: Any
) -> None:
    outcomes = {1: (status, body)}
    server.answers[f"POST {LEAD}/payments/"] = lambda number: outcomes.get(number, (201, server.card))
    deal.get_by_role("button", name="Частичная оплата").click()
    deal.get_by_label("Сумма", exact=True).fill("5000")
    dialog = deal.get_by_role("dialog")
    dialog.locator(".grafik-dialog__submit").dblclick()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    assert len(server.made(f"POST {LEAD}/payments/")) == 1
    dialog.locator(".grafik-dialog__submit").click()
    expect(dialog).to_have_count(0)
    first, second = server.made(f"POST {LEAD}/payments/")
    unknown = status in (0, 200, 502)
    assert (first.key == second.key) is unknown
    assert first.body == second.body


def test_a_double_click_opens_a_dialog_and_leaves_it_open(deal: Page, server: Server) -> None:
    for name in ("Частичная оплата", "Полная оплата", "QR"):
        deal.get_by_role("button", name=name).dblclick()
        dialog = deal.get_by_role("dialog")
        expect(dialog).to_have_count(1)
        assert deal.evaluate("document.activeElement.closest('.grafik-dialog') !== null")
        deal.mouse.click(5, 890)
        expect(dialog).to_have_count(0)


def test_a_click_beside_the_fields_leaves_the_keyboard_to_the_dialog(deal: Page, server: Server) -> None:
    deal.get_by_role("button", name="Частичная оплата").click()
    for key in ("Tab", "Shift+Tab"):
        deal.locator(".grafik-dialog .grafik-hint").first.click()
        deal.keyboard.press(key)
        assert deal.evaluate("document.activeElement.closest('.grafik-dialog form') !== null")
    expect(deal.get_by_role("dialog").locator(".grafik-dialog__submit + button")).to_be_focused()


def test_every_wait_shows_within_a_tenth_of_a_second(deal: Page, server: Server) -> None:
    deal.get_by_role("button", name="Частичная оплата").click()
    for door in (f"GET {LEAD}/", f"POST {LEAD}/payments/"):
        server.answers[door] = lambda _number: None
    deal.get_by_label("Сумма", exact=True).fill("5000")
    deal.get_by_role("button", name="Записать платёж").click()
    expect(deal.get_by_role("dialog")).to_have_attribute("aria-busy", "true", timeout=100)
    deal.evaluate("openCard(7700123)")
    expect(deal.get_by_role("status")).to_contain_text("Загружаем", timeout=100)


def test_a_slow_network_moves_nothing_under_the_managers_hand(deal: Page, server: Server) -> None:
    wire = deal.context.new_cdp_session(deal)
    wire.send("Network.enable")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    wire.send("Network.emulateNetworkConditions", slow)
    deal.evaluate(
        """() => {
          window.shift = 0;
          const add = (one) => { if (!one.hadRecentInput && window.readable) window.shift += one.value; };
          new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type: 'layout-shift' });
        }"""
    )
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    deal.evaluate("window.readable = true; window.dispatchEvent(new Event('focus'))")
    deal.wait_for_timeout(900)
    assert deal.evaluate("window.shift") == 0
