"""When a payer is reminded: which step of the policy is due, at what hours, and how often.

Values only. Days count from the day a payment is effectively due, negative = before. After an outage only the
newest step is said. Hours and counts are those of Federal Law 230-FZ, article 7 (facts/domain.md 5.8):
messages leave 8-22 on working days and 9-20 on others in the payer's zone, at most 2 a day, 4 a week, 16 a
month. The law asks this of overdue debts only; here every reminder keeps it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

WORKING_HOURS = (time(8), time(22))
DAY_OFF_HOURS = (time(9), time(20))
# (days back including today, messages): any week and any month of the calendar fit into these windows.
LIMITS = ((1, 2), (7, 4), (31, 16))
LONGEST_WINDOW = max(days for days, _ in LIMITS)


@dataclass(frozen=True)
class Step:
    """One line of a reminder policy: `days` from the effective due date, and the channels it uses."""

    days: int
    channels: tuple[str, ...]


def steps(policy: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read a policy [{days, channels}, …]; steps come back in the order of their days."""
    read = (Step(int(line["days"]), tuple(line["channels"])) for line in policy)
    return tuple(sorted(read, key=lambda step: step.days))


def day_of(step: Step, *, due_on: date, grace: int = 0) -> date:
    """Return the day of a step for a row due on `due_on`; grace days delay what comes after the due day."""
    return due_on + timedelta(days=step.days + (grace if step.days > 0 else 0))


def newest_due(steps: Iterable[Step], *, due_on: date, today: date, grace: int = 0) -> Step | None:
    """Return the latest step whose day has come for a row due on `due_on`; older ones are not caught up."""
    come = [step for step in steps if day_of(step, due_on=due_on, grace=grace) <= today]
    return max(come, key=lambda step: step.days, default=None)


def may_leave(local: datetime, *, is_working: Callable[[date], bool]) -> bool:
    """True when a message may leave at this moment; `local` is the payer's wall clock."""
    opens, closes = _hours(local.date(), is_working)
    return opens <= local.time() < closes


def next_opening(local: datetime, *, is_working: Callable[[date], bool]) -> datetime:
    """Return the first moment, not before `local`, at which a message may leave."""
    opens, closes = _hours(local.date(), is_working)
    if local.time() < opens:
        return datetime.combine(local.date(), opens, local.tzinfo)
    if local.time() < closes:
        return local
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, _hours(tomorrow, is_working)[0], local.tzinfo)


def has_room(sent_on: Iterable[date], *, today: date, more: int = 1) -> bool:
    """True when `more` messages today keep every limit; `sent_on`: the local days of earlier ones."""
    ages = [(today - day).days for day in sent_on]
    return all(sum(1 for age in ages if 0 <= age < days) + more <= limit for days, limit in LIMITS)


def _hours(day: date, is_working: Callable[[date], bool]) -> tuple[time, time]:
    return WORKING_HOURS if is_working(day) else DAY_OFF_HOURS
