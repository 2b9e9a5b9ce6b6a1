"""Late fees by contract: off by default, charged a day once, on overdue principal only, paid last, waived."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import hindsight, late_fees, payments, refund_orders, schedules, verification
from billing.models import (
    AccountPolicy,
    Event,
    FeeAllocation,
    LateFee,
    LostDeal,
    Pause,
    PauseEnd,
    Payment,
    Schedule,
)
from billing.pages import content
from billing.payments import Offline
from billing.rules.schedule import Terms
from crm.models import Account, Deal
from tests.billing.test_api import call, deal
from tests.billing.test_guards import refused
from tests.billing.test_ledger_races import together
from tests.factories import NOW, make_account, make_deal, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

FEE = {"daily_percent": "0.1", "cap_percent": "10", "grace_days": 3, "from": "2026-01-01"}
DUE = date(2026, 12, 10)  # a Thursday; two more rows follow in January and February
LONG_AFTER = date(2028, 1, 1)


def moment(day: date) -> datetime:
    return NOW + timedelta(days=(day - NOW.date()).days)


def late_deal(account: Account | None = None, **terms: Any) -> Deal:
    found = make_deal(account or make_account(late_fee=FEE | terms))
    make_schedule(found, total=90000, count=3, first_due_on=DUE)
    return found


def charge(day: date) -> int:
    return late_fees.charge(on=day, at=moment(day))


def pay(deal: Deal, amount: object, on: date, entered: date | None = None, covers: str = "") -> Payment:
    offline = Offline(on, "cash", payer={}, comment="", receipt=None, covers=covers)
    return payments.receive_offline(
        deal=deal, amount=rub(amount), offline=offline, author="user:1", at=moment(entered or on)
    )


def fees(deal: Deal, on: date = LONG_AFTER) -> tuple[Decimal, Decimal, Decimal]:
    standing = standing_of(deal, on=on)
    assert standing.credit == standing.received - standing.refunded - standing.paid - standing.fees.paid
    assert standing.paid + standing.debt + standing.written_off == standing.total
    return standing.fees.charged, standing.fees.paid, standing.fees.owed


def test_without_a_policy_nothing_is_charged() -> None:
    deal = late_deal(make_account())
    assert charge(date(2027, 1, 5)) == 0
    assert fees(deal) == (0, 0, 0)


def test_each_day_after_the_grace_costs_its_percent_of_what_is_unpaid() -> None:
    deal = late_deal()
    assert charge(DUE + timedelta(days=4)) == 0
    assert charge(DUE + timedelta(days=5)) == 1
    assert fees(deal) == (rub(30), 0, rub(30))
    charge(DUE + timedelta(days=14))
    assert fees(deal)[0] == rub(300)
    standing = standing_of(deal, on=LONG_AFTER)
    assert (standing.debt, standing.total) == (rub(90000), rub(90000))


def test_a_second_run_of_a_day_charges_nothing_and_a_missed_week_is_caught_up() -> None:
    daily, weekly = late_deal(), late_deal()
    account = weekly.account
    for offset in range(5, 30):
        late_fees.charge(
            on=DUE + timedelta(days=offset), at=moment(DUE + timedelta(days=offset)), account=daily.account
        )
        late_fees.charge(
            on=DUE + timedelta(days=offset), at=moment(DUE + timedelta(days=offset)), account=daily.account
        )
    late_fees.charge(on=DUE + timedelta(days=29), at=moment(DUE + timedelta(days=29)), account=account)
    assert fees(daily) == fees(weekly) == (rub(750), 0, rub(750))


def test_the_cap_is_a_share_of_the_row() -> None:
    deal = late_deal(cap_percent="1")
    charge(DUE + timedelta(days=29))
    assert fees(deal)[0] == rub(300)


def test_money_covers_the_schedule_first_and_only_the_rest_pays_fees() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    charge(day)
    pay(deal, 30000, day)
    assert fees(deal) == (rub(300), 0, rub(300))
    pay(deal, 60200, day)
    standing = standing_of(deal, on=day)
    assert (standing.debt, standing.credit) == (0, 0)
    assert fees(deal) == (rub(300), rub(200), rub(100))
    pay(deal, 150, day)
    assert (fees(deal), standing_of(deal, on=day).credit) == ((rub(300), rub(300), 0), rub(50))
    assert list(verification.violations()) == []


def test_a_payment_that_says_so_pays_fees_first() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    payment = pay(deal, 1000, day, covers="fees")
    assert fees(deal) == (rub(300), rub(300), 0)
    assert standing_of(deal).paid == rub(700)
    refund = refund_orders.request(
        payment=payment,
        demand=refund_orders.Demand(amount=rub(1000), reason="отказ", method="cash"),
        author="user:1",
        at=moment(day),
    )
    refund_orders.pay_out(
        order=refund, paid_on=day, document="РКО 1", choice=None, author="user:1", at=moment(day)
    )
    assert (fees(deal), standing_of(deal).paid) == ((rub(300), 0, rub(300)), 0)
    assert list(verification.violations()) == []


def test_money_that_is_entered_late_puts_the_charge_right() -> None:
    deal = late_deal()
    charge(DUE + timedelta(days=14))
    pay(deal, 30000, on=DUE + timedelta(days=9), entered=DUE + timedelta(days=14))
    assert fees(deal)[0] == rub(150)  # the 14th to the 18th of December
    rows = list(LateFee.objects.order_by("id").values_list("kind", "since", "until", "amount"))
    days = [DUE + timedelta(days=offset) for offset in range(4, 14)]
    assert rows == [
        *(("charged", day, day, rub(30)) for day in days),
        *(("corrected", day, day, rub(-30)) for day in days[5:]),
    ]


def test_each_time_the_fees_grow_or_fall_the_history_has_one_line(deal: Deal) -> None:
    AccountPolicy.objects.filter(account=deal.account).update(late_fee=FEE)
    make_schedule(deal, first_due_on=date(2026, 9, 10), at=moment(date(2026, 9, 1)))
    charge(date(2026, 9, 15))
    charge(date(2026, 9, 16))
    charge(date(2026, 9, 16))
    charge(date(2026, 10, 20))
    pay(deal, 30000, on=date(2026, 9, 20), entered=date(2026, 10, 21))
    told = [
        (one["text"], one["before"]["late_fees"], one["after"]["late_fees"])
        for one in call("GET", f"deals/{deal.external_id}/history/").json()["results"]
        if one["what"] in ("late_fee_charged", "late_fee_relieved")
    ]
    space = "\N{NO-BREAK SPACE}"
    assert told == [
        (f"Пени выросли на 30{space}₽ за 14.09.2026: всего 30{space}₽", "0.00", "30.00"),
        (f"Пени выросли на 30{space}₽ за 15.09.2026: всего 60{space}₽", "30.00", "60.00"),
        # 34 days of the first row, and six of the second: it is due on Saturday, so on Monday 12 October.
        (
            f"Пени выросли на 1{space}140{space}₽ за 16.09.2026 – 19.10.2026: всего 1{space}200{space}₽",
            "60.00",
            "1200.00",
        ),
        (
            f"Пени уменьшились на 870{space}₽: стало известно о более раннем событии. Всего 330{space}₽",
            "1200.00",
            "330.00",
        ),
    ]


def test_a_fee_of_a_day_ahead_is_seen_and_paid_only_when_its_day_is_over() -> None:
    deal = late_deal()
    today = DUE + timedelta(days=6)
    late_fees.charge(on=DUE + timedelta(days=34), at=moment(today))
    assert fees(deal, on=today)[0] == rub(60)  # the 14th and the 15th
    assert fees(deal, on=DUE + timedelta(days=20))[0] == rub(480)
    assert [row.charged for row in late_fees.of_deal(deal, on=today)] == [rub(60)]
    payment = pay(deal, 1000, on=today, covers="fees")
    assert fees(deal, on=today) == (rub(60), rub(60), 0)
    assert standing_of(deal, on=today).paid == rub(940)
    assert payment.fee_allocations.get().amount == rub(60)
    with pytest.raises(late_fees.NothingOwed):
        late_fees.waive(deal=deal, amount=None, reason="первый раз", author="user:1", at=moment(today))
    pay(deal, 29060, on=today)
    assert fees(deal) == (rub(60), rub(60), 0)
    assert list(verification.violations()) == []


def test_a_row_that_was_charged_ahead_and_paid_in_time_costs_nothing() -> None:
    deal = late_deal()
    late_fees.charge(on=DUE + timedelta(days=14), at=moment(DUE - timedelta(days=5)))
    assert fees(deal)[0] == rub(300)
    pay(deal, 30000, on=DUE)
    assert fees(deal) == (0, 0, 0)


def test_any_day_shows_the_fees_that_were_charged_by_it() -> None:
    deal = late_deal()
    charge(DUE + timedelta(days=14))
    pay(deal, 10000, on=DUE + timedelta(days=8), entered=DUE + timedelta(days=14))
    for days, expected in [(4, 0), (5, 30), (8, 120), (9, 140), (14, 240)]:
        seen = hindsight.standing(deal, on=DUE + timedelta(days=days))
        assert seen.fees.charged == rub(expected), days


def test_days_that_no_run_has_charged_are_charged_when_the_money_comes() -> None:
    deal = late_deal()
    pay(deal, 30000, on=DUE + timedelta(days=14))
    assert fees(deal)[0] == rub(300)
    assert charge(DUE + timedelta(days=20)) == 0


def test_a_rebuild_keeps_what_was_charged_and_stops_the_old_row() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    pay(deal, 10000, on=DUE)
    charge(day)
    assert fees(deal)[0] == rub(200)
    terms = Terms(rub(90000), date(2027, 3, 10), 2)
    schedules.save(deal=deal, terms=terms, version=1, author="user:1", reason="отсрочка", at=moment(day))
    charge(day + timedelta(days=20))
    assert fees(deal)[0] == rub(200)


def test_paused_days_cost_nothing() -> None:
    deal = late_deal()
    begun, ended = DUE + timedelta(days=6), DUE + timedelta(days=10)
    _pause(deal, begun, ended)
    charge(DUE + timedelta(days=14))
    assert fees(deal)[0] == rub(300) - 4 * rub(30)


def test_days_of_a_lost_deal_cost_nothing_when_it_is_live_again() -> None:
    deal = late_deal()
    begun, ended = DUE + timedelta(days=6), DUE + timedelta(days=10)
    LostDeal.objects.create(deal=deal, state="lost", asked_at=moment(begun), ended_at=moment(ended))
    charge(DUE + timedelta(days=14))
    assert fees(deal)[0] == rub(300) - 4 * rub(30)
    again = moment(DUE + timedelta(days=14))
    LostDeal.objects.create(
        deal=deal, state="lost", asked_at=again, decision="go_on", decided_at=again + timedelta(days=2)
    )
    charge(DUE + timedelta(days=17))
    assert fees(deal)[0] == rub(300) - 4 * rub(30) + rub(30)


def test_what_is_waived_stays_waived_and_what_was_paid_stays_paid() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    pay(deal, 1000, day, covers="fees")
    charge(day + timedelta(days=10))
    owed = fees(deal)[2]
    assert owed == rub("293.00")
    with pytest.raises(late_fees.AboveOwed):
        waive(deal, owed + rub("0.01"))
    with pytest.raises(late_fees.ReasonRequired):
        waive(deal, owed, reason=" ")
    waive(deal, 93)
    waive(deal)
    assert fees(deal) == (rub(300), rub(300), 0)
    with pytest.raises(late_fees.NothingOwed):
        waive(deal)
    pay(deal, 29300, on=DUE + timedelta(days=4), entered=day + timedelta(days=10))
    assert fees(deal)[2] == 0
    assert list(verification.violations()) == []


def test_the_database_keeps_fees_and_what_paid_them() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    payment = pay(deal, 1000, day, covers="fees")
    row = LateFee.objects.latest("id").installment_id
    pays = (
        "INSERT INTO billing_feeallocation (payment_id, installment_id, amount, recorded_at)"
        " VALUES (%s, %s, %s, now())"
    )
    assert refused(pays, [payment.pk, row, 1]) in ("fees_cover_payments", "payment_covers_allocations")
    unpaid, theirs = late_deal(), pay(late_deal(), 200000, DUE)
    charge(day)
    owed = LateFee.objects.filter(installment__schedule__deal=unpaid).latest("id").installment_id
    assert refused(pays, [theirs.pk, owed, 1]) == "fees_of_the_deal"
    assert refused("UPDATE billing_latefee SET amount = 0", []) == "append_only"
    assert refused("DELETE FROM billing_feeallocation", []) == "append_only"
    twice = (
        "INSERT INTO billing_latefee (installment_id, kind, amount, since, until, daily_percent, author,"
        " reason, recorded_at) SELECT installment_id, kind, 1, since, until, 1, '', '', now()"
        " FROM billing_latefee"
    )
    assert refused(twice, []) == "day_charged_once"
    assert FeeAllocation.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_runs_and_a_payment_at_once_charge_a_day_once() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    together(lambda: charge(day), lambda: charge(day), lambda: pay(deal, 30000, day))
    assert fees(deal) == (rub(300), 0, rub(300))
    assert list(verification.violations()) == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40_000)), max_size=4), st.sets(st.integers(1, 45))
)
def test_in_whatever_order_days_are_charged_and_money_is_entered_the_fee_is_the_same(
    came: list[tuple[int, int]], runs: set[int]
) -> None:
    with transaction.atomic():
        known, late = late_deal(cap_percent="100"), late_deal(cap_percent="100")
        end = DUE + timedelta(days=50)
        for days, amount in sorted(came):
            pay(known, amount, on=DUE + timedelta(days=days))
        for days in sorted(runs):
            charge(DUE + timedelta(days=days))
        for days, amount in sorted(came):
            pay(late, amount, on=DUE + timedelta(days=days), entered=end)
        late_fees.charge(on=end, at=moment(end))
        assert fees(known)[0] == fees(late)[0]
        transaction.set_rollback(True)


def test_the_command_charges_and_the_card_shows_the_fee_apart(deal: Deal) -> None:
    AccountPolicy.objects.filter(account=deal.account).update(late_fee=FEE)
    make_schedule(deal, first_due_on=date(2026, 9, 10), at=moment(date(2026, 9, 1)))
    call_command("charge_late_fees", "--on", "2026-09-24")
    path = f"deals/{deal.external_id}"
    card = call("GET", f"{path}/").json()
    assert card["fees"] == {"charged": "300.00", "paid": "0.00", "owed": "300.00"}
    assert (card["debt"], "waive_fees" in card["actions"]) == ("90000.00", True)
    assert call("GET", f"{path}/fees/").json()["results"] == [
        {
            "number": 1,
            "due_on": "2026-09-10",
            "charged": "300.00",
            "waived": "0.00",
            "paid": "0.00",
            "owed": "300.00",
        }
    ]
    card = call("POST", f"{path}/fees/waive/", {"amount": "100.00", "reason": "первый раз"}).json()
    assert card["fees"]["owed"] == "200.00"
    answer = call("POST", f"{path}/fees/waive/", {"amount": "200.01", "reason": "ещё"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["amount"])
    told = {one["text"] for one in call("GET", f"{path}/history/").json()["results"]}
    assert "По платежу 1 начисляются пени: 0,1% в день" in told
    assert Event.objects.filter(deal=deal, kind="late_fee_waived").count() == 1


def waive(deal: Deal, amount: object = None, reason: str = "договорились") -> None:
    wanted = None if amount is None else rub(amount)
    late_fees.waive(deal=deal, amount=wanted, reason=reason, author="user:1", at=moment(date(2027, 1, 15)))


def _pause(deal: Deal, begun: date, ended: date) -> None:
    pause = Pause.objects.create(
        schedule=Schedule.objects.get(deal=deal),
        begun_on=begun,
        reason="болезнь",
        author="user:1",
        recorded_at=moment(begun),
    )
    PauseEnd.objects.create(pause=pause, ended_on=ended, author="user:1", recorded_at=moment(ended))


def test_the_payer_reads_the_fee_apart_from_what_is_owed() -> None:
    deal = late_deal()
    day = DUE + timedelta(days=14)
    charge(day)
    page = content.of(Deal.objects.select_related("account").get(pk=deal.pk), at=moment(day))
    assert (page.debt, page.fees) == ("90\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽", "300\N{NO-BREAK SPACE}₽")
