"""An invoice of the day and a reminder of the day are one message, whichever run comes first."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from billing import invoices, lost_deals, messages, payments, refunds, reminders
from billing.models import AccountPolicy, Event, Installment, Invoice, Message, Payment, Reminder
from crm.models import Account, Deal
from tests.billing.collecting import entity_of
from tests.factories import make_account, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)
POLICY = [{"days": days, "channels": ["email"]} for days in (-3, 0, 1)]


def on(offset: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour, minute), MOSCOW)


def school(**policy: Any) -> Account:
    return make_account(**{"reminders": POLICY, **policy})


def due_deal(account: Account, due: date = DUE, **values: Any) -> Deal:
    deal = make_deal(account, **{"contact_email": "anna@example.org", **values})
    make_schedule(deal, total=30000, count=1, first_due_on=due)
    return deal


def issue(offset: int = 0, hour: int = 9) -> int:
    return invoices.issue_due(on=DUE + timedelta(days=offset), at=on(offset, hour))


def receive(deal: Deal, amount: object) -> None:
    order = make_order(deal, amount=amount, state="superseded")
    payments.receive(
        merchant=order.merchant,
        external_id=order.number,
        amount=rub(amount),
        currency="RUB",
        received_at=on(0),
        method="card",
        order=order,
        at=on(0),
    )


def letters() -> list[str]:
    return [key.split(":")[0] for key in Message.objects.order_by("id").values_list("key", flat=True)]


def test_the_reminder_of_a_row_that_is_invoiced_today_is_left_to_the_invoice() -> None:
    due_deal(school())
    assert reminders.send_due(at=on(0)) == 0
    assert issue() == 1
    assert reminders.send_due(at=on(0, 12)) == 0
    assert letters() == ["invoice"]
    assert reminders.send_due(at=on(1, 12)) == 1
    assert list(Reminder.objects.values_list("days", flat=True)) == [1]


def test_with_lead_days_the_reminder_of_that_day_is_left_to_the_invoice_as_well() -> None:
    due_deal(school(issue_days_before=3))
    assert reminders.send_due(at=on(-3)) == 0
    assert issue(-3) == 1
    assert reminders.send_due(at=on(-3, 15)) == 0
    assert letters() == ["invoice"]


def test_another_deal_of_the_payer_waits_for_tomorrow_when_an_invoice_goes_out_today() -> None:
    account = school()
    late = due_deal(account, DUE - timedelta(days=1))
    issue(-1)
    messages.deliver(at=on(-1))
    due_deal(account, contact_email="Anna@example.org")
    assert reminders.send_due(at=on(0)) == 0
    issue()
    assert reminders.send_due(at=on(0, 15)) == 0
    assert Message.objects.filter(created_at__gte=on(0, 0)).count() == 1
    assert reminders.send_due(at=on(1)) == 1
    assert set(Reminder.objects.values_list("installment__schedule__deal", "days")) >= {(late.pk, 1)}


def test_a_row_whose_invoice_cannot_be_mailed_does_not_silence_the_bot() -> None:
    account = school(reminders=[{"days": 0, "channels": ["salesbot"]}], salesbot_id=3301)
    due_deal(account, contact_email="")
    assert reminders.send_due(at=on(0)) == 1


def test_an_invoice_that_nobody_can_make_does_not_silence_the_other_deals() -> None:
    account = school()
    due_deal(account, location_value="nowhere")
    other = due_deal(account, DUE - timedelta(days=1))
    row = Installment.objects.get(schedule__deal=other)
    Invoice.objects.create(
        deal=other,
        legal_entity=entity_of(other),
        installment=row,
        number="1",
        amount=row.amount,
        issued_on=DUE - timedelta(days=30),
        created_at=on(-30),
    )
    assert reminders.send_due(at=on(0)) == 1


def test_missed_rows_of_one_payer_are_one_letter_with_every_invoice() -> None:
    account = school()
    deal = make_deal(account, contact_email="anna@example.org")
    make_schedule(deal, total=90000, count=3, first_due_on=DUE - timedelta(days=62))
    other = due_deal(account, contact_email="Anna@Example.org")
    due_deal(account, contact_email="igor@example.org")
    assert issue() == 5
    assert Message.objects.count() == 2
    letter = Message.objects.get(to="anna@example.org")
    found = [letter.invoice, *letter.also.all()]
    assert {one.installment.schedule.deal_id for one in found if one and one.installment} == {
        deal.pk,
        other.pk,
    }
    assert "120 000 ₽" in letter.subject
    assert reminders.send_due(at=on(0, 12)) == 0
    messages.deliver(at=on(0))
    letter.refresh_from_db()
    assert all(one and one.number in letter.text and f"n={one.pk}" in letter.html for one in found)
    assert "120 000 ₽" in letter.subject
    assert sorted(sent.to[0] for sent in mail.outbox) == ["anna@example.org", "igor@example.org"]
    by_payer = {sent.to[0]: sent for sent in mail.outbox}
    assert len(by_payer["anna@example.org"].attachments) == 4
    assert Event.objects.filter(kind="invoice_sent").count() == 5


def test_a_letter_leaves_out_what_was_paid_while_it_waited() -> None:
    account = school()
    first, second = due_deal(account), due_deal(account)
    issue()
    receive(first, 30000)
    messages.deliver(at=on(0))
    (sent,) = mail.outbox
    assert len(sent.attachments) == 1
    paid, asked = (Invoice.objects.get(deal=deal) for deal in (first, second))
    assert asked.number in sent.body
    assert paid.number not in sent.body
    assert "60 000 ₽" not in sent.subject
    assert not Event.objects.filter(deal=first, kind="invoice_sent").exists()
    assert Event.objects.filter(deal=second, kind="invoice_sent").exists()
    receive(second, 30000)
    assert messages.deliver(at=on(1)) == 0


@pytest.mark.parametrize("state", [Deal.State.LOST, Deal.State.DELETED])
def test_what_was_queued_before_a_deal_was_lost_is_withdrawn(state: str) -> None:
    deal = due_deal(school())
    issue()
    Deal.objects.update(state=state)
    messages.deliver(at=on(0))
    assert mail.outbox == []
    assert Message.objects.get().last_error == messages.NOT_NEEDED
    lost_deals.follow(at=on(0, 10))
    invoices.send(invoice=Invoice.objects.get(deal=deal), at=on(0, 11))
    messages.deliver(at=on(0, 11))
    assert len(mail.outbox) == 1


def test_a_row_that_was_covered_on_its_day_is_issued_when_the_money_goes_back() -> None:
    deal = due_deal(school())
    row = Installment.objects.get()
    receive(deal, 30000)
    assert issue() == 0
    row.refresh_from_db()
    assert row.issuing_over
    payment = Payment.objects.select_related("merchant").get()
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id="back",
        amount=rub(10000),
        refunded_at=on(1),
        at=on(1),
    )
    assert issue(1) == 1
    assert Invoice.objects.get().amount == rub(10000)
    assert issue(2) == 0
    row.refresh_from_db()
    assert row.issuing_over


def test_the_beat_issues_before_it_reminds_also_after_missed_days() -> None:
    account = school()
    due_deal(account, DUE - timedelta(days=1))
    AccountPolicy.objects.update(issue_at=time(9))
    assert reminders.send_now(at=on(0, 8, 30)) == 0
    assert letters() == []
    assert reminders.send_now(at=on(0, 9, 5)) == 0
    assert letters() == ["invoice"]


def test_a_click_on_a_row_that_was_mailed_today_sends_nothing_again() -> None:
    deal = due_deal(school())
    issue()
    invoice = Invoice.objects.get()
    invoices.mail(invoice=invoice, at=on(0, 10))
    assert Message.objects.count() == 1
    invoices.send(invoice=invoice, at=on(0, 11))
    assert Message.objects.count() == 2
    invoices.mail(invoice=invoice, at=on(1, 10))
    assert Message.objects.filter(deal=deal).count() == 3
