"""The simulator: what a policy would have sent on real rows, against what the runs of those days did send."""

from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import (
    letters,
    pauses,
    payments,
    preferences,
    promises,
    rehearsal,
    reminders,
    stops,
    transfer_claims,
)
from billing.models import AccountPolicy, Message, Reminder, SavedCard, Stop
from billing.payments import Offline
from crm.models import Account, Deal
from tests.factories import make_account, make_deal, make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)
POLICY = [{"days": days, "channels": ["email"]} for days in (-3, 1, 7)]


def school(**policy: Any) -> Account:
    return make_account(**{"reminders": POLICY, "issuing_stopped": True, **policy})


def scheduled(account: Account, **values: Any) -> Deal:
    deal = make_deal(account, **values)
    make_schedule(deal, total=90000, count=3, first_due_on=DUE)
    return deal


def pay(deal: Deal, on: date) -> None:
    cash = Offline(paid_on=on, method="cash", payer={}, comment="", receipt=None)
    at = datetime.combine(on, time(15), MOSCOW)
    payments.receive_offline(deal=deal, amount=rub(30000), offline=cash, author="user:1", at=at)


def test_it_says_what_the_runs_of_those_days_did_say() -> None:
    account = school()
    anna = [scheduled(account, contact_email="anna@example.org") for _ in range(2)]
    scheduled(account, contact_email="igor@example.org")
    days = [DUE + timedelta(days=offset) for offset in range(-10, 60)]
    for day in days:
        reminders.send_due(at=datetime.combine(day, time(12), MOSCOW))
        if day == DUE + timedelta(days=2):
            pay(anna[0], day)
    said = [
        (letter.on, letter.payer, one.deal.pk, one.installment.number)
        for letter in rehearsal.run(account=account, since=days[0], until=days[-1])
        for one in letter.said
    ]
    did = [
        (
            row.message.created_at.astimezone(MOSCOW).date(),
            row.message.to,
            row.installment.schedule.deal_id,
            row.installment.number,
        )
        for row in Reminder.objects.select_related("message", "installment__schedule")
    ]
    assert sorted(said) == sorted(did)
    assert len(did) > 15


def test_other_steps_can_be_tried_and_nothing_is_written() -> None:
    account = school()
    scheduled(account)
    steps = [{"days": 0, "channels": ["email"]}, {"days": 2, "channels": ["email"]}]
    with CaptureQueriesContext(connection) as queries:
        letters = rehearsal.run(account=account, since=DUE, until=DUE + timedelta(days=5), steps=steps)
    assert [(letter.on - DUE).days for letter in letters] == [0, 2]
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert not Message.objects.exists()


def test_the_limits_of_the_law_are_shown() -> None:
    account = school(reminders=[{"days": days, "channels": ["email"]} for days in range(1, 7)])
    scheduled(account)
    letters = rehearsal.run(account=account, since=DUE, until=DUE + timedelta(days=8))
    assert [letter.held for letter in letters] == [False] * 4 + [True] * 2


def test_the_command_prints_the_letters_and_their_count() -> None:
    account = school()
    deal = scheduled(account, contact_email="anna@example.org")
    out = StringIO()
    call_command(
        "rehearse_reminders", account.key, "--from", "2026-12-01", "--till", "2026-12-20", stdout=out
    )
    lines = out.getvalue().splitlines()
    assert lines[0] == f"2026-12-07 email anna@example.org: {deal.external_id} №1 -3"
    assert lines[-1] == "3 messages to 1 payers, 0 put off by limits"
    with pytest.raises(CommandError):
        call_command("rehearse_reminders", "nobody", "--from", "2026-12-01", "--till", "2026-12-20")
    with pytest.raises(CommandError):
        call_command("rehearse_reminders", account.key, "--from", "2026-12-01", "--till", "2030-12-20")


def test_who_has_no_address_is_said_to_be_out_of_reach_and_counts_as_no_message() -> None:
    account = school(reminders=[{"days": 1, "channels": ["email"]}])
    scheduled(account, contact_email="", contact_name="Алёна Зайцева")
    scheduled(account, contact_email="anna@example.org")
    letters = rehearsal.run(account=account, since=DUE, until=DUE + timedelta(days=3))
    assert {letter.payer: (letter.reached, letter.held) for letter in letters} == {
        "Алёна Зайцева": (False, False),
        "anna@example.org": (True, False),
    }


def test_of_a_day_ahead_it_tells_what_goes_out_and_what_waits() -> None:
    account = school(reminders=[{"days": 1, "channels": ["email"]}])
    free, promised, refused, paid = [
        scheduled(account, contact_email=f"{name}@example.org")
        for name in ("free", "promised", "refused", "paid")
    ]
    at = datetime.combine(DUE, time(12), MOSCOW)
    promises.give(deal=promised, word=promises.Word(DUE + timedelta(days=5)), author="user:1", at=at)
    preferences.choose(deal=refused, channel=preferences.NONE, author="payer", at=at)
    pay(paid, DUE)
    told = rehearsal.coming(account=account, on=DUE + timedelta(days=1))
    assert [(letter.payer, letter.waits) for letter in told] == [
        ("free@example.org", False),
        ("promised@example.org", True),
        ("refused@example.org", True),
    ]
    assert [said.rest for letter in told for said in letter.said] == [rub(30000)] * 3
    reminders.send_due(at=at + timedelta(days=1))
    assert [row.to for row in Message.objects.all()] == [free.contact_email]


def test_what_an_invoice_of_the_day_will_say_waits_for_it() -> None:
    account = school(reminders=[{"days": 0, "channels": ["email"]}], issuing_stopped=False)
    scheduled(account)
    (letter,) = rehearsal.coming(account=account, on=DUE)
    assert letter.waits
    assert "счёт" in letter.why


def test_the_panels_list_of_tomorrow_says_why_a_reminder_stays(admin_client: Client) -> None:
    account = school()
    deal = make_deal(account, contact_email="anna@example.org")
    today = timezone.localdate()
    make_schedule(deal, total=30000, count=1, first_due_on=today)
    days = (today + timedelta(days=1) - rows_of(deal.schedule)[0].effective_due_on).days
    AccountPolicy.objects.update(reminders=[{"days": days, "channels": ["email"]}])
    address = "/admin/billing/overdueflag/tomorrow/"
    page = admin_client.get(address).content.decode()
    assert "anna@example.org" in page
    assert "обещал" not in page
    word = promises.Word(today + timedelta(days=9))
    promises.give(deal=deal, word=word, author="user:1", at=timezone.now())
    said = f"ждёт: плательщик обещал заплатить, до {letters.day_words(word.until)}"
    assert said in admin_client.get(address).content.decode()


def test_of_what_waits_it_names_the_very_reason() -> None:
    account = school(reminders=[{"days": 1, "channels": ["email"]}], issuing_stopped=False)
    at = datetime.combine(DUE, time(12), MOSCOW)
    names = ("promise", "claim", "stop", "pause", "wish", "card")
    found = {name: scheduled(account, contact_email=f"{name}@example.org") for name in names}
    promises.give(deal=found["promise"], word=promises.Word(DUE + timedelta(days=5)), author="user:1", at=at)
    transfer_claims.claim(
        deal=found["claim"], amount=rub(30000), paid_on=DUE, comment="", author="payer", at=at
    )
    stops.stop(deal=found["stop"], of=Stop.Of.REMINDERS, reason="", author="user:1", at=at)
    pauses.pause(deal=found["pause"], reason="отпуск", until=None, author="user:1", at=at)
    preferences.choose(deal=found["wish"], channel=preferences.NONE, author="payer", at=at)
    SavedCard.objects.create(deal=found["card"], words="да", consented_at=at, saved_at=at, token="t")
    told = rehearsal.coming(account=account, on=DUE + timedelta(days=1))
    assert {letter.payer.partition("@")[0]: letter.why.partition(", до ")[0] for letter in told} == {
        "promise": "плательщик обещал заплатить",
        "claim": "плательщик сообщил, что оплатил переводом",
        "stop": "напоминания по сделке остановлены",
        "pause": "график на паузе",
        "wish": "плательщик не хочет напоминаний",
        "card": "деньги спишутся с сохранённой карты",
    }
