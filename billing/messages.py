"""Messages to payers: a queue of mails and bot runs, each written once by its key and sent once.

Owns: putting a message into the queue and delivering it. Promises: nothing is sent inside a transaction; a
row is in one worker's hands at a time; a mail repeated after a crash carries the same Message-ID
(docs/decisions/); what nobody needs any more is not sent. Never: decides who is to be told what
(billing.invoices, billing.reminders).
"""

import hashlib
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import phonenumbers
import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    history,
    ledger,
    letters,
    links,
    message_needs,
    network,
    papers,
    payers,
    projection,
    sms,
    workdays,
    zones,
)
from billing.models import AccountPolicy, Invoice, Message, Reminder, SmsGateway
from billing.rules import reminders as rules
from crm import kick, outbox, queues
from crm.models import Deal
from documents import rendering

log = structlog.get_logger("grafik.messages")

# What a row that was dropped says instead of an error.
NOT_NEEDED = "not needed"
EMAIL = "email"
SALESBOT = "salesbot"
SMS = "sms"
BATCH = 100
# Ready at once, whichever day its cause was rehearsed for (`--at`): the worker lives in real time.
READY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InvoiceLetter:
    """One mail to be: invoices that go to one address, once for the key."""

    to: str
    key: str
    invoices: Sequence[Invoice]


class Refused(Exception):
    """The mail server will never take this message; the text is its answer."""


class Undelivered(Exception):
    """The message did not leave, or nobody knows; try again."""


def queue_email(
    *,
    deal: Deal,
    key: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    at: datetime,
    invoice: Invoice | None = None,
) -> Message:
    """Put a mail into the queue, once per key; a second call returns the first row and changes nothing."""
    row = Message(
        channel=EMAIL, key=key, to=to.strip(), subject=subject, text=text, html=html, invoice=invoice
    )
    return _queue(row, deal=deal, at=at)


def queue_invoices(found: Sequence[InvoiceLetter], *, at: datetime) -> None:
    """Put the mails of invoices into the queue; a letter is written when it leaves (billing.letters)."""
    with transaction.atomic():
        rows = Message.objects.bulk_create(
            _ready(
                Message(
                    channel=EMAIL,
                    key=letter.key,
                    to=letter.to.strip(),
                    subject=letters.heading(letter.invoices),
                    invoice=letter.invoices[0],
                ),
                deal=letter.invoices[0].deal,
                at=at,
            )
            for letter in found
        )
        Message.also.through.objects.bulk_create(
            Message.also.through(message=row, invoice=one)
            for row, letter in zip(rows, found, strict=True)
            for one in letter.invoices[1:]
        )
        kick.soon("billing.deliver_messages")


def queue_salesbot(*, deal: Deal, key: str, to: str, text: str, at: datetime) -> Message:
    """Put a bot run into the queue, once per key; `to` names the payer, `text` is what the run is about."""
    return _queue(Message(channel=SALESBOT, key=key, to=to, text=text), deal=deal, at=at)


def queue_sms(*, deal: Deal, key: str, to: str, text: str, at: datetime) -> Message:
    """Put an SMS into the queue, once per key; `to` names the payer, the phone is the deal's at sending."""
    return _queue(Message(channel=SMS, key=key, to=to, text=text), deal=deal, at=at)


def deliver(*, at: datetime, ignore_not_before: bool = False) -> int:
    """Send what waits, up to a batch, and return how many rows were handled; each row at most once a call.

    1. Lease the oldest row, the attempt counted. 2. Drop it when nobody needs it any more, put it off in
    quiet hours (not with `ignore_not_before`). 3. Send it outside of any transaction. 4. Write down the end
    with its history and note. A killed worker's row is taken again when its lease has run out.
    """
    started = time.monotonic()
    tried: list[int] = []
    connection = get_connection()
    try:
        while len(tried) < BATCH:
            # Leases are counted from the present moment, not from the start of the batch.
            now = at + timedelta(seconds=time.monotonic() - started)
            rows = queues.claim(Message, at=now, where=~Q(id__in=tried), ignore_not_before=ignore_not_before)
            if not rows:
                break
            tried.append(rows[0].pk)
            _handle(rows[0], connection, at=now, keep_hours=not ignore_not_before)
    finally:
        connection.close()
    return len(tried)


def _queue(row: Message, *, deal: Deal, at: datetime) -> Message:
    with transaction.atomic():
        Message.objects.bulk_create([_ready(row, deal=deal, at=at)], ignore_conflicts=True)
        kick.soon("billing.deliver_messages")
        return Message.objects.get(key=row.key)


def _ready(row: Message, *, deal: Deal, at: datetime) -> Message:
    row.deal, row.account_id, row.created_at, row.not_before = deal, deal.account_id, at, READY
    return row


def _handle(row: Message, connection: BaseEmailBackend, *, at: datetime, keep_hours: bool) -> None:
    steps = list(row.reminders.select_related("installment__schedule__deal__account"))
    asked = message_needs.invoices_of(row)
    if not message_needs.is_needed(row, steps=steps, asked=asked):
        queues.finish(row, at=at)
        Message.objects.filter(pk=row.pk).update(last_error=NOT_NEEDED)
        log.info("message not needed", message=row.pk, key=row.key)
        return
    if steps and keep_hours:
        local = zones.payer_now(row.deal, at=at)
        opening = rules.next_opening(local, is_working=workdays.calendar().is_working)
        if opening > local:
            queues.retry(row, at=at, error="quiet hours", after=opening - local)
            return
    try:
        if row.channel == SALESBOT:
            _finish_salesbot(row, steps, at=at)
        elif row.channel == SMS:
            _send_sms(row)
            _finish(row, steps, asked, at=at)
        else:
            _send(row, asked, connection, at=at)
            _finish(row, steps, asked, at=at)
    except (Refused, sms.Refused) as error:
        connection.close()
        _park(row, error=str(error), at=at)
    except (Undelivered, sms.Unsent) as error:
        connection.close()
        queues.retry(row, at=at, error=str(error))


def _send(row: Message, asked: list[Invoice], connection: BaseEmailBackend, *, at: datetime) -> None:
    """Hand one mail to the server, each invoice with its PDF. Raises Refused or Undelivered."""
    try:
        validate_email(row.to)
    except ValidationError:
        raise Refused(_("The address is malformed.")) from None
    name, reply_to = _sender(row)
    if asked:
        _write(row, asked, at=at)
    mail = EmailMultiAlternatives(
        subject=row.subject,
        body=row.text,
        from_email=sanitize_address((name, _from_address()), "utf-8"),
        to=[row.to],
        reply_to=[reply_to] if reply_to else None,
        headers=_headers(row, at=at),
        connection=connection,
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    try:
        for invoice in asked:
            attached = papers.attachment(invoice=invoice, at=at)
            if attached:
                mail.attach(*attached, "application/pdf")
        enclosed = papers.enclosure(row.key)
        if enclosed:
            mail.attach(*enclosed, "application/pdf")
        connection.open()
        mail.send()
    except smtplib.SMTPException as error:
        raise (Refused if _is_final(error) else Undelivered)(_words(error)) from error
    except rendering.CannotRender as error:
        raise Undelivered(str(error)) from error
    except ValueError as error:
        # A header that cannot be written: Django refuses line breaks, the server non-ASCII without SMTPUTF8.
        raise Refused(type(error).__name__) from error
    except OSError as error:
        raise Undelivered(type(error).__name__) from error


def _write(row: Message, asked: list[Invoice], *, at: datetime) -> None:
    """Word the letter of invoices by the day on which it leaves: what was paid meanwhile is not in it."""
    addressed = [
        letters.Asked(one, links.go_url(deal=one.deal, what="invoice", at=at, invoice=one)) for one in asked
    ]
    letter = letters.invoices(asked=addressed, on=row.deal.local_day(at))
    row.subject, row.text, row.html = letter.subject, letter.text, letter.html
    row.save(update_fields=["subject", "text", "html"])


def _send_sms(row: Message) -> None:
    """Hand an SMS to the gateway under the row's number. Raises Refused, sms.Refused, sms.Unsent."""
    found = SmsGateway.objects.filter(account=row.account_id).first()
    phone = sms_phone(payers.of_deal(row.deal).of().phone or row.deal.contact_phone)
    if found is None or not phone:
        raise Refused(_("There is no SMS gateway, or no mobile phone."))
    gateway = sms.Gateway(found.login, found.password, found.sender)
    sms.send(gateway=gateway, phone=phone, text=row.text, number=row.pk)


def sms_phone(text: str) -> str:
    """The digits of a phone that can take an SMS, empty for what is none."""
    try:
        number = phonenumbers.parse(text, "RU")
    except phonenumbers.NumberParseException:
        return ""
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(number) not in kinds:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def _headers(row: Message, *, at: datetime) -> dict[str, str]:
    """A reminder carries the button of the mail programme that ends reminders (RFC 8058)."""
    headers = {"Message-ID": message_id(row.key), "Auto-Submitted": "auto-generated"}
    if row.key.startswith("reminder:"):
        headers["List-Unsubscribe"] = f"<{links.page_url(deal=row.deal, at=at)}reminders/>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def message_id(key: str) -> str:
    """The mail's own name, made of the row's key: a repeat after a crash is recognisable as the same mail."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{_host()}>"


def _sender(row: Message) -> tuple[str, str]:
    """The legal entity that asks for the money, and where answers go."""
    entity = row.invoice.legal_entity if row.invoice else None
    if entity is None:
        try:
            entity = network.receiver(deal=row.deal, on=row.deal.local_day(row.created_at)).legal_entity
        except network.NoReceiver:
            return "", ""
    return entity.name, entity.email


def _from_address() -> str:
    user = settings.EMAIL_HOST_USER
    return user if "@" in user else f"noreply@{_host()}"


def _host() -> str:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    # An address needs a name; the demo runs on a bare number.
    return host if any(character.isalpha() for character in host) else "localhost"


def _is_final(error: smtplib.SMTPException) -> bool:
    """True when repeating the same mail can never help; a wrong password is ours to mend, the mail waits."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def _words(error: smtplib.SMTPException) -> str:
    """What the server said, one answer after another."""
    answers: list[tuple[int, bytes | str]] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers.extend(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        answers.append((error.smtp_code, error.smtp_error))
    texts = (
        f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
        for code, said in answers
    )
    return "; ".join(texts) or type(error).__name__


def _finish(row: Message, steps: list[Reminder], asked: list[Invoice], *, at: datetime) -> None:
    """The server took the mail: say so in the history of every deal that it was about, and in amoCRM."""
    with transaction.atomic():
        queues.finish(row, at=at)
        if row.channel == EMAIL:
            # By this name a server gives the mail back (billing.bounces).
            Message.objects.filter(pk=row.pk).update(external_id=message_id(row.key))
        if row.invoice is None:
            _record(row, _deals_of(row, steps), "reminder_sent" if steps else "message_sent", at=at)
        for invoice in asked:
            words = {"number": invoice.number}
            _note(row, _("Invoice %(number)s was sent by e-mail.") % words, at=at, deal=invoice.deal)
            _record(row, [invoice.deal], "invoice_sent", at=at, invoice=invoice)


def _finish_salesbot(row: Message, steps: list[Reminder], *, at: datetime) -> None:
    """The link is written before the bot runs: the outbox keeps the order of a deal's rows."""
    bot = AccountPolicy.objects.filter(account=row.account_id).values_list("salesbot_id", flat=True).first()
    if bot is None:
        queues.park(row, error=_("The account has no Salesbot."))
        return
    with transaction.atomic():
        queues.finish(row, at=at)
        standing = ledger.standing(row.deal, on=row.deal.local_day(at))
        projection.push(row.deal, standing=standing, at=at)
        outbox.run_salesbot(deal=row.deal, key=row.key, bot_id=bot, at=at)
        _record(row, _deals_of(row, steps), "reminder_sent" if steps else "message_sent", at=at)


def _park(row: Message, *, error: str, at: datetime) -> None:
    """A person must look: the manager is told on the deal."""
    with transaction.atomic():
        queues.park(row, error=error)
        _note(row, _("The e-mail was not delivered: %(reason)s") % {"reason": error}, at=at)
        _record(row, [row.deal], "message_refused", at=at, invoice=row.invoice)


def _note(row: Message, text: str, *, at: datetime, deal: Deal | None = None) -> None:
    """Once for each deal of a message."""
    of_deal = deal or row.deal
    key = f"message:{row.pk}" if of_deal.pk == row.deal_id else f"message:{row.pk}:{of_deal.pk}"
    outbox.note(deal=of_deal, key=key, text=text, at=at)


def _deals_of(row: Message, steps: list[Reminder]) -> list[Deal]:
    return list({step.installment.schedule.deal for step in steps} or {row.deal})


def _record(
    row: Message, deals: list[Deal], kind: str, *, at: datetime, invoice: Invoice | None = None
) -> None:
    data = {
        "message": row.pk,
        "channel": row.channel,
        "subject": row.subject,
        "invoice": invoice.number if invoice else None,
    }
    for deal in sorted(deals, key=lambda deal: deal.pk):
        history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)
