"""A stage gate holds also the deals that nobody has opened here: a hint of an unknown lead is looked at."""

from datetime import UTC, datetime, timedelta

import pytest

from billing import stage_gates
from crm import deals, delivery, repair
from crm.models import Account, Connection, Deal, DealHint, Pipeline
from sandbox.amocrm import leads
from tests.crm.school import CONTRACT, LEAD, MARIA, OVERDUE, PAYING, PIPELINE, Amocrm

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return datetime.now(UTC)


def gate(*stages: int) -> None:
    Pipeline.objects.filter(external_id=PIPELINE).update(gated_statuses=list(stages))


def move(amocrm: Amocrm, status_id: int) -> None:
    leads.change(amocrm.crm, amocrm.lead(), {"status_id": status_id, "pipeline_id": PIPELINE}, by=MARIA)


def follow(account: Account) -> None:
    deals.hint(account=account, leads={LEAD: False}, at=now())
    deals.refresh_hinted(at=now())


def test_an_unknown_deal_that_came_past_a_gate_goes_back_where_it_came_from(
    amocrm: Amocrm, account: Account
) -> None:
    gate(PAYING, OVERDUE)
    move(amocrm, PAYING)
    move(amocrm, OVERDUE)
    follow(account)
    assert stage_gates.hold(at=now()) == 1
    delivery.deliver(at=now())
    assert amocrm.lead()["status_id"] == CONTRACT
    assert len(amocrm.notes()) == 1


def test_a_lost_hook_of_an_unknown_deal_is_made_up_for(amocrm: Amocrm, account: Account) -> None:
    gate(PAYING)
    Connection.objects.update(events_until=now() - timedelta(hours=1))
    move(amocrm, PAYING)
    repair.read_due(at=now())
    deals.refresh_hinted(at=now())
    assert stage_gates.hold(at=now()) == 1


def test_unknown_deals_before_the_gate_or_without_gates_are_let_go(amocrm: Amocrm, account: Account) -> None:
    move(amocrm, PAYING)
    follow(account)
    assert amocrm.calls() == []
    gate(OVERDUE)
    follow(account)
    assert amocrm.calls() == [f"GET api/v4/leads/{LEAD}"]
    assert not Deal.objects.exists()
    assert not DealHint.objects.exists()


def test_a_deal_that_began_behind_the_gate_has_no_way_back(amocrm: Amocrm, account: Account) -> None:
    gate(PAYING)
    amocrm.change(status_id=PAYING)
    follow(account)
    assert not Deal.objects.exists()
