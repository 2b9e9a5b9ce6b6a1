"""An invoice by the account's bot, one letter a day after a missed one, and what the card says of each."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from billing import deal_card, invoices, issuing, messages, preferences, reminders
from billing.models import Event, Invoice, Message
from crm.models import Account, Deal, OutboxRow
from tests.billing.test_one_message_a_day import receive
from tests.factories import make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)


def on(offset: int, hour: int = 12) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour), MOSCOW)


def school(**policy: Any) -> Account:
    account = make_account(**{"salesbot_id": 3301, **policy})
    account.fields = {**account.fields, "payment_text": 910099}
    account.save()
    return account


def due_deal(account: Account, **values: Any) -> Deal:
    deal = make_deal(account, **values)
    make_schedule(deal, total=30000, count=1, first_due_on=DUE)
    return deal


def issue(offset: int = 0, hour: int = 12) -> None:
    invoices.issue_due(on=DUE + timedelta(days=offset), at=on(offset, hour))


def runs(deal: Deal) -> list[tuple[str, Any]]:
    """What the bot's deal gets in amoCRM, in its order: fields with their text, and the run."""
    rows = OutboxRow.objects.filter(deal=deal, kind__in=["fields", "salesbot"]).order_by("id")
    return [(row.kind, row.payload.get("payment_text") or row.payload.get("bot_id")) for row in rows]


def test_who_has_no_address_is_asked_by_the_bot_with_the_link_and_the_accounts_text() -> None:
    account = school(texts={"salesbot": {"text": "{name}, счёт на {amount}: {link}"}})
    deal = due_deal(account, contact_email="", contact_name="Анна Смирнова")
    issue()
    messages.deliver(at=on(0))
    assert mail.outbox == []
    (kind, text), run = runs(deal)
    assert kind == "fields"
    assert text.startswith("Анна, счёт на 30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽: http")
    assert f"what=invoice&n={Invoice.objects.get().pk}" in text
    assert run == ("salesbot", 3301)
    (event,) = Event.objects.filter(deal=deal, kind="invoice_sent")
    assert event.data["channel"] == "salesbot"


@pytest.mark.parametrize("address", ["anna@example.org", ""])
def test_a_run_that_comes_late_in_the_evening_wakes_nobody(address: str) -> None:
    deal = due_deal(school(), contact_email=address)
    invoices.issue_now(at=on(0, 23))
    assert Invoice.objects.get().issued_on == DUE
    messages.deliver(at=on(0, 23))
    messages.deliver(at=on(1, 7))
    bot = OutboxRow.objects.filter(deal=deal, kind="salesbot")
    assert (mail.outbox, bot.count()) == ([], 0)
    messages.deliver(at=on(1, 8))
    assert len(mail.outbox) + bot.count() == 1


def test_who_wants_the_chat_gets_the_invoice_there_and_no_mail() -> None:
    deal = due_deal(school())
    preferences.choose(deal=deal, channel="salesbot", author="payer", at=on(-3))
    issue()
    assert list(Message.objects.values_list("channel", flat=True)) == ["salesbot"]


def test_without_a_bot_who_has_no_address_gets_nothing() -> None:
    due_deal(school(salesbot_id=None), contact_email="")
    issue()
    assert Invoice.objects.count() == 1
    assert not Message.objects.exists()


def test_a_click_sends_by_both_channels_and_needs_a_bot() -> None:
    account = school()
    deal = due_deal(account)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=on(-1))
    invoices.mail(invoice=invoice, at=on(-1), channels=["email", "salesbot"])
    invoices.mail(invoice=invoice, at=on(-1, 13), channels=["email", "salesbot"])
    assert sorted(Message.objects.values_list("channel", flat=True)) == ["email", "salesbot"]
    account.policy.salesbot_id = None
    account.policy.save()
    with pytest.raises(invoices.NoBot):
        invoices.send(invoice=invoice, at=on(-1, 14), channels=["salesbot"])


def test_after_a_reminder_by_hand_the_letter_of_a_missed_row_leaves_the_next_morning() -> None:
    due_deal(make_account(reminders=[{"days": days, "channels": ["email"]} for days in (1, 2)]))
    assert reminders.send_due(at=on(1)) == 1
    issue(1, 13)
    messages.deliver(at=on(1, 13))
    assert len(mail.outbox) == 1
    messages.deliver(at=on(2, 8))
    assert len(mail.outbox) == 1
    messages.deliver(at=on(2, 9))
    assert len(mail.outbox) == 2
    assert len(mail.outbox[1].attachments) == 1
    assert reminders.send_due(at=on(2)) == 0


def test_the_card_tells_a_shared_letter_for_each_invoice_and_leaves_out_what_was_paid() -> None:
    account = school()
    first, second = (
        due_deal(account, contact_email="anna@example.org"),
        make_deal(account, contact_email="anna@example.org"),
    )
    make_schedule(second, total=60000, count=2, first_due_on=DUE - timedelta(days=31))
    issue()
    receive(first, 30000)
    messages.deliver(at=on(0))
    card = deal_card.card(second, at=on(0))
    assert [one["sent"][0]["state"] for one in card["invoices"]] == ["sent", "sent"]
    assert [(one["about"], one["channel"], one["state"]) for one in card["messages"]] == [
        ("invoice", "email", "sent")
    ]
    paid = deal_card.card(first, at=on(0))
    assert [one["sent"][0]["state"] for one in paid["invoices"]] == ["not_needed"]


def test_the_card_tells_reminders_and_why_a_message_failed() -> None:
    account = school(reminders=[{"days": 1, "channels": ["email"]}], issuing_stopped=True)
    deal = due_deal(account, contact_email="anna@example.org")
    reminders.send_due(at=on(1))
    (waiting,) = deal_card.card(deal, at=on(1))["messages"]
    assert (waiting["about"], waiting["state"], waiting["reason"]) == ("reminder", "waiting", None)
    Message.objects.update(state="parked", last_error="550 no such user")
    (failed,) = deal_card.card(deal, at=on(1))["messages"]
    assert (failed["state"], failed["reason"]) == ("failed", "550 no such user")


def test_the_list_of_tomorrow_says_that_the_bot_will_ask() -> None:
    due_deal(school(), contact_email="")
    (planned,) = issuing.plan(on=DUE)
    assert (planned.to, planned.obstacle) == ("чат", "")
