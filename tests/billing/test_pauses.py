"""A pause: nothing is asked while it lasts, figures stay, and its time may carry the rows."""

from datetime import date, datetime, timedelta

import pytest

from billing import invoices, overdue, pauses, payments, reminders, versions
from billing.models import Event, Invoice, OverdueFlag, PauseEnd, Reminder, Schedule, ScheduleVersion
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms
from billing.versions import Rank
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
FEBRUARY = datetime.combine(date(2027, 2, 15), NOW.timetz())


def pause(deal: Deal, *, until: date | None = None, at: datetime = NOW) -> None:
    pauses.pause(deal=deal, reason="академический отпуск", until=until, author="user:1", at=at)


def days(schedule: Schedule) -> list[str]:
    return [row.due_on.isoformat() for row in rows_of(schedule)]


def test_a_paused_deal_says_so_and_keeps_its_figures() -> None:
    deal = make_deal()
    make_schedule(deal)
    pause(deal)
    standing = standing_of(deal, on=date(2027, 1, 20))
    assert (standing.state, standing.debt, standing.overdue) == ("paused", rub(90000), rub(60000))
    assert Event.objects.get(deal=deal, kind="schedule_paused").data["reason"] == "академический отпуск"


def test_nothing_is_asked_while_it_lasts() -> None:
    account = make_account(reminders=[{"days": -1, "channels": ["email"]}])
    deal, other = make_deal(account), make_deal(account)
    for one in (deal, other):
        make_schedule(one)
    pause(deal)
    OutboxRow.objects.filter(deal=deal).delete()
    noon = datetime.combine(date(2026, 12, 10), NOW.timetz())
    assert reminders.send_due(at=noon - timedelta(days=1)) == 1
    assert invoices.issue_due(on=date(2026, 12, 10), at=noon) == 1
    assert overdue.flag(on=date(2026, 12, 12), at=noon) == 1
    for table in (Invoice.objects, Reminder.objects, OverdueFlag.objects):
        assert table.count() == 1
    assert not OutboxRow.objects.filter(deal=deal).exists()


def test_money_counts_during_a_pause_and_pays_the_deal() -> None:
    deal = make_deal()
    make_schedule(deal)
    pause(deal)
    payments.receive_offline(deal=deal, amount=rub(90000), offline=CASH, author="user:1", at=NOW)
    assert standing_of(deal).state == "paid"


def test_a_pause_ends_by_itself_on_its_day() -> None:
    deal = make_deal()
    make_schedule(deal)
    pause(deal, until=date(2027, 2, 1))
    assert standing_of(deal, on=date(2027, 1, 31)).state == "paused"
    assert standing_of(deal, on=date(2027, 2, 1)).state == "overdue"


def test_resuming_without_shift_leaves_the_rows() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    before = days(schedule)
    pause(deal)
    pauses.resume(deal=deal, author="user:1", at=FEBRUARY)
    schedule.refresh_from_db()
    assert (days(schedule), schedule.version) == (before, 1)
    assert standing_of(deal, on=date(2027, 2, 14)).state == "paused"
    assert standing_of(deal, on=date(2027, 2, 15)).state == "overdue"


def test_resuming_with_shift_carries_the_open_rows_by_whole_months() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    pause(deal)
    ended = pauses.resume_shifted(deal=deal, author="user:1", at=FEBRUARY)
    schedule.refresh_from_db()
    assert days(schedule) == ["2027-03-10", "2027-04-10", "2027-05-10"]
    assert (schedule.version, schedule.due_day, ended.shifted) == (2, 10, True)
    version = ScheduleVersion.objects.get(number=2)
    assert version.kind == "shifted"
    assert [line["kind"] for line in version.changes] == ["moved"] * 3
    assert standing_of(deal, on=date(2027, 2, 15)).overdue == 0


def test_what_was_due_before_the_pause_stays_overdue() -> None:
    deal = make_deal()
    schedule = make_schedule(deal, first_due_on=date(2026, 11, 10))
    pause(deal)
    pauses.resume_shifted(deal=deal, author="user:1", at=NOW + timedelta(days=60))
    assert days(schedule) == ["2026-11-10", "2027-02-10", "2027-03-10"]


def test_of_a_partly_paid_row_what_is_missing_is_carried() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(10000), offline=CASH, author="user:1", at=NOW)
    pause(deal)
    pauses.resume_shifted(deal=deal, author="user:1", at=FEBRUARY)
    assert [(row.number, row.due_on.month, row.amount) for row in rows_of(schedule)] == [
        (1, 12, rub(10000)),
        (2, 4, rub(30000)),
        (3, 5, rub(30000)),
        (4, 3, rub(20000)),
    ]


def test_a_pause_that_is_over_by_itself_may_still_carry_the_rows_by_its_own_time() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    pause(deal, until=date(2027, 1, 1))
    pauses.resume_shifted(deal=deal, author="user:1", at=FEBRUARY)
    assert days(schedule) == ["2027-01-10", "2027-02-10", "2027-03-10"]
    assert PauseEnd.objects.get().ended_on == date(2027, 1, 1)


def test_a_day_that_is_not_ahead_is_named() -> None:
    deal = make_deal()
    make_schedule(deal)
    for until, code in ((TODAY, "not_ahead"), (date(2100, 1, 1), "too_far")):
        with pytest.raises(InvalidTerms) as caught:
            pause(deal, until=until)
        assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("until", code)]


def test_what_is_not_there_cannot_be_paused_or_resumed() -> None:
    deal = make_deal()
    with pytest.raises(versions.NoSchedule):
        pause(deal)
    make_schedule(deal)
    with pytest.raises(pauses.NotPaused):
        pauses.resume(deal=deal, author="user:1", at=NOW)
    pause(deal)
    with pytest.raises(pauses.AlreadyPaused):
        pause(deal)
    pauses.resume(deal=deal, author="user:1", at=NOW)
    payments.receive_offline(deal=deal, amount=rub(90000), offline=CASH, author="user:1", at=NOW)
    with pytest.raises(pauses.NothingToPause):
        pause(deal)


def test_a_pause_that_ran_out_makes_room_for_the_next() -> None:
    deal = make_deal()
    make_schedule(deal)
    pause(deal, until=date(2027, 1, 1))
    pause(deal, at=FEBRUARY)
    assert standing_of(deal, on=date(2027, 1, 15)).state == "overdue"
    assert standing_of(deal, on=date(2027, 2, 20)).state == "paused"


def test_a_signed_schedule_is_carried_by_an_administrator_only_and_stays_paused_till_then() -> None:
    deal = make_deal()
    make_schedule(deal)
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    pause(deal)
    with pytest.raises(versions.Signed):
        pauses.resume_shifted(deal=deal, author="user:1", at=FEBRUARY)
    assert not PauseEnd.objects.exists()
    pauses.resume_shifted(deal=deal, author="user:1", at=FEBRUARY, rank=Rank.ADMINISTRATOR)
    assert PauseEnd.objects.exists()
