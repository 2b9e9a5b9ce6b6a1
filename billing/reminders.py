"""Reminders: every step of an account's policy once for each row, one message a day for each payer.

Owns: saying what is due (billing.due_steps) and remembering that it was said. Promises: nobody who has paid
is reminded; a step that was missed for long is not caught up when a later one is due; hours and counts are
the payer's (billing.rules.reminders); an invoice that goes out on a day is that day's message. Never: sends
by itself (billing.messages).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from billing import (
    asking,
    due_steps,
    holds,
    invoices,
    ledger,
    letters,
    links,
    messages,
    network,
    payers,
    preferences,
    workdays,
    zones,
)
from billing.asking import What
from billing.due_steps import Due
from billing.ledger import RowStanding, RowState
from billing.letters import DueDeal, DueRow
from billing.models import AccountPolicy, Installment, Message, Reminder
from billing.rules import money
from billing.rules import reminders as rules
from crm.models import Deal


def send_now(*, at: datetime) -> int:
    """Issue what is due, then remind: a reminder never leaves in front of the invoice it would repeat.

    What the beat calls. Each account is issued from its hour on, as by its own run; whoever comes second
    issues nothing.
    """
    invoices.issue_now(at=at)
    return send_due(at=at)


def send_due(*, at: datetime) -> int:
    """Queue the reminders that are due at a moment and return how many messages that makes.

    1. Find the newest due step of every open row. 2. Put together what one payer gets by one channel. 3. In
    quiet hours, above a limit or after today's message leave it for later. 4. Under the locks of the deals
    look again at what is open, then write the message and its steps. A second call makes nothing new.
    """
    sent = 0
    for policy in AccountPolicy.objects.select_related("account"):
        groups: dict[tuple[str, str], list[Due]] = defaultdict(list)
        for due in due_steps.of(policy, at=at):
            groups[due.payer, due.channel].append(due)
        for (payer, channel), dues in groups.items():
            sent += _say(dues, channel=channel, payer=payer, at=at)
    return sent


def _say(dues: list[Due], *, channel: str, payer: str, at: datetime) -> int:
    """Write one message for all that is due to a payer, in one transaction under the deals' locks."""
    local = zones.payer_now(dues[0].deal, at=at)
    if not rules.may_leave(local, is_working=workdays.calendar().is_working):
        return 0
    with transaction.atomic():
        # One order of locks for everybody: two runs at once cannot wait for each other.
        deals = {pk: ledger.lock(pk) for pk in sorted({due.deal.pk for due in dues})}
        dues = _still_due(dues, deals, at=at)
        if not dues or not _has_room(dues[0], payer=payer, local=local, at=at):
            return 0
        said = list(filter(None, (_deal_words(deal, dues, at=at) for deal in deals.values())))
        dues = [due for due in dues if any(words.deal.pk == due.deal.pk for words in said)]
        if not dues:
            return 0
        message = _queue(dues[0], said, channel=channel, payer=payer, at=at)
        Reminder.objects.bulk_create(
            Reminder(installment=due.installment, days=due.days, channel=channel, message=message)
            for due in dues
        )
    return 1


def _still_due(dues: list[Due], deals: Mapping[int, Deal], *, at: datetime) -> list[Due]:
    """What is left under the locks: money, an invoice or another run may have come in between."""
    today = dues[0].deal.local_day(at)
    rows = Installment.objects.filter(pk__in=[due.installment.pk for due in dues])
    still_open = {row.pk: row for row in due_steps.with_said(rows.exclude(holds.of_rows(on=today)).open())}
    done = set(
        Reminder.objects.filter(installment__in=still_open).values_list("installment_id", "days", "channel")
    )
    return sorted(
        (
            due
            for due in dues
            if due.installment.pk in still_open
            and (due.installment.pk, due.days, due.channel) not in done
            and deals[due.deal.pk].state == Deal.State.LIVE
            and not due_steps.invoice_said_it(still_open[due.installment.pk], due.said_from, due.deal)
            and preferences.wants(deal=due.deal, payer=due.payer, channel=due.channel)
        ),
        key=lambda due: (due.installment.effective_due_on, due.installment.pk),
    )


def _has_room(due: Due, *, payer: str, local: datetime, at: datetime) -> bool:
    """True when this is the channel's first message today and the law's counts leave room for it."""
    since = at - timedelta(days=rules.LONGEST_WINDOW + 1)
    sent = (
        Message.objects.filter(account=due.deal.account_id, to__iexact=payer, created_at__gt=since)
        .exclude(state=Message.State.PARKED)
        .exclude(last_error=messages.NOT_NEEDED)
        .values_list("created_at", "channel")
    )
    days = [(made.astimezone(local.tzinfo).date(), channel) for made, channel in sent]
    if (local.date(), due.channel) in days:
        return False
    return rules.has_room((day for day, _channel in days), today=local.date())


def _deal_words(deal: Deal, dues: list[Due], *, at: datetime) -> DueDeal | None:
    """Return what the letter says of a deal; None when nothing of it is due, or nobody may take its money."""
    today = deal.local_day(at)
    mine = {due.installment.pk for due in dues if due.deal.pk == deal.pk}
    if not mine:
        return None
    try:
        entity = network.receiver(deal=deal, on=today).legal_entity
    except network.NoReceiver:
        return None
    standing = ledger.standing(deal, on=today)
    who = payers.of_deal(deal)
    asked = {who.of(row.installment.number) for row in standing.rows if row.installment.pk in mine}
    rows = [
        row
        for row in standing.rows
        if (row.state == RowState.OVERDUE or row.installment.pk in mine)
        and who.of(row.installment.number) in asked
    ]
    overdue = sum((row.rest for row in rows if row.state == RowState.OVERDUE), money.ZERO)
    if overdue:
        what, amount = What.OVERDUE, overdue
    else:
        what, amount = What.INSTALLMENT, asking.amount(standing, what=What.INSTALLMENT)
    return DueDeal(
        deal=deal,
        entity=entity,
        rows=[_row_words(row, today) for row in rows],
        amount=amount,
        url=links.go_url(deal=deal, what=what, at=at),
        refuse_url=f"{links.page_url(deal=deal, at=at)}#reminders",
    )


def _row_words(row: RowStanding, today: date) -> DueRow:
    due_on = row.installment.effective_due_on
    return DueRow(due_on=due_on, rest=row.rest, days=(today - due_on).days)


def _queue(due: Due, said: list[DueDeal], *, channel: str, payer: str, at: datetime) -> Message:
    letter = letters.reminder(deals=said)
    key = f"reminder:{due.installment.pk}:{due.days}:{channel}"
    if channel == messages.SALESBOT:
        return messages.queue_salesbot(deal=due.deal, key=key, to=payer, text=letter.subject, at=at)
    if channel == messages.SMS:
        text = letters.short(deals=said)
        return messages.queue_sms(deal=due.deal, key=key, to=payer, text=text, at=at)
    return messages.queue_email(
        deal=due.deal, key=key, to=payer, subject=letter.subject, text=letter.text, html=letter.html, at=at
    )
