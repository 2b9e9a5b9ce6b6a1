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
    past_rows,
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
from crm.models import Account, Deal

# So many payers are written to in one transaction: the questions of a run are asked once for all of them.
RUN_HOLDS = 50
# A payer and the channel that reaches him.
Addressed = tuple[str, str]


def send_now(*, at: datetime) -> int:
    """Issue what is due, then remind: a reminder never leaves in front of the invoice it would repeat.

    What the beat calls. Each account is issued from its hour on, as by its own run; whoever comes second
    issues nothing.
    """
    invoices.issue_now(at=at)
    return send_due(at=at)


def send_due(*, at: datetime, account: Account | None = None) -> int:
    """Queue the reminders that are due at a moment and return how many messages that makes; of one account
    when it is named.

    1. Find the newest due step of every open row. 2. Put together what one payer gets by one channel, and
    leave for later whom it is too late or too early to write to. 3. For a few payers at a time, under the
    locks of their deals, look again at what is open; above a limit or after today's message a payer waits.
    4. Write each payer's message and its steps. A second call makes nothing new.
    """
    sent = 0
    is_working = workdays.calendar().is_working
    for policy in AccountPolicy.objects.of(account):
        _pass_over(policy, at=at)
        groups: dict[Addressed, list[Due]] = defaultdict(list)
        for due in due_steps.of(policy, at=at):
            groups[due.payer, due.channel].append(due)
        ready = [
            (addressed, dues)
            for addressed, dues in groups.items()
            if rules.may_leave(zones.payer_now(dues[0].deal, at=at), is_working=is_working)
        ]
        for start in range(0, len(ready), RUN_HOLDS):
            sent += _say_all(policy.account, dict(ready[start : start + RUN_HOLDS]), at=at)
    return sent


def _pass_over(policy: AccountPolicy, *, at: datetime) -> None:
    """Nobody is reminded of what is covered: the next run need not look at it."""
    steps = due_steps.plans(policy)
    if any(steps.values()):
        past_rows.pass_over_covered(until=due_steps.last_day(policy, steps, at=at), account=policy.account)


def _say_all(account: Account, groups: Mapping[Addressed, list[Due]], *, at: datetime) -> int:
    """Write one message for all that is due to each payer, in one transaction under the deals' locks."""
    dues = [due for group in groups.values() for due in group]
    with transaction.atomic():
        deals = ledger.lock_all(due.deal.pk for due in dues)
        still_due = _still_due(account, dues, deals, at=at)
        messages_of = {
            addressed: _say([due for due in group if due in still_due], deals, addressed, at=at)
            for addressed, group in groups.items()
        }
        said = [(message, due) for found in messages_of.values() if found for message, due in found]
        Reminder.objects.bulk_create(
            Reminder(installment=due.installment, days=due.days, channel=due.channel, message=message)
            for message, due in said
        )
    return len({message.pk for message, _due in said})


def _say(
    dues: list[Due], deals: Mapping[int, Deal], addressed: Addressed, *, at: datetime
) -> list[tuple[Message, Due]]:
    """Queue the message of one payer; returns it with each step that it says."""
    payer, channel = addressed
    if not dues or not _has_room(dues[0], payer=payer, at=at):
        return []
    mine = [deals[pk] for pk in sorted({due.deal.pk for due in dues})]
    words = list(filter(None, (_deal_words(deal, dues, at=at) for deal in mine)))
    told = {one.deal.pk for one in words}
    dues = sorted(
        (due for due in dues if due.deal.pk in told),
        key=lambda due: (due.installment.effective_due_on, due.installment.pk),
    )
    if not dues:
        return []
    # What is overdue goes first; a short text has room for the first deal's address only, and is that deal's.
    days = {due.deal.pk: due.installment.effective_due_on for due in reversed(dues)}
    words.sort(key=lambda one: (not one.is_overdue, days[one.deal.pk]))
    first = next(due for due in dues if due.deal.pk == words[0].deal.pk)
    message = _queue(first, words, channel=channel, payer=payer, at=at)
    return [(message, due) for due in dues]


def _still_due(account: Account, dues: list[Due], deals: Mapping[int, Deal], *, at: datetime) -> set[Due]:
    """What is left under the locks: money, an invoice, a wish or another run may have come in between."""
    wishes = preferences.of_account(account)
    of_days: dict[date, list[Due]] = defaultdict(list)
    for due in dues:
        of_days[due.deal.local_day(at)].append(due)
    still_open: dict[int, Installment] = {}
    for today, found in of_days.items():
        rows = Installment.objects.filter(pk__in=[due.installment.pk for due in found])
        free = rows.exclude(holds.of_rows(on=today)).open()
        still_open |= {row.pk: row for row in due_steps.with_said(free)}
    done = set(
        Reminder.objects.filter(installment__in=still_open).values_list("installment_id", "days", "channel")
    )
    return {
        due
        for due in dues
        if due.installment.pk in still_open
        and (due.installment.pk, due.days, due.channel) not in done
        and deals[due.deal.pk].state == Deal.State.LIVE
        and not due_steps.invoice_said_it(still_open[due.installment.pk], due.said_from, due.deal)
        and wishes.get(due.payer, due.channel) == due.channel
    }


def _has_room(due: Due, *, payer: str, at: datetime) -> bool:
    """True when this is the channel's first message today and the law's counts leave room for it."""
    local = zones.payer_now(due.deal, at=at)
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
    page = links.page_url(deal=deal, at=at)
    return DueDeal(
        deal=deal,
        entity=entity,
        rows=[_row_words(row, today) for row in rows],
        amount=amount,
        url=links.address(page, what=what),
        refuse_url=f"{page}#reminders",
    )


def _row_words(row: RowStanding, today: date) -> DueRow:
    due_on = row.installment.effective_due_on
    return DueRow(due_on=due_on, rest=row.rest, days=(today - due_on).days)


def _queue(due: Due, said: list[DueDeal], *, channel: str, payer: str, at: datetime) -> Message:
    key = f"reminder:{due.installment.pk}:{due.days}:{channel}"
    if channel == messages.SALESBOT:
        text = letters.chat_reminder(deals=said)
        return messages.queue_salesbot(deal=due.deal, key=key, to=payer, text=text, at=at)
    if channel == messages.SMS:
        text = letters.short(deals=said)
        return messages.queue_sms(deal=due.deal, key=key, to=payer, text=text, at=at)
    letter = letters.reminder(deals=said)
    return messages.queue_email(
        deal=due.deal, key=key, to=payer, subject=letter.subject, text=letter.text, html=letter.html, at=at
    )
