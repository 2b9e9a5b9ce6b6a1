"""Messages: written once by their key, sent once, parked when the server will never take them."""

import smtplib
import threading
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from typing import ClassVar

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.utils.formats import date_format

from billing import invoices, letters, mails, messages
from billing.invoices import Demand
from billing.models import Event, Invoice, Message, Reminder
from crm import queues
from crm.models import Deal, OutboxRow
from tests.billing.collecting import entity_of
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rows_of

pytestmark = pytest.mark.django_db

# 12:00 in Moscow on a Monday, and 23:30 the same day.
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)


class Server(EmailBackend):
    """A mail server whose next answers are told."""

    errors: ClassVar[list[Exception]] = []

    def send_messages(self, mails: list[mail.EmailMessage]) -> int:  # type: ignore[override]
        if self.errors:
            raise self.errors.pop(0)
        return super().send_messages(mails)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    monkeypatch.setattr("django.conf.settings.EMAIL_BACKEND", f"{__name__}.Server")
    Server.errors = []
    return Server.errors


def queue(deal: Deal | None = None, key: str = "welcome:1", to: str = "anna@example.org") -> Message:
    return messages.queue_email(
        deal=deal or make_deal(), key=key, to=to, subject="Тема", text="Текст", html="<p>Текст</p>", at=NOW
    )


def issued() -> Invoice:
    deal = make_deal()
    make_schedule(deal, first_due_on=TODAY)
    return invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)


def test_a_key_makes_one_message() -> None:
    deal = make_deal()
    first, second = queue(deal), queue(deal, to="other@example.org")
    assert first.pk == second.pk
    assert Message.objects.get().to == "anna@example.org"


def test_a_mail_leaves_once_in_plain_text_and_html() -> None:
    row = queue()
    assert messages.deliver(at=NOON) == 1
    assert messages.deliver(at=NOON) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["anna@example.org"], "Тема", "Текст")
    assert isinstance(sent, mail.EmailMultiAlternatives)
    assert sent.alternatives[0][0] == "<p>Текст</p>"
    assert entity_of(row.deal).name in str(make_header(decode_header(sent.from_email)))
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 1)
    assert Event.objects.filter(deal=row.deal, kind="message_sent").count() == 1


def test_an_invoice_that_was_sent_is_told_in_history_and_in_amocrm() -> None:
    invoice = issued()
    invoices.send(invoice=invoice, at=NOW)
    messages.deliver(at=NOON)
    row = Message.objects.get()
    assert Event.objects.filter(deal=invoice.deal, kind="invoice_sent").count() == 1
    assert OutboxRow.objects.filter(deal=invoice.deal, key=f"message:{row.pk}", kind="note").count() == 1
    assert len(mail.outbox) == 1


def test_a_repeat_after_a_crash_is_recognisably_the_same_mail() -> None:
    row = queue()
    assert queues.claim(Message, at=NOON)
    assert messages.deliver(at=NOON + timedelta(seconds=30)) == 0
    assert messages.deliver(at=NOON + timedelta(minutes=2)) == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == mails.message_id(row.key)
    assert mails.message_id(row.key) == mails.message_id("welcome:1")
    assert mails.message_id(row.key) != mails.message_id("welcome:2")


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"anna@example.org": (550, b"5.1.1 no such user")}),
        smtplib.SMTPDataError(554, b"5.7.1 spam"),
        smtplib.SMTPSenderRefused(553, b"not yours", "noreply@localhost"),
        ValueError("header"),
    ],
)
def test_a_final_refusal_is_parked_and_told_to_the_manager(server: list[Exception], error: Exception) -> None:
    row = queue()
    server.append(error)
    messages.deliver(at=NOON)
    row.refresh_from_db()
    assert (row.state, mail.outbox) == ("parked", [])
    assert OutboxRow.objects.filter(deal=row.deal, key=f"message:{row.pk}", kind="note").count() == 1
    assert Event.objects.filter(deal=row.deal, kind="message_refused").count() == 1


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"anna@example.org": (450, b"greylisted")}),
        smtplib.SMTPDataError(451, b"later"),
        smtplib.SMTPAuthenticationError(535, b"wrong password"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPConnectError(421, b"busy"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_any_other_failure_is_tried_again_later(server: list[Exception], error: Exception) -> None:
    row = queue()
    server.append(error)
    messages.deliver(at=NOON)
    row.refresh_from_db()
    assert (row.state, row.leased_until) == ("waiting", None)
    assert row.not_before > NOON
    assert row.last_error
    assert messages.deliver(at=NOON + timedelta(minutes=1)) == 1
    assert len(mail.outbox) == 1


def test_one_bad_mail_holds_up_no_other(server: list[Exception]) -> None:
    deal = make_deal()
    queue(deal, "a"), queue(deal, "b"), queue(deal, "c")
    server.append(TimeoutError())
    assert messages.deliver(at=NOON) == 3
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("to", ["", "нет", "anna@", "anna@example.org\nBcc: all@example.org"])
def test_a_malformed_address_is_parked_without_a_call(to: str) -> None:
    row = queue(to=to)
    messages.deliver(at=NOON)
    row.refresh_from_db()
    assert (row.state, mail.outbox) == ("parked", [])


def test_an_invoice_paid_or_void_while_its_mail_waited_is_not_sent() -> None:
    invoice = issued()
    invoices.send(invoice=invoice, at=NOW)
    invoices.void(invoice=invoice, reason="ошибка", author="user:1", at=NOW)
    assert messages.deliver(at=NOON) == 1
    assert mail.outbox == []
    assert Message.objects.get().state == "done"


def test_a_reminder_waits_for_the_morning_of_the_payer() -> None:
    deal = make_deal()
    row = rows_of(make_schedule(deal, first_due_on=TODAY))[0]
    message = queue(deal, key=f"reminder:{row.pk}:1:email")
    Reminder.objects.create(installment=row, days=1, channel="email", message=message)
    messages.deliver(at=NIGHT)
    message.refresh_from_db()
    assert mail.outbox == []
    assert message.not_before == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    assert messages.deliver(at=NIGHT, ignore_not_before=True) == 1
    assert len(mail.outbox) == 1
    assert Event.objects.filter(deal=deal, kind="reminder_sent").count() == 1


def test_a_bot_is_run_after_the_link_was_written() -> None:
    deal = make_deal(make_account(salesbot_id=3301))
    messages.queue_salesbot(deal=deal, key="reminder:1:1:salesbot", to="x", text="t", at=NOW)
    messages.deliver(at=NOON)
    kinds = list(OutboxRow.objects.filter(deal=deal).order_by("id").values_list("kind", flat=True))
    assert kinds == ["fields", "salesbot"]
    assert messages.deliver(at=NOON) == 0


def test_the_ready_text_names_who_asks_how_much_and_where() -> None:
    invoice = issued()
    text = letters.invoice_text(invoice=invoice, url="https://pay.example.org/x")
    for part in (
        invoice.legal_entity.name,
        invoice.number,
        "30\N{NO-BREAK SPACE}000",
        "https://pay.example.org/x",
    ):
        assert part in text


@pytest.mark.parametrize(("days", "is_late"), [(-1, False), (0, False), (1, True), (40, True)])
def test_an_invoice_after_its_day_says_that_the_day_was(days: int, is_late: bool) -> None:
    invoice = issued()
    assert invoice.installment is not None
    due_on = invoice.installment.effective_due_on
    asked_for = [letters.Asked(invoice, "https://pay.example.org/x")]
    letter = letters.invoices(asked=asked_for, on=due_on + timedelta(days=days))
    day = letters.day_words(due_on)
    # The full date ends in "г.", which takes no second full stop; the year stands in the table.
    asked = (f"Срок платежа был {date_format(due_on, 'j E')}.<", f", срок был {day}", "Срок был")
    late = ("Подошёл срок очередного платежа", f" до {day}", "Оплатить до")
    said, unsaid = (asked, late) if is_late else (late, asked)
    assert all(words in letter.html for words in said)
    assert not any(words in letter.html for words in unsaid)
    assert (f"Срок был: {day}" in letter.text, f"Оплатить до: {day}" in letter.text) == (is_late, not is_late)


def test_a_queued_invoice_is_worded_by_the_day_of_its_sending() -> None:
    deal = make_deal()
    make_schedule(deal, first_due_on=TODAY - timedelta(days=40))
    invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    invoices.send(invoice=Invoice.objects.get(), at=NOW - timedelta(days=60))
    messages.deliver(at=NOW)
    assert "Срок платежа был" in Message.objects.get().html


def test_names_in_letters_are_text_and_a_subject_is_one_line() -> None:
    invoice = issued()
    invoice.deal.name = "Договор <b>\r\nBcc: x@example.org"
    asked = letters.Asked(invoice, "https://pay.example.org/x?what=invoice&n=1")
    letter = letters.invoices(asked=[asked], on=TODAY)
    assert "\n" not in letter.subject
    assert "<b>" not in letter.html
    assert "<b>" in letter.text
    assert "what=invoice&n=1" in letter.text


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once() -> None:
    deal = make_deal()
    for number in range(10):
        queue(deal, f"welcome:{number}")

    def work() -> None:
        try:
            messages.deliver(at=NOON)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(mail.outbox) == 10
    assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == 10
