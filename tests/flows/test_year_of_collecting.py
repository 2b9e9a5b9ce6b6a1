"""The demo's year with a bad beat: every third day's runs are dropped, others happen twice.

Whatever is missed, each invoice and each reminder leaves exactly once, what one payer gets on a day by one
channel is one message, and nobody who had paid is written to.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from billing import invoices, overdue, reminders
from billing.management.story import diary as hours
from billing.management.story import year
from billing.management.story.diary import Diary
from billing.management.story.outside import Outside
from billing.management.story.year import Part, Story
from billing.models import Allocation, Installment, Invoice, Message, OverdueFlag, Reminder
from billing.network_file import apply
from crm.models import Account, OutboxRow

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)
STUDENTS = 24
ROBOTS_DAYS = 200


def bad_beat(part: Part, account: Account, diary: Diary, outside: Outside, day: date) -> None:
    """Every third day nothing runs; every fourth of the others everything runs again, reminders first."""
    number = (day - diary.first).days
    if number % 3 == 0:
        return

    def run(at: datetime) -> None:
        overdue.flag(on=day, at=at, account=account)
        invoices.issue_due(on=day, at=at, account=account)
        reminders.send_due(at=diary.moment(day, hours.REMINDING))
        outside.post()

    def again(at: datetime) -> None:
        reminders.send_due(at=at)
        invoices.issue_due(on=day, at=at, account=account)
        overdue.flag(on=day, at=at, account=account)
        outside.post()

    if year.robots_start(number + 1):
        diary.add(diary.moment(day, hours.ISSUING), run)
        if number % 4 == 0:
            diary.add(diary.moment(day, hours.ISSUING) + timedelta(hours=5), again)


@pytest.fixture(scope="module", autouse=True)
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(year, "_plan_robots", bad_beat)
    patch.setattr(year, "ROBOTS_DAYS", ROBOTS_DAYS)
    with django_db_blocker.unblock(), transaction.atomic():
        apply.apply((ROOT / "sandbox" / "demo" / "network.yaml").read_text())
        story = Story(seed=11, today=TODAY, students=STUDENTS, bookings=0)
        year.begin(story)
        for part in (Part.CALM, Part.OTHERS):
            year.live(story, part)
        yield
        transaction.set_rollback(True)
        connection.run_on_commit.clear()
    patch.undo()


def covered(row: int, before: datetime) -> Decimal:
    """What money covered of a row before a moment."""
    came = Allocation.objects.filter(installment=row, recorded_at__lt=before)
    return came.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def test_the_year_had_enough_of_everything() -> None:
    assert Message.objects.filter(key__startswith="invoice:").count() >= 15
    assert Reminder.objects.count() >= 15
    assert OverdueFlag.objects.count() >= 5


def test_each_row_has_one_invoice_and_each_invoice_one_mail() -> None:
    rows = Counter(
        Invoice.objects.filter(voided_at=None, installment__isnull=False).values_list(
            "installment", flat=True
        )
    )
    assert set(rows.values()) == {1}
    mails: Counter[int] = Counter()
    for message in Message.objects.filter(key__startswith="invoice:").prefetch_related("also"):
        mails.update([message.invoice_id or 0, *(one.pk for one in message.also.all())])
    assert set(mails.values()) == {1}


def test_whatever_was_missed_was_caught_up() -> None:
    """A row that was due before the last day of the robots and is still open has its invoice."""
    last = TODAY - timedelta(days=4)
    since = TODAY - timedelta(days=ROBOTS_DAYS - 1)
    due = Installment.objects.filter(
        schedule__deal__account__key="school", schedule__deal__state="live", due_on__range=(since, last)
    )
    left = [row.pk for row in due.open() if not row.invoices.exists()]
    assert due.exists()
    assert left == []


def test_nobody_who_had_paid_was_written_to() -> None:
    for reminder in Reminder.objects.select_related("installment", "message"):
        assert covered(reminder.installment_id, reminder.message.created_at) < reminder.installment.amount
    for message in Message.objects.filter(invoice__installment__isnull=False).select_related(
        "invoice__installment"
    ):
        assert message.invoice is not None
        row = message.invoice.installment
        assert row is not None
        assert covered(row.pk, message.created_at) < row.amount


def test_one_payer_gets_one_message_a_day_by_one_channel() -> None:
    robots = Message.objects.exclude(key__contains=":email:2")
    sent = Counter(
        (message.account_id, message.to.lower(), message.channel, message.deal.local_day(message.created_at))
        for message in robots.select_related("deal__account")
    )
    assert set(sent.values()) == {1}


def test_each_overdue_row_has_one_task() -> None:
    keys = OutboxRow.objects.filter(kind="task", key__startswith="overdue:").values_list("key", flat=True)
    assert len(keys) == len(set(keys)) == OverdueFlag.objects.count()
