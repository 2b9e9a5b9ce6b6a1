"""A bad debt is written off with a reason, taken back when wrong, recovered when money comes after all."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import queries
from analytics.filters import Filter
from billing import (
    amendments,
    overdue,
    payments,
    reminders,
    schedules,
    stages,
    verification,
    versions,
    write_offs,
)
from billing.amendments import Ask
from billing.api import words
from billing.models import Event, Installment, Message, Schedule, WriteOff
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from crm import auth
from crm.auth import Caller
from crm.models import Deal, OutboxRow, Pipeline
from tests.billing.test_api import call, deal
from tests.billing.test_guards import refused
from tests.billing.test_ledger_races import together
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def write_off(deal: Deal, amount: object = None, reason: str = "выехал", **values: Any) -> list[WriteOff]:
    wanted = None if amount is None else rub(amount)
    given: dict[str, Any] = {"written_on": None, "author": "user:1", "at": NOW, **values}
    return write_offs.write_off(deal=deal, amount=wanted, reason=reason, **given)


def take_back(deal: Deal, amount: object = None, reason: str = "нашёлся") -> list[WriteOff]:
    wanted = None if amount is None else rub(amount)
    return write_offs.reverse(deal=deal, amount=wanted, reason=reason, author="user:1", at=NOW)


def pay(deal: Deal, amount: object) -> None:
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)


def figures(deal: Deal) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    standing = standing_of(deal)
    assert standing.paid + standing.debt + standing.written_off == standing.total
    assert standing.credit == standing.received - standing.refunded - standing.paid - standing.fees.paid
    return standing.paid, standing.debt, standing.written_off, standing.credit


def deal_with_rows(**values: Any) -> Deal:
    found = make_deal(**values)
    make_schedule(found)
    return found


def test_the_whole_debt_is_written_off_and_nothing_is_asked_any_more() -> None:
    deal = deal_with_rows()
    pay(deal, 40000)
    write_off(deal)
    assert figures(deal) == (rub(40000), 0, rub(50000), 0)
    standing = standing_of(deal)
    assert (standing.next, standing.overdue) == (None, 0)
    assert [row.written_off for row in standing.rows] == [0, rub(20000), rub(30000)]
    assert list(verification.violations()) == []


def test_a_part_takes_the_oldest_due_rows_first() -> None:
    deal = deal_with_rows()
    write_off(deal, 40000)
    assert [row.rest for row in standing_of(deal).rows] == [0, rub(20000), rub(30000)]


def test_money_that_comes_covers_open_rows_then_recovers_the_debt_then_is_credit() -> None:
    deal = deal_with_rows()
    write_off(deal, 50000)
    pay(deal, 45000)
    assert figures(deal) == (rub(45000), 0, rub(45000), 0)
    pay(deal, 60000)
    assert figures(deal) == (rub(90000), 0, 0, rub(15000))
    recovered = [event.data["amount"] for event in Event.objects.filter(kind="debt_recovered").order_by("id")]
    assert recovered == ["5000.00", "45000.00"]
    assert list(verification.violations()) == []


def test_a_reversal_opens_the_newest_rows_first() -> None:
    deal = deal_with_rows()
    write_off(deal)
    take_back(deal, 40000)
    assert [row.rest for row in standing_of(deal).rows] == [0, rub(10000), rub(30000)]
    take_back(deal)
    assert figures(deal) == (0, rub(90000), 0, 0)
    assert [row.amount for row in WriteOff.objects.order_by("id")] == [
        rub(30000),
        rub(30000),
        rub(30000),
        rub(-30000),
        rub(-10000),
        rub(-20000),
        rub(-30000),
    ]


def test_what_cannot_be_written_off_is_refused() -> None:
    deal = deal_with_rows()
    with pytest.raises(write_offs.AboveDebt):
        write_off(deal, "90000.01")
    with pytest.raises(write_offs.NotPositive):
        write_off(deal, 0)
    with pytest.raises(write_offs.ReasonRequired):
        write_off(deal, reason=" ")
    with pytest.raises(write_offs.NotThatDay):
        write_off(deal, written_on=TODAY + timedelta(days=1))
    with pytest.raises(write_offs.NothingWrittenOff):
        take_back(deal)
    with pytest.raises(write_offs.NothingToWriteOff):
        write_off(make_deal())
    write_off(deal, 1000)
    with pytest.raises(write_offs.AboveWrittenOff):
        take_back(deal, 1001)
    assert WriteOff.objects.count() == 1


def test_the_task_is_closed_as_written_off_and_the_deal_is_not_completed() -> None:
    account = make_account(overdue_task={"type": 1, "responsible": "deal"})
    Pipeline.objects.filter(account=account).update(completed_status=142)
    deal = make_deal(account)
    make_schedule(deal, first_due_on=date(2026, 10, 1))
    pay(deal, 10000)
    overdue.flag(on=TODAY, at=NOW)
    write_off(deal)
    done = OutboxRow.objects.filter(deal=deal, kind="complete_task")
    assert {row.payload["text"] for row in done} == {"Долг списан."}
    assert not OutboxRow.objects.filter(deal=deal, key__startswith="completed:").exists()


def test_a_deal_without_a_rouble_is_not_called_paid_and_its_card_says_what_was_given_up(deal: Deal) -> None:
    make_schedule(deal)
    write_off(deal)
    card = call("GET", f"deals/{deal.external_id}/").json()
    assert (card["state"], card["paid"], card["written_off"]) == ("cancelled", "0.00", "90000.00")
    fields = OutboxRow.objects.filter(deal=deal, kind="fields").latest("id").payload
    assert "Отменено" in str(fields)
    take_back(deal, 30000)
    pay(deal, 10000)
    write_off(deal)
    card = call("GET", f"deals/{deal.external_id}/").json()
    assert card["state"] == "paid"
    [words] = [one["text"] for one in card["warnings"] if one["code"] == "written_off"]
    space = "\N{NO-BREAK SPACE}"
    assert words == (
        f"Списано 80{space}000{space}₽ долга по платежам: 1 (30{space}000{space}₽), "
        f"2 (30{space}000{space}₽), 3 (20{space}000{space}₽). Их больше ни с кого не спрашивают. "
        "Сделка оплачена не полностью."
    )


def test_a_served_deal_with_a_written_off_debt_is_not_completed() -> None:
    account = make_account()
    Pipeline.objects.filter(account=account).update(paid_status=55000140, completed_status=142)
    deal = make_deal(account, service_on=TODAY - timedelta(days=1))
    make_schedule(deal)
    pay(deal, 40000)
    write_off(deal)
    assert stages.complete_served(at=NOW) == 0
    pay(deal, 50000)
    assert stages.complete_served(at=NOW) == 1


@pytest.mark.parametrize("path", ["write-off/", "write-off/reverse/"])
def test_what_the_payer_signed_is_given_up_and_asked_again_by_an_administrator_only(
    deal: Deal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schedule(deal)
    if "reverse" in path:
        write_off(deal, 1000)
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    before = WriteOff.objects.count()
    body = {"amount": "500.00", "reason": "договорились"}
    monkeypatch.setattr(
        auth, "verify", lambda token, at: Caller(account=deal.account, user_id=8100002, is_admin=False)
    )
    answer = call("POST", f"deals/{deal.external_id}/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "signed")
    actions = call("GET", f"deals/{deal.external_id}/").json()["actions"]
    assert not {"write_off", "reverse_write_off"} & set(actions)
    assert WriteOff.objects.count() == before
    monkeypatch.setattr(
        auth, "verify", lambda token, at: Caller(account=deal.account, user_id=8100002, is_admin=True)
    )
    assert call("POST", f"deals/{deal.external_id}/{path}", body).status_code == 200
    assert WriteOff.objects.count() == before + 1


def test_nobody_is_reminded_of_what_was_written_off() -> None:
    account = make_account(reminders=[{"days": 2, "channels": ["email"]}])
    deal = make_deal(account)
    make_schedule(deal, first_due_on=date(2026, 11, 20))
    write_off(deal)
    assert reminders.send_due(at=NOW) == 0
    assert not Message.objects.exists()


def test_analytics_show_the_same_debt_and_a_day_before_it_was_written_off() -> None:
    deal = make_deal()
    make_schedule(deal, first_due_on=date(2026, 9, 10), at=NOW - timedelta(days=100))
    write_off(deal, 50000, written_on=date(2026, 11, 15))

    def late(as_of: date, **values: Any) -> Decimal:
        asked = Filter(account=deal.account, as_of=as_of, today=TODAY, **values)
        found = queries.summary(asked).figures.overdue
        assert found == queries.aging(asked).total
        total: Decimal = found
        return total

    assert late(TODAY) == standing_of(deal).overdue == rub(40000)
    assert late(date(2026, 11, 14)) == rub(90000)
    assert late(TODAY, known_at=NOW - timedelta(minutes=1)) == rub(90000)


def test_the_database_keeps_money_and_write_offs_within_the_row() -> None:
    deal = deal_with_rows()
    pay(deal, 20000)
    row = rows_of(deal.schedule)[0]
    statement = (
        "INSERT INTO billing_writeoff (installment_id, amount, author, reason, written_on, recorded_at)"
        " VALUES (%s, %s, '', '', now(), now())"
    )
    assert refused(statement, [row.pk, "10000.01"]) == "installment_covers_allocations"
    assert refused(statement, [row.pk, -1]) == "installment_covers_allocations"
    assert refused(statement, [row.pk, 0]) == "write_off_not_zero"
    write_off(deal)
    assert refused("UPDATE billing_writeoff SET amount = 1", []) == "append_only"
    assert refused("DELETE FROM billing_writeoff", []) == "append_only"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_write_off_beside_a_payment_ends_in_one_ledger() -> None:
    deal = deal_with_rows()
    together(lambda: write_off(deal), lambda: pay(deal, 30000))
    paid, debt, written_off, credit = figures(deal)
    assert (paid, debt, written_off, credit) == (rub(30000), 0, rub(60000), 0)
    assert list(verification.violations()) == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_double_click_writes_off_once() -> None:
    deal = deal_with_rows()
    found = together(lambda: write_off(deal), lambda: write_off(deal))
    assert sum(isinstance(one, write_offs.NothingToWriteOff) for one in found) == 1
    assert figures(deal) == (0, 0, rub(90000), 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["pay", "give up", "take back"]), st.integers(1, 5_000_000)), max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_in_any_order_the_parts_of_the_total_add_up(steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        deal = deal_with_rows()
        acts: dict[str, Any] = {"pay": pay, "give up": write_off, "take back": take_back}
        refusals = (
            write_offs.AboveDebt,
            write_offs.AboveWrittenOff,
            write_offs.NothingToWriteOff,
            write_offs.NothingWrittenOff,
        )
        came = rub(0)
        for what, kopecks in steps:
            try:
                acts[what](deal, rub(kopecks) / 100)
                came += rub(kopecks) / 100 if what == "pay" else 0
            except refusals:
                continue
        paid, debt, written_off, credit = figures(deal)
        assert (paid + credit, min(paid, debt, written_off, credit) >= 0) == (came, True)
        assert credit == 0 or debt == written_off == 0
        for row in Installment.objects.filter(schedule__deal=deal).with_paid():
            assert row.rest >= 0
        transaction.set_rollback(True)


def test_the_card_says_what_was_written_off_and_the_history_why(deal: Deal) -> None:
    make_schedule(deal)
    path = f"deals/{deal.external_id}"
    card = call("POST", f"{path}/write-off/", {"amount": "50000.00", "reason": "уехал"}).json()
    assert (card["debt"], card["written_off"]) == ("40000.00", "50000.00")
    assert [row["written_off"] for row in card["installments"]] == ["30000.00", "20000.00", "0.00"]
    assert {"write_off", "reverse_write_off"} <= set(card["actions"])
    assert "written_off" in {one["code"] for one in card["warnings"]}
    card = call("POST", f"{path}/write-off/reverse/", {"reason": "нашёлся"}).json()
    assert (card["debt"], card["written_off"]) == ("90000.00", "0.00")
    told = [one["text"] for one in call("GET", f"{path}/history/").json()["results"]]
    assert "Списан долг 50\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽. уехал" in told


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "90000.01"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"reason": ""}, "reason"),
        ({"written_on": "2100-01-01"}, "written_on"),
        ({"written_on": "1900-01-01"}, "written_on"),
    ],
)
def test_a_refused_write_off_names_the_field(deal: Deal, change: dict[str, str], field: str) -> None:
    make_schedule(deal)
    answer = call("POST", f"deals/{deal.external_id}/write-off/", {"reason": "уехал"} | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not WriteOff.objects.exists()


def test_a_day_of_long_ago_is_not_called_the_future(deal: Deal) -> None:
    make_schedule(deal)
    body = {"reason": "уехал", "written_on": "1900-01-01"}
    answer = call("POST", f"deals/{deal.external_id}/write-off/", body)
    assert answer.json()["errors"] == {"written_on": ["Эта дата слишком давно."]}


def test_a_debt_is_not_written_off_before_it_was_there(deal: Deal) -> None:
    """The schedule was made on 22 November, its first row is due in December."""
    make_schedule(deal)
    path = f"deals/{deal.external_id}/write-off/"
    answer = call("POST", path, {"reason": "уехал", "written_on": "2026-11-21"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "written_on": ["В тот день у сделки не было ни графика, ни платежей: выберите день позже."]
    }
    assert not WriteOff.objects.exists()
    assert call("POST", path, {"reason": "уехал", "written_on": "2026-11-22"}).status_code == 200


def test_a_debt_that_was_taken_over_is_written_off_on_its_own_day(deal: Deal) -> None:
    """Rows that were due, or money that came, before the schedule was entered here."""
    make_schedule(deal, first_due_on=date(2026, 9, 10))
    write_off(deal, 1000, written_on=date(2026, 9, 10))
    with pytest.raises(write_offs.BeforeTheDeal):
        write_off(deal, 1000, written_on=date(2026, 9, 9))
    early = Offline(paid_on=date(2026, 8, 1), method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(1000), offline=early, author="user:1", at=NOW)
    write_off(deal, 1000, written_on=date(2026, 8, 1))


def changed(deal: Deal, change: Callable[..., object], **values: Any) -> Decimal:
    """Do one change of the schedule; return what the rows ask for afterwards."""
    version = Schedule.objects.get(deal=deal).version
    change(deal=deal, ask=Ask(version=version, reason="просит", author="user:1"), at=NOW, **values)
    assert not list(verification.violations())
    return sum((row.rest for row in rows_of(Schedule.objects.get(deal=deal))), rub(0))


def test_another_date_leaves_what_was_written_off_written_off() -> None:
    deal = deal_with_rows()
    pay(deal, 40000)
    write_off(deal, "32000.50")
    assert changed(deal, amendments.move_date, number=3, due_on=date(2027, 3, 1)) == rub("17999.50")
    assert figures(deal) == (rub(40000), rub("17999.50"), rub("32000.50"), 0)
    assert [(row.number, row.due_on, row.amount) for row in rows_of(Schedule.objects.get(deal=deal))][2:] == [
        (3, date(2027, 2, 10), rub("12000.50")),
        (4, date(2027, 3, 1), rub("17999.50")),
    ]
    told = words.of_stored_change(versions.history_of(deal)[0].changes[0])
    assert told.replace("\xa0", " ") == (
        "Платёж 3 от 10.02.2027 закрывается на оплаченных и списанных 12 000,50 ₽ вместо 30 000 ₽."
    )


def test_a_row_of_which_nothing_is_asked_has_no_date_to_move() -> None:
    deal = deal_with_rows()
    write_off(deal, 30000)
    with pytest.raises(amendments.NoOpenRow):
        changed(deal, amendments.move_date, number=1, due_on=date(2027, 3, 1))


@pytest.mark.parametrize("spread", list(amendments.Spread))
@pytest.mark.parametrize(("total", "debt"), [(100000, "47999.50"), (85000, "32999.50"), ("52000.50", "0.00")])
def test_another_total_leaves_what_was_written_off_written_off(
    spread: amendments.Spread, total: object, debt: str
) -> None:
    deal = deal_with_rows()
    pay(deal, 40000)
    write_off(deal, "12000.50")
    asked = changed(deal, amendments.change_total, total=rub(total), spread=spread, due_on=None)
    assert (asked, figures(deal)) == (rub(debt), (rub(40000), rub(debt), rub("12000.50"), 0))


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        ({"total": rub("52000.49")}, ("total", "below_written_off")),
        ({"total": rub("39999.99")}, ("total", "below_paid")),
        ({"total": rub(90000)}, ("total", "same_total")),
        ({"total": rub(100000), "due_on": date(2027, 6, 1)}, ("due_on", "not_due_apart")),
    ],
)
def test_a_total_that_would_say_nothing_or_too_little_is_named(
    values: dict[str, Any], remark: tuple[str, str]
) -> None:
    deal = deal_with_rows()
    pay(deal, 40000)
    write_off(deal, "12000.50")
    with pytest.raises(InvalidTerms) as caught:
        changed(
            deal, amendments.change_total, **{"spread": amendments.Spread.EVENLY, "due_on": None} | values
        )
    assert [(one.field, one.code) for one in caught.value.remarks] == [remark]


def test_a_preview_says_that_a_rebuild_asks_again_for_what_was_written_off() -> None:
    deal = deal_with_rows()
    write_off(deal, 5000)
    terms = Terms(rub(90000), first_due_on=date(2026, 12, 10), count=2)
    [warning] = schedules.preview(deal=deal, terms=terms, on=TODAY).warnings
    assert words.of_remark(warning) == "Списанные 5\xa0000\xa0₽ снова войдут в долг."
    assert figures(deal)[2] == rub(5000)


def test_the_same_terms_laid_out_again_ask_again_for_what_was_written_off() -> None:
    deal = make_deal()
    terms = Terms(rub(90000), first_due_on=TODAY, count=3)
    named: dict[str, Any] = {"deal": deal, "terms": terms, "author": "user:1", "at": NOW}
    schedules.save(version=None, reason="", **named)
    write_off(deal, 40000)
    schedules.save(version=1, reason="договорились", **named)
    assert figures(deal) == (rub(0), rub(90000), rub(0), rub(0))
    assert list(verification.violations()) == []
