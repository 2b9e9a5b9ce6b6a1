"""Who paid too much reads that the manager will contact him, so the manager has a task, once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing import inbox, payments, refunds
from billing.models import Message
from billing.payments import Offline
from crm.models import Deal, OutboxRow
from tests.billing.notices import fields_of, send
from tests.billing.test_amendments import total
from tests.factories import NOW, TODAY, make_account, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def scheduled(**values: Any) -> Deal:
    deal = make_deal(**values)
    make_schedule(deal)
    return deal


def pay(deal: Deal, amount: object) -> None:
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)


def tasks(deal: Deal) -> list[OutboxRow]:
    return list(OutboxRow.objects.filter(deal=deal, kind="task", key__startswith="credit:"))


def test_an_overpayment_is_one_task_till_the_end_of_the_next_working_day() -> None:
    deal = scheduled()
    pay(deal, 95000)
    (task,) = tasks(deal)
    assert f"5{chr(160)}000{chr(160)}₽" in task.payload["text"]
    assert deal.contact_name in task.payload["text"]
    # Sunday in the factories: Monday is the next day of work, 18:00 in Moscow.
    assert datetime.fromisoformat(task.payload["till"]).astimezone(UTC) == datetime(
        2026, 11, 23, 15, tzinfo=UTC
    )
    assert task.payload["responsible"] is None


@pytest.mark.parametrize("others", [0, 3], ids=["alone", "together with others"])
def test_money_that_is_told_of_twice_is_one_task(others: int) -> None:
    order = make_order(scheduled(), amount=95000)
    for number, one in enumerate([order, *(make_order(scheduled()) for _ in range(others))]):
        for _delivery in range(2):
            send(one.merchant, "pay", fields_of(one, TransactionId=str(number)))
        send(one.merchant, "confirm", fields_of(one, TransactionId=str(number)))
    for _turn in range(2):
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    inbox.replay(since=None, at=NOW)
    assert len(tasks(order.deal)) == 1
    assert OutboxRow.objects.filter(key__startswith="credit:").count() == 1


@pytest.mark.parametrize(
    ("returned", "closed"), [(2000, []), (5000, ["credit"]), (20000, ["credit"])], ids=str
)
def test_the_task_closes_when_the_overpayment_went_back(returned: int, closed: list[str]) -> None:
    order = make_order(scheduled(), amount=95000)
    send(order.merchant, "pay", fields_of(order, TransactionId="501"))
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    for external_id in ("r1", "r1"):
        refunds.noticed(
            merchant=order.merchant,
            payment_external_id="501",
            external_id=external_id,
            amount=rub(returned),
            refunded_at=NOW,
            at=NOW,
        )
    done = OutboxRow.objects.filter(deal=order.deal, kind="complete_task")
    assert [row.payload["key"].split(":")[0] for row in done] == closed
    assert {row.payload["key"] for row in done} <= {row.key for row in tasks(order.deal)}


def test_the_task_closes_when_a_dearer_deal_needs_the_money() -> None:
    deal = scheduled()
    pay(deal, 95000)
    total(deal, 100000, due_on=TODAY + timedelta(days=60))
    assert OutboxRow.objects.filter(deal=deal, kind="complete_task").count() == 1


@pytest.mark.parametrize("amount", [30000, 90000])
def test_who_paid_no_more_than_is_owed_makes_no_task(amount: int) -> None:
    deal = scheduled()
    pay(deal, amount)
    assert tasks(deal) == []


def test_money_before_anybody_knows_the_price_is_no_overpayment() -> None:
    deal = make_deal(price=rub(0))
    pay(deal, 5000)
    assert tasks(deal) == []


def test_a_deal_that_is_gone_has_no_place_for_a_task() -> None:
    deal = scheduled()
    Deal.objects.update(state=Deal.State.DELETED)
    pay(deal, 95000)
    assert tasks(deal) == []


@pytest.mark.parametrize(
    ("to", "name", "shown"),
    [
        ("contact:990001", "Анна Смирнова", "Анна Смирнова"),
        ("contact:990001", "", "чат amoCRM"),
        ("deal:5", "", "чат amoCRM"),
        ("anna@example.org", "Анна Смирнова", "anna@example.org"),
    ],
)
def test_the_panel_calls_the_payer_of_a_message_by_name(
    admin_client: Client, to: str, name: str, shown: str
) -> None:
    deal = make_deal(make_account(), contact_name=name)
    row = Message.objects.create(
        account=deal.account, deal=deal, channel="salesbot", key="m", to=to, not_before=NOW, created_at=NOW
    )
    listed = admin_client.get(reverse("admin:billing_message_changelist")).content.decode()
    opened = admin_client.get(reverse("admin:billing_message_change", args=[row.pk])).content.decode()
    for page in (listed, opened):
        assert shown in page
        assert "contact:" not in page
