"""Overdue installments: found once, told to the manager, undone when paid.

Owns: the flags and what they cause in amoCRM: one task per row ever, a note, the stage. Promises: a second
run on the same day does nothing; when the last overdue row is covered the deal returns to the stage it came
from, unless a person moved it. Never: decides what is owed; figures and states are computed (billing.ledger),
flag or no flag.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing import (
    escalations,
    history,
    ledger,
    letters,
    past_rows,
    pause_state,
    projection,
    unplaced,
    workdays,
)
from billing.ledger import DealState, RowStanding, RowState
from billing.models import AccountPolicy, Installment, OverdueFlag
from billing.rules import money
from crm import outbox
from crm.models import Account, Deal

# amoCRM's built-in task type "follow up" (facts/amocrm.md).
FOLLOW_UP = 1
# A task is due at the end of the working day.
TASK_TILL = time(18)
FINAL_STATUSES = (142, 143)
CHUNK = 500


def flag_now(*, at: datetime) -> int:
    """Flag what is overdue at this moment, each account by its own calendar day."""
    accounts = Account.objects.filter(policy__isnull=False)
    return sum(
        flag(on=at.astimezone(ZoneInfo(account.time_zone)).date(), at=at, account=account)
        for account in accounts
    )


def flag(*, on: date, at: datetime, account: Account | None = None) -> int:
    """Flag every current, uncovered row whose effective due date is before `on`; returns how many.

    For each row, in its own transaction under the deal's lock: the flag, an event, the task, a note, the
    stage, the deal's fields. A second run does nothing.
    """
    flagged = 0
    for policy in AccountPolicy.objects.of(account):
        past_rows.pass_over_covered(until=on, account=policy.account)
        for row_id in list(_candidates(policy, on).values_list("pk", flat=True)):
            flagged += _flag_row(row_id, policy, on=on, at=at)
        escalations.run(policy, on=on, at=at)
    return flagged


def cure(*, deal: Deal, at: datetime) -> int:
    """Close the flags whose row is covered or replaced, with their tasks; the last one returns the stage.

    The caller holds the deal's lock. A second call does nothing.
    """
    flags = list(
        OverdueFlag.objects.filter(installment__schedule__deal=deal, cured_at__isnull=True).order_by("pk")
    )
    if not flags:
        return 0
    still = set(Installment.objects.filter(schedule__deal=deal).open().values_list("pk", flat=True))
    cured = [flag for flag in flags if flag.installment_id not in still]
    given_up = set(Installment.objects.filter(schedule__deal=deal).given_up().values_list("pk", flat=True))
    for flag in cured:
        flag.cured_at = at
        flag.save(update_fields=["cured_at"])
        key = _key(flag.installment_id)
        text = _("The debt is written off.") if flag.installment_id in given_up else _("Paid.")
        outbox.complete_task(deal=deal, key=f"{key}:done", task_key=key, text=text, at=at)
    escalations.close(deal, [flag.installment_id for flag in cured], at=at)
    if cured and len(cured) == len(flags):
        _return_stage(deal, cured, at=at)
    return len(cured)


def _candidates(policy: AccountPolicy, on: date) -> QuerySet[Installment]:
    rows = Installment.objects.filter(
        ~pause_state.of_rows(on=on),
        past_rows.to_collect(until=on),
        overdue_flag__isnull=True,
        effective_due_on__lt=on - timedelta(days=policy.grace_days),
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    if policy.starts_on:
        rows = rows.filter(effective_due_on__gte=policy.starts_on)
    return rows.open()


def _flag_row(row_id: int, policy: AccountPolicy, *, on: date, at: datetime) -> int:
    """Flag one row; 0 when it was paid, replaced or flagged meanwhile, or its deal waits for a person."""
    with transaction.atomic():
        deal = ledger.lock(Installment.objects.values_list("schedule__deal", flat=True).get(pk=row_id))
        standing = ledger.standing(deal, on=on)
        row = next((one for one in standing.rows if one.installment.pk == row_id), None)
        if row is None or row.state != RowState.OVERDUE or deal.state != Deal.State.LIVE:
            return 0
        if standing.state == DealState.PAUSED:
            return 0
        if unplaced.uncounted().filter(deal=deal).exists() or unplaced.may_be_for(deal).exists():
            return 0
        if OverdueFlag.objects.filter(installment=row.installment).exists():
            return 0
        OverdueFlag.objects.create(
            installment=row.installment, flagged_on=on, returned_to=_move_stage(deal, row, at=at)
        )
        _tell(deal, row, policy, on=on, at=at)
        projection.push(deal, standing=standing, at=at)
    return 1


def _tell(deal: Deal, row: RowStanding, policy: AccountPolicy, *, on: date, at: datetime) -> None:
    """The event, the note and the manager's task."""
    installment = row.installment
    data = {
        "number": installment.number,
        "due_on": installment.effective_due_on.isoformat(),
        "amount": money.text(row.rest),
    }
    history.record(deal=deal, kind="overdue", at=at, recorded_at=at, author=history.SYSTEM, data=data)
    words = {
        "number": installment.number,
        "amount": money.words(row.rest),
        "day": letters.day_words(installment.effective_due_on),
        "payer": deal.contact_name,
    }
    key = _key(installment.pk)
    outbox.note(
        deal=deal,
        key=f"{key}:note",
        text=_("Payment %(number)d of %(amount)s was due on %(day)s and is overdue.") % words,
        at=at,
    )
    responsible = policy.overdue_task.get("responsible")
    outbox.task(
        deal=deal,
        key=key,
        text=_("Overdue: payment %(number)d of %(amount)s was due on %(day)s. Call the client: %(payer)s.")
        % words,
        till=_till(deal, on),
        type_id=int(policy.overdue_task.get("type", FOLLOW_UP)),
        responsible=responsible if isinstance(responsible, int) else None,
        at=at,
    )


def _till(deal: Deal, on: date) -> datetime:
    """The end of the next working day where the deal lives."""
    day = workdays.calendar().next_working(on + timedelta(days=1))
    return datetime.combine(day, TASK_TILL, tzinfo=deal.zone)


def _move_stage(deal: Deal, row: RowStanding, *, at: datetime) -> int | None:
    """Move the deal to its pipeline's overdue stage and return where it stood, None when it does not move."""
    earlier = OverdueFlag.objects.filter(
        installment__schedule__deal=deal, cured_at__isnull=True, returned_to__isnull=False
    ).first()
    if earlier is not None:
        return earlier.returned_to
    status = _overdue_status(deal)
    if status is None or deal.status_id in (status, *FINAL_STATUSES):
        return None
    key = f"{_key(row.installment.pk)}:stage"
    outbox.move_stage(deal=deal, key=key, status_id=status, at=at)
    return deal.status_id


def _return_stage(deal: Deal, cured: list[OverdueFlag], *, at: datetime) -> None:
    home = next((flag for flag in cured if flag.returned_to is not None), None)
    status = _overdue_status(deal)
    if home is None or home.returned_to is None or status is None:
        return
    key = f"{_key(home.installment_id)}:return"
    outbox.move_stage(deal=deal, key=key, status_id=home.returned_to, at=at, only_from=status)


def _overdue_status(deal: Deal) -> int | None:
    pipelines = deal.account.pipelines.filter(external_id=deal.pipeline_id)
    status: int | None = pipelines.values_list("overdue_status", flat=True).first()
    return status


def _key(installment_id: int) -> str:
    return f"overdue:{installment_id}"
