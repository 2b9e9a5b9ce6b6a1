"""What a payer does on his page: promise, ask for a date, claim a transfer, refuse, agree, pay an own sum."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import cards, date_requests, declines, links, orders, preferences, promises, transfer_claims
from billing.asking import What
from billing.models import (
    DateRequest,
    Event,
    LegalEntity,
    Payment,
    Promise,
    ProviderCall,
    ProviderOrder,
    SavedCard,
    TransferClaim,
)
from billing.providers.base import Unknown
from crm import memory
from crm.models import Deal, OutboxRow
from tests.billing.test_payer_page import Bank, address, bank, pay, payer
from tests.factories import make_account, make_deal, make_schedule, rows_of, rub

__all__ = ["bank", "payer"]
pytestmark = pytest.mark.django_db

BANK = {
    "bic": "049805746",
    "account": "40602810700000000025",
    "correspondent": "30101810800000000746",
    "name": "ОТДЕЛЕНИЕ ТЕСТ",
}


def late(**policy: Any) -> Deal:
    deal = make_deal(make_account(**policy))
    make_schedule(deal, total=90000, count=3, first_due_on=timezone.localdate() - timedelta(days=5))
    return deal


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_promise_is_given_on_the_page_and_shown_there(payer: Client, bank: Bank) -> None:
    deal = late()
    assert 'action="promise/"' in text(payer.get(address(deal)))
    answer = payer.post(address(deal, "promise/"), {"until": day(3), "comment": "аванс 5-го"})
    assert (answer.status_code, answer["Location"]) == (302, "../?said=promise")
    promise = Promise.objects.get()
    assert (promise.author, promise.comment, promise.until.isoformat()) == ("payer", "аванс 5-го", day(3))
    assert "Вы обещали оплатить" in text(payer.get(address(deal, "?said=promise")))


def test_who_has_promised_as_late_as_he_may_is_offered_no_later_day(payer: Client, bank: Bank) -> None:
    deal = late(payer_page={"promise_days": 3})
    payer.post(address(deal, "promise/"), {"until": day(2)})
    assert 'action="promise/"' in text(payer.get(address(deal)))
    payer.post(address(deal, "promise/"), {"until": day(3)})
    assert 'action="promise/"' not in text(payer.get(address(deal)))


@pytest.mark.parametrize("until", ["", "завтра", day(-1), day(8)])
def test_a_day_that_cannot_be_promised_is_said_in_words(payer: Client, bank: Bank, until: str) -> None:
    answer = payer.post(address(late(), "promise/"), {"until": until})
    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert 'href="../go/?what=' in text(answer)
    assert not Promise.objects.exists()


def test_where_the_account_allows_no_promise_there_is_no_form_and_no_door(payer: Client, bank: Bank) -> None:
    deal = late(payer_page={"promise_days": 0})
    assert 'action="promise/"' not in text(payer.get(address(deal)))
    assert payer.post(address(deal, "promise/"), {"until": day(1)}).status_code == 422
    assert promises.open_of(deal) is None


def test_a_claimed_transfer_goes_on_the_accountants_list_and_twice_is_once(payer: Client, bank: Bank) -> None:
    deal = late()
    for _ in range(2):
        answer = payer.post(
            address(deal, "transferred/"), {"amount": "30\N{NO-BREAK SPACE}000,50 ₽", "paid_on": day(0)}
        )
        assert answer.status_code == 302
    claim = TransferClaim.objects.get()
    assert (claim.amount, claim.author) == (rub("30000.50"), "payer")
    assert "Ищем ваш перевод" in text(payer.get(address(deal)))
    assert transfer_claims.open_of(deal) == claim


@pytest.mark.parametrize("amount", ["", "много", "0", "-5", "1.001", "NaN", "1e3x"])
def test_a_sum_that_is_none_is_said_in_words(payer: Client, bank: Bank, amount: str) -> None:
    answer = payer.post(address(late(), "transferred/"), {"amount": amount, "paid_on": day(0)})
    assert answer.status_code == 422
    assert not TransferClaim.objects.exists()


def test_a_refused_word_of_a_transfer_comes_back_on_its_page_with_what_was_typed(
    payer: Client, bank: Bank
) -> None:
    deal = late()
    typed = {"amount": "30 тысяч", "paid_on": day(1), "comment": "с карты <мужа>"}
    shown = text(payer.post(address(deal, "transferred/"), typed))
    assert "Введите сумму в рублях" in shown
    assert 'action="../transferred/"' in shown
    for value in ("30 тысяч", day(1), "с карты &lt;мужа&gt;"):
        assert f'value="{value}"' in shown
    typed["amount"] = "30000"
    assert "не в будущем" in text(payer.post(address(deal, "transferred/"), typed))
    assert "не в будущем" not in text(payer.get(address(deal, "transfer/")))


def test_another_date_is_asked_for_and_granted_by_the_accounts_rules(payer: Client, bank: Bank) -> None:
    waiting, granting = late(), late(payer_page={"grants": True, "move_days": 20})
    for deal in (waiting, granting):
        answer = payer.post(address(deal, "date/"), {"number": "1", "day": day(4), "comment": "отпуск"})
        assert answer.status_code == 302
    assert sorted(DateRequest.objects.values_list("state", flat=True)) == ["granted", "waiting"]
    assert rows_of(granting.schedule)[0].due_on.isoformat() == day(4)
    assert "Вы просили перенести" in text(payer.get(address(waiting)))
    for number, wanted in (("1", day(60)), ("99", day(4)), ("x", day(4))):
        assert payer.post(address(late(), "date/"), {"number": number, "day": wanted}).status_code == 422


def test_a_refused_date_is_said_and_another_one_may_be_asked_for(payer: Client, bank: Bank) -> None:
    deal = late()
    payer.post(address(deal, "date/"), {"number": "1", "day": day(4)})
    date_requests.refuse(request=DateRequest.objects.get(), author="user:1", at=timezone.now())
    page = text(payer.get(address(deal)))
    assert "не получилось: срок остаётся прежним" in page
    assert 'action="date/"' in page
    assert payer.post(address(deal, "date/"), {"number": "1", "day": day(3)}).status_code == 302
    assert "Менеджер ответит" in text(payer.get(address(deal)))


def test_the_task_and_the_note_of_a_wish_end_their_sentence_once(payer: Client, bank: Bank) -> None:
    deal = late()
    payer.post(address(deal, "date/"), {"number": "1", "day": day(4), "comment": "отпуск"})
    payer.post(address(deal, "promise/"), {"until": day(3), "comment": "аванс"})
    said = [str(row.payload) for row in OutboxRow.objects.filter(deal=deal)]
    assert any("г. отпуск" in words for words in said)
    assert any("г. аванс" in words for words in said)
    assert not any("г.." in words for words in said)


def test_reminders_are_refused_by_the_page_and_by_the_mail_programmes_button(
    payer: Client, bank: Bank
) -> None:
    deal, other = late(), late()
    payer.post(address(deal, "reminders/"), {"wish": "none"})
    payer.post(address(other, "reminders/"), {"List-Unsubscribe": "One-Click"})
    assert [preferences.of_deal(one) for one in (deal, other)] == ["none", "none"]
    assert "Напоминать снова" in text(payer.get(address(deal)))
    payer.post(address(deal, "reminders/"), {"wish": "on"})
    assert preferences.of_deal(deal) == ""


def test_consent_needs_its_own_tick_and_is_withdrawn_on_the_page(payer: Client, bank: Bank) -> None:
    deal = late()
    page = text(payer.get(address(deal)))
    assert 'name="agree"' in page
    assert "checked" not in page
    assert payer.post(address(deal, "card/"), {}).status_code == 422
    assert cards.live(deal) is None
    payer.post(address(deal, "card/"), {"agree": "yes"})
    kept = SavedCard.objects.get()
    assert "списывались с моей карты" in kept.words
    assert 'value="withdraw"' in text(payer.get(address(deal)))
    payer.post(address(deal, "card/"), {"wish": "withdraw"})
    assert cards.live(deal) is None


def test_when_all_is_paid_no_consent_is_asked_for_but_a_given_one_can_be_withdrawn(
    payer: Client, bank: Bank
) -> None:
    deal = late()
    assert 'name="agree"' in text(payer.get(address(deal)))
    payer.get(address(deal, "go/?what=full"))
    pay(ProviderOrder.objects.get())
    assert 'name="agree"' not in text(payer.get(address(deal)))
    cards.consent(deal=deal, words="да", at=timezone.now())
    assert 'value="withdraw"' in text(payer.get(address(deal)))


def test_an_own_sum_is_asked_where_the_account_allows_it_and_never_above_the_debt(
    payer: Client, bank: Bank
) -> None:
    deal = late(payer_page={"own_sum": True})
    assert 'name="sum"' in text(payer.get(address(deal)))
    for typed, asked in (("5000", "5000.00"), ("1 234,5", "1234.50"), ("999999", "90000.00")):
        answer = payer.get(address(deal, "go/"), {"what": "own", "sum": typed})
        assert answer.status_code == 302
        assert ProviderOrder.objects.latest("id").amount == rub(asked)
    assert payer.get(address(deal, "go/"), {"what": "own", "sum": "x"}).status_code == 422
    closed = late()
    assert 'name="sum"' not in text(payer.get(address(closed)))
    assert payer.get(address(closed, "go/"), {"what": "own", "sum": "5000"}).status_code == 404


def test_another_own_sum_replaces_the_one_before_and_nothing_else(payer: Client, bank: Bank) -> None:
    deal = late(payer_page={"own_sum": True})
    payer.get(address(deal, "go/?what=full"))
    for typed in ("5000", "7000", "7000.00", "5000"):
        payer.get(address(deal, "go/"), {"what": "own", "sum": typed})
    found = ProviderOrder.objects.order_by("id").values_list("purpose", "state")
    assert list(found) == [
        ("full", "open"),
        ("own:5000.00", "superseded"),
        ("own:7000.00", "superseded"),
        ("own:5000.00", "open"),
    ]
    cancelled = ProviderCall.objects.filter(kind="cancel_order").values_list("order__purpose", flat=True)
    assert list(cancelled) == ["own:5000.00", "own:7000.00"]


def test_an_own_sum_above_what_is_left_is_replaced_when_money_comes(payer: Client, bank: Bank) -> None:
    deal = late(payer_page={"own_sum": True})
    payer.get(address(deal, "go/"), {"what": "own", "sum": "80000"})
    order = ProviderOrder.objects.get()
    full = orders.open_order(deal=deal, what=What.INSTALLMENT, at=timezone.now())
    pay(full)
    order.refresh_from_db()
    assert order.state == "superseded"
    payer.get(address(deal, "go/"), {"what": "own", "sum": "80000"})
    assert ProviderOrder.objects.latest("id").amount == rub(60000)


def test_a_transfer_has_its_requisites_a_code_and_a_form(payer: Client, bank: Bank) -> None:
    deal = late()
    LegalEntity.objects.update(bank=BANK)
    page = text(payer.get(address(deal, "transfer/")))
    assert all(part in page for part in ("40602810700000000025", "049805746", "<svg", str(deal.external_id)))
    assert len(page.encode()) < 50_000
    LegalEntity.objects.update(bank={})
    assert "<svg" not in re.sub(
        r"<header.*?</header>", "", text(payer.get(address(deal, "transfer/"))), flags=re.S
    )


def test_after_a_decline_the_page_says_why_and_what_else_there_is(payer: Client, bank: Bank) -> None:
    deal = late()
    LegalEntity.objects.update(bank=BANK, phone="+7 495 000-00-00")
    payer.get(address(deal, "go/?what=overdue"))
    order = ProviderOrder.objects.get()
    now = timezone.now()
    declines.record(order=order, external_id="77", code="5051", said="", when=now, at=now)
    page = text(payer.get(address(deal, f"failed/?order={order.number}")))
    assert "на карте не хватает денег" in page.lower()
    for part in ("../go/?what=overdue", "../transfer/", "+7 495 000-00-00"):
        assert part in page
    assert not Payment.objects.exists()


def test_the_page_of_a_decline_says_once_whom_to_ask(payer: Client, bank: Bank) -> None:
    deal = late()
    LegalEntity.objects.update(phone="+7 495 000-00-00", email="help@school.example.org")
    memory.keep(f"users-heard:{deal.account_id}", {deal.responsible_user_id: "Мария Кузнецова"}, seconds=60)
    payer.get(address(deal, "go/?what=overdue"))
    page = text(payer.get(address(deal, f"failed/?order={ProviderOrder.objects.get().number}")))
    for said in ("+7 495 000-00-00", "help@school.example.org", "Мария Кузнецова"):
        assert page.count(said) == 1


def test_when_the_provider_is_down_the_page_still_offers_a_transfer(payer: Client, bank: Bank) -> None:
    deal = late()
    LegalEntity.objects.update(bank=BANK)
    bank.error = Unknown("no answer", call="create_order")
    page = text(payer.get(address(deal, "go/?what=overdue&look=99")))
    assert "../transfer/" in page
    assert "дольше обычного" in text(payer.get(address(deal, "go/?what=overdue")))
    waiting = text(payer.get(address(deal, "go/?what=overdue&look=4")))
    assert "пока не отвечает" in waiting
    assert "http-equiv" in waiting
    assert payer.get(address(deal, "transfer/")).status_code == 200
    assert payer.post(address(deal, "promise/"), {"until": day(2)}).status_code == 302


@pytest.mark.parametrize("door", ["promise/", "date/", "transferred/", "reminders/", "card/"])
def test_nobody_acts_by_opening_an_address_or_with_another_token(
    payer: Client, bank: Bank, door: str
) -> None:
    deal = late()
    assert payer.get(address(deal, door)).status_code == 405
    assert payer.post(f"/pay/{'A' * 22}/{door}", {"wish": "none"}).status_code == 404
    old = address(deal, door)
    links.revoke(deal=deal, at=timezone.now(), author="user:1")
    assert payer.post(old, {"wish": "none", "agree": "yes", "until": day(1)}).status_code == 404
    assert not Event.objects.filter(deal=deal, author="payer").exists()


def test_the_page_with_everything_on_it_stays_small(payer: Client, bank: Bank) -> None:
    deal = make_deal(make_account(payer_page={"own_sum": True}))
    make_schedule(deal, total=240000, count=24, first_due_on=timezone.localdate() - timedelta(days=400))
    assert len(payer.get(address(deal)).content) < 50_000
