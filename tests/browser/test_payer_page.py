"""The payer's page on a phone: one small request, nothing wider than the screen, a click to the bank."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Response, Route, expect
from pytest_django.live_server_helper import LiveServer

from billing import links, payments
from billing.models import AccountPolicy, LegalEntity, ProviderOrder
from billing.providers.base import CreatedOrder, OrderRequest
from crm.models import Deal
from tests.factories import make_deal, make_schedule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BANK = "https://orders.example.org/d/"
BYTES_MAX = 50_000
FINGER = 44


class Bank:
    request_id_lives = timedelta(minutes=55)
    charges_cards = True
    finds_orders = False
    order_lives: timedelta | None = None
    first_number: int | None = None

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        return CreatedOrder(external_id=request.number, url=BANK + request.number)


@pytest.fixture
def phone(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setattr("billing.providers.of", lambda merchant: Bank())
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        locale="ru-RU",
        user_agent="Mozilla/5.0 (Linux; Android 14) Mobile",
    )
    page = context.new_page()

    def bank_page(route: Route) -> None:
        route.fulfill(body="<h1>Bank</h1>", content_type="text/html")

    page.route(f"{BANK}*", bank_page)
    return page


def late_deal() -> Deal:
    deal = make_deal(
        name="Договор 14/26 с очень длинным названием на весь экран", contact_name="Анна Смирнова"
    )
    make_schedule(deal, total=160000, count=8, first_due_on=timezone.localdate() - timedelta(days=74))
    return deal


def address(server: LiveServer, deal: Deal, tail: str = "") -> str:
    return f"{server.url}/pay/{links.token(deal=deal, at=timezone.now())}/{tail}"


def is_inside(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_page_fits_a_phone_in_one_small_request(live_server: LiveServer, phone: Page) -> None:
    answers: list[Response] = []
    phone.on("response", lambda answer: answers.append(answer))
    phone.goto(address(live_server, late_deal()))
    assert len(answers) == 1
    assert len(answers[0].body()) < BYTES_MAX
    assert is_inside(phone)
    buttons = phone.locator("a.button")
    assert buttons.count() == 3
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= FINGER
    first = buttons.first.bounding_box()
    assert first is not None
    # The way to pay is seen without scrolling.
    assert first["y"] + first["height"] < 740


def test_a_click_leads_to_the_bank_and_back_to_a_page_that_waits_for_the_money(
    live_server: LiveServer, phone: Page
) -> None:
    deal = late_deal()
    phone.goto(address(live_server, deal))
    phone.get_by_role("link", name="60").first.click()
    phone.wait_for_url(f"{BANK}*")
    expect(phone).to_have_url(f"{BANK}{ProviderOrder.objects.get().number}")
    order = ProviderOrder.objects.get()
    assert order.amount == Decimal("60000.00")
    phone.goto(address(live_server, deal, f"done/?order={order.number}"))
    assert phone.locator(".spin").count() == 1
    assert is_inside(phone)
    payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=order.amount,
        currency="RUB",
        received_at=timezone.now(),
        method="card",
        order=order,
        at=timezone.now(),
    )
    # Nobody touches the page: it sees the money by itself.
    expect(phone.locator(".good")).to_be_visible()
    phone.locator("a.button").click()
    expect(phone.locator("ol li.paid")).to_have_count(3)


def test_who_has_no_address_says_where_the_receipt_goes(live_server: LiveServer, phone: Page) -> None:
    deal = make_deal(contact_email="", contact_phone="")
    make_schedule(deal)
    phone.goto(address(live_server, deal, "go/?what=full"))
    phone.locator("#contact").fill("мама")
    phone.locator("button").click()
    expect(phone.locator("#wrong")).to_be_visible()
    assert is_inside(phone)
    phone.locator("#contact").fill("mama@example.org")
    phone.locator("button").click()
    phone.wait_for_url(f"{BANK}*")
    expect(phone).to_have_url(f"{BANK}{ProviderOrder.objects.get().number}")


def test_every_way_besides_paying_fits_a_phone_and_a_finger(live_server: LiveServer, phone: Page) -> None:
    deal = late_deal()
    bank = {
        "bic": "049805746",
        "account": "40602810700000000025",
        "correspondent": "30101810800000000746",
        "name": "ОТДЕЛЕНИЕ ТЕСТ",
    }
    LegalEntity.objects.update(bank=bank, phone="+7 495 000-00-00")
    AccountPolicy.objects.update(payer_page={"own_sum": True, "move_days": 120})
    phone.goto(address(live_server, deal))
    summaries = phone.locator("summary")
    assert summaries.count() == 5
    for summary in summaries.all():
        summary.click()
    assert is_inside(phone)
    for part in (*phone.locator("button").all(), *phone.locator(".way, input:not([type=hidden])").all()):
        box = part.bounding_box()
        assert box is not None
        assert box["height"] >= (24 if part.get_attribute("type") == "checkbox" else FINGER)
    phone.get_by_label("Оплачу до").fill((timezone.localdate() + timedelta(days=3)).isoformat())
    phone.get_by_role("button", name="Обещаю").click()
    expect(phone.get_by_role("status")).to_contain_text("не будем напоминать")
    phone.get_by_role("link", name="Оплатить переводом или по QR-коду").click()
    expect(phone.locator(".code svg")).to_be_visible()
    assert is_inside(phone)
    phone.get_by_role("button", name="Я оплатил").click()
    expect(phone.locator("body")).to_contain_text("Ищем ваш перевод")
    assert is_inside(phone)


def test_the_page_is_painted_within_the_budget(live_server: LiveServer, phone: Page) -> None:
    """No script, no font, no picture: what is painted first comes with the one answer."""
    phone.goto(address(live_server, late_deal()))
    sizes = phone.evaluate(
        "() => ({requests: performance.getEntriesByType('resource').length,"
        " bytes: performance.getEntriesByType('navigation')[0].transferSize,"
        " after: performance.getEntriesByName('first-contentful-paint')[0].startTime"
        " - performance.getEntriesByType('navigation')[0].responseEnd})"
    )
    assert sizes["requests"] == 0
    assert sizes["bytes"] < BYTES_MAX
    assert sizes["after"] < 1000
