"""Channels besides the plain mail: SMS by the emulated gateway over HTTP, and mails that come back."""

import io
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from werkzeug.serving import make_server

from billing import bounces, collection_card, deal_card, invoices, mails, messages, payers, reminders, sms
from billing.invoices import Demand
from billing.models import Bounce, Event, Message, Reminder, SmsGateway
from crm.models import Account, Deal, OutboxRow
from sandbox import mailbox, smsc
from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.store import Store
from tests.factories import NOW, make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)
AT = datetime.combine(DUE + timedelta(days=1), time(12), MOSCOW)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The sandbox behind a socket; yields its address."""
    store = Store(tmp_path / "sandbox.sqlite3")
    app = create_app(store=store, clock=Clock(store), product_url="http://x", public_url="http://x")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(settings, "SMSC_URL", f"{url}/smsc")
    yield url
    server.shutdown()
    store.close()


def school() -> Account:
    account = make_account(reminders=[{"days": 1, "channels": ["sms"]}], issuing_stopped=True)
    SmsGateway.objects.create(account=account, login="school", password=smsc.PASSWORD, sender="SCHOOL")
    return account


def due_deal(account: Account, **values: str) -> Deal:
    deal = make_deal(account, **values)
    make_schedule(deal, total=30000, count=1, first_due_on=DUE)
    return deal


def sent(url: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(f"{url}/smsc/api/messages", timeout=5).json()
    return found


def test_a_reminder_by_sms_goes_to_the_phone_once(gateway: str) -> None:
    deal = due_deal(school(), contact_phone="8 (916) 123-45-01")
    assert reminders.send_due(at=AT) == 1
    messages.deliver(at=AT)
    (message,) = sent(gateway)
    assert (message["phone"], message["sender"]) == ("79161234501", "SCHOOL")
    assert "go/?what=overdue" in message["text"]
    assert Message.objects.get().state == "done"
    assert Event.objects.filter(deal=deal, kind="reminder_sent").count() == 1
    assert reminders.send_due(at=AT + timedelta(hours=1)) == 0


def test_a_repeat_after_a_crash_is_no_second_sms(gateway: str) -> None:
    due_deal(school())
    reminders.send_due(at=AT)
    row = Message.objects.get()
    given = sms.Gateway("school", smsc.PASSWORD)
    sms.send(gateway=given, phone="79161234501", text=row.text, number=row.pk)
    messages.deliver(at=AT)
    assert len(sent(gateway)) == 1
    row.refresh_from_db()
    assert row.state == "done"


@pytest.mark.parametrize(
    ("phone", "state", "words"),
    [("+79161230000", "parked", "номер телефона неверен"), ("+79161230001", "waiting", "кончились деньги")],
)
def test_what_the_gateway_says_decides_whether_it_is_tried_again(
    gateway: str, phone: str, state: str, words: str
) -> None:
    due_deal(school(), contact_phone=phone)
    reminders.send_due(at=AT)
    messages.deliver(at=AT)
    row = Message.objects.get()
    assert row.state == state
    assert words in row.last_error
    assert sent(gateway) == []


def test_a_gateway_that_is_away_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SMSC_URL", "http://127.0.0.1:9")
    due_deal(school())
    reminders.send_due(at=AT)
    messages.deliver(at=AT)
    row = Message.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)


@pytest.mark.parametrize("phone", ["", "+7 495 123-45-67", "12"])
def test_a_phone_that_takes_no_sms_gets_none(phone: str) -> None:
    due_deal(school(), contact_phone=phone)
    assert reminders.send_due(at=AT) == 0
    assert not Reminder.objects.exists()


def mailed() -> Message:
    deal = make_deal(contact_email="gone@example.org")
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    invoices.send(invoice=invoice, at=NOW)
    messages.deliver(at=NOW)
    return Message.objects.get()


def notice(row: Message, *, status: str = "5.1.1", said: str = "550 no such user") -> bytes:
    kept = {
        "id": "1",
        "to": [row.to],
        "from": "noreply@localhost",
        "message_id": mails.message_id(row.key),
    }
    return mailbox.returned(kept, status=status, said=said).encode()


def test_a_mail_that_came_back_is_told_once_and_shown_in_the_card() -> None:
    row = mailed()
    for _ in range(2):
        bounces.take(raw=notice(row), at=datetime(2026, 11, 23, tzinfo=UTC))
    bounce = Bounce.objects.get()
    assert (bounce.message, bounce.reason, bounce.final) == (row, "550 no such user", True)
    assert Event.objects.filter(deal=row.deal, kind="message_bounced").count() == 1
    assert OutboxRow.objects.filter(key=f"message:bounce:{row.pk}").count() == 1
    shown = collection_card.fields(row.deal)
    assert [one["code"] for one in collection_card.warnings(shown, row.deal)] == ["bounced"]
    row.deal.contact_email = "new@example.org"
    assert collection_card.warnings(shown, row.deal) == []


@pytest.mark.parametrize(("bot", "words"), [(3301, "счета уходят в чат"), (None, "счета начнут уходить")])
def test_without_an_address_the_card_says_where_invoices_go(bot: int | None, words: str) -> None:
    deal = make_deal(make_account(salesbot_id=bot), contact_email="")
    (warning,) = [one for one in deal_card.card(deal, at=NOW)["warnings"] if one["code"] == "no_email"]
    assert words in warning["text"]
    payers.name(
        deal=deal,
        payer=payers.Payer(kind="person", name="Мама", email="m@example.org"),
        author="user:1",
        at=NOW,
    )
    assert "no_email" not in [one["code"] for one in deal_card.card(deal, at=NOW)["warnings"]]


def test_a_full_mailbox_is_no_wrong_address() -> None:
    row = mailed()
    bounces.take(raw=notice(row, status="4.2.2", said="452 mailbox full"), at=NOW)
    assert not Bounce.objects.get().final
    assert collection_card.warnings(collection_card.fields(row.deal), row.deal) == []


@pytest.mark.parametrize("raw", [b"", b"Subject: hi\r\n\r\nhello", b"\xff\xfe\x00", b"From: x\r\n" * 1000])
def test_what_is_no_notice_changes_nothing(raw: bytes) -> None:
    mailed()
    with pytest.raises(bounces.NotABounce):
        bounces.take(raw=raw, at=NOW)
    assert not Bounce.objects.exists()


def test_a_notice_about_somebody_elses_mail_changes_nothing() -> None:
    row = mailed()
    strange = notice(row).replace(mails.message_id(row.key).encode(), b"<other@example.org>")
    with pytest.raises(bounces.NotABounce):
        bounces.take(raw=strange, at=NOW)


def test_the_mail_servers_pipe_takes_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    row = mailed()
    for raw, words in ((notice(row), "550 no such user"), (b"hello", "not about")):
        stdin, out = io.TextIOWrapper(io.BytesIO(raw)), io.StringIO()
        monkeypatch.setattr(sys, "stdin", stdin)
        call_command("take_bounce", stdout=out)
        assert words in out.getvalue()


def test_the_gateways_password_is_written_in_the_panel_and_never_shown() -> None:
    account = make_account()
    User.objects.create_superuser("owner", password="x")
    panel = Client()
    panel.force_login(User.objects.get())
    base = "/admin/billing/smsgateway/"
    given = {"account": account.pk, "kind": "smsc", "login": "school", "sender": ""}
    assert "password" not in panel.get(f"{base}add/").context["adminform"].form.initial
    panel.post(f"{base}add/", given)
    assert not SmsGateway.objects.exists()
    panel.post(f"{base}add/", given | {"password": "very-secret"})
    kept = SmsGateway.objects.get()
    page = f"{base}{kept.pk}/change/"
    assert "very-secret" not in panel.get(page).content.decode()
    panel.post(page, given | {"password": "", "sender": "SCHOOL"})
    kept.refresh_from_db()
    assert (kept.password, kept.sender) == ("very-secret", "SCHOOL")
