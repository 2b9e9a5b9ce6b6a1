"""Money carried to another deal: by reversal, inside the legal entity that received it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import queries
from analytics.filters import Filter
from billing import credit, moves, payers, payments, refund_orders, refunds, schedules, verification
from billing.models import Event, Location, Move, Ownership, Payment, Receipt
from billing.payers import Payer
from billing.payments import Offline
from billing.rules.schedule import Row, Terms
from crm.models import Deal, OutboxRow
from tests.billing.bookings import make_booking, make_links, make_network
from tests.billing.test_guards import refused
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_order,
    make_schedule,
    rub,
    standing_of,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def offline(paid_on: date = TODAY) -> Offline:
    return Offline(paid_on=paid_on, method="cash", payer={}, comment="", receipt=None)


def pay(deal: Deal, amount: object, paid_on: date = TODAY) -> Payment:
    return payments.receive_offline(
        deal=deal, amount=rub(amount), offline=offline(paid_on), author="user:1", at=NOW
    )


def pay_by_card(deal: Deal, amount: object) -> Payment:
    order = make_order(deal)
    return payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=rub(amount),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )


def move(payment: Payment, to: Deal, amount: object = None, reason: str = "ошибка в договоре") -> Payment:
    wanted = None if amount is None else rub(amount)
    return moves.move(payment=payment, to=to, amount=wanted, reason=reason, author="user:1", at=LATER)


def two_deals(total: object = 90000) -> tuple[Deal, Deal]:
    account = make_account()
    here, there = make_deal(account), make_deal(account)
    make_schedule(here, total=total)
    make_schedule(there, total=total)
    return here, there


def figures(deal: Deal) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    standing = standing_of(deal)
    assert standing.paid + standing.debt + standing.written_off == standing.total
    return standing.received, standing.paid, standing.debt, standing.credit


def test_a_move_carries_what_is_left_and_nothing_is_edited() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    target = move(payment, there)
    assert figures(here) == (0, 0, rub(90000), 0)
    assert figures(there) == (rub(40000), rub(40000), rub(50000), 0)
    assert Payment.objects.get(pk=payment.pk).amount == rub(40000)
    assert (target.method, target.received_at, target.recorded_at) == ("transfer", payment.received_at, LATER)
    assert (target.legal_entity_id, target.merchant_id) == (payment.legal_entity_id, None)
    assert list(verification.violations()) == []


def test_a_part_is_taken_from_free_money_first_then_from_the_newest_rows() -> None:
    here, there = two_deals()
    payment = pay(here, 100000)
    move(payment, there, 30000)
    assert figures(here) == (rub(70000), rub(70000), rub(20000), 0)
    assert [row.paid for row in standing_of(here).rows] == [rub(30000), rub(30000), rub(10000)]


def test_other_credit_flows_into_the_rows_that_a_move_opened() -> None:
    here, there = two_deals()
    first, _second = pay(here, 90000), pay(here, 5000)
    move(first, there, 10000)
    assert figures(here) == (rub(85000), rub(85000), rub(5000), 0)


def test_both_histories_and_both_managers_are_told_once() -> None:
    here, there = two_deals()
    move(pay(here, 40000), there, 15000)
    out, came = (
        Event.objects.get(deal=deal, kind=kind)
        for deal, kind in ((here, "payment_moved_out"), (there, "payment_moved_in"))
    )
    assert (out.data["lead_id"], out.data["amount"]) == (there.external_id, "15000.00")
    assert (came.data["lead_id"], came.data["amount"]) == (here.external_id, "15000.00")
    for deal in (here, there):
        assert OutboxRow.objects.filter(deal=deal, kind="note", key__startswith="move:").count() == 1


def test_no_second_income_receipt_is_made() -> None:
    here, there = two_deals()
    target = move(pay(here, 40000), there)
    receipt = Receipt.objects.get(payment=target)
    assert (receipt.kind, receipt.state, receipt.reason) == ("income", "not_required", "moved")


def test_money_that_goes_home_is_the_same_payment_again() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    target = move(payment, there)
    assert move(target, here, 25000) == payment
    assert figures(here) == (rub(25000), rub(25000), rub(65000), 0)
    assert figures(there) == (rub(15000), rub(15000), rub(75000), 0)
    assert [row.amount for row in Move.objects.order_by("id")] == [rub(40000), rub(-25000)]
    assert Payment.objects.count() == 2
    assert list(verification.violations()) == []


def test_a_refund_of_the_root_payment_takes_moved_money_too() -> None:
    here, there = two_deals()
    payment = pay_by_card(here, 60000)
    move(payment, there, 45000)
    assert payment.merchant is not None
    refund = refunds.noticed(
        merchant=payment.merchant,
        payment_external_id="501",
        external_id="r1",
        amount=rub(60000),
        refunded_at=LATER,
        at=LATER,
    )
    assert refund is not None
    assert standing_of(here).received + standing_of(there).received - rub(60000) == 0
    assert (figures(here)[1], figures(there)[1]) == (0, 0)
    assert list(verification.violations()) == []


def test_a_refund_of_more_than_was_received_brings_no_money_home() -> None:
    here, there = two_deals()
    payment = pay_by_card(here, 60000)
    move(payment, there, 45000)
    assert payment.merchant is not None
    told: dict[str, Any] = {"merchant": payment.merchant, "payment_external_id": "501", "external_id": "r1"}
    assert refunds.noticed(**told, amount=rub("60000.01"), refunded_at=LATER, at=LATER) is None
    assert (figures(here)[0], figures(there)[0]) == (rub(15000), rub(45000))
    assert Move.objects.count() == 1


def test_what_cannot_be_moved_is_refused_and_nothing_is_half_done() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    with pytest.raises(moves.AboveLeft):
        move(payment, there, 40001)
    with pytest.raises(payments.NotPositive):
        move(payment, there, 0)
    with pytest.raises(moves.SameDeal):
        move(payment, here)
    with pytest.raises(moves.ReasonRequired):
        move(payment, there, reason=" ")
    move(payment, there)
    with pytest.raises(moves.NothingLeft):
        move(payment, there)
    assert Move.objects.count() == 1


def test_money_never_leaves_the_legal_entity() -> None:
    here, _there = two_deals()
    stranger = make_deal(make_account(entity=_entity_with_shop()))
    payment = pay(here, 40000)
    with pytest.raises(moves.OtherEntity):
        move(payment, stranger)
    assert figures(here)[0] == rub(40000)
    assert not Payment.objects.filter(deal=stranger).exists()


def test_the_database_refuses_a_move_between_legal_entities() -> None:
    here, _there = two_deals()
    stranger = make_deal(make_account(entity=_entity_with_shop()))
    theirs, ours = pay(stranger, 40000), pay(here, 200000)
    statement = (
        "INSERT INTO billing_move (source_id, target_id, amount, author, reason, recorded_at)"
        " VALUES (%s, %s, %s, '', '', now())"
    )
    assert refused(statement, [ours.pk, theirs.pk, 40000]) == "move_inside_the_entity"


def test_the_database_refuses_a_move_of_more_than_the_payment_and_a_change_of_a_move() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    target = move(payment, there, 30000)
    statement = (
        "INSERT INTO billing_move (source_id, target_id, amount, author, reason, recorded_at)"
        " VALUES (%s, %s, %s, '', '', now())"
    )
    assert refused(statement, [payment.pk, target.pk, -30001]) in (
        "move_inside_the_entity",
        "payment_covers_allocations",
    )
    assert refused(statement, [payment.pk, target.pk, 30000]) == "moved_payment_has_one_source"
    assert refused("UPDATE billing_move SET amount = 1", []) == "append_only"
    assert refused("DELETE FROM billing_move", []) == "append_only"


def test_a_payment_that_says_it_was_carried_needs_its_move() -> None:
    here, _there = two_deals()
    payment = pay(here, 1000)
    statement = (
        "INSERT INTO billing_payment (deal_id, legal_entity_id, amount, currency, counted, method,"
        " external_id, received_at, recorded_at, author, comment, payer, manager, programme, cohort)"
        " SELECT deal_id, legal_entity_id, 1, 'RUB', true, 'transfer', '', received_at, now(), '', '', '{}',"
        " 0, '', '' FROM billing_payment WHERE id = %s"
    )
    assert refused(statement, [payment.pk]) == "moved_payment_has_a_move"


def test_a_move_changes_no_day_total_and_reports_know_it_from_then_on() -> None:
    here, there = two_deals()
    Deal.objects.filter(pk=there.pk).update(programme="Психолог")
    there.refresh_from_db()
    payment = pay(here, 40000, paid_on=date(2026, 11, 2))
    move(payment, there, 15000)

    def received(**narrowed: Any) -> Decimal:
        asked = Filter(
            account=here.account,
            as_of=TODAY,
            today=TODAY,
            since=date(2026, 11, 2),
            until=date(2026, 11, 2),
            **narrowed,
        )
        total: Decimal = queries.summary(asked).figures.received
        assert total == sum((row["amount"] for row in queries.received(asked, after=None, limit=100)), rub(0))
        return total

    assert received() == rub(40000)
    assert received(programme="Нутрициолог") == rub(25000)
    assert received(programme="Психолог") == rub(15000)
    assert received(programme="Нутрициолог", known_at=NOW) == rub(40000)
    assert received(programme="Психолог", known_at=NOW) == 0


def test_the_credit_of_a_deal_is_offered_to_open_deals_of_its_payer() -> None:
    here, there = two_deals()
    Deal.objects.filter(pk=there.pk).update(contact_id=here.contact_id)
    stranger = make_deal(here.account, contact_phone="+79160000000")
    make_schedule(stranger)
    payment = pay(here, 95000)
    found = credit.uses(here, on=TODAY)
    assert found.credit == rub(5000)
    assert [(one.pk, one.free) for one in found.payments] == [(payment.pk, rub(5000))]
    assert [(one.deal, one.debt, one.payments) for one in found.candidates] == [
        (there, rub(90000), (payment.pk,))
    ]
    move(payment, there, found.credit)
    assert figures(here) == (rub(90000), rub(90000), 0, 0)
    assert credit.uses(here, on=TODAY).candidates == ()


def candidates(deal: Deal) -> list[Deal]:
    return [one.deal for one in credit.uses(deal, on=TODAY).candidates]


def overpaid_deal(**values: Any) -> Deal:
    found = make_deal(**values)
    make_schedule(found)
    pay(found, 95000)
    return found


def test_a_payer_is_known_by_contact_e_mail_or_phone_however_it_is_written() -> None:
    here = overpaid_deal(contact_email="anna@example.org", contact_phone="8 (916) 555-44-33")
    same: list[dict[str, Any]] = [
        {"contact_id": here.contact_id},
        {"contact_email": "Anna@Example.org"},
        {"contact_phone": "+79165554433"},
    ]
    others = [make_deal(here.account, **({"contact_phone": ""} | values)) for values in same]
    strangers = [
        make_deal(here.account, contact_phone="+79165554434"),
        make_deal(make_account(), contact_id=here.contact_id),
        make_deal(here.account, contact_id=here.contact_id, state=Deal.State.LOST),
        make_deal(here.account, contact_email="", contact_phone="", contact_id=None),
    ]
    for deal in [*others, *strangers]:
        make_schedule(deal)
    assert sorted(candidates(here), key=lambda deal: deal.pk) == others


def test_money_of_a_company_is_offered_to_the_deals_that_it_pays_and_to_no_private_one() -> None:
    company = Payer("company", "ООО «Мечта»", inn="7700000009", kpp="770001001", email="anna@example.org")
    here = make_deal(contact_email="anna@example.org")
    make_schedule(here)
    payers.name(deal=here, payer=company, author="user:1", at=NOW)
    pay(here, 95000)
    private = make_deal(here.account, contact_id=here.contact_id, contact_email="anna@example.org")
    theirs = make_deal(here.account)
    for deal in (private, theirs):
        make_schedule(deal)
    payers.name(deal=theirs, payer=company, author="user:1", at=NOW)
    assert candidates(here) == [theirs]
    pay(private, 91000)
    assert candidates(private) == []


def test_credit_is_not_offered_to_a_deal_of_another_legal_entity() -> None:
    here = overpaid_deal()
    there = make_deal(here.account, contact_id=here.contact_id)
    make_schedule(there)
    assert candidates(here) == [there]
    merchant = make_merchant(make_legal_entity())
    location = Location.objects.create(account=here.account, key="other", name="Другая", crm_value="Другая")
    Ownership.objects.create(
        location=location,
        legal_entity=merchant.legal_entity,
        merchant=merchant,
        valid_from=date(2020, 1, 1),
    )
    Deal.objects.filter(pk=there.pk).update(location_value="Другая")
    assert candidates(here) == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 70000)), max_size=8))
def test_however_money_is_carried_every_sum_holds(steps: list[tuple[int, int]]) -> None:
    with transaction.atomic():
        here, there = two_deals(total=60000)
        third = make_deal(here.account)
        make_schedule(third, total=30000)
        deals = [here, there, third]
        pay(here, 50000)
        pay(there, 20000)
        for where, amount in steps:
            payment = Payment.objects.filter(deal__in=deals).order_by("id").last()
            assert payment is not None
            try:
                move(payment, deals[where], amount)
            except (moves.SameDeal, moves.AboveLeft, moves.NothingLeft):
                continue
        assert sum((figures(deal)[0] for deal in deals), rub(0)) == rub(70000)
        for deal in deals:
            received, paid, _debt, free = figures(deal)
            assert received == paid + free
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert list(verification.violations()) == []
        transaction.set_rollback(True)


def _entity_with_shop() -> Any:
    entity = make_legal_entity()
    make_merchant(entity)
    return entity


def test_what_is_asked_back_by_the_payer_is_not_moved() -> None:
    here, there = two_deals()
    payment = pay(here, 40000)
    refund_orders.request(
        payment=payment,
        demand=refund_orders.Demand(amount=rub(30000), reason="отказ", method="cash"),
        author="user:1",
        at=NOW,
    )
    with pytest.raises(moves.AboveLeft):
        move(payment, there, 10001)
    move(payment, there, 10000)
    assert figures(there)[1] == rub(10000)


def test_a_deposit_whose_money_was_carried_away_is_asked_again() -> None:
    _account, (place, _other) = make_network()
    here, there = make_booking(place), make_booking(place)
    make_links(here)
    payment = pay(here, 4000)
    moves.move(payment=payment, to=there, amount=rub(3000), reason="не та бронь", author="user:1", at=NOW)
    rows = (Row(TODAY, rub(19000)),)
    schedules.save(
        deal=here,
        terms=Terms(rub(20000), rows=rows),
        version=1,
        author="user:1",
        reason="больше игроков",
        at=LATER,
    )
    assert standing_of(here).deposit == rub(5000)
