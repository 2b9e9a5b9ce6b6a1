"""Automatic payment, over the sandbox: announced before, charged once, the link where the card cannot pay."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from billing import auto_charges, cards, messages, promises
from billing.models import AccountPolicy, Event, Message, Payment, ProviderOrder
from crm.models import Deal
from tests.billing import test_charges as saved
from tests.billing.test_charges import deal, running
from tests.factories import rows_of, rub
from tests.providers import sandbox

__all__ = ["deal", "running"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(autouse=True)
def hour_of_issuing(deal: Deal) -> None:
    AccountPolicy.objects.update(issue_at=time(9))


def second(deal: Deal) -> date:
    return rows_of(deal.schedule)[1].effective_due_on


def run(day: date, hour: int = 10) -> int:
    return auto_charges.run(at=datetime.combine(day, time(hour), MOSCOW))


def orders_of(deal: Deal) -> int:
    return ProviderOrder.objects.filter(deal=deal, card__isnull=False).count()


def test_a_row_is_announced_the_day_before_and_charged_once_on_its_day(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    saved.agreed(running, deal)
    due = second(deal)
    assert [run(due - timedelta(days=2)), run(due - timedelta(days=1)), run(due - timedelta(days=1), 15)] == [
        0,
        0,
        0,
    ]
    announced = Message.objects.get(key__startswith="charge:")
    assert "4242" in announced.text
    assert f"{due:%Y}" in announced.subject
    assert run(due, 8) == 0
    assert run(due) == 1
    saved.until(lambda: Payment.objects.filter(deal=deal).count() == 2)
    assert [run(due, 12), run(due + timedelta(days=1))] == [0, 0]
    assert orders_of(deal) == 1
    assert rows_of(deal.schedule)[1].paid == rub(30000)
    assert Event.objects.filter(deal=deal, kind="charge_announced").count() == 1


def test_after_missed_days_it_is_announced_first_and_charged_the_day_after(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    saved.agreed(running, deal)
    late = second(deal) + timedelta(days=2)
    assert [run(late), run(late, 20), run(late + timedelta(days=1))] == [0, 0, 1]


@pytest.mark.parametrize("why", ["withdrawn", "promised", "lost", "stopped"])
def test_who_withdrew_promised_or_is_lost_is_not_charged(
    running: sandbox.RunningSandbox, deal: Deal, why: str
) -> None:
    saved.agreed(running, deal)
    due = second(deal)
    run(due - timedelta(days=1))
    at = datetime.combine(due - timedelta(days=1), time(18), MOSCOW)
    if why == "withdrawn":
        cards.withdraw(deal=deal, author="payer", at=at)
    elif why == "promised":
        promises.give(deal=deal, word=promises.Word(due + timedelta(days=3)), author="user:1", at=at)
    elif why == "lost":
        Deal.objects.update(state=Deal.State.LOST)
    else:
        AccountPolicy.objects.update(issuing_stopped=True)
    assert run(due) == 0
    assert orders_of(deal) == 0


def test_a_card_that_may_be_charged_no_more_sends_the_link_once(
    running: sandbox.RunningSandbox, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = saved.agreed(running, deal)
    due = second(deal)
    run(due - timedelta(days=1))
    # The bank said "never again" to a charge of this card.
    ProviderOrder.objects.filter(deal=deal).update(card=card, decline_code="5041", state="refused")
    ProviderOrder.objects.update(created_at=card.saved_at + timedelta(seconds=1) if card.saved_at else None)
    assert [run(due), run(due, 15)] == [0, 0]
    letter = Message.objects.get(key__endswith=":link")
    assert "go/?what=installment" in letter.text
    messages.deliver(at=datetime.combine(due, time(16), MOSCOW))
    assert sum("go/?what=installment" in str(sent.body) for sent in mail.outbox) == 1


def test_a_deal_without_a_card_is_left_alone(deal: Any) -> None:
    run(rows_of(deal.schedule)[0].effective_due_on)
    assert not Message.objects.exists()
