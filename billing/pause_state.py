"""Which schedules are paused on a day: computed from the facts of their pauses, for who collects or shows.

While a schedule is paused nothing is asked of its payer: no invoice, reminder, task or stage move. Figures
stay what they are. Reads only; billing.pauses begins and ends pauses.
"""

from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import Pause, Schedule

# The same as in_force() for a schedule `s` and by all that is known, for plain SQL.
IN_FORCE = """EXISTS (
    SELECT 1 FROM billing_pause p LEFT JOIN billing_pauseend e ON e.pause_id = p.id
    WHERE p.schedule_id = s.id AND p.begun_on <= %(on)s AND (p.until IS NULL OR p.until > %(on)s)
      AND (e.id IS NULL OR e.ended_on > %(on)s)
)"""


def in_force(*, on: date, known_at: datetime | None = None) -> QuerySet[Pause]:
    """Pauses that hold on the day: begun, not ended by a person, not run out by themselves.

    With `known_at` by what was known at that moment.
    """
    known = Q(recorded_at__lte=known_at) if known_at else Q()
    not_known = Q(end__recorded_at__gt=known_at) if known_at else Q()
    return Pause.objects.filter(
        Q(until__isnull=True) | Q(until__gt=on),
        Q(end__isnull=True) | Q(end__ended_on__gt=on) | not_known,
        known,
        begun_on__lte=on,
    )


def of_rows(*, on: date) -> Exists:
    """For a filter on installments: their schedule is paused on the day."""
    return Exists(in_force(on=on).filter(schedule=OuterRef("schedule")))


def of_deals(*, on: date) -> Exists:
    """For an annotation of deals: their schedule is paused on the day."""
    return Exists(in_force(on=on).filter(schedule__deal=OuterRef("pk")))


def last_of(schedule: Schedule) -> Pause | None:
    """The pause that no person has ended yet, also when its last day is over."""
    return Pause.objects.filter(schedule=schedule, end__isnull=True).order_by("-id").first()
