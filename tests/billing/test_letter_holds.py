"""The letter of an invoice waits for what its payer has said: a promise, a transfer, a saved card."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from billing import (
    auto_charges,
    cards,
    invoices,
    issuing,
    messages,
    payments,
    promises,
    reminders,
    stops,
    transfer_claims,
    verification,
)
from billing.api import timeline
from billing.models import AccountPolicy, Event, Invoice, Message, Reminder, SavedCard
from billing.payments import Offline
from crm.models import Account, Deal
from tests.factories import make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)  # a Thursday
STEPS = [{"days": days, "channels": ["email"]} for days in range(-3, 12)]


def on(offset: int, hour: int = 10) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(hour), MOSCOW)


def school(**policy: Any) -> Account:
    return make_account(**{"issue_days_before": 2, **policy})


def due_deal(account: Account | None = None, due: date = DUE, **values: Any) -> Deal:
    deal = make_deal(account or school(), **{"contact_email": "anna@example.org", **values})
    make_schedule(deal, total=30000, count=1, first_due_on=due)
    return deal


def issue(offset: int, hour: int = 10) -> int:
    return invoices.issue_due(on=DUE + timedelta(days=offset), at=on(offset, hour))


def sent(offset: int) -> list[str]:
    """The bodies of what leaves at that moment."""
    before = len(mail.outbox)
    messages.deliver(at=on(offset))
    return [str(one.body) for one in mail.outbox[before:]]


def promise(deal: Deal, at: datetime | None = None, until: int = 3) -> None:
    word = promises.Word(DUE + timedelta(days=until))
    promises.give(deal=deal, word=word, author="user:1", at=at or on(-5))


def claim(deal: Deal, at: datetime | None = None) -> None:
    """Held for three working days: till Tuesday when it is said on Thursday."""
    transfer_claims.claim(
        deal=deal,
        amount=rub(30000),
        paid_on=DUE - timedelta(days=5),
        comment="",
        author="payer",
        at=at or on(-2),
    )


def card(deal: Deal, at: datetime | None = None) -> None:
    SavedCard.objects.create(
        deal=deal, words="да", consented_at=on(-40), saved_at=at or on(-40), token="t", mask="4242"
    )


def pay(deal: Deal, amount: object, offset: int) -> None:
    cash = Offline(paid_on=on(offset).date(), method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(amount), offline=cash, author="user:1", at=on(offset))


@pytest.mark.parametrize(
    ("says", "last"), [(promise, 3), (claim, 1), (card, 0)], ids=["promise", "claim", "card"]
)
def test_the_invoice_is_made_and_its_letter_leaves_after_the_hold(
    says: Callable[[Deal], None], last: int
) -> None:
    deal = due_deal()
    says(deal)
    assert issue(-2) == 1
    auto_charges.run(at=on(-1))
    assert [issue(offset) for offset in range(-1, last + 1)] == [0] * (last + 2)
    invoice = Invoice.objects.get()
    assert (invoice.letter_waits, invoice.messages.exists()) == (True, False)
    assert [issue(last + 1), issue(last + 1), issue(last + 2)] == [0, 0, 0]
    letter = sent(last + 1)[-1]
    invoice.refresh_from_db()
    assert invoice.number in letter
    assert (invoice.letter_waits, invoice.messages.count()) == (False, 1)


def test_before_a_charge_the_payer_reads_that_it_will_be_made_and_nothing_else() -> None:
    card(due_deal())
    for offset in (-2, -1, 0):
        issue(offset)
    auto_charges.run(at=on(-1))
    issue(0)
    (letter,) = sent(0)
    assert "4242" in letter
    assert "go/?what=" not in letter


@pytest.mark.parametrize("says", [promise, claim, card])
def test_what_was_paid_meanwhile_is_not_asked_for(says: Callable[[Deal], None]) -> None:
    deal = due_deal()
    says(deal)
    issue(-2)
    pay(deal, 30000, 0)
    for offset in range(9):
        issue(offset)
    assert not Message.objects.exists()
    assert not Invoice.objects.get().letter_waits


def test_what_was_paid_in_part_is_asked_for_by_an_invoice_of_the_rest() -> None:
    deal = due_deal()
    promise(deal, until=0)
    issue(-2)
    pay(deal, 12000, 0)
    assert [issue(1), issue(2)] == [0, 0]
    first, second = Invoice.objects.order_by("id")
    assert (first.amount, first.voided_at is None) == (rub(30000), False)
    assert (second.amount, second.letter_waits) == (rub(18000), False)
    (letter,) = sent(1)
    assert second.number in letter
    assert "18\N{NO-BREAK SPACE}000" in letter
    assert list(verification.violations()) == []


@pytest.mark.parametrize(("says", "why"), [(promise, "обещал"), (claim, "переводом"), (card, "карты")])
def test_the_history_says_once_why_the_letter_waits(says: Callable[[Deal], None], why: str) -> None:
    deal = due_deal()
    says(deal)
    issue(-2)
    issue(-1)
    assert Event.objects.filter(kind="invoice_held").count() == 1
    (line,) = (
        one["text"] for one in timeline.of(deal, names=defaultdict(str)) if one["what"] == "invoice_held"
    )
    assert why in line
    assert ".12.2026" in line


def test_what_goes_out_tomorrow_says_which_letter_waits_and_which_leaves() -> None:
    deal = due_deal()
    promise(deal, until=0)
    (planned,) = issuing.plan(on=DUE - timedelta(days=2))
    assert "обещал" in planned.obstacle
    issue(-2)
    assert list(issuing.plan(on=DUE)) == []
    (planned,) = issuing.plan(on=DUE + timedelta(days=1))
    assert (planned.deal, planned.obstacle) == (deal, "")


def test_a_claim_that_a_person_closes_lets_the_letter_leave_at_once() -> None:
    deal = due_deal()
    claim(deal)
    issue(-2)
    found = transfer_claims.open_of(deal)
    assert found is not None
    transfer_claims.close(claim=found, outcome="missing", author="user:1", at=on(-1))
    issue(-1)
    assert len(sent(-1)) == 1


def test_a_card_that_is_withdrawn_lets_the_letter_leave() -> None:
    deal = due_deal()
    card(deal)
    issue(-2)
    cards.withdraw(deal=deal, author="payer", at=on(-1))
    issue(-1)
    assert len(sent(-1)) == 1


@pytest.mark.parametrize("why", ["no address", "stopped", "no card yet"])
def test_a_card_that_is_not_charged_holds_nothing(why: str) -> None:
    deal = due_deal(school(salesbot_id=3301))
    card(deal)
    if why == "no address":
        Deal.objects.update(contact_email="")
    elif why == "stopped":
        stops.stop(deal=deal, of="reminders", reason="", author="user:1", at=on(-5))
    else:
        SavedCard.objects.update(saved_at=None)
    issue(-2)
    assert Message.objects.count() == 1


def test_a_missed_row_is_first_announced_and_charged_and_asked_for_afterwards() -> None:
    deal = due_deal()
    card(deal)
    issue(2)
    Message.objects.create(
        account=deal.account,
        deal=deal,
        channel="email",
        key=f"charge:{deal.schedule.installments.get().pk}:announced",
        to="anna@example.org",
        not_before=on(2),
        created_at=on(2),
        state="done",
    )
    invoice = Invoice.objects.get()
    for offset, count in ((3, 0), (4, 1)):
        issue(offset)
        assert invoice.messages.count() == count


def test_the_letters_of_other_deals_of_the_payer_leave() -> None:
    account = school()
    held, free = due_deal(account), due_deal(account)
    promise(held)
    assert issue(-2) == 2
    (letter,) = sent(-2)
    assert Invoice.objects.get(deal=free).number in letter
    assert Invoice.objects.get(deal=held).number not in letter


def test_what_was_held_and_what_is_due_now_is_one_letter() -> None:
    account = school()
    held = due_deal(account)
    promise(held, until=0)
    issue(-2)
    due_deal(account, DUE + timedelta(days=3))
    assert issue(1) == 1
    (letter,) = sent(1)
    assert all(one.number in letter for one in Invoice.objects.all())


def test_a_promise_made_while_the_letter_waits_for_the_morning_holds_it() -> None:
    account = school()
    deal, other = due_deal(account), due_deal(account)
    invoices.issue_due(on=DUE - timedelta(days=2), at=on(-2, 3), leaving=invoices.Leaving.PAYERS_HOURS)
    promise(deal, at=on(-2, 7), until=0)
    (letter,) = sent(-2)
    assert Invoice.objects.get(deal=other).number in letter
    assert Invoice.objects.get(deal=deal).number not in letter
    assert Event.objects.get(kind="invoice_held").deal == deal
    issue(1)
    (letter,) = sent(1)
    assert Invoice.objects.get(deal=deal).number in letter
    assert Invoice.objects.get(deal=other).number not in letter


def test_what_a_person_sends_is_held_by_nothing_and_not_sent_again() -> None:
    deal = due_deal()
    promise(deal, until=0)
    issue(-2)
    invoices.send(invoice=Invoice.objects.get(), at=on(-1))
    assert len(sent(-1)) == 1
    issue(1)
    assert sent(1) == []


def test_the_letter_that_leaves_is_the_reminder_of_its_day() -> None:
    account = school(reminders=STEPS)
    deal = due_deal(account)
    promise(deal, until=0)
    AccountPolicy.objects.update(issue_at=time(9))
    for offset in range(-2, 1):
        reminders.send_now(at=on(offset))
    assert reminders.send_now(at=on(1, 8)) == 0
    assert reminders.send_now(at=on(1)) == 0
    assert [one.key.split(":")[0] for one in Message.objects.all()] == ["invoice"]
    assert reminders.send_now(at=on(2)) == 1
    assert list(Reminder.objects.values_list("days", flat=True)) == [2]


def test_a_held_letter_silences_no_other_deal_of_the_payer() -> None:
    account = school(reminders=STEPS)
    held = due_deal(account)
    late = due_deal(account, DUE - timedelta(days=4))
    promise(held)
    issue(-4)
    assert reminders.send_due(at=on(-2)) == 1
    assert set(Reminder.objects.values_list("installment__schedule__deal", flat=True)) == {late.pk}


@pytest.mark.parametrize("state", [Deal.State.LOST, Deal.State.DELETED])
def test_a_letter_that_waits_is_not_sent_for_a_deal_that_was_lost(state: str) -> None:
    deal = due_deal()
    promise(deal, until=0)
    issue(-2)
    Deal.objects.update(state=state)
    issue(1)
    assert not Message.objects.exists()


def test_a_void_invoice_waits_for_nothing() -> None:
    deal = due_deal()
    promise(deal, until=0)
    issue(-2)
    invoices.void(invoice=Invoice.objects.get(), reason="", author="user:1", at=on(-1))
    issue(1)
    assert not Message.objects.exists()
