"""Reminders: each step once, one message a day for a payer, nobody who has paid, never at night."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from billing import invoices, letter_holds, messages, payments, reminders, workdays
from billing.invoices import Demand
from billing.models import LegalEntity, Message, OverdueFlag, Payment, Reminder, SavedCard
from crm.models import Account, Deal
from tests.billing.collecting import entity_of
from tests.factories import make_account, make_deal, make_order, make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)
POLICY = [
    {"days": -3, "channels": ["email"]},
    {"days": 0, "channels": ["email"]},
    {"days": 1, "channels": ["email"]},
    {"days": 7, "channels": ["email"]},
]


def on(offset: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour, minute), MOSCOW)


def school(**policy: Any) -> Account:
    return make_account(**{"reminders": POLICY, **policy})


def due_deal(account: Account | None = None, due: date = DUE, **values: Any) -> Deal:
    """A deal whose only row was invoiced long ago: no invoice goes out on any day of a test."""
    deal = make_deal(account or school(), **values)
    make_schedule(deal, total=30000, count=1, first_due_on=due)
    invoices.issue(deal=deal, demand=Demand(), author="user:1", at=on(-40))
    return deal


def pay(deal: Deal, amount: object) -> None:
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


def said() -> list[tuple[int, int]]:
    """Which steps were done: (deal, days)."""
    return list(Reminder.objects.order_by("id").values_list("installment__schedule__deal", "days"))


def test_each_step_is_said_once_on_its_day() -> None:
    due_deal()
    counts = [reminders.send_due(at=on(offset, hour)) for offset in range(-5, 10) for hour in (10, 16)]
    assert sum(counts) == 4
    assert [days for _deal, days in said()] == [-3, 0, 1, 7]
    assert Message.objects.count() == 4


def test_the_letter_says_who_asks_what_till_when_and_where_to_pay() -> None:
    deal = due_deal()
    reminders.send_due(at=on(1))
    message = Message.objects.get()
    assert message.key == f"reminder:{Reminder.objects.get().installment_id}:1:email"
    for text in (message.text, message.html):
        assert entity_of(deal).name in text
        assert "30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in text
        assert "go/?what=overdue" in text
    assert message.to == deal.contact_email


def test_before_the_day_the_letter_asks_for_this_installment() -> None:
    due_deal()
    reminders.send_due(at=on(-3))
    assert "go/?what=installment" in Message.objects.get().text


def test_after_an_outage_only_the_newest_step_is_said() -> None:
    due_deal()
    assert reminders.send_due(at=on(8)) == 1
    assert [days for _deal, days in said()] == [7]


@pytest.mark.parametrize(("hour", "minute"), [(7, 59), (22, 0), (23, 30), (3, 0)])
def test_nothing_is_said_at_night(hour: int, minute: int) -> None:
    due_deal()
    assert reminders.send_due(at=on(0, hour, minute)) == 0
    assert reminders.send_due(at=on(0, 8)) == 1


def test_a_day_off_begins_at_nine_and_ends_at_eight_in_the_evening() -> None:
    # 12 December 2026 is a Saturday; the row is then effectively due on Monday, minus three days is Friday.
    due_deal(due=date(2026, 12, 15))
    saturday = date(2026, 12, 12)
    for hour, count in ((8, 0), (20, 0), (21, 0), (19, 1)):
        assert reminders.send_due(at=datetime.combine(saturday, time(hour, 30), MOSCOW)) == count


def test_the_hours_are_those_of_the_region_of_the_phone() -> None:
    due_deal(contact_phone="+7 343 234-56-78")  # Yekaterinburg, two hours ahead
    assert reminders.send_due(at=on(0, 20, 30)) == 0
    assert reminders.send_due(at=on(0, 6, 30)) == 1


def test_what_falls_due_for_one_payer_on_one_day_is_one_message() -> None:
    account = school()
    first, second = (
        due_deal(account, contact_email=email) for email in ("Anna@example.org", "anna@example.org ")
    )
    other = due_deal(account, contact_email="igor@example.org")
    assert reminders.send_due(at=on(1)) == 2
    assert sorted(said()) == sorted((deal.pk, 1) for deal in (first, second, other))
    shared = Message.objects.get(to="anna@example.org")
    assert first.name in shared.text
    assert second.name in shared.text
    assert other.name not in shared.text
    messages.deliver(at=on(1))
    assert sorted(sent.to[0] for sent in mail.outbox) == ["anna@example.org", "igor@example.org"]


def test_the_same_payer_in_two_accounts_is_two_payers() -> None:
    for _ in range(2):
        due_deal(school(), contact_email="anna@example.org")
    assert reminders.send_due(at=on(0)) == 2


def test_what_comes_later_on_the_same_day_waits_for_tomorrow() -> None:
    account = school()
    due_deal(account, contact_email="anna@example.org")
    assert reminders.send_due(at=on(0, 9)) == 1
    late = due_deal(account, contact_email="anna@example.org")
    assert reminders.send_due(at=on(0, 15)) == 0
    assert reminders.send_due(at=on(1, 9)) == 1
    assert (late.pk, 1) in said()


def test_an_invoice_sent_that_day_counts_as_that_days_reminder() -> None:
    deal = due_deal()
    invoices.send(
        invoice=invoices.issue(deal=deal, demand=Demand(), author="user:1", at=on(0, 9)), at=on(0, 9)
    )
    assert reminders.send_due(at=on(0, 12)) == 0
    assert reminders.send_due(at=on(1, 12)) == 1
    assert [days for _deal, days in said()] == [1]


def test_nobody_who_has_paid_is_reminded() -> None:
    deal = due_deal()
    pay(deal, 30000)
    assert reminders.send_due(at=on(1)) == 0


def test_money_that_comes_while_the_letter_waits_stops_it() -> None:
    deal = due_deal()
    reminders.send_due(at=on(1))
    pay(deal, 30000)
    assert messages.deliver(at=on(1)) == 1
    assert mail.outbox == []


def test_a_partly_paid_row_is_reminded_of_its_rest() -> None:
    deal = due_deal()
    pay(deal, 10000)
    reminders.send_due(at=on(1))
    assert "20\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in Message.objects.get().text


@pytest.mark.parametrize("values", [{"state": "lost"}, {"state": "deleted"}, {"contact_email": ""}])
def test_lost_deleted_and_unreachable_deals_get_nothing(values: dict[str, Any]) -> None:
    due_deal(**values)
    assert reminders.send_due(at=on(1)) == 0


def test_nothing_due_before_the_start_of_the_account_is_said() -> None:
    due_deal(school(starts_on=DUE + timedelta(days=1)))
    assert reminders.send_due(at=on(1)) == 0


def test_money_that_is_not_counted_yet_holds_the_reminders() -> None:
    deal = due_deal()
    Payment.objects.create(
        deal=deal,
        legal_entity=entity_of(deal),
        amount=rub(300),
        currency="USD",
        counted=False,
        method="card",
        received_at=on(0),
        recorded_at=on(0),
    )
    assert reminders.send_due(at=on(1)) == 0


def test_an_account_without_a_policy_reminds_nobody() -> None:
    due_deal(school(reminders=[]))
    assert reminders.send_due(at=on(1)) == 0


def test_the_bot_is_a_channel_of_its_own() -> None:
    account = school(reminders=[{"days": 1, "channels": ["email", "salesbot"]}], salesbot_id=3301)
    deal = due_deal(account)
    assert [reminders.send_due(at=on(1)), reminders.send_due(at=on(1, 13)), reminders.send_due(at=on(2))] == [
        2,
        0,
        0,
    ]
    assert sorted(Message.objects.values_list("channel", flat=True)) == ["email", "salesbot"]
    messages.deliver(at=on(1))
    assert deal.outbox.filter(kind="salesbot").count() == 1


def announced(deal: Deal, offset: int) -> None:
    row = rows_of(deal.schedule)[0]
    key = letter_holds.announcement_key(row.pk)
    messages.queue_email(deal=deal, key=key, to="x@example.org", subject="", text="", html="", at=on(offset))


def test_what_the_card_will_pay_is_announced_and_not_asked_for_before_the_day_is_over() -> None:
    by_card, agreed, by_hand = due_deal(), due_deal(), due_deal()
    SavedCard.objects.create(deal=by_card, words="да", consented_at=on(-40), saved_at=on(-40), token="t")
    announced(by_card, -1)
    SavedCard.objects.create(deal=agreed, words="да", consented_at=on(-40))
    for offset in (-3, 0, 1):
        reminders.send_due(at=on(offset))
    assert [days for deal, days in said() if deal == by_card.pk] == [1]
    assert [days for deal, days in said() if deal == agreed.pk] == [-3, 0, 1]
    assert [days for deal, days in said() if deal == by_hand.pk] == [-3, 0, 1]


def test_a_charge_that_is_announced_late_is_not_asked_for_either_until_its_day_is_over() -> None:
    late, missed = due_deal(), due_deal()
    for deal in (late, missed):
        SavedCard.objects.create(deal=deal, words="да", consented_at=on(-40), saved_at=on(-40), token="t")
    announced(late, 3)
    for offset in (3, 4, 5, 7):
        reminders.send_due(at=on(offset))
    assert sorted(said()) == sorted([(late.pk, 1), (late.pk, 7), (missed.pk, 7)])


def test_where_nothing_is_charged_by_itself_a_saved_card_stops_no_reminder() -> None:
    deal = due_deal(school(issuing_stopped=True))
    unreached = due_deal(school(reminders=[{"days": -3, "channels": ["salesbot"]}], salesbot_id=1))
    Deal.objects.filter(pk=unreached.pk).update(contact_email="")
    for one in (deal, unreached):
        SavedCard.objects.create(deal=one, words="да", consented_at=on(-40), saved_at=on(-40), token="t")
    assert reminders.send_due(at=on(-3)) == 2


def test_short_messages_of_a_debt_say_who_asks_where_to_pay_and_whom_to_call() -> None:
    deal = due_deal(school(reminders=[{"days": 1, "channels": ["salesbot", "sms"]}], salesbot_id=3301))
    LegalEntity.objects.update(phone="+7 495 000-00-00")
    assert reminders.send_due(at=on(1)) == 2
    entity = LegalEntity.objects.get()
    for message in Message.objects.filter(deal=deal):
        for part in (entity.name, "30\N{NO-BREAK SPACE}000", "go/?what=overdue", "+7 495 000-00-00"):
            assert part in message.text


def test_the_fifth_message_of_a_week_waits() -> None:
    account = school()
    due_deal(account, contact_email="anna@example.org")
    for number in range(4):
        messages.queue_email(
            deal=due_deal(account, contact_email="x@example.org"),
            key=f"welcome:{number}",
            to="anna@example.org",
            subject="s",
            text="t",
            html="",
            at=on(-2 + number % 2),
        )
    before = Message.objects.filter(key__startswith="reminder:", to="anna@example.org")
    reminders.send_due(at=on(1))
    assert before.count() == 0
    reminders.send_due(at=on(6))
    assert before.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_say_each_step_once() -> None:
    account = school()
    for _ in range(3):
        due_deal(account, contact_email="anna@example.org")
    due_deal(account)
    counts: list[int] = []

    def run() -> None:
        try:
            counts.append(reminders.send_due(at=on(1)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 2
    assert Reminder.objects.count() == 4
    assert Message.objects.count() == 2


class TestWhateverHappens(TestCase):
    """Runs at any hours, missed and doubled, with money in between."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        hours=st.lists(st.integers(-6 * 24, 20 * 24), min_size=1, max_size=12),
        dues=st.lists(st.integers(-4, 4), min_size=1, max_size=3),
        paid_at=st.integers(-6 * 24, 20 * 24),
        phone=st.sampled_from(["+79161234501", "+74232345678", "+74012345678", ""]),
    )
    def test_no_step_twice_no_night_no_payer_who_has_paid(
        self, hours: list[int], dues: list[int], paid_at: int, phone: str
    ) -> None:
        account = school()
        deals = [
            due_deal(
                account, DUE + timedelta(days=due), contact_email="anna@example.org", contact_phone=phone
            )
            for due in dues
        ]
        zones = {"+74232345678": "Asia/Vladivostok", "+74012345678": "Europe/Kaliningrad"}
        zone = ZoneInfo(zones.get(phone, "Europe/Moscow"))
        start = datetime.combine(DUE, time(0), UTC)
        paid = False
        for hour in sorted(hours):
            at = start + timedelta(hours=hour)
            if hour >= paid_at and not paid:
                pay(deals[0], 30000)
                paid = True
            before = set(Reminder.objects.values_list("pk", flat=True))
            reminders.send_due(at=at)
            new = Reminder.objects.exclude(pk__in=before)
            if paid:
                assert not new.filter(installment__schedule__deal=deals[0]).exists()
            if new:
                local = at.astimezone(zone)
                opens, closes = (8, 22) if workdays.calendar().is_working(local.date()) else (9, 20)
                assert opens <= local.hour < closes
        steps = list(Reminder.objects.values_list("installment", "days", "channel"))
        assert len(steps) == len(set(steps))
        days = [made.astimezone(zone).date() for made in Message.objects.values_list("created_at", flat=True)]
        assert len(days) == len(set(days))
        assert not OverdueFlag.objects.exists()
