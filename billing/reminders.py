"""Reminders: every step of an account's policy once for each row, one message a day for each payer.

Owns: choosing what is said to whom. Promises: nobody who has paid is reminded; a step that was missed for
long is not caught up when a later one is due; hours and counts are the payer's (billing.rules.reminders); an
invoice that was sent on or after a step's day stands for that step. Never: sends by itself
(billing.messages).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing import asking, ledger, letters, links, messages, network, pause_state, payers, workdays, zones
from billing.asking import What
from billing.ledger import RowStanding, RowState
from billing.letters import DueDeal, DueRow
from billing.messages import EMAIL, SALESBOT
from billing.models import AccountPolicy, DealPayer, Installment, Message, Payment, Reminder
from billing.payers import Payers
from billing.rules import money
from billing.rules import reminders as rules
from billing.rules.reminders import Step
from crm.models import Deal

CHUNK = 500


@dataclass(frozen=True)
class Due:
    """A step that is due for a row, by one channel; `payer` is whom the channel reaches."""

    installment: Installment
    deal: Deal
    days: int
    channel: str
    payer: str


def send_due(*, at: datetime) -> int:
    """Queue the reminders that are due at a moment and return how many messages that makes.

    1. Find the newest due step of every open row. 2. Put together what one payer gets by one channel. 3. In
    quiet hours, above a limit or after today's reminder leave it for later. 4. Under the locks of the deals
    look again at what is open, then write the message and its steps. A second call makes nothing new.
    """
    sent = 0
    for policy in AccountPolicy.objects.exclude(reminders=[]).select_related("account"):
        groups: dict[tuple[str, str], list[Due]] = defaultdict(list)
        for due in _due(policy, at=at):
            groups[due.payer, due.channel].append(due)
        for (payer, channel), dues in groups.items():
            sent += _say(dues, channel=channel, payer=payer, at=at)
    return sent


def _due(policy: AccountPolicy, *, at: datetime) -> Iterator[Due]:
    """Yield each row's newest step that was not done yet, by each of its channels that reaches the payer."""
    steps = rules.steps(policy.reminders)
    named = _named(policy)
    for row in _rows(policy, steps, at=at).iterator(chunk_size=CHUNK):
        deal = row.schedule.deal
        who = Payers(deal, named[deal.pk])
        step = rules.newest_due(steps, due_on=row.effective_due_on, today=deal.local_day(at))
        if step is None or _invoice_said_it(row, step, deal):
            continue
        done = {reminder.channel for reminder in row.reminders.all() if reminder.days == step.days}
        for channel in step.channels:
            payer = _payer(who, row.number, channel, policy)
            if payer and channel not in done:
                yield Due(row, deal, step.days, channel, payer)


def _rows(policy: AccountPolicy, steps: tuple[Step, ...], *, at: datetime) -> QuerySet[Installment]:
    """Open rows of living deals whose first step's day has come; uncounted money holds its deal."""
    today = at.astimezone(ZoneInfo(policy.account.time_zone)).date()
    rows = Installment.objects.filter(
        ~Exists(Payment.objects.filter(deal=OuterRef("schedule__deal"), counted=False)),
        ~pause_state.of_rows(on=today),
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
        effective_due_on__lte=today - timedelta(days=steps[0].days),
    )
    if policy.starts_on:
        rows = rows.filter(effective_due_on__gte=policy.starts_on)
    if len(steps[-1].channels) == 1:
        # What has had its last step is stored for ever: leave it to the database.
        rows = rows.filter(~Exists(Reminder.objects.filter(installment=OuterRef("pk"), days=steps[-1].days)))
    return (
        rows.open()
        .select_related("schedule__deal__account")
        .prefetch_related("reminders", "invoices__messages")
    )


def _invoice_said_it(row: Installment, step: Step, deal: Deal) -> bool:
    """True when an invoice of the row was sent on the step's day or later."""
    day = row.effective_due_on + timedelta(days=step.days)
    return any(
        deal.local_day(message.created_at) >= day and message.state != Message.State.PARKED
        for invoice in row.invoices.all()
        for message in invoice.messages.all()
    )


def _named(policy: AccountPolicy) -> dict[int, dict[int | None, DealPayer]]:
    """Everybody who was named as a payer in the account, by deal."""
    found: dict[int, dict[int | None, DealPayer]] = defaultdict(dict)
    for one in DealPayer.objects.filter(deal__account=policy.account_id, ended_at__isnull=True):
        found[one.deal_id][one.number] = one
    return found


def _payer(who: Payers, number: int, channel: str, policy: AccountPolicy) -> str:
    """Return whom the channel reaches: one name for all deals of a payer, empty when it reaches nobody.

    A row that waits for a third party is asked of nobody else; the bot talks to the contact only.
    """
    deal, row = who.deal, who.row(number)
    email = (row or who.of()).email.strip().lower() or ("" if row else deal.contact_email.strip().lower())
    if channel == EMAIL:
        return email
    if channel == SALESBOT and policy.salesbot_id and row is None:
        return email or (f"contact:{deal.contact_id}" if deal.contact_id else f"deal:{deal.pk}")
    return ""


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
    """What is left under the locks: money may have come, another run may have been here."""
    today = dues[0].deal.local_day(at)
    rows = Installment.objects.filter(
        ~pause_state.of_rows(on=today), pk__in=[due.installment.pk for due in dues]
    ).open()
    still_open = set(rows.values_list("pk", flat=True))
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
        ),
        key=lambda due: (due.installment.effective_due_on, due.installment.pk),
    )


def _has_room(due: Due, *, payer: str, local: datetime, at: datetime) -> bool:
    """True when this is the channel's first reminder today and the law's counts leave room for it."""
    since = at - timedelta(days=rules.LONGEST_WINDOW + 1)
    sent = (
        Message.objects.filter(account=due.deal.account_id, to__iexact=payer, created_at__gt=since)
        .exclude(state=Message.State.PARKED)
        .annotate(is_reminder=Exists(Reminder.objects.filter(message=OuterRef("pk"))))
        .values_list("created_at", "channel", "is_reminder")
    )
    days = [
        (made.astimezone(local.tzinfo).date(), channel, is_reminder) for made, channel, is_reminder in sent
    ]
    if (local.date(), due.channel, True) in days:
        return False
    return rules.has_room((day for day, _channel, _is_reminder in days), today=local.date())


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
    )


def _row_words(row: RowStanding, today: date) -> DueRow:
    due_on = row.installment.effective_due_on
    return DueRow(due_on=due_on, rest=row.rest, days=(today - due_on).days)


def _queue(due: Due, said: list[DueDeal], *, channel: str, payer: str, at: datetime) -> Message:
    letter = letters.reminder(deals=said)
    key = f"reminder:{due.installment.pk}:{due.days}:{channel}"
    if channel == SALESBOT:
        return messages.queue_salesbot(deal=due.deal, key=key, to=payer, text=letter.subject, at=at)
    return messages.queue_email(
        deal=due.deal, key=key, to=payer, subject=letter.subject, text=letter.text, html=letter.html, at=at
    )
