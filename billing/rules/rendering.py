"""When a cohort's service is rendered: at the end of every month, at the end, or when a person says so.

Values only. A monthly course is rendered in equal shares; the k-th of n months brings the rendered part to
k/n of the price, so shares never add up to more or less than the whole.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

MONTHLY, AT_END = "monthly", "at_end"


@dataclass(frozen=True)
class Plan:
    """A cohort's calendar; `rendered` monthly | at_end | by_stage."""

    starts_on: date
    ends_on: date
    rendered: str


@dataclass(frozen=True)
class Step:
    """After `ended_on` part/parts of the price is rendered; `name` makes the step happen once."""

    name: str
    ended_on: date
    part: int
    parts: int


def steps(plan: Plan, *, by: date) -> list[Step]:
    """The steps that are over by the end of that day, in order; by stage there are none."""
    if plan.rendered == AT_END:
        return [Step("end", plan.ends_on, 1, 1)] if plan.ends_on <= by else []
    if plan.rendered != MONTHLY:
        return []
    ends = _month_ends(plan)
    return [
        Step(f"{end:%Y-%m}", end, place, len(ends)) for place, end in enumerate(ends, start=1) if end <= by
    ]


def _month_ends(plan: Plan) -> list[date]:
    ends = []
    year, month = plan.starts_on.year, plan.starts_on.month
    while (year, month) <= (plan.ends_on.year, plan.ends_on.month):
        ends.append(min(date(year, month, monthrange(year, month)[1]), plan.ends_on))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return ends
