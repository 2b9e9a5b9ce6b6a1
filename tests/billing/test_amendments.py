"""Single changes of a schedule: one date, the total, another programme or cohort."""

from datetime import date
from decimal import Decimal

import pytest

from billing import amendments, deal_card, invoices, payments, settlements, verification, versions
from billing.amendments import Ask, Spread
from billing.models import Event, Invoice, Schedule, ScheduleVersion
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms, Terms
from billing.versions import Rank
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def ask(version: int = 1, **values: object) -> Ask:
    return Ask(**({"version": version, "reason": "просит перенести", "author": "user:1"} | values))  # type: ignore[arg-type]


def pay(deal: Deal, amount: object) -> None:
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)


def move(deal: Deal, number: int, due_on: date, **values: object) -> Schedule:
    return amendments.move_date(deal=deal, number=number, due_on=due_on, ask=ask(**values), at=NOW)  # type: ignore[arg-type]


def total(deal: Deal, sum_: object, spread: Spread = Spread.EVENLY, due_on: date | None = None) -> Schedule:
    return amendments.change_total(
        deal=deal, total=Decimal(str(sum_)), spread=spread, due_on=due_on, ask=ask(), at=NOW
    )


def shown(schedule: Schedule) -> list[tuple[int, str, Decimal, Decimal]]:
    return [(row.number, row.due_on.isoformat(), row.amount, row.paid) for row in rows_of(schedule)]


def test_a_moved_row_keeps_its_number_and_the_others_their_invoices() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(number=1), author="user:1", at=NOW)
    schedule = move(deal, 2, date(2027, 3, 20))
    assert shown(schedule) == [
        (1, "2026-12-10", rub(30000), 0),
        (2, "2027-03-20", rub(30000), 0),
        (3, "2027-02-10", rub(30000), 0),
    ]
    # 20 March 2027 is a Saturday.
    assert rows_of(schedule)[1].effective_due_on == date(2027, 3, 22)
    assert Invoice.objects.get(id=invoice.id).voided_at is None
    assert (schedule.version, schedule.due_day, standing_of(deal).debt) == (2, 10, rub(90000))


def test_a_moved_rows_invoice_is_void() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(number=1), author="user:1", at=NOW)
    move(deal, 1, date(2026, 12, 20))
    assert Invoice.objects.get(id=invoice.id).voided_at == NOW


def test_of_a_partly_paid_row_what_is_missing_moves() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 40000)
    schedule = move(deal, 2, date(2027, 3, 1))
    assert shown(schedule) == [
        (1, "2026-12-10", rub(30000), rub(30000)),
        (2, "2027-01-10", rub(10000), rub(10000)),
        (3, "2027-02-10", rub(30000), 0),
        (4, "2027-03-01", rub(20000), 0),
    ]
    assert not list(verification.violations())


def test_a_move_is_one_line_of_the_difference() -> None:
    deal = make_deal()
    make_schedule(deal)
    move(deal, 2, date(2027, 1, 25))
    version = ScheduleVersion.objects.get(number=2)
    assert version.kind == "moved"
    assert version.changes == [
        {"kind": "moved", "number": 2, "due_on": "2027-01-25", "was_on": "2027-01-10", "amount": "30000.00"}
    ]
    event = Event.objects.get(deal=deal, kind="schedule_moved")
    assert (event.data["was_on"], event.data["due_on"]) == ("2027-01-10", "2027-01-25")


def test_hand_made_schedules_without_shifting_are_not_shifted_by_a_move() -> None:
    deal = make_deal()
    make_schedule(deal, shift_weekends=False)
    schedule = move(deal, 2, date(2027, 3, 20))
    assert rows_of(schedule)[1].effective_due_on == date(2027, 3, 20)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(1999, 12, 31), "too_early"),
        (date(2036, 11, 23), "too_far"),
        (date(2027, 1, 10), "same_day"),
    ],
)
def test_a_day_that_cannot_be_is_named(day: date, code: str) -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(InvalidTerms) as caught:
        move(deal, 2, day)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("due_on", code)]
    assert ScheduleVersion.objects.count() == 1


def test_a_paid_row_and_an_unknown_one_do_not_move() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 30000)
    for number in (1, 4):
        with pytest.raises(amendments.NoOpenRow):
            move(deal, number, date(2027, 3, 1))


def test_stale_closed_signed_and_missing_schedules_refuse_every_change() -> None:
    deal = make_deal()
    with pytest.raises(versions.NoSchedule):
        total(deal, 1)
    make_schedule(deal)
    with pytest.raises(versions.StaleVersion):
        move(deal, 1, date(2027, 3, 1), version=2)
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    with pytest.raises(versions.Signed):
        move(deal, 1, date(2027, 3, 1))
    assert move(deal, 1, date(2027, 3, 1), rank=Rank.ADMINISTRATOR).version == 2
    settlements.cancel(deal=deal, reason="передумал", author="user:1", at=NOW)
    with pytest.raises(versions.Closed):
        move(deal, 1, date(2027, 3, 2), version=3)


def test_a_discount_goes_over_the_open_rows_and_into_the_price() -> None:
    deal = make_deal()
    make_schedule(deal, total=120000, count=4)
    pay(deal, 30000)
    OutboxRow.objects.filter(deal=deal).delete()
    schedule = total(deal, 100000)
    assert [row[2:] for row in shown(schedule)] == [
        (rub(30000), rub(30000)),
        (rub(23333), 0),
        (rub(23333), 0),
        (rub(23334), 0),
    ]
    assert [row[1] for row in shown(schedule)][1:] == ["2027-01-10", "2027-02-10", "2027-03-10"]
    assert OutboxRow.objects.get(deal=deal, kind="price").payload == {"price": 100000}
    assert (schedule.due_day, ScheduleVersion.objects.get(number=2).kind) == (10, "total")


def test_rows_with_kopecks_are_shared_to_the_kopeck() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000.50")
    schedule = total(deal, 80000)
    assert [row[2] for row in shown(schedule)] == [rub("26666.66"), rub("26666.66"), rub("26666.68")]


def test_the_card_does_not_warn_of_a_budget_that_is_on_its_way_to_amocrm() -> None:
    deal = make_deal(price=rub(90000))
    make_schedule(deal)
    total(deal, 80000)
    warned = deal_card.card(Deal.objects.select_related("account").get(id=deal.id), at=NOW)["warnings"]
    assert "price_differs" not in [warning["code"] for warning in warned]


def test_a_discount_at_the_end_leaves_the_first_rows_and_their_invoices() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(number=1), author="user:1", at=NOW)
    schedule = total(deal, 50000, Spread.AT_THE_END)
    assert [row[2] for row in shown(schedule)] == [rub(30000), rub(20000)]
    assert Invoice.objects.get(id=invoice.id).voided_at is None


def test_an_addition_to_a_paid_deal_needs_its_day() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 90000)
    with pytest.raises(InvalidTerms) as caught:
        total(deal, 100000)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("due_on", "when_due")]
    schedule = total(deal, 100000, due_on=date(2027, 4, 1))
    assert shown(schedule)[-1] == (4, "2027-04-01", rub(10000), 0)
    assert standing_of(deal).state == "on_schedule"


def test_an_addition_takes_the_credit() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 95000)
    total(deal, 100000, due_on=date(2027, 4, 1))
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.credit) == (rub(95000), rub(5000), 0)


@pytest.mark.parametrize(
    ("sum_", "code"), [("29999.99", "below_paid"), ("30000.001", "kopecks"), ("0", "not_positive")]
)
def test_a_total_that_cannot_be_is_named(sum_: str, code: str) -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 30000)
    with pytest.raises(InvalidTerms) as caught:
        total(deal, sum_)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("total", code)]
    assert ScheduleVersion.objects.count() == 1


def test_a_transfer_keeps_the_money_and_lays_out_the_rest_anew() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 40000)
    schedule = amendments.transfer(
        deal=deal,
        programme=None,
        cohort="Поток 13",
        terms=Terms(rub(100000), date(2027, 3, 10), 2),
        ask=ask(),
        at=NOW,
    )
    assert [row[2:] for row in shown(schedule)] == [
        (rub(30000), rub(30000)),
        (rub(10000), rub(10000)),
        (rub(30000), 0),
        (rub(30000), 0),
    ]
    deal.refresh_from_db()
    assert (deal.programme, deal.cohort) == ("Нутрициолог", "Поток 13")
    assert OutboxRow.objects.get(deal=deal, kind="fields").payload["cohort"] == "Поток 13"
    event = Event.objects.get(deal=deal, kind="schedule_transferred")
    assert (event.data["before"]["cohort"], event.data["cohort"]) == ("Поток 12", "Поток 13")


def test_a_transfer_without_terms_leaves_the_rows_and_invoices() -> None:
    deal = make_deal()
    before = shown(make_schedule(deal))
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    schedule = amendments.transfer(
        deal=deal, programme="Психолог", cohort=None, terms=None, ask=ask(), at=NOW
    )
    assert (shown(schedule), schedule.version) == (before, 2)
    assert Invoice.objects.get(id=invoice.id).voided_at is None
    assert (
        payments.receive_offline(
            deal=Deal.objects.get(id=deal.id), amount=rub(1), offline=CASH, author="user:1", at=NOW
        ).programme
        == "Психолог"
    )


def test_a_transfer_to_nowhere_and_to_a_field_amocrm_has_not_is_refused() -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(InvalidTerms) as caught:
        amendments.transfer(deal=deal, programme=" ", cohort=None, terms=None, ask=ask(), at=NOW)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("programme", "required")]
    deal.account.fields = {"programme": 910010}
    deal.account.save()
    with pytest.raises(InvalidTerms) as caught:
        amendments.transfer(deal=deal, programme=None, cohort="Поток 13", terms=None, ask=ask(), at=NOW)
    assert [(remark.field, remark.code) for remark in caught.value.remarks] == [("cohort", "not_mapped")]
    deal.refresh_from_db()
    assert deal.cohort == "Поток 12"
