"""axe-core looks at every screen in both themes: no serious finding on any."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import look
from tests.widget.server import Server
from tests.widget.test_automation import SETUP, settings_page

pytestmark = pytest.mark.browser

LEAD = "deals/7700123"
EVERY = [
    *(
        "rebuild",
        "links",
        "full_payment",
        "partial_payment",
        "invoice",
        "void",
        "move",
        "write_off",
        "document",
    ),
    *("settle", "cancel", "transfer", "change_total", "move_date", "pause", "sign", "refund", "payer"),
    *("restore_price", "reverse_write_off", "waive_fees", "decide_loss", "promise", "stop", "decide_date"),
    *("split", "reverse", "service_rendered"),
]
WARNINGS = ["no_email", "no_receiver", "price_differs", "receipt_failed", "credit", "deal_closed"]


def theme(page: Page, *, dark: bool) -> None:
    page.evaluate(
        "dark => { document.documentElement.dataset.colorScheme = dark ? 'dark' : 'light';"
        " document.body.style.background = dark ? '#153043' : '#ffffff'; }",
        dark,
    )


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def rich(request: pytest.FixtureRequest, deal: Page, server: Server) -> Page:
    """A card that shows everything a card can show."""
    attempt = {
        "at": "2026-11-20T12:00:00+03:00",
        "what": "declined",
        "amount": "15000.00",
        "reason": "нет денег",
    }
    server.card.update(
        actions=EVERY,
        warnings=[{"code": code, "text": f"Внимание: {code}"} for code in WARNINGS],
        attempts=[attempt],
        credit="100.00",
        written_off="50.00",
        fees={"charged": "10.00", "paid": "0.00", "owed": "10.00"},
        signed={"on": "2026-10-01", "by": "user:1"},
        promise={"until": "2026-12-01", "amount": "1000.00", "state": "broken"},
        date_request={"number": 3, "was_on": "2026-11-10", "wanted_on": "2026-12-01", "comment": "Зарплата"},
        stopped=["reminders"],
        reminders_by="email",
        documents=[
            {"id": 1, "name": "Договор № 1", "url": "http://x/", "created_at": "2026-11-22T15:30:00+03:00"}
        ],
    )
    theme(deal, dark=request.param)
    deal.evaluate("openCard(7700123)")
    expect(deal.locator("[data-figure=debt]")).to_be_visible()
    deal.get_by_role("button", name="Ещё действия").click()
    return deal


def test_the_panel(rich: Page) -> None:
    look(rich, "#column")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Выставить счёт",
            "Изменить график",
            "Полная оплата",
            "Частичная оплата",
            "QR",
            "Документ",
            "История",
        ),
        *("Вернуть: 5", "Перенести: 5", "Аннулировать: Счёт", "Отправить ещё раз: Счёт", "Отправить чек: 20"),
        *("Закрыть на другую сумму", "Отменить график", "Сменить ссылку клиента", "Поставить на паузу"),
        *("Перенести один платёж", "Изменить стоимость", "Перевести в другой поток", "Отметить подписанным"),
        *("Плательщик", "Списать долг", "Отменить списание", "Простить пеню", "Решить, что с долгом"),
        *("Исправить бюджет", "Обещание оплаты", "Остановить счета", "Возобновить", "Ответить о переносе"),
        *(
            "Перевод за несколько",
            "Записан по ошибке",
            "Услуга оказана",
            "Напоминания клиенту",
            "Отправить: Договор",
        ),
    ],
)
def test_each_dialog(rich: Page, server: Server, name: str) -> None:
    templates = [{"key": "contract", "name": "Договор", "format": "pdf"}]
    events = [
        {"at": "2026-09-01T10:00:00+03:00", "who": "user:8100002", "what": "x", "text": "Создан график"}
    ]
    preview: dict[str, Any] = {
        "installments": server.card["installments"],
        "warnings": [{"code": "past", "text": "Первая дата прошла"}],
        "changes": [{"kind": "added", "text": "Платёж 9"}, {"kind": "removed", "text": "Платёж 8"}],
        **{"total": "160000.00", "paid": "45000.00", "debt": "115000.00"},
    }
    server.answer("GET templates/", 200, {"results": templates})
    server.answer(f"GET {LEAD}/history/", 200, {"results": events})
    server.answer(f"GET {LEAD}/credit/", 200, {"credit": "0.00", "payments": [], "deals": []})
    server.answer(f"POST {LEAD}/schedule/preview/", 200, preview)
    server.answer("GET invoices/52/", 200, {**server.card["invoices"][1], "text": "Готовый текст"})
    rich.get_by_role("button", name=name).first.click()
    expect(rich.get_by_role("dialog")).to_be_visible()
    rich.wait_for_timeout(150)
    look(rich, ".grafik-dialog")


def failed(page: Page, server: Server) -> None:
    server.answer(f"GET {LEAD}/", 502, "<html>")
    page.evaluate("openCard(7700123)")
    expect(page.locator("#column")).to_contain_text("ответил не так")


def loading(page: Page, server: Server) -> None:
    server.answers[f"GET {LEAD}/"] = lambda _number: None
    page.evaluate("openCard(7700123)")
    expect(page.locator("#column")).to_contain_text("Загружаем")


def links(page: Page, server: Server) -> None:
    link = {"amount": "48000.00", "url": "https://pay.example.ru/a", "state": "open", "text": "Готовый текст"}
    server.card.update(
        mode="deposit", links={"deposit": {**link, "state": "paid"}, "full": link}, actions=["links"]
    )
    page.evaluate("openCard(7700123)")
    expect(page.locator("[data-link]")).to_have_count(2)


@pytest.mark.parametrize("scene", [failed, loading, links])
@pytest.mark.parametrize("dark", [False, True])
def test_each_state_of_the_panel(
    deal: Page, server: Server, scene: Callable[[Page, Server], None], dark: bool
) -> None:
    theme(deal, dark=dark)
    scene(deal, server)
    look(deal, "#column")


@pytest.mark.parametrize("dark", [False, True])
def test_the_set_up_page(deal: Page, server: Server, dark: bool) -> None:
    theme(deal, dark=dark)
    server.answer("GET setup/", 200, SETUP)
    settings_page(deal, server, is_admin=True)
    deal.get_by_role("button", name="Настройка").click()
    expect(deal.get_by_text("Доступ выдал администратор.")).to_be_visible()
    look(deal, "#list_page_holder")
