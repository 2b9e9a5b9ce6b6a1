"""The payer's doors: one page, a redirect for what is owed, and nobody but a payer makes an order."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from billing import invoices, links, network, orders, payments
from billing.asking import What
from billing.models import AccountPolicy, Event, Invoice, Payment, ProviderOrder, Receipt
from billing.providers.base import CreatedOrder, OrderRequest, Refused, Unknown
from crm import memory
from crm.models import Deal
from tests.billing.collecting import entity_of
from tests.factories import make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (Linux; Android 14; CUBOT_NOTE 50) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
PREVIEWS = [
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23.20.0",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
]


class Bank:
    """A provider that always works, until it is told otherwise."""

    request_id_lives = timedelta(minutes=55)
    charges_cards = True
    finds_orders = False
    order_lives: timedelta | None = None
    first_number: int | None = None
    error: Exception | None = None

    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        if self.error:
            raise self.error
        return CreatedOrder(external_id=request.number, url=f"https://orders.example.org/d/{request.number}")


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    monkeypatch.setattr("billing.providers.of", lambda merchant: bank)
    return bank


@pytest.fixture
def payer() -> Client:
    return Client(headers={"User-Agent": PHONE})


def scheduled(**values: Any) -> Deal:
    deal = make_deal(**values)
    make_schedule(deal, total=90000, count=3, first_due_on=timezone.localdate())
    return deal


def address(deal: Deal, tail: str = "") -> str:
    return f"/pay/{links.token(deal=deal, at=timezone.now())}/{tail}"


def pay(order: ProviderOrder) -> Payment:
    return payments.receive(
        merchant=order.merchant,
        external_id=f"t{order.pk}",
        amount=order.amount,
        currency="RUB",
        received_at=timezone.now(),
        method="card",
        order=order,
        at=timezone.now(),
    )


def test_the_page_shows_what_is_owed_and_keeps_the_payer_private(payer: Client) -> None:
    deal = scheduled(contact_name="Смирнова Анна Сергеевна")
    answer = payer.get(address(deal))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count('href="go/?what=installment"') == 1
    assert text.count('href="go/?what=full"') == 1
    assert "go/?what=overdue" not in text
    assert "30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in text
    assert "Анна" in text
    for private in ("Смирнова", "Сергеевна", deal.contact_email, deal.contact_phone, str(deal.external_id)):
        assert private not in text
    assert len(answer.content) < 50_000
    assert 'src="' not in text
    assert "http" not in text.replace('http-equiv="refresh"', "")


def test_every_answer_keeps_away_robots_caches_and_referrers(payer: Client) -> None:
    deal = scheduled()
    for tail in ("", "go/?what=nonsense", "done/", "failed/"):
        answer = payer.get(address(deal, tail))
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies


def test_revoked_and_guessed_tokens_get_one_and_the_same_answer(payer: Client) -> None:
    deal = scheduled()
    old = address(deal)
    links.revoke(deal=deal, at=timezone.now(), author="user:1")
    revoked = payer.get(old)
    guessed = payer.get("/pay/" + "A" * 22 + "/")
    assert (revoked.status_code, guessed.status_code) == (404, 404)
    assert revoked.content == guessed.content
    ours = [name for name in revoked.headers if name.lower() != "x-request-id"]
    assert [revoked[name] for name in ours] == [guessed[name] for name in ours]


@pytest.mark.parametrize("tail", ["", "go/?what=full", "done/", "transfer/"])
def test_a_guess_that_no_database_can_hold_is_unknown_too(payer: Client, tail: str) -> None:
    answer = payer.get(f"/pay/%00%00/{tail}")
    assert answer.status_code == 404
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("door", ["done", "failed"])
def test_coming_back_with_a_number_that_no_order_can_have_is_answered(payer: Client, door: str) -> None:
    assert payer.get(address(scheduled(), f"{door}/?order=%00")).status_code == 200


def test_names_from_amocrm_are_shown_as_text(payer: Client) -> None:
    deal = scheduled(name="<img src=x onerror=alert(1)>", contact_name="<script>alert(1)</script>")
    text = payer.get(address(deal)).content.decode()
    assert "<script>" not in text
    assert "<img" not in text


def test_a_click_leads_to_the_provider(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    answer = payer.get(address(deal, "go/?what=installment"))
    order = ProviderOrder.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"https://orders.example.org/d/{order.number}")
    assert order.amount == rub(30000)


@pytest.mark.parametrize("agent", PREVIEWS)
def test_link_previews_make_no_order(bank: Bank, agent: str) -> None:
    answer = Client(headers={"User-Agent": agent}).get(address(scheduled(), "go/?what=full"))
    assert answer.status_code == 200
    assert ProviderOrder.objects.count() == 0


def test_head_and_prefetch_make_no_order(payer: Client, bank: Bank) -> None:
    go = address(scheduled(), "go/?what=full")
    assert payer.head(go).status_code == 200
    assert payer.get(go, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 200
    assert ProviderOrder.objects.count() == 0


def test_a_person_taken_for_a_robot_goes_on_by_the_button(bank: Bank) -> None:
    go = address(scheduled(), "go/?what=full")
    answer = Client(headers={"User-Agent": "Viber/13"}).post(go)
    assert answer.status_code == 302
    assert ProviderOrder.objects.count() == 1


def test_nothing_owed_is_a_page_and_no_order(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    payer.get(address(deal, "go/?what=full"))
    pay(ProviderOrder.objects.get())
    answer = payer.get(address(deal, "go/?what=installment"))
    assert answer.status_code == 200
    assert "Долга нет" in answer.content.decode()
    assert ProviderOrder.objects.count() == 1


def test_the_address_of_a_paid_invoice_says_so_while_other_rows_are_open(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=timezone.now())
    where = address(deal, f"go/?what=invoice&n={invoice.pk}")
    payer.get(where)
    pay(ProviderOrder.objects.get())
    text = payer.get(where).content.decode()
    assert "Это уже оплачено" in text
    assert "Долга нет" not in text
    assert ProviderOrder.objects.count() == 1


@pytest.mark.parametrize("what", ["overdue", "deposit"])
def test_an_address_that_asks_nothing_now_tells_what_is_next(payer: Client, bank: Bank, what: str) -> None:
    answer = payer.get(address(scheduled(), f"go/?what={what}"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Сейчас по этой ссылке платить нечего" in text
    for untrue in ("Оплачено", "внесён"):
        assert untrue not in text
    # A due date on a weekend moves, so the day itself may be another one.
    assert re.search(r"<p>К оплате (сегодня|до \d+ )", text)
    assert "30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in text
    assert 'href="../"' in text
    assert ProviderOrder.objects.count() == 0


@pytest.mark.parametrize(
    "tail", ["go/", "go/?what=everything", "go/?what=invoice", "go/?what=invoice&n=x", "go/?what=invoice&n=0"]
)
def test_addresses_that_nobody_made_are_unknown(payer: Client, bank: Bank, tail: str) -> None:
    assert payer.get(address(scheduled(), tail)).status_code == 404
    assert ProviderOrder.objects.count() == 0


def test_an_invoice_of_another_deal_is_unknown(payer: Client, bank: Bank) -> None:
    mine, other = scheduled(), scheduled()
    invoice = Invoice.objects.create(
        deal=other,
        legal_entity=entity_of(other),
        number="1",
        amount=rub(10),
        issued_on=timezone.localdate(),
        created_at=timezone.now(),
    )
    assert payer.get(address(mine, f"go/?what=invoice&n={invoice.pk}")).status_code == 404
    assert payer.get(address(other, f"go/?what=invoice&n={invoice.pk}")).status_code == 302


def test_without_an_address_the_page_asks_where_the_receipt_goes(payer: Client, bank: Bank) -> None:
    deal = scheduled(contact_email="", contact_phone="")
    go = address(deal, "go/?what=installment")
    asked = payer.get(go)
    assert (asked.status_code, ProviderOrder.objects.count()) == (200, 0)
    assert 'name="contact"' in asked.content.decode()
    wrong = payer.post(go, {"contact": "<i>мама</i>"})
    assert (wrong.status_code, ProviderOrder.objects.count()) == (200, 0)
    assert "<i>" not in wrong.content.decode()
    assert payer.post(go, {"contact": "mama@example.org"}).status_code == 302
    assert ProviderOrder.objects.get().request["email"] == "mama@example.org"
    deal.refresh_from_db()
    assert deal.contact_email == ""


def test_without_an_answer_the_page_waits_and_the_next_look_goes_on(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    go = address(deal, "go/?what=installment")
    bank.error = Unknown("no answer", call="create_order")
    first = payer.get(go)
    assert first.status_code == 200
    assert 'content="1;url=?what=installment&amp;look=1"' in first.content.decode()
    last = payer.get(go + "&look=99", headers={"User-Agent": PHONE}).content.decode()
    assert "http-equiv" not in last.replace("name=", "")
    ProviderOrder.objects.update(called_at=timezone.now() - timedelta(minutes=1))
    bank.error = None
    assert payer.get(go + "&look=1").status_code == 302
    assert ProviderOrder.objects.count() == 1


def test_a_refusal_is_told_politely_and_written_down(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    bank.error = Refused("wrong credentials", call="create_order", status=401)
    answer = payer.get(address(deal, "go/?what=full"))
    assert answer.status_code == 200
    assert "credentials" not in answer.content.decode()
    assert Event.objects.filter(deal=deal, kind="order_refused").count() == 1


def test_where_nobody_may_take_the_money_there_are_no_buttons(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    AccountPolicy.objects.update(legal_entity=None)
    assert "go/?what" not in payer.get(address(deal)).content.decode()
    assert payer.get(address(deal, "go/?what=full")).status_code == 200
    assert ProviderOrder.objects.count() == 0
    with pytest.raises(network.NoReceiver):
        orders.open_order(deal=deal, what=What.FULL, at=timezone.now())


def test_coming_back_changes_nothing_until_the_money_is_seen(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    payer.get(address(deal, "go/?what=installment"))
    order = ProviderOrder.objects.get()
    for tail in ("done", "failed"):
        page = payer.get(address(deal, f"{tail}/?order={order.number}"))
        assert page.status_code == 200
    assert "http-equiv" in payer.get(address(deal, f"done/?order={order.number}")).content.decode()
    assert (ProviderOrder.objects.get().state, Payment.objects.count()) == ("open", 0)
    payment = pay(order)
    for tail in ("done", "failed"):
        text = payer.get(address(deal, f"{tail}/?order={order.number}")).content.decode()
        assert "http-equiv" not in text
        assert "30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in text
    Receipt.objects.filter(payment=payment).update(url="https://receipts.example.org/1")
    assert 'href="https://receipts.example.org/1"' in payer.get(address(deal)).content.decode()


def test_who_goes_back_while_the_bank_confirms_is_asked_not_to_pay_again(payer: Client, bank: Bank) -> None:
    deal = scheduled()
    payer.get(address(deal, "go/?what=installment"))
    order = ProviderOrder.objects.get()
    waiting = payer.get(address(deal, f"done/?order={order.number}")).content.decode()
    back = f"?said=paying&amp;order={order.number}"
    assert f'href="../{back}"' in waiting
    page = address(deal, back.replace("&amp;", "&"))
    assert "не платите второй раз" in payer.get(page).content.decode()
    pay(order)
    assert "не платите второй раз" not in payer.get(page).content.decode()


def test_another_method_is_refused(payer: Client) -> None:
    deal = scheduled()
    assert payer.post(address(deal)).status_code == 405
    assert payer.put(address(deal, "go/?what=full")).status_code == 405


def test_the_manager_is_called_by_name_once_amocrm_has_told_it(payer: Client) -> None:
    deal = make_deal(responsible_user_id=8100002)
    make_schedule(deal)
    page = links.page_url(deal=deal, at=timezone.now())
    path = page.removeprefix(settings.PUBLIC_URL)
    assert "Ваш менеджер" not in payer.get(path).content.decode()
    memory.keep(f"users-heard:{deal.account_id}", {8100002: "Мария Кузнецова"}, seconds=60)
    assert "Ваш менеджер: <b>Мария Кузнецова</b>" in payer.get(path).content.decode()
