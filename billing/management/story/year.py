"""One account's year, day by day: people's entries and the robots' hours."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from billing import invoices, overdue, reminders, stages
from billing.management.story import diary as hours
from billing.management.story.diary import Diary
from billing.management.story.network import Network
from billing.management.story.outside import Outside
from billing.management.story.school import School
from billing.management.story.till import Till, in_the_past
from billing.models import AccountPolicy
from crm import kick
from crm.models import Account, Deal

DAYS = 365
# The school let invoices and reminders go out by themselves in the last months only; before, its managers
# asked for each payment by hand.
ROBOTS_DAYS = 75


class AlreadyTold(Exception):
    """The account has deals: a story begins in an empty one."""


def tell(
    *, account: Account, seed: int, today: date, count: int, progress: Callable[[int, int], None]
) -> None:
    """Live the year before `today` in one account: `count` students, or bookings in deposit mode.

    Every day is one transaction. `progress` is told (days lived, days of the story). Raises AlreadyTold.
    """
    if Deal.objects.filter(account=account).exists():
        raise AlreadyTold(account.key)
    diary = Diary(first=today - timedelta(days=DAYS), today=today, zone=ZoneInfo(account.time_zone))
    name = f"{seed}:{today}:{account.key}"
    till, outside = Till(_random(name, "till")), Outside(account, _random(name, "outside"))
    _hurry()
    with kick.held(), in_the_past():
        if account.policy.mode == AccountPolicy.Mode.DEPOSIT:
            Network(account=account, diary=diary, till=till, seed=name).book(count)
        else:
            School(account=account, diary=diary, till=till, seed=name).enrol(count)
        for number in range(diary.days()):
            day = diary.first + timedelta(days=number)
            with transaction.atomic():
                _plan_robots(account, diary, outside, day)
                diary.live(until=day)
                outside.close_day()
            progress(number + 1, diary.days())


def _plan_robots(account: Account, diary: Diary, outside: Outside, day: date) -> None:
    def issue_and_post() -> None:
        if (diary.today - day).days > ROBOTS_DAYS:
            return
        invoices.issue_due(on=day, at=diary.moment(day, hours.ISSUING), account=account)
        if account.policy.reminders:
            reminders.send_due(at=diary.moment(day, hours.REMINDING))
        outside.post()

    diary.add(
        diary.moment(day, hours.FLAGGING), lambda at: _ignored(overdue.flag(on=day, at=at, account=account))
    )
    if account.policy.mode == AccountPolicy.Mode.DEPOSIT:
        diary.add(diary.moment(day, hours.FLAGGING), lambda at: _ignored(stages.complete_served(at=at)))
    diary.add(diary.moment(day, hours.ISSUING), lambda at: issue_and_post())


def _ignored(count: int) -> None:
    """The robots say how much they did; the story does not ask."""


def _hurry() -> None:
    """A story that is lost at a power cut is told again: it need not wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def _random(*names: str) -> Random:
    return Random(hashlib.sha256(":".join(names).encode()).hexdigest())  # noqa: S311 - a story, not a secret
