"""One part's year, day by day: people's entries, the robots' hours, the outside world at night.

The school has two parts, so that two processes can live it. Those who always pay in time need no robot: they
are CALM, and live ahead of the others. The OTHERS live with the robots, which meet the calm ones' rows either
paid or not due yet, however far ahead those are; so the history does not depend on who was faster.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
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
from crm import kick
from crm.models import Account, Deal

DAYS = 365
# The school let invoices and reminders go out by themselves in the last weeks only; before, its managers
# asked for each payment by hand.
ROBOTS_DAYS = 60
SCHOOL, NETWORK = "school", "quests"


class Part(StrEnum):
    CALM = "calm"
    OTHERS = "others"
    NETWORK = "network"


class AlreadyTold(Exception):
    """The account has deals: a story begins in an empty one."""


class NoAccount(Exception):
    """The network file of the demo was not applied."""


@dataclass(frozen=True)
class Story:
    """What a history depends on, and nothing else."""

    seed: int
    today: date
    students: int
    bookings: int

    def diary(self, account: Account) -> Diary:
        first = self.today - timedelta(days=DAYS)
        return Diary(first=first, today=self.today, zone=ZoneInfo(account.time_zone))

    def school(self, account: Account, diary: Diary, till: Till) -> School:
        return School(account=account, diary=diary, till=till, seed=f"{self.seed}:{self.today}")

    def network(self, account: Account, diary: Diary, till: Till) -> Network:
        return Network(account=account, diary=diary, till=till, seed=f"{self.seed}:{self.today}")

    def random(self, *names: str) -> Random:
        return Random(":".join((str(self.seed), str(self.today), *names)))  # noqa: S311 - a story, not a secret


def begin(story: Story) -> None:
    """Make the deals of all parts, each part's in one piece. Raises AlreadyTold, NoAccount."""
    till = Till(story.random("nobody"), first=0)
    for key in (SCHOOL, NETWORK):
        account = _account(key)
        if Deal.objects.filter(account=account).exists():
            raise AlreadyTold(key)
        diary = story.diary(account)
        if key == NETWORK:
            Deal.objects.bulk_create(story.network(account, diary, till).deals(story.bookings))
        else:
            school = story.school(account, diary, till)
            for calm in (True, False):
                Deal.objects.bulk_create(school.deals(story.students, calm=calm))


def live(
    story: Story,
    part: Part,
    *,
    before_day: Callable[[int], None] = lambda number: None,
    after_day: Callable[[int], None] = lambda number: None,
) -> None:
    """Live the year of one part whose deals `begin` has made; every day is one transaction.

    `before_day` may wait: the calm ones must have lived a day before the others begin it, and all their days
    before the robots start. Both are told the number of the day, from 1 to DAYS + 1.
    """
    account = _account(NETWORK if part == Part.NETWORK else SCHOOL)
    diary = story.diary(account)
    till = Till(story.random(part, "till"), first=_FIRST_TRANSACTIONS[part])
    _hurry()
    with kick.held(), in_the_past():
        if part == Part.NETWORK:
            deals = story.network(account, diary, till).book(story.bookings)
        else:
            deals = story.school(account, diary, till).enrol(story.students, calm=part == Part.CALM)
        outside = Outside(account, deals, story.random(part, "outside"))
        for number in range(1, DAYS + 2):
            before_day(number)
            if part == Part.OTHERS and robots_start(number):
                outside.serve_all()
            day = diary.first + timedelta(days=number - 1)
            with transaction.atomic():
                if part != Part.CALM:
                    _plan_robots(part, account, diary, outside, day)
                diary.live(until=day)
                outside.close_day()
            after_day(number)


def robots_start(number: int) -> bool:
    """Do the invoices and reminders go out by themselves on this day?"""
    return DAYS + 1 - number <= ROBOTS_DAYS


_FIRST_TRANSACTIONS = {Part.CALM: 3170000001, Part.OTHERS: 3170500001, Part.NETWORK: 1}


def _account(key: str) -> Account:
    account = Account.objects.select_related("policy").filter(key=key).first()
    if account is None:
        raise NoAccount(key)
    return account


def _plan_robots(part: Part, account: Account, diary: Diary, outside: Outside, day: date) -> None:
    flagging, issuing = diary.moment(day, hours.FLAGGING), diary.moment(day, hours.ISSUING)

    def flag(at: datetime) -> None:
        overdue.flag(on=day, at=at, account=account)
        if part == Part.NETWORK:
            stages.complete_served(at=at, account=account)

    def issue(at: datetime) -> None:
        invoices.issue_due(on=day, at=at, account=account)
        if account.policy.reminders:
            reminders.send_due(at=diary.moment(day, hours.REMINDING), account=account)
        outside.post()

    diary.add(flagging, flag)
    if robots_start((day - diary.first).days + 1):
        diary.add(issuing, issue)


def _hurry() -> None:
    """A story that is lost at a power cut is told again: it need not wait for the disk. Nor need the
    collector walk a hundred times over what lives until the end anyway.
    """
    gc.set_threshold(100_000)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
