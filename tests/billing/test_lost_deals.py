"""A deal that is lost or deleted in amoCRM stops what goes out, and its manager is asked once."""

from datetime import timedelta
from typing import Any

import pytest

from billing import invoices, ledger, lost_deals, overdue, payments, reminders, versions
from billing.models import Event, Invoice, LostDeal, Message
from billing.payments import Offline
from billing.versions import Rank
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_schedule, rub

pytestmark = pytest.mark.django_db
Decision = LostDeal.Decision
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def deal() -> Deal:
    """A school's deal with a debt; its first row is due today."""
    return make_schedule(total="90000", count=3, first_due_on=TODAY).deal


def become(deal: Deal, state: str, **more: Any) -> None:
    Deal.objects.filter(pk=deal.pk).update(state=state, **more)
    deal.refresh_from_db()


def decide(deal: Deal, decision: str, reason: str = "клиент передумал") -> None:
    lost_deals.decide(
        deal=deal, decision=Decision(decision), reason=reason, author="user:1", at=NOW, rank=Rank.MANAGER
    )


def tasks() -> list[OutboxRow]:
    return list(OutboxRow.objects.filter(kind="task", key__startswith="lost:"))


def standing(deal: Deal) -> ledger.Standing:
    return ledger.standing(deal, on=TODAY)


@pytest.mark.parametrize("state", ["lost", "deleted"])
def test_nothing_goes_out_for_it_any_more(deal: Deal, state: str) -> None:
    become(deal, state)
    assert invoices.issue_due(on=TODAY, at=NOW) == 0
    assert overdue.flag(on=TODAY + timedelta(days=40), at=NOW) == 0
    reminders.send_due(at=NOW)
    assert not Invoice.objects.exists()
    assert not Message.objects.exists()


def test_the_manager_is_asked_once(deal: Deal) -> None:
    become(deal, "lost")
    assert [lost_deals.follow(at=NOW), lost_deals.follow(at=LATER)] == [1, 0]
    (task,) = tasks()
    assert "90\xa0000" in task.payload["text"]
    assert "about" not in task.payload
    assert lost_deals.question(deal) is not None
    assert Event.objects.filter(deal=deal, kind="deal_lost").count() == 1


def test_who_owes_nothing_is_not_asked_about(deal: Deal) -> None:
    offline = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
    payments.receive_full(deal=deal, expected=None, offline=offline, author="user:1", at=NOW)
    become(deal, "lost")
    assert lost_deals.follow(at=NOW) == 0
    assert tasks() == []


def test_a_deleted_deal_asks_on_its_contact_and_a_merged_one_on_the_survivor(deal: Deal) -> None:
    become(deal, "deleted", contact_id=990001)
    lost_deals.follow(at=NOW)
    assert tasks()[0].payload["about"] == ["contacts", 990001]
    LostDeal.objects.all().delete()
    OutboxRow.objects.filter(key__startswith="lost:").delete()
    become(deal, "deleted", merged_into=7700999)
    lost_deals.follow(at=NOW)
    assert tasks()[0].payload["about"] == ["leads", 7700999]


def test_settled_it_owes_nothing(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    decide(deal, "settle")
    assert standing(deal).debt == 0
    assert lost_deals.question(deal) is None
    assert OutboxRow.objects.filter(kind="complete_task", key__endswith=":done").count() == 1
    assert lost_deals.follow(at=LATER) == 0


def test_paused_it_owes_the_same_and_stays_silent(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    decide(deal, "pause")
    assert standing(deal).debt == rub(90000)
    assert standing(deal).state == ledger.DealState.PAUSED
    become(deal, "live")
    assert invoices.issue_due(on=TODAY, at=NOW) == 0


def test_going_on_it_is_collected_as_before_until_it_is_lost_again(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    decide(deal, "go_on", reason="")
    deal.refresh_from_db()
    assert (deal.state, deal.goes_on) == ("live", True)
    assert invoices.issue_due(on=TODAY, at=NOW) == 1
    assert lost_deals.follow(at=LATER) == 0
    assert LostDeal.objects.get().ended_at is None


def test_who_went_on_came_back_and_is_gone_before_anybody_looked_is_asked_about_again(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    decide(deal, "go_on", reason="")
    become(deal, "deleted", goes_on=False)
    assert [lost_deals.follow(at=LATER), lost_deals.follow(at=LATER)] == [1, 0]
    assert lost_deals.question(deal) is not None
    assert len(tasks()) == 2


def test_a_deal_that_is_live_again_ends_the_question_and_may_be_lost_again(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    become(deal, "live")
    assert lost_deals.follow(at=LATER) == 1
    assert LostDeal.objects.get().ended_at == LATER
    assert OutboxRow.objects.filter(kind="complete_task", key__endswith=":done").exists()
    assert invoices.issue_due(on=TODAY, at=LATER) == 1
    become(deal, "lost")
    assert lost_deals.follow(at=LATER) == 1
    assert len(tasks()) == 2


def test_a_live_deal_leaves_nothing_to_decide(deal: Deal) -> None:
    with pytest.raises(lost_deals.NotLost):
        decide(deal, "settle")


def test_settling_needs_a_reason(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    with pytest.raises(versions.ReasonRequired):
        decide(deal, "settle", reason="")
    assert lost_deals.question(deal) is not None


def test_money_that_comes_for_a_lost_deal_is_recorded(deal: Deal) -> None:
    become(deal, "lost")
    lost_deals.follow(at=NOW)
    before = standing(deal).paid
    offline = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=deal, amount=rub(10000), offline=offline, author="user:1", at=NOW)
    assert standing(deal).paid == before + rub(10000)
