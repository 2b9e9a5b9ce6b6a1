"""Invoices: made once, sent once, void with their row, their state computed."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import invoice_state, invoices, issuing, past_rows, payments
from billing.invoices import Demand
from billing.models import AccountPolicy, Event, Invoice, Message
from billing.payments import Offline
from crm.models import Deal
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rows_of, rub, standing_of

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
FIRST = date(2026, 12, 10)
SECOND = date(2027, 1, 10)


def pay(deal: Deal, amount: object) -> None:
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)


def test_a_due_row_is_invoiced_and_mailed_exactly_once() -> None:
    deal = make_deal()
    make_schedule(deal)
    assert invoices.issue_due(on=FIRST, at=NOW) == 1
    assert invoices.issue_due(on=FIRST, at=NOW) == 0
    invoice = Invoice.objects.get()
    assert (invoice.amount, invoice.installment.number if invoice.installment else None) == (rub(30000), 1)
    message = Message.objects.get()
    assert (message.invoice, message.to, message.channel) == (invoice, deal.contact_email, "email")
    assert invoice.number in message.subject + message.text
    assert Event.objects.filter(deal=deal, kind="invoice_issued").count() == 1


def test_nothing_is_issued_before_its_day() -> None:
    make_schedule()
    assert invoices.issue_due(on=FIRST - timedelta(days=1), at=NOW) == 0


def test_lead_days_of_the_account_issue_earlier() -> None:
    make_schedule(make_deal(make_account(issue_days_before=3)))
    assert invoices.issue_due(on=FIRST - timedelta(days=4), at=NOW) == 0
    assert invoices.issue_due(on=FIRST - timedelta(days=3), at=NOW) == 1


def test_a_booking_with_links_gets_no_invoice_by_itself() -> None:
    account = make_account()
    make_schedule(make_deal(account))
    AccountPolicy.objects.filter(account=account).update(mode=AccountPolicy.Mode.DEPOSIT)
    assert invoices.issue_due(on=FIRST, at=NOW) == 0
    assert not Message.objects.exists()


def test_missed_days_are_caught_up_for_every_open_row() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 40000)
    assert invoices.issue_due(on=SECOND, at=NOW) == 1
    assert Invoice.objects.get().amount == rub(20000)


def test_paid_lost_and_old_rows_are_left_alone() -> None:
    make_schedule(make_deal(state=Deal.State.LOST))
    make_schedule(make_deal(make_account(starts_on=date(2027, 6, 1))))
    paid = make_deal()
    make_schedule(paid, count=1)
    pay(paid, 90000)
    assert invoices.issue_due(on=SECOND, at=NOW) == 0


def test_without_an_address_the_invoice_is_made_and_nothing_is_sent() -> None:
    make_schedule(make_deal(contact_email=""))
    assert invoices.issue_due(on=FIRST, at=NOW) == 1
    assert not Message.objects.exists()


def test_a_click_makes_the_invoice_of_the_first_open_row_and_a_second_click_returns_it() -> None:
    deal = make_deal()
    make_schedule(deal)
    first = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    assert first == invoices.issue(deal=deal, demand=Demand(number=1), author="user:1", at=NOW)
    assert first.amount == rub(30000)


def test_after_a_part_was_paid_a_click_makes_an_invoice_for_what_is_left() -> None:
    deal = make_deal()
    make_schedule(deal)
    first = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    pay(deal, 10000)
    second = invoices.issue(deal=deal, demand=Demand(number=1), author="user:1", at=NOW)
    first.refresh_from_db()
    assert (second.amount, first.voided_at) == (rub(20000), NOW)
    assert invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW) == second


def test_an_invoice_is_not_sent_again_for_more_than_is_left_of_its_row() -> None:
    deal = make_deal()
    make_schedule(deal)
    of_row = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    of_sum = invoices.issue(deal=deal, demand=Demand(amount=rub(50000)), author="user:1", at=NOW)
    pay(deal, 10000)
    with pytest.raises(invoices.OtherSum):
        invoices.send(invoice=of_row, at=NOW)
    invoices.send(invoice=of_sum, at=NOW)
    assert list(Message.objects.values_list("invoice", flat=True)) == [of_sum.pk]


def test_numbers_are_given_once_per_legal_entity_and_year() -> None:
    account = make_account()
    numbers = []
    for _ in range(3):
        deal = make_deal(account)
        make_schedule(deal)
        numbers.append(invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW).number)
    assert numbers == ["2026-00001", "2026-00002", "2026-00003"]


@pytest.mark.parametrize(
    ("demand", "error"),
    [
        (Demand(number=9), invoices.NoSuchRow),
        (Demand(amount=rub("90000.01")), invoices.AboveDebt),
    ],
)
def test_what_is_not_owed_cannot_be_asked_for(demand: Demand, error: type[Exception]) -> None:
    deal = make_deal()
    make_schedule(deal)
    with pytest.raises(error):
        invoices.issue(deal=deal, demand=demand, author="user:1", at=NOW)
    assert not Invoice.objects.exists()


def test_a_paid_deal_has_nothing_to_invoice() -> None:
    deal = make_deal()
    make_schedule(deal)
    pay(deal, 90000)
    with pytest.raises(invoices.NothingToInvoice):
        invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)


def test_a_void_invoice_stays_void_and_the_row_may_be_asked_for_again() -> None:
    deal = make_deal()
    make_schedule(deal)
    first = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    invoices.void(invoice=first, reason="ошибка", author="user:1", at=NOW)
    invoices.void(invoice=first, reason="ещё раз", author="user:1", at=NOW)
    assert Event.objects.filter(kind="invoice_void").count() == 1
    with pytest.raises(invoices.AlreadyVoid):
        invoices.send(invoice=first, at=NOW)
    assert invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW) != first


def test_the_state_and_the_rest_follow_the_money() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    of_row = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    of_sum = invoices.issue(deal=deal, demand=Demand(amount=rub(50000)), author="user:1", at=NOW)
    pay(deal, 20000)
    standing = standing_of(deal)
    assert [invoice_state.state_of(one, standing) for one in (of_row, of_sum)] == ["open", "open"]
    assert [invoice_state.open_rest(one, standing) for one in (of_row, of_sum)] == [rub(10000), rub(30000)]
    pay(deal, 30000)
    standing = standing_of(deal)
    assert [invoice_state.state_of(one, standing) for one in (of_row, of_sum)] == ["paid", "paid"]
    assert len(rows_of(schedule)) == 3


def test_sending_again_by_hand_is_a_second_message() -> None:
    deal = make_deal()
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    invoices.send(invoice=invoice, at=NOW)
    invoices.send(invoice=invoice, at=NOW)
    assert Message.objects.filter(invoice=invoice).count() == 2


def test_a_morning_asks_the_index_of_what_is_left_and_joins_to_what_it_found() -> None:
    """Whatever the planner expects: it takes "past" and "not done yet" for independent, and most is done."""
    policy = make_account().policy
    make_schedule(make_deal(policy.account), total=30000, count=1, first_due_on=FIRST)
    lead = FIRST - timedelta(days=policy.issue_days_before)
    for rows in (
        issuing.due_by(policy, on=lead).values_list("id", "schedule__deal"),
        issuing.asked_or_covered(on=FIRST).filter(past_rows.to_issue(until=FIRST)).values_list("id"),
    ):
        with connection.cursor() as cursor:
            # As in a table of millions: no whole table is cheap to read. The indexes are without what other
            # tests left in them.
            cursor.execute("REINDEX TABLE billing_installment")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + rows.query.sql_with_params()[0], rows.query.sql_with_params()[1])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Index Only Scan using installment_to_issue" in plan
        assert "(id = ANY (" in plan
    assert list(issuing.due_by(policy, on=lead).values_list("amount", flat=True)) == [rub(30000)]


def test_a_morning_of_many_payers_takes_the_statements_of_a_few() -> None:
    account = make_account()

    def statements(payers: int, on: date) -> int:
        for _number in range(payers):
            make_schedule(make_deal(account), total=30000, count=1, first_due_on=on)
        with CaptureQueriesContext(connection) as queries:
            assert invoices.issue_due(on=on, at=NOW) == payers
        return len(queries)

    # Beside the rows of the day before, which have had their invoices.
    statements(2, FIRST - timedelta(days=1))
    assert statements(12, FIRST) == statements(3, FIRST + timedelta(days=1))
