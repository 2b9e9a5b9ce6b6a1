"""A pause of a schedule, as an academic leave: collecting stops until a person or the agreed day ends it.

Promises: while it lasts no invoice, reminder, task or stage move (billing.pause_state tells who collects);
figures stay what they are, money that comes counts as ever. A pause may end by itself; carrying the rows by
its time is a person's decision and makes a version.
"""

from datetime import date, datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import amendments, history, layouts, ledger, pause_state, projection, versions
from billing.ledger import Standing
from billing.models import Pause, PauseEnd, Schedule
from billing.rules import postponing
from billing.rules import schedule as rules
from billing.rules.schedule import InvalidTerms, Remark
from billing.versions import Act, Kind, Rank
from crm import outbox
from crm.models import Deal


class NothingToPause(Exception):
    """Nothing is owed, so nothing is collected."""


class AlreadyPaused(Exception):
    """The schedule is paused."""


class NotPaused(Exception):
    """The schedule is not paused."""


def pause(*, deal: Deal, reason: str, until: date | None, author: str, at: datetime) -> Pause:
    """Stop collecting from today, until the day `until` (which is collected again) or until resume().

    Raises versions.NoSchedule, versions.ReasonRequired, NothingToPause, AlreadyPaused, InvalidTerms.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        today = deal.local_day(at)
        schedule = _schedule(deal)
        if not reason.strip():
            raise versions.ReasonRequired
        _check_until(until, today)
        if ledger.standing(deal, on=today).debt <= 0:
            raise NothingToPause
        _end_what_ran_out(schedule, today, at=at)
        made = Pause.objects.create(
            schedule=schedule,
            begun_on=today,
            until=until,
            reason=reason.strip(),
            author=author,
            recorded_at=at,
        )
        data = {"reason": made.reason} | ({"until": until.isoformat()} if until else {})
        text = _("Collecting is paused. %(until)sReason: %(reason)s")
        until_words = _("Until %(day)s.") % {"day": date_format(until, "d.m.Y")} + " " if until else ""
        words = {"until": until_words, "reason": made.reason}
        outbox.note(deal=deal, key=f"pause:{made.pk}", text=text % words, at=at)
        history.record(deal=deal, kind="schedule_paused", at=at, recorded_at=at, author=author, data=data)
        _push(deal, at=at)
    return made


def resume(*, deal: Deal, author: str, at: datetime, version: int | None = None) -> PauseEnd:
    """Collect again from today; the rows stay where they are.

    Raises versions.NoSchedule, versions.StaleVersion, NotPaused.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        ended = _end(deal, _seen(deal, version), author=author, at=at)
        _push(deal, at=at)
    return ended


def resume_shifted(
    *, deal: Deal, author: str, at: datetime, version: int | None = None, rank: Rank = Rank.MANAGER
) -> PauseEnd:
    """Collect again, and carry the open rows that the pause met by its time.

    Raises versions.NoSchedule, versions.StaleVersion, versions.Signed, NotPaused.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        schedule = _seen(deal, version)
        found = pause_state.last_of(schedule)
        days = _carried(schedule, found, deal.local_day(at)) if found else {}
        ended = _end(deal, schedule, author=author, at=at, shifted=bool(days))
        if days:
            reason = _("Pause from %(since)s to %(until)s: %(reason)s") % {
                "since": date_format(ended.pause.begun_on, "d.m.Y"),
                "until": date_format(ended.ended_on, "d.m.Y"),
                "reason": ended.pause.reason,
            }
            versions.check_change(schedule, reason=reason, rank=rank)
            layout = layouts.redated(
                layouts.current_rows(schedule), days, effective=amendments.effective_day(schedule)
            )
            amendments.apply(deal, schedule, layout, Act(Kind.SHIFTED, author, reason), at=at)
        _push(deal, at=at)
    return ended


def _schedule(deal: Deal) -> Schedule:
    schedule = Schedule.objects.filter(deal=deal).first()
    if schedule is None:
        raise versions.NoSchedule
    return schedule


def _seen(deal: Deal, version: int | None) -> Schedule:
    """The schedule, if it is still the one that the caller saw; without a version any one is."""
    schedule = _schedule(deal)
    if version is not None and schedule.version != version:
        raise versions.StaleVersion
    return schedule


def _check_until(until: date | None, today: date) -> None:
    if until is None:
        return
    if until <= today:
        raise InvalidTerms([Remark("not_ahead", "until")])
    mistake = rules.day_mistake(until, field="until", on=today)
    if mistake:
        raise InvalidTerms([mistake])


def _end_what_ran_out(schedule: Schedule, today: date, *, at: datetime) -> None:
    """A pause that is over by itself makes room for the next; one that lasts does not."""
    last = pause_state.last_of(schedule)
    if last is None:
        return
    if last.until is None or last.until > today:
        raise AlreadyPaused
    PauseEnd.objects.create(pause=last, ended_on=last.until, author=history.SYSTEM, recorded_at=at)


def _end(deal: Deal, schedule: Schedule, *, author: str, at: datetime, shifted: bool = False) -> PauseEnd:
    last = pause_state.last_of(schedule)
    if last is None:
        raise NotPaused
    ended = PauseEnd.objects.create(
        pause=last,
        ended_on=_last_day(last, deal.local_day(at)),
        shifted=shifted,
        author=author,
        recorded_at=at,
    )
    data = {"since": last.begun_on.isoformat(), "until": ended.ended_on.isoformat(), "shifted": shifted}
    history.record(deal=deal, kind="schedule_resumed", at=at, recorded_at=at, author=author, data=data)
    outbox.note(
        deal=deal, key=f"pause:{last.pk}:end", text=_("The pause is over, collecting goes on."), at=at
    )
    return ended


def _last_day(pause: Pause, today: date) -> date:
    return min(pause.until, today) if pause.until else today


def _carried(schedule: Schedule, pause: Pause, today: date) -> dict[int, date]:
    """New due dates by the row's id, of the open rows on or after the pause's first day that it moves."""
    rows = [
        row
        for row in layouts.current_rows(schedule)
        if row.paid + row.written_off < row.amount and row.due_on >= pause.begun_on
    ]
    rows.sort(key=lambda row: (row.due_on, row.number))
    days = postponing.carried(
        [row.due_on for row in rows],
        begun_on=pause.begun_on,
        ended_on=_last_day(pause, today),
        due_day=schedule.due_day,
    )
    return {row.id: day for row, day in zip(rows, days, strict=True) if day != row.due_on}


def _push(deal: Deal, *, at: datetime) -> Standing:
    standing = ledger.standing(deal, on=deal.local_day(at))
    projection.push(deal, standing=standing, at=at)
    return standing
