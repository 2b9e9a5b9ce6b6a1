"""A short message has room for one address: it speaks of that deal, and of what else is owed."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from billing import invoices, letters, links, messages, reminders
from billing.models import LegalEntity, Message, SmsGateway
from crm.models import Account, Deal, OutboxRow
from tests.factories import make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db

DUE = date(2026, 12, 10)
PHONE = "+7 495 000-00-00"
BOTH = [{"days": days, "channels": ["sms", "salesbot"]} for days in (-3, 0, 1, 2)]


def on(offset: int, hour: int = 12) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour), ZoneInfo("Europe/Moscow"))


def school(**policy: Any) -> Account:
    account = make_account(**{"reminders": BOTH, "salesbot_id": 3301, "issuing_stopped": True, **policy})
    account.fields = {**account.fields, "payment_text": 910099}
    account.save()
    SmsGateway.objects.create(account=account, login="school", password="secret")
    LegalEntity.objects.update(phone=PHONE)
    return account


def due_deal(account: Account, due: date = DUE, total: int = 30000, **values: Any) -> Deal:
    deal = make_deal(account, **{"contact_email": "anna@example.org", **values})
    make_schedule(deal, total=total, count=1, first_due_on=due)
    return deal


def said(channel: str) -> Message:
    return Message.objects.get(channel=channel)


def rubles(amount: str) -> str:
    return amount.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize("channel", ["sms", "salesbot"])
def test_of_several_deals_the_sum_is_that_of_the_link_and_the_others_are_told(channel: str) -> None:
    account = school()
    first = due_deal(account, name="Договор 14/26")
    due_deal(account, total=7000)
    due_deal(account, total=5000)
    reminders.send_due(at=on(1))
    message = said(channel)
    assert message.deal == first
    assert f"просрочено {rubles('30 000 ₽')}" in message.text
    assert links.page_url(deal=first, at=on(1)) in message.text
    assert "«Нутрициолог, Договор 14/26»" in message.text
    assert f"ещё 2 договора: {rubles('12 000 ₽')}" in message.text
    assert PHONE in message.text


def test_of_one_deal_nothing_else_is_told() -> None:
    due_deal(school())
    reminders.send_due(at=on(1))
    assert "ещё" not in said("sms").text.lower()


def test_the_panel_names_who_got_a_short_message_instead_of_his_mails_address(admin_client: Client) -> None:
    due_deal(school(), contact_name="Анна Смирнова")
    reminders.send_due(at=on(1))
    listed = admin_client.get("/admin/billing/message/").content.decode()
    assert listed.count("Анна Смирнова") >= 2
    assert "anna@example.org" not in listed


def test_what_is_overdue_is_linked_before_what_is_only_due() -> None:
    account = school()
    due_deal(account, DUE + timedelta(days=1))
    late = due_deal(account, DUE)
    reminders.send_due(at=on(1))
    assert said("sms").deal == late
    assert links.page_url(deal=late, at=on(1)) in said("sms").text
    assert "ещё" not in said("sms").text.lower()


def test_the_accounts_own_text_speaks_of_the_deal_of_its_link_too() -> None:
    own = "Оплатите {amount} до {day}: {link}"
    account = school(texts={"sms": {"text": own}})
    first = due_deal(account)
    due_deal(account, total=7000)
    reminders.send_due(at=on(1))
    text = said("sms").text
    assert text.startswith(f"Оплатите {rubles('30 000 ₽')} до")
    assert links.page_url(deal=first, at=on(1)) in text
    assert f"ещё 1 договор: {rubles('7 000 ₽')}" in text


def test_a_long_name_gives_way_so_that_an_sms_stays_short() -> None:
    account = school()
    due_deal(account, name="Договор об оказании образовательных услуг " * 10)
    due_deal(account, total=7000)
    reminders.send_due(at=on(1))
    text = said("sms").text
    assert len(text) == letters.SMS_LONGEST
    assert "…»; ещё 1 договор" in text
    assert PHONE in text
    assert "услуг Договор" in said("salesbot").text


def test_a_text_that_leaves_no_room_for_a_name_goes_without_it() -> None:
    account = school(texts={"sms": {"text": "Оплатите {link} " + "пожалуйста " * 30}})
    due_deal(account)
    due_deal(account, total=7000)
    reminders.send_due(at=on(1))
    assert "«…»; ещё 1 договор" in said("sms").text


def bot(deal: Deal) -> dict[str, Any]:
    """What the bot finds in the fields of its deal when it runs."""
    messages.deliver(at=on(2))
    row = OutboxRow.objects.filter(deal=deal, kind="fields").latest("id")
    assert OutboxRow.objects.filter(deal=deal, kind="salesbot", id__gt=row.pk).exists()
    found: dict[str, Any] = row.payload
    return found


def address_in(text: str) -> str:
    found = re.search(r"http\S+?(?=[.,]?(\s|$))", text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("offset", "what"), [(-3, "installment"), (0, "installment"), (1, "overdue")])
def test_the_bots_link_is_the_one_of_its_text(offset: int, what: str) -> None:
    deal = make_deal(school(), contact_email="anna@example.org")
    make_schedule(deal, total=90000, count=3, first_due_on=DUE)
    reminders.send_due(at=on(offset))
    fields = bot(deal)
    assert fields["payment_link"] == address_in(fields["payment_text"])
    assert fields["payment_link"].endswith(f"?what={what}")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_bot_of_an_invoice_links_what_its_text_asks_for(rows: int) -> None:
    deal = make_deal(school(issuing_stopped=False, reminders=[]), contact_email="")
    make_schedule(deal, total=30000 * rows, count=rows, first_due_on=DUE - timedelta(days=70))
    invoices.issue_due(on=DUE, at=on(0))
    fields = bot(deal)
    assert fields["payment_link"] == address_in(fields["payment_text"])
    page = links.page_url(deal=deal, at=on(0))
    asked = f"{page}go/?what=invoice&n={deal.invoices.get().pk}" if rows == 1 else page
    assert fields["payment_link"] == asked


def test_the_bots_link_beside_a_text_without_one_asks_for_what_is_pressing() -> None:
    deal = due_deal(school(texts={"salesbot": {"text": "Пора платить, ссылка в поле сделки"}}))
    reminders.send_due(at=on(1))
    assert bot(deal)["payment_link"].endswith("?what=overdue")
