"""Promises, claimed transfers, asked dates, stops, wishes: facts that hold reminders and change no figure."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from billing import (
    amendments,
    collection_card,
    date_requests,
    invoices,
    payments,
    preferences,
    promises,
    reminders,
    stops,
    transfer_claims,
    versions,
)
from billing.models import (
    AccountPolicy,
    DateRequest,
    Event,
    Promise,
    Reminder,
    ScheduleVersion,
    TransferClaim,
)
from billing.payments import Offline
from crm.models import Account, Deal, OutboxRow
from tests.factories import make_account, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)  # a Thursday
POLICY = [{"days": days, "channels": ["email"]} for days in (1, 2, 3, 4, 5, 6, 7, 8)]


def on(offset: int, hour: int = 12) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour), MOSCOW)


def school(**policy: Any) -> Account:
    return make_account(**{"reminders": POLICY, "issuing_stopped": True, **policy})


def late_deal(account: Account | None = None, **values: Any) -> Deal:
    deal = make_deal(account or school(), **values)
    make_schedule(deal, total=90000, count=3, first_due_on=DUE)
    return deal


def pay(deal: Deal, amount: object, at: datetime) -> None:
    cash = Offline(paid_on=at.date(), method="bank_transfer", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(amount), offline=cash, author="user:1", at=at)


def promise(deal: Deal, until: int, amount: object = None, at: datetime | None = None) -> Promise:
    word = promises.Word(DUE + timedelta(days=until), None if amount is None else rub(amount), "до зарплаты")
    return promises.give(deal=deal, word=word, author="user:1", at=at or on(1))


def events(deal: Deal) -> list[str]:
    kinds = Event.objects.filter(deal=deal).order_by("id").values_list("kind", flat=True)
    return [kind for kind in kinds if kind.split("_")[0] in ("promise", "transfer", "date")]


def test_reminders_wait_until_the_promised_day_is_over() -> None:
    deal = late_deal()
    promise(deal, until=3)
    assert [reminders.send_due(at=on(offset)) for offset in (1, 2, 3, 4)] == [0, 0, 0, 1]
    assert list(Reminder.objects.values_list("days", flat=True)) == [4]


def test_a_promise_is_kept_by_money_of_any_way_and_then_it_holds_nothing() -> None:
    deal = late_deal()
    promise(deal, until=5, amount=10000)
    pay(deal, 4000, on(2))
    assert events(deal) == ["promise_given"]
    pay(deal, 6000, on(2))
    assert events(deal) == ["promise_given", "promise_kept"]
    assert promises.break_overdue(at=on(6)) == 0
    assert reminders.send_due(at=on(3)) == 1


def test_a_promise_without_a_sum_is_kept_when_nothing_is_overdue_any_more() -> None:
    deal = late_deal()
    promise(deal, until=5)
    pay(deal, 29999, on(2))
    assert events(deal)[-1] == "promise_given"
    pay(deal, 1, on(2))
    assert events(deal)[-1] == "promise_kept"


def test_a_promise_given_before_the_day_is_not_kept_by_a_part_of_the_payment() -> None:
    deal = late_deal()
    promise(deal, until=1, at=on(-3))
    pay(deal, 1, on(-2))
    assert events(deal)[-1] == "promise_given"
    pay(deal, 29999, on(0))
    assert events(deal)[-1] == "promise_kept"


def test_a_promise_to_pay_early_is_kept_by_any_money() -> None:
    deal = late_deal()
    promise(deal, until=-5, at=on(-8))
    pay(deal, 1000, on(-6))
    assert events(deal)[-1] == "promise_kept"


def test_a_late_promise_ends_with_the_row_it_was_given_for() -> None:
    deal = late_deal()
    pay(deal, 10000, on(1))
    promise(deal, until=60, at=on(1))
    pay(deal, 20001, on(2))
    assert events(deal)[-1] == "promise_kept"


def test_a_broken_promise_is_told_once_with_a_task() -> None:
    deal = late_deal()
    promise(deal, until=2)
    assert promises.break_overdue(at=on(2, 23)) == 0
    assert [promises.break_overdue(at=on(3)) for _ in range(2)] == [1, 0]
    assert events(deal) == ["promise_given", "promise_broken"]
    assert OutboxRow.objects.filter(deal=deal, kind="task", key__startswith="promise:").count() == 1
    assert collection_card.fields(deal)["promise"]["state"] == "broken"


def test_a_new_promise_replaces_the_open_one_and_the_same_one_is_no_new_one() -> None:
    deal = late_deal()
    first = promise(deal, until=2)
    assert promise(deal, until=2) == first
    second = promise(deal, until=4)
    assert [one.end.outcome for one in Promise.objects.filter(end__isnull=False)] == ["replaced"]
    assert promises.open_of(deal) == second
    assert promises.break_overdue(at=on(3)) == 0


@pytest.mark.parametrize(("until", "error"), [(0, promises.WrongDay), (92, promises.WrongDay)])
def test_a_promise_is_for_a_day_that_can_come(until: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        promise(late_deal(), until=until)


def test_a_payer_cannot_promise_week_after_week() -> None:
    deal = late_deal()

    def says(until: int, day: int) -> None:
        word = promises.Word(DUE + timedelta(days=until))
        promises.give(deal=deal, word=word, author="payer", at=on(day), days_max=7)

    says(5, day=1)
    says(8, day=4)
    with pytest.raises(promises.WrongDay) as refused:
        says(9, day=8)
    assert refused.value.last == DUE + timedelta(days=8)
    promise(deal, until=12, at=on(8))
    with pytest.raises(promises.WrongDay):
        says(13, day=9)
    promises.break_overdue(at=on(13))
    says(20, day=13)
    assert promises.open_of(deal) is not None


def test_nobody_promises_what_is_not_owed() -> None:
    deal = late_deal()
    with pytest.raises(promises.AboveDebt):
        promise(deal, until=3, amount="90000.01")
    pay(deal, 90000, on(1))
    with pytest.raises(promises.NothingOwed):
        promise(deal, until=3)
    assert not Promise.objects.exists()


def test_what_was_promised_cannot_be_rewritten() -> None:
    given = promise(late_deal(), until=3)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Promise.objects.filter(pk=given.pk).update(until=DUE)


def test_a_claimed_transfer_holds_reminders_for_three_working_days() -> None:
    deal = late_deal()
    # Friday; the working days after it are Monday, Tuesday, Wednesday: the 16th.
    claim = transfer_claims.claim(
        deal=deal, amount=rub(30000), paid_on=DUE, comment="", author="payer", at=on(1)
    )
    assert claim.held_until == date(2026, 12, 16)
    assert [reminders.send_due(at=on(offset)) for offset in (1, 3, 6, 7)] == [0, 0, 0, 1]
    assert transfer_claims.open_of(deal) == claim


def test_a_claim_is_closed_by_the_money_or_by_the_accountant() -> None:
    found, missing = late_deal(), late_deal()
    for deal in (found, missing):
        for _ in range(2):
            transfer_claims.claim(
                deal=deal, amount=rub(30000), paid_on=DUE, comment="", author="payer", at=on(1)
            )
    assert TransferClaim.objects.count() == 2
    pay(found, 30000, on(2))
    for _ in range(2):
        transfer_claims.close(
            claim=TransferClaim.objects.get(deal=missing), outcome="missing", author="staff:olga", at=on(2)
        )
    assert events(found) == ["transfer_claimed", "transfer_found"]
    assert events(missing) == ["transfer_claimed", "transfer_missing"]
    assert reminders.send_due(at=on(3)) == 1


@pytest.mark.parametrize(
    ("amount", "day", "error"),
    [
        (0, 0, transfer_claims.WrongAmount),
        ("10.005", 0, transfer_claims.WrongAmount),
        (100, 2, transfer_claims.WrongDay),
        (100, -60, transfer_claims.WrongDay),
    ],
)
def test_a_claim_that_cannot_be_true_is_refused(amount: object, day: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        transfer_claims.claim(
            deal=late_deal(),
            amount=Decimal(str(amount)),
            paid_on=DUE + timedelta(days=day),
            comment="",
            author="payer",
            at=on(1),
        )


def ask(deal: Deal, later: int, number: int = 1) -> DateRequest:
    return date_requests.ask(
        deal=deal, number=number, wanted_on=DUE + timedelta(days=later), comment="отпуск", at=on(-2)
    )


def test_a_date_that_is_asked_for_waits_for_the_manager_and_is_moved_by_his_yes() -> None:
    deal = late_deal()
    asked = ask(deal, 7)
    assert (asked.state, ask(deal, 7)) == ("waiting", asked)
    assert rows_of(deal.schedule)[0].due_on == DUE
    assert OutboxRow.objects.filter(deal=deal, kind="task").count() == 1
    date_requests.grant(request=asked, author="user:1", at=on(-1))
    assert rows_of(deal.schedule)[0].due_on == DUE + timedelta(days=7)
    assert "отпуск" in ScheduleVersion.objects.get(number=2).reason
    assert OutboxRow.objects.filter(deal=deal, kind="complete_task").count() == 1
    asked.refresh_from_db()
    assert asked.state == "granted"
    with pytest.raises(date_requests.AlreadyDecided):
        date_requests.refuse(
            request=DateRequest(pk=asked.pk, deal=deal, state="waiting"), author="user:2", at=on(0)
        )


def test_within_the_accounts_rules_the_date_moves_by_itself() -> None:
    deal = late_deal(school(payer_page={"move_days": 10, "moves": 1, "grants": True}))
    assert ask(deal, 10).state == "granted"
    assert standing_of(deal, on=DUE + timedelta(days=9)).overdue == 0
    with pytest.raises(date_requests.NotAllowed):
        ask(deal, 40, number=2)


def test_a_signed_schedule_is_not_moved_by_the_payer_alone() -> None:
    deal = late_deal(school(payer_page={"grants": True}))
    versions.sign(deal=deal, version=1, signed_on=DUE - timedelta(days=5), author="user:1", at=on(-3))
    assert ask(deal, 7).state == "waiting"
    assert standing_of(deal).rows[0].installment.due_on == DUE


@pytest.mark.parametrize("later", [0, -1, 15])
def test_a_date_outside_the_rules_is_refused(later: int) -> None:
    with pytest.raises(date_requests.WrongDay):
        ask(late_deal(), later)


def test_where_the_account_lets_nobody_ask_nobody_asks() -> None:
    with pytest.raises(date_requests.NotAllowed):
        ask(late_deal(school(payer_page={"move_days": 0})), 1)
    with pytest.raises(date_requests.NoSuchRow):
        ask(late_deal(), 1, number=9)


def test_a_refused_wish_leaves_the_date_and_may_be_asked_again() -> None:
    deal = late_deal()
    date_requests.refuse(request=ask(deal, 7), author="user:1", at=on(-1))
    assert standing_of(deal).rows[0].installment.due_on == DUE
    assert ask(deal, 8).state == "waiting"


@pytest.mark.parametrize("why", ["paid", "moved", "replaced"])
def test_a_wish_ends_with_its_row_and_nobody_has_to_decide(why: str) -> None:
    deal = late_deal()
    asked = ask(deal, 5)
    pay(deal, 1000, on(-2))
    assert date_requests.waiting_of(deal) == asked
    terms = amendments.Ask(1, "по звонку", "user:1", versions.Rank.MANAGER)
    if why == "paid":
        pay(deal, 29000, on(-1))
    elif why == "moved":
        amendments.move_date(deal=deal, number=1, due_on=DUE + timedelta(days=9), ask=terms, at=on(-1))
    else:
        spread = amendments.Spread.EVENLY
        amendments.change_total(deal=deal, total=rub(60000), spread=spread, due_on=None, ask=terms, at=on(-1))
    assert collection_card.fields(deal)["date_request"] is None
    assert [kind for kind in events(deal) if kind.startswith("date")] == ["date_requested", "date_lapsed"]
    assert OutboxRow.objects.filter(deal=deal, kind="complete_task").count() == 1
    assert date_requests.may_ask(deal)
    with pytest.raises(date_requests.AlreadyDecided):
        date_requests.grant(request=asked, author="user:1", at=on(0))


def test_who_wants_no_reminders_gets_invoices_only() -> None:
    account = school(issuing_stopped=False)
    deal, other = (late_deal(account, contact_email="anna@example.org") for _ in range(2))
    preferences.choose(deal=deal, channel="none", author="payer", at=on(-1))
    preferences.choose(deal=deal, channel="none", author="payer", at=on(-1))
    assert Event.objects.filter(kind="reminders_refused").count() == 1
    assert invoices.issue_due(on=DUE, at=on(0)) == 2
    assert [reminders.send_due(at=on(offset)) for offset in (1, 2, 3)] == [0, 0, 0]
    preferences.choose(deal=other, channel="", author="user:1", at=on(3))
    assert reminders.send_due(at=on(4)) == 1


def test_the_channel_that_a_payer_prefers_takes_the_place_of_the_policys() -> None:
    deal = late_deal(school(salesbot_id=3301))
    preferences.choose(deal=deal, channel="salesbot", author="user:1", at=on(0))
    assert reminders.send_due(at=on(1)) == 1
    assert list(Reminder.objects.values_list("channel", flat=True)) == ["salesbot"]


def test_a_stop_of_a_deal_stops_what_it_names_until_it_ends() -> None:
    account = school(issuing_stopped=False)
    deal = late_deal(account)
    stops.stop(deal=deal, of="invoices", reason="спор", author="user:1", at=on(-1))
    assert invoices.issue_due(on=DUE, at=on(0)) == 0
    stops.go_on(deal=deal, of="invoices", author="user:1", at=on(0))
    assert invoices.issue_due(on=DUE, at=on(0)) == 1
    stops.stop(deal=deal, of="reminders", reason="", author="user:1", at=on(0))
    assert reminders.send_due(at=on(1)) == 0
    assert stops.of_deal(deal) == ["reminders"]
    stops.go_on(deal=deal, of="reminders", author="user:1", at=on(1))
    assert reminders.send_due(at=on(1)) == 1


def test_an_account_that_stopped_issuing_issues_nothing_by_itself() -> None:
    late_deal()
    assert invoices.issue_due(on=DUE, at=on(0)) == 0
    AccountPolicy.objects.update(issuing_stopped=False)
    assert invoices.issue_due(on=DUE, at=on(0)) == 1


def test_a_cohort_may_have_steps_of_its_own() -> None:
    own = [{"cohort": "Поток 13", "reminders": [{"days": 3, "channels": ["email"]}]}]
    account = school(cohort_reminders=own)
    late_deal(account, cohort="Поток 12")
    special = late_deal(account, cohort="Поток 13")
    assert [reminders.send_due(at=on(1)), reminders.send_due(at=on(3))] == [1, 2]
    assert list(
        Reminder.objects.filter(installment__schedule__deal=special).values_list("days", flat=True)
    ) == [3]


def test_grace_days_delay_reminders_after_the_day_and_never_those_before() -> None:
    steps = [{"days": days, "channels": ["email"]} for days in (-1, 1)]
    late_deal(school(reminders=steps, grace_days=3))
    sent = {offset: reminders.send_due(at=on(offset)) for offset in range(-2, 6)}
    assert [offset for offset, count in sent.items() if count] == [-1, 4]
