"""Documents in the card: made once by a click, opened by a ticket that is asked for at the click."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.server import Server

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
TICKET = "http://deal.invalid/style.css?ticket"
TEMPLATES = {
    "results": [
        {"key": "contract", "name": "Договор об оказании услуг", "format": "pdf"},
        {"key": "offer", "name": "Коммерческое предложение", "format": "pdf"},
        {"key": "act", "name": "Акт об оказании услуг", "format": "pdf", "fields": ["on", "amount"]},
    ]
}


def paper(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "number": str(number),
        "name": f"Договор № {number} от 22.11.2026",
        "url": "http://deal.invalid/old-ticket",
        "format": "pdf",
        "kind": "contract",
        "created_at": "2026-11-22T15:30:00+03:00",
    }


def test_a_document_opens_in_a_new_tab_by_a_fresh_ticket(deal: Page, server: Server) -> None:
    server.card["documents"] = [paper(1), paper(2)]
    server.answer("GET documents/2/", 200, {**paper(2), "url": TICKET})
    deal.evaluate("openCard(7700123)")
    with deal.expect_popup() as opened:
        deal.get_by_role("button", name="Открыть: Договор № 2").click()
    opened.value.wait_for_url(TICKET)
    assert opened.value.evaluate("window.opener") is None


def test_a_document_that_cannot_be_opened_says_why_and_leaves_no_tab(deal: Page, server: Server) -> None:
    server.card["documents"] = [paper(1)]
    server.answer("GET documents/1/", 404, {"title": "Not found", "status": 404, "detail": "Не найдено."})
    deal.evaluate("openCard(7700123)")
    with deal.expect_popup() as opened:
        deal.get_by_role("button", name="Открыть: Договор № 1").click()
    deal.wait_for_function("notices.length === 1")
    assert deal.evaluate("notices[0].text") == "Не найдено."
    assert opened.value.is_closed()


def test_a_forbidden_tab_is_said(deal: Page, server: Server) -> None:
    server.card["documents"] = [paper(1)]
    deal.evaluate("openCard(7700123); window.open = () => null")
    deal.get_by_role("button", name="Открыть: Договор № 1").click()
    deal.wait_for_function("notices.length === 1")
    assert "всплывающие окна" in deal.evaluate("notices[0].text")
    assert server.made("GET documents/1/") == []


def test_a_chosen_document_is_made_once_and_shown_with_its_opening(deal: Page, server: Server) -> None:
    server.answer("GET templates/", 200, TEMPLATES)
    server.answer(f"POST {LEAD}/documents/", 201, paper(3))
    server.answer("GET documents/3/", 200, {**paper(3), "url": TICKET})
    deal.get_by_role("button", name="Документ", exact=True).click()
    dialog = deal.get_by_role("dialog", name="Новый документ")
    dialog.get_by_label("Коммерческое предложение").check()
    server.card["documents"] = [paper(3)]
    dialog.get_by_role("button", name="Сделать").dblclick()
    expect(dialog).to_contain_text("Договор № 3 от 22.11.2026")
    with deal.expect_popup() as opened:
        deal.keyboard.press("Enter")
    opened.value.wait_for_url(TICKET)
    [made] = server.made(f"POST {LEAD}/documents/")
    assert made.body == {"template": "offer"}
    assert made.key
    dialog.get_by_text("Закрыть", exact=True).click()
    expect(deal.locator("[data-document='3']")).to_be_visible()


def test_what_is_missing_for_a_document_is_said_in_the_dialog(deal: Page, server: Server) -> None:
    words = "Сначала рассчитайте график: он входит в договор."
    refusal = {"title": "Unprocessable", "status": 422, "code": "incomplete", "detail": words}
    server.answer("GET templates/", 200, TEMPLATES)
    server.answer(f"POST {LEAD}/documents/", 422, refusal)
    deal.get_by_role("button", name="Документ", exact=True).click()
    deal.get_by_role("button", name="Сделать").click()
    expect(deal.get_by_role("alert")).to_contain_text(words)
    expect(deal.get_by_label("Договор об оказании услуг")).to_be_enabled()


def test_templates_that_did_not_come_can_be_asked_for_again(deal: Page, server: Server) -> None:
    server.answer("GET templates/", 503, {"title": "x", "status": 503, "detail": "amoCRM не отвечает."})
    deal.get_by_role("button", name="Документ", exact=True).click()
    expect(deal.get_by_role("dialog")).to_contain_text("amoCRM не отвечает.")
    server.answer("GET templates/", 200, TEMPLATES)
    deal.get_by_role("dialog").get_by_role("button", name="Повторить").click()
    expect(deal.get_by_label("Договор об оказании услуг")).to_be_checked()


def act(number: int, **changes: Any) -> dict[str, Any]:
    said = {"state": "open", "on": "2026-11-20", "amount": "30000.00", "accepted_on": None, "reason": None}
    name = f"Акт № {number} от 20.11.2026"
    return {**paper(number), "name": name, "kind": "act", "act": {**said, "renders": True, **changes}}


def test_an_act_is_made_of_a_day_and_a_sum(deal: Page, server: Server) -> None:
    server.answer("GET templates/", 200, TEMPLATES)
    server.answer(f"POST {LEAD}/documents/", 201, act(3))
    deal.get_by_role("button", name="Документ", exact=True).click()
    dialog = deal.get_by_role("dialog", name="Новый документ")
    dialog.get_by_label("Договор об оказании услуг").check()
    expect(dialog.get_by_label("Дата акта", exact=True)).to_have_count(0)
    dialog.get_by_label("Акт об оказании услуг").check()
    dialog.get_by_label("Дата акта", exact=True).fill("31.12.2999")
    dialog.get_by_label("На сумму").fill("30 000")
    dialog.get_by_role("button", name="Сделать").click()
    expect(dialog).to_contain_text("Не позже")
    assert server.made(f"POST {LEAD}/documents/") == []
    dialog.get_by_label("Дата акта", exact=True).fill("20.11.2026")
    dialog.get_by_role("button", name="Сделать").click()
    expect(dialog).to_contain_text("Акт № 3 от 20.11.2026")
    [made] = server.made(f"POST {LEAD}/documents/")
    assert made.body == {"template": "act", "on": "2026-11-20", "amount": "30000.00"}


def test_an_act_is_marked_as_signed_after_a_word_about_what_follows(deal: Page, server: Server) -> None:
    server.card["documents"] = [act(3)]
    server.answer("POST documents/3/accept/", 202, {"document": act(3), "rendered": None})
    deal.evaluate("openCard(7700123)")
    deal.get_by_role("button", name="Подписан: Акт № 3").click()
    dialog = deal.get_by_role("dialog", name="Клиент подписал акт")
    expect(dialog).to_contain_text("будет отмечена оказанной 20.11.2026")
    dialog.get_by_label("Дата подписания", exact=True).fill("19.11.2026")
    dialog.get_by_role("button", name="Отметить подписанным").click()
    expect(dialog).to_contain_text("раньше его не подписывают")
    dialog.get_by_label("Дата подписания", exact=True).fill("21.11.2026")
    server.card["documents"] = [act(3, state="accepted", accepted_on="2026-11-21")]
    dialog.get_by_role("button", name="Отметить подписанным").click()
    expect(deal.locator("[data-document='3']")).to_contain_text("Подписан 21.11.2026")
    [made] = server.made("POST documents/3/accept/")
    assert made.body == {"on": "2026-11-21"}


def test_a_mistaken_act_is_made_void_with_a_reason(deal: Page, server: Server) -> None:
    server.card["documents"] = [act(3, renders=False)]
    server.answer("POST documents/3/void/", 200, act(3, state="void", reason="не та сумма"))
    deal.evaluate("openCard(7700123)")
    deal.get_by_role("button", name="Аннулировать: Акт № 3").click()
    dialog = deal.get_by_role("dialog", name="Аннулировать акт")
    dialog.get_by_label("Причина").fill("не та сумма")
    server.card["documents"] = [act(3, state="void", reason="не та сумма")]
    dialog.get_by_role("button", name="Аннулировать", exact=True).click()
    expect(deal.locator("[data-document='3']")).to_contain_text("Аннулирован: не та сумма")
    [made] = server.made("POST documents/3/void/")
    assert made.body == {"reason": "не та сумма"}
