"""Messages to payers: a queue of mails and bot runs, each written once by its key and sent once.

Owns: putting a message into the queue and delivering it. Promises: nothing is sent inside a transaction; a
row is in one worker's hands at a time; a mail repeated after a crash carries the same Message-ID
(docs/decisions/); what nobody needs any more is not sent. Never: decides who is to be told what
(billing.invoices, billing.reminders).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import phonenumbers
import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    history,
    ledger,
    letter_holds,
    letters,
    links,
    mails,
    message_needs,
    payers,
    projection,
    sms,
    workdays,
    zones,
)
from billing.asking import What
from billing.models import AccountPolicy, Invoice, Message, Reminder, SmsGateway
from billing.rules import reminders as rules
from crm import kick, outbox, queues
from crm.models import Deal

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
    """One message to be: invoices that go to one address, or of one deal by its bot, once for the key.

    `leaves_at` is None for at once. What its payer says keeps a letter back that comes `by_run`.
    """

    to: str
    key: str
    invoices: Sequence[Invoice]
    channel: str = EMAIL
    leaves_at: datetime | None = None
    by_run: bool = False


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
    """Put the messages of invoices into the queue; a letter is written when it leaves (billing.letters)."""
    with transaction.atomic():
        rows = Message.objects.bulk_create(
            _ready(
                Message(
                    channel=letter.channel,
                    key=letter.key,
                    to=letter.to.strip(),
                    subject=letters.heading(letter.invoices),
                    invoice=letter.invoices[0],
                    by_run=letter.by_run,
                ),
                deal=letter.invoices[0].deal,
                at=letter.leaves_at or at,
                leaves_at=letter.leaves_at,
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


def _ready(row: Message, *, deal: Deal, at: datetime, leaves_at: datetime | None = None) -> Message:
    row.deal, row.account_id, row.created_at, row.not_before = deal, deal.account_id, at, leaves_at or READY
    return row


def _handle(row: Message, connection: BaseEmailBackend, *, at: datetime, keep_hours: bool) -> None:
    steps = list(row.reminders.select_related("installment__schedule__deal__account"))
    asked = _not_held(row, message_needs.invoices_of(row), at=at)
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
            _finish_salesbot(row, steps, asked, at=at)
        elif row.channel == SMS:
            _send_sms(row)
            _finish(row, steps, asked, at=at)
        else:
            if asked:
                _write(row, asked, at=at)
            mails.send(row, asked, connection, at=at)
            _finish(row, steps, asked, at=at)
    except (mails.Refused, sms.Refused) as error:
        connection.close()
        _park(row, error=str(error), at=at)
    except (mails.Undelivered, sms.Unsent) as error:
        connection.close()
        queues.retry(row, at=at, error=str(error))


def _not_held(row: Message, asked: list[Invoice], *, at: datetime) -> list[Invoice]:
    """What its payer has said since keeps a run's letter back: those invoices wait for the next run."""
    policy = AccountPolicy.objects.filter(account=row.account_id).first() if row.by_run and asked else None
    if policy is None:
        return asked
    rows = [(one.installment, one.deal) for one in asked if one.installment is not None]
    holds = letter_holds.of_rows(rows, policy, on=row.deal.local_day(at))
    held = [(one, holds[one.installment_id]) for one in asked if one.installment_id in holds]
    letter_holds.hold(held, at=at)
    return [one for one in asked if one.installment_id not in holds]


def _write(row: Message, asked: list[Invoice], *, at: datetime) -> None:
    """Word the letter of invoices by the day on which it leaves: what was paid meanwhile is not in it."""
    addressed = [
        letters.Asked(one, links.go_url(deal=one.deal, what="invoice", at=at, invoice=one)) for one in asked
    ]
    letter = letters.invoices(asked=addressed, on=row.deal.local_day(at))
    row.subject, row.text, row.html = letter.subject, letter.text, letter.html
    row.save(update_fields=["subject", "text", "html"])


def _word_for_chat(row: Message, asked: list[Invoice], *, at: datetime) -> str:
    """Write what the bot of invoices says, and return its address: of several it is the payer's page, which
    asks for all of them.
    """
    url = links.page_url(deal=row.deal, at=at)
    if len(asked) == 1:
        url = links.address(url, what=What.INVOICE, invoice=asked[0])
    row.text = letters.chat(asked=asked, url=url)
    row.save(update_fields=["text"])
    return url


def _link_of(row: Message, *, is_late: bool, at: datetime) -> str:
    """The address in a reminder's text; where the account's own text has none, what is most pressing now."""
    page = links.page_url(deal=row.deal, at=at)
    overdue, installment = (links.address(page, what=what) for what in (What.OVERDUE, What.INSTALLMENT))
    named = (one for one in (overdue, installment) if one in row.text)
    return next(named, overdue if is_late else installment)


def _send_sms(row: Message) -> None:
    """Hand an SMS to the gateway under the row's number. Raises Refused, sms.Refused, sms.Unsent."""
    found = SmsGateway.objects.filter(account=row.account_id).first()
    phone = sms_phone(payers.of_deal(row.deal).of().phone or row.deal.contact_phone)
    if found is None or not phone:
        raise mails.Refused(_("There is no SMS gateway, or no mobile phone."))
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


def _finish(row: Message, steps: list[Reminder], asked: list[Invoice], *, at: datetime) -> None:
    """The server took the mail: say so in the history of every deal that it was about, and in amoCRM."""
    with transaction.atomic():
        queues.finish(row, at=at)
        if row.channel == EMAIL:
            # By this name a server gives the mail back (billing.bounces).
            Message.objects.filter(pk=row.pk).update(external_id=mails.message_id(row.key))
        if row.invoice is None:
            _record(row, _deals_of(row, steps), "reminder_sent" if steps else "message_sent", at=at)
        for invoice in asked:
            words = {"number": invoice.number}
            _note(row, _("Invoice %(number)s was sent by e-mail.") % words, at=at, deal=invoice.deal)
            _record(row, [invoice.deal], "invoice_sent", at=at, invoice=invoice)


def _finish_salesbot(row: Message, steps: list[Reminder], asked: list[Invoice], *, at: datetime) -> None:
    """Link and text are written before the bot runs: the outbox keeps the order of a deal's rows. Both ask
    for the same.
    """
    bot = AccountPolicy.objects.filter(account=row.account_id).values_list("salesbot_id", flat=True).first()
    if bot is None:
        queues.park(row, error=_("The account has no Salesbot."))
        return
    with transaction.atomic():
        queues.finish(row, at=at)
        standing = ledger.standing(row.deal, on=row.deal.local_day(at))
        projection.push(row.deal, standing=standing, at=at)
        fields = {}
        if asked:
            fields["payment_link"] = _word_for_chat(row, asked, at=at)
        elif steps:
            fields["payment_link"] = _link_of(row, is_late=standing.overdue > 0, at=at)
        outbox.put_fields(deal=row.deal, values={**fields, "payment_text": row.text}, at=at)
        outbox.run_salesbot(deal=row.deal, key=row.key, bot_id=bot, at=at)
        for invoice in asked:
            _record(row, [invoice.deal], "invoice_sent", at=at, invoice=invoice)
        if not asked:
            _record(row, _deals_of(row, steps), "reminder_sent" if steps else "message_sent", at=at)


def _park(row: Message, *, error: str, at: datetime) -> None:
    """A person must look: the manager is told on the deal."""
    with transaction.atomic():
        queues.park(row, error=error)
        _note(row, _("The e-mail was not delivered: %(reason)s") % {"reason": error}, at=at)
        _record(row, [row.deal], "message_refused", at=at, invoice=row.invoice, reason=error)


def _note(row: Message, text: str, *, at: datetime, deal: Deal | None = None) -> None:
    """Once for each deal of a message."""
    of_deal = deal or row.deal
    key = f"message:{row.pk}" if of_deal.pk == row.deal_id else f"message:{row.pk}:{of_deal.pk}"
    outbox.note(deal=of_deal, key=key, text=text, at=at)


def _deals_of(row: Message, steps: list[Reminder]) -> list[Deal]:
    return list({step.installment.schedule.deal for step in steps} or {row.deal})


def _record(
    row: Message,
    deals: list[Deal],
    kind: str,
    *,
    at: datetime,
    invoice: Invoice | None = None,
    reason: str = "",
) -> None:
    data = {
        "message": row.pk,
        "channel": row.channel,
        "subject": row.subject,
        "invoice": invoice.number if invoice else None,
        **({"reason": reason} if reason else {}),
    }
    for deal in sorted(deals, key=lambda deal: deal.pk):
        history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=history.SYSTEM, data=data)
