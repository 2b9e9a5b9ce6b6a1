"""The head is told of a row that stays overdue: one task a row, N days after it was due, closed when paid.

Days count from the effective due date, after the account's grace days. Held deals (a promise, a claimed
transfer, money that waits for a person, a pause) are looked at again on another day.
"""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, holds, ledger, letters, workdays
from billing.ledger import RowStanding
from billing.models import AccountPolicy, Escalation, Installment
from billing.rules import money
from crm import outbox
from crm.models import Deal

FOLLOW_UP = 1
TASK_TILL = time(18)


def run(policy: AccountPolicy, *, on: date, at: datetime) -> int:
    """Tell the head of every row that is overdue for long; returns how many. A second run does nothing."""
    days = policy.escalation.get("days")
    if days is None:
        return 0
    rows = Installment.objects.exclude(holds.of_rows(on=on)).filter(
        escalation=None,
        overdue_flag__cured_at=None,
        overdue_flag__isnull=False,
        effective_due_on__lte=on - timedelta(days=int(days) + policy.grace_days),
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
    )
    found = list(rows.open().values_list("pk", "schedule__deal"))
    return sum(_escalate(pk, deal_id, policy, on=on, at=at) for pk, deal_id in found)


def close(deal: Deal, installments: list[int], *, at: datetime) -> None:
    """Close the tasks of rows that are covered or replaced; the caller holds the deal's lock."""
    for pk in Escalation.objects.filter(installment__in=installments).values_list("installment", flat=True):
        outbox.complete_task(
            deal=deal,
            key=f"{_key(pk)}:done",
            task_key=_key(pk),
            text=_("Nothing to call for any more."),
            at=at,
        )


def _escalate(pk: int, deal_id: int, policy: AccountPolicy, *, on: date, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        standing = ledger.standing(deal, on=on)
        row = next((one for one in standing.rows if one.installment.pk == pk and one.rest > 0), None)
        if row is None or Escalation.objects.filter(installment=pk).exists():
            return 0
        Escalation.objects.create(installment=row.installment, recorded_at=at)
        _tell(deal, row, policy, on=on, at=at)
    return 1


def _tell(deal: Deal, row: RowStanding, policy: AccountPolicy, *, on: date, at: datetime) -> None:
    data = {"number": row.installment.number, "amount": money.text(row.rest)}
    history.record(deal=deal, kind="escalated", at=at, recorded_at=at, author=history.SYSTEM, data=data)
    words = {
        "number": row.installment.number,
        "amount": money.words(row.rest),
        "day": letters.day_words(row.installment.effective_due_on),
        "days": (on - row.installment.effective_due_on).days,
        "payer": deal.contact_name,
    }
    responsible = policy.escalation.get("responsible")
    day = workdays.calendar().next_working(on + timedelta(days=1))
    outbox.task(
        deal=deal,
        key=_key(row.installment.pk),
        text=_(
            "Overdue by %(days)d days: payment %(number)d of %(amount)s, due on %(day)s. Client: %(payer)s."
        )
        % words,
        till=datetime.combine(day, TASK_TILL, tzinfo=deal.zone),
        type_id=int(policy.escalation.get("type", FOLLOW_UP)),
        responsible=responsible if isinstance(responsible, int) else None,
        at=at,
    )


def _key(installment: int) -> str:
    return f"escalation:{installment}"
