"""What a reminder policy would have sent in a span of days, shown on the account's real rows. Writes nothing.

A row counts as open on a day until the day on which money covered it (for days ahead: as it stands now).
Steps fall on their days, what one payer gets on a day by one channel is one message, the law's counts are
kept; the hours of a day always leave room. Holds, wishes and invoices of the past are left out: the question
is what the steps do. Of a day ahead (coming) they are known and told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Max

from billing import due_steps, reminder_waits
from billing.messages import EMAIL, SALESBOT, SMS
from billing.models import AccountPolicy, Installment
from billing.payers import Payers
from billing.rules import money
from billing.rules import reminders as rules
from billing.rules.reminders import Step
from crm.models import Account, Deal

CHANNELS = (EMAIL, SALESBOT, SMS)
DAYS_MAX = 366
ROWS_MAX = 20_000
MINUTE = timedelta(minutes=1)


class TooLong(Exception):
    """The span has more days, or the account more rows in it, than can be shown."""


@dataclass(frozen=True)
class Said:
    """A row that a message would speak of, `days` after its day."""

    deal: Deal
    installment: Installment
    rest: Decimal
    days: int

    @property
    def rest_words(self) -> str:
        return money.words(self.rest)


@dataclass(frozen=True)
class Letter:
    """One message of a day for one payer; `held` when a limit would have put it off, not `reached` when the
    payer cannot be written to by the channel. Of a day ahead: `waits` while something keeps it back, `why`.
    """

    on: date
    payer: str
    channel: str
    said: tuple[Said, ...]
    held: bool
    reached: bool
    waits: bool = False
    why: str = ""


@dataclass(frozen=True)
class _Row:
    installment: Installment
    deal: Deal
    payer: str
    reached_by: frozenset[str]
    covered_on: date | None


def run(
    *, account: Account, since: date, until: date, steps: Iterable[Mapping[str, object]] | None = None
) -> list[Letter]:
    """Return the messages of the days since…until, in order; `steps` instead of the account's own policy.

    Raises TooLong.
    """
    if not 0 <= (until - since).days < DAYS_MAX:
        raise TooLong
    policy = AccountPolicy.objects.select_related("account").get(account=account)
    plans = {"": rules.steps(steps)} if steps is not None else due_steps.plans(policy)
    rows = _rows(policy, plans, since=since, until=until)
    sent: dict[tuple[str, str], list[date]] = defaultdict(list)
    found: list[Letter] = []
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        for (payer, channel), said in sorted(_of_day(rows, policy, plans, day).items()):
            held = not rules.has_room(
                (one for (other, _c), days in sent.items() if other == payer for one in days), today=day
            )
            reached = any(channel in row.reached_by for row in rows if row.payer == payer)
            if reached and not held:
                sent[payer, channel].append(day)
            found.append(Letter(day, payer, channel, tuple(said), held and reached, reached))
    return found


def coming(*, account: Account, on: date) -> list[Letter]:
    """Return what goes out on a day ahead, and what the policy has on it but waits as things stand now: for a
    promise, a claimed transfer, a stop, a wish, a card that is charged, or for that day's invoice.

    Raises TooLong.
    """
    policy = AccountPolicy.objects.select_related("account").get(account=account)
    hour = datetime.combine(on, policy.issue_at, ZoneInfo(account.time_zone))
    goes: dict[tuple[str, str], list[Said]] = defaultdict(list)
    # Just before the hour of issuing every invoice of the day is ahead: its reminders are left to it.
    for due in due_steps.of(policy, at=hour - MINUTE if policy.issue_at > time() else hour):
        if due.said_from == on:
            row = due.installment
            said = Said(due.deal, row, row.rest, (on - row.effective_due_on).days)
            goes[due.payer, due.channel].append(said)
    told = {(said.installment.pk, channel) for (_p, channel), found in goes.items() for said in found}
    found = [
        Letter(on, payer, channel, tuple(said), held=False, reached=True)
        for (payer, channel), said in goes.items()
    ]
    left = [
        replace(letter, said=rest, waits=letter.reached)
        for letter in run(account=account, since=on, until=on)
        if (rest := tuple(one for one in letter.said if (one.installment.pk, letter.channel) not in told))
    ]
    found += _with_reasons(left, policy, on=on)
    return sorted(found, key=lambda letter: (letter.payer, letter.channel))


def _with_reasons(left: list[Letter], policy: AccountPolicy, *, on: date) -> list[Letter]:
    """Each reason of a letter that waits, once."""
    rows = {one.installment.pk: (one.installment, one.deal) for letter in left for one in letter.said}
    why = reminder_waits.of_rows(list(rows.values()), policy, on=on)
    other = reminder_waits.elsewhere()
    reasons = [dict.fromkeys(why.get(one.installment.pk, other) for one in letter.said) for letter in left]
    return [
        replace(letter, why="; ".join(of_letter)) if letter.waits else letter
        for letter, of_letter in zip(left, reasons, strict=True)
    ]


def _of_day(
    rows: list[_Row], policy: AccountPolicy, plans: Mapping[str, tuple[Step, ...]], day: date
) -> dict[tuple[str, str], list[Said]]:
    groups: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for row in rows:
        if row.covered_on is not None and row.covered_on <= day:
            continue
        due_on = row.installment.effective_due_on
        for step in plans.get(row.deal.cohort, plans.get("", ())):
            if rules.day_of(step, due_on=due_on, grace=policy.grace_days) == day:
                said = Said(row.deal, row.installment, _rest(row), (day - due_on).days)
                for channel in step.channels:
                    groups[row.payer, channel].append(said)
    return groups


def _rest(row: _Row) -> Decimal:
    return row.installment.rest if row.covered_on is None else row.installment.amount


def _rows(
    policy: AccountPolicy, plans: Mapping[str, tuple[Step, ...]], *, since: date, until: date
) -> list[_Row]:
    """Current rows that any step could fall on within the span, with the day on which they were covered."""
    days = [step.days for steps in plans.values() for step in steps] or [0]
    rows = Installment.objects.filter(
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
        effective_due_on__gte=since - timedelta(days=max(days) + policy.grace_days),
        effective_due_on__lte=until - timedelta(days=min(days)),
    )
    if policy.starts_on:
        rows = rows.filter(effective_due_on__gte=policy.starts_on)
    found = rows.current().with_paid().select_related("schedule__deal__account")[: ROWS_MAX + 1]
    if len(found) > ROWS_MAX:
        raise TooLong
    last = dict(
        Installment.objects.filter(pk__in=[row.pk for row in found])
        .annotate(last=Max(F("allocations__payment__received_at")))
        .values_list("pk", "last")
    )
    named = due_steps.named_payers(policy)
    return [_row(row, last[row.pk], named, policy) for row in found]


def _row(row: Installment, last: datetime | None, named: due_steps.Named, policy: AccountPolicy) -> _Row:
    deal = row.schedule.deal
    who = Payers(deal, dict(named.get(deal.pk, {})))
    payer = due_steps.payer_of(who, row.number, EMAIL, policy) or deal.contact_name
    covered = deal.local_day(last) if row.rest <= 0 and last is not None else None
    reached = {one for one in CHANNELS if due_steps.payer_of(who, row.number, one, policy)}
    return _Row(row, deal, payer, frozenset(reached), covered)
