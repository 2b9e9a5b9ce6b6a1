"""Which steps of a reminder policy are due at a moment, for which row, by which channel, for which payer.

The steps are the account's, or those of the deal's cohort. A row that today's invoice will speak of is left
to the invoice, and so is everything else that its payer would get by mail today. Reads only;
billing.reminders says what is due.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from billing import holds, issuing, letter_holds, network, past_rows, preferences
from billing.messages import EMAIL, SALESBOT, SMS, sms_phone
from billing.models import AccountPolicy, DealPayer, Installment, Message, Reminder, SavedCard
from billing.payers import Payers
from billing.rules import charges
from billing.rules import reminders as rules
from billing.rules.reminders import Step
from crm.models import Deal

CHUNK = 500
Named = Mapping[int, dict[int | None, DealPayer]]


@dataclass(frozen=True)
class Due:
    """A step that is due for a row, by one channel; `payer` is whom the channel reaches.

    An invoice of the row that was sent on `said_from` or later stands for the step.
    """

    installment: Installment
    deal: Deal
    days: int
    channel: str
    payer: str
    said_from: date


def plans(policy: AccountPolicy) -> dict[str, tuple[Step, ...]]:
    """Return the steps by cohort; those of every other cohort stand under the empty name."""
    own = {line["cohort"]: rules.steps(line["reminders"]) for line in policy.cohort_reminders}
    return {"": rules.steps(policy.reminders), **own}


def last_day(policy: AccountPolicy, steps_of: Mapping[str, tuple[Step, ...]], *, at: datetime) -> date:
    """Return the due day of the last row that a step may speak of today."""
    today = at.astimezone(ZoneInfo(policy.account.time_zone)).date()
    return today - timedelta(days=min(steps[0].days for steps in steps_of.values() if steps))


def of(policy: AccountPolicy, *, at: datetime) -> Iterator[Due]:
    """Yield each row's newest step that was not done yet, by each of its channels that reaches the payer."""
    steps_of = plans(policy)
    if not any(steps_of.values()):
        return
    named = named_payers(policy)
    wishes = preferences.of_account(policy.account)
    rows, mailed = _left_to_invoices(policy, named, at=at)
    charged = _charged_deals(policy)
    told = _announced(charged)
    for row in _rows(policy, steps_of, at=at).iterator(chunk_size=CHUNK):
        deal = row.schedule.deal
        steps = steps_of.get(deal.cohort, steps_of[""])
        due_on, grace = row.effective_due_on, policy.grace_days
        step = rules.newest_due(steps, due_on=due_on, today=deal.local_day(at), grace=grace)
        if step is None or row.pk in rows:
            continue
        since = rules.day_of(step, due_on=due_on, grace=grace)
        if invoice_said_it(row, since, deal):
            continue
        done = {reminder.channel for reminder in row.reminders.all() if reminder.days == step.days}
        who = Payers(deal, dict(named.get(deal.pk, {})))
        if deal.pk in charged and payer_of(who, row.number, EMAIL, policy):
            charged_on = charges.charged_on(due_on, told.get(row.pk), today=deal.local_day(at))
            if step.days <= 0 or (charged_on is not None and charged_on >= deal.local_day(at)):
                continue
        for channel in _channels(who, row.number, step, policy, wishes):
            payer = payer_of(who, row.number, channel, policy)
            if payer and channel not in done and not (channel == EMAIL and payer in mailed):
                yield Due(row, deal, step.days, channel, payer, since)


def with_said(rows: QuerySet[Installment]) -> QuerySet[Installment]:
    """Read rows with what invoice_said_it() looks at."""
    return rows.prefetch_related("invoices__messages", "invoices__shared_messages")


def invoice_said_it(row: Installment, since: date, deal: Deal) -> bool:
    """True when an invoice of the row was sent on a day or later."""
    return any(
        deal.local_day(message.created_at) >= since and message.state != Message.State.PARKED
        for invoice in row.invoices.all()
        for message in (*invoice.messages.all(), *invoice.shared_messages.all())
    )


def payer_of(who: Payers, number: int, channel: str, policy: AccountPolicy) -> str:
    """Return whom the channel reaches: one name for all deals of a payer, empty when it reaches nobody.

    A row that waits for a third party is asked of nobody else; the bot talks to the contact only.
    """
    deal, row = who.deal, who.row(number)
    email = (row or who.of()).email.strip().lower() or ("" if row else deal.contact_email.strip().lower())
    if channel == EMAIL:
        return email
    if channel == SALESBOT and policy.salesbot_id and row is None:
        return email or _contact(deal)
    if channel == SMS and sms_phone((row or who.of()).phone or ("" if row else deal.contact_phone)):
        return email or _contact(deal)
    return ""


def _contact(deal: Deal) -> str:
    return f"contact:{deal.contact_id}" if deal.contact_id else f"deal:{deal.pk}"


def _channels(
    who: Payers, number: int, step: Step, policy: AccountPolicy, wishes: Mapping[str, str]
) -> tuple[str, ...]:
    """The step's channels, or the one that the payer prefers, or none for who wants no reminders."""
    name = payer_of(who, number, EMAIL, policy) or _contact(who.deal)
    wish = wishes.get(name)
    if wish is None:
        return step.channels
    return () if wish == preferences.NONE else (wish,)


def _rows(
    policy: AccountPolicy, steps_of: Mapping[str, tuple[Step, ...]], *, at: datetime
) -> QuerySet[Installment]:
    """Open rows of living deals whose first step's day has come and whose reminders nothing holds."""
    today = at.astimezone(ZoneInfo(policy.account.time_zone)).date()
    rows = Installment.objects.exclude(holds.of_rows(on=today)).filter(
        past_rows.to_collect(until=last_day(policy, steps_of, at=at)),
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    if policy.starts_on:
        rows = rows.filter(effective_due_on__gte=policy.starts_on)
    last = steps_of[""][-1] if steps_of[""] else None
    if last is not None and len(last.channels) == 1 and len(steps_of) == 1:
        # What has had its last step is stored for ever: leave it to the database.
        rows = rows.filter(~Exists(Reminder.objects.filter(installment=OuterRef("pk"), days=last.days)))
    return with_said(rows.open().select_related("schedule__deal__account").prefetch_related("reminders"))


def named_payers(policy: AccountPolicy) -> Named:
    """Everybody who was named as a payer in the account, by deal."""
    found: dict[int, dict[int | None, DealPayer]] = defaultdict(dict)
    for one in DealPayer.objects.filter(deal__account=policy.account_id, ended_at__isnull=True):
        found[one.deal_id][one.number] = one
    return found


def _charged_deals(policy: AccountPolicy) -> set[int]:
    """Deals whose rows are charged by themselves, announced by mail: who is asked as well might pay twice.

    From the day after the charge, what the card could not pay is reminded of like everything else.
    """
    if policy.mode != AccountPolicy.Mode.INSTALLMENTS or policy.issuing_stopped:
        return set()
    cards = SavedCard.objects.filter(deal__account=policy.account_id, withdrawn_at=None)
    return set(cards.exclude(saved_at=None).values_list("deal_id", flat=True))


def _announced(deals: set[int]) -> dict[int, date]:
    """The days on which the charges of these deals' open rows were announced, by row."""
    if not deals:
        return {}
    rows = Installment.objects.filter(schedule__deal__in=deals).open()
    found = rows.select_related("schedule__deal__account")
    return letter_holds.announced({row.pk: row.schedule.deal for row in found})


def _left_to_invoices(policy: AccountPolicy, named: Named, *, at: datetime) -> tuple[set[int], set[str]]:
    """Rows that an invoice of today will speak of, and the payers whom it is mailed to."""
    local = at.astimezone(ZoneInfo(policy.account.time_zone))
    rows: set[int] = set()
    mailed: set[str] = set()
    for row in issuing.waiting_for_invoice(policy, local=local):
        deal = row.schedule.deal
        payer = payer_of(Payers(deal, dict(named.get(deal.pk, {}))), row.number, EMAIL, policy)
        if payer and _can_be_asked(deal, local.date()):
            rows.add(row.pk)
            mailed.add(payer)
    return rows, mailed


def _can_be_asked(deal: Deal, today: date) -> bool:
    """An invoice that nobody can make silences nobody."""
    try:
        network.receiver(deal=deal, on=today)
    except network.NoReceiver:
        return False
    return True
