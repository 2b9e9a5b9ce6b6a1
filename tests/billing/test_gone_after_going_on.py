"""Who decided that a lost deal goes on did not decide that of a deleted one: it stops again, asked once."""

from datetime import UTC, datetime

import pytest

from billing import invoices, lost_deals
from billing.models import Invoice, LostDeal
from billing.versions import Rank
from crm import deals
from crm.models import Account, Deal, OutboxRow
from sandbox.amocrm import leads
from tests.billing.crm_calls import account as account
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import CONTRACT, LEAD, LOST, OLGA, OTHER_LEAD, Amocrm
from tests.factories import make_schedule

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def deal(amocrm: Amocrm, account: Account) -> Deal:
    """Due today, with a payer's address."""
    deal = looked_at(account)
    make_schedule(deal, total="90000", count=3, first_due_on=deal.local_day(now()), at=now())
    return deal


def looked_at(account: Account) -> Deal:
    return deals.refresh(account=account, lead_id=LEAD, at=now())


def asked(account: Account) -> int:
    """What the hook's hint leads to; how many questions there are now."""
    looked_at(account)
    lost_deals.follow(at=now())
    return OutboxRow.objects.filter(kind="task", key__startswith="lost:").count()


def go_on(deal: Deal) -> None:
    lost_deals.decide(
        deal=deal, decision=LostDeal.Decision.GO_ON, reason="", author="user:1", at=now(), rank=Rank.MANAGER
    )


def issued(deal: Deal) -> int:
    invoices.issue_due(on=deal.local_day(now()), at=now())
    return Invoice.objects.filter(deal=deal).count()


def test_a_lost_deal_that_goes_on_and_is_deleted_then_stops_and_is_asked_about(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    amocrm.change(status_id=LOST)
    assert asked(account) == 1
    go_on(deal)
    assert asked(account) == 1
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    assert [asked(account), asked(account)] == [2, 2]
    deal.refresh_from_db()
    assert (deal.state, deal.goes_on) == (Deal.State.DELETED, False)
    assert lost_deals.question(deal) is not None
    assert issued(deal) == 0


def test_merged_into_another_it_is_asked_about_there(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    deals.refresh(account=account, lead_id=OTHER_LEAD, at=now())
    amocrm.change(status_id=LOST)
    asked(account)
    go_on(deal)
    leads.merge(amocrm.crm, amocrm.lead(OTHER_LEAD), amocrm.lead(), by=OLGA)
    assert asked(account) == 2
    task = OutboxRow.objects.filter(kind="task", key__startswith="lost:").latest("pk")
    assert task.payload["about"] == ["leads", OTHER_LEAD]


def test_a_deleted_deal_that_goes_on_is_collected_while_it_stays_deleted(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    assert asked(account) == 1
    go_on(deal)
    assert [asked(account), asked(account)] == [1, 1]
    assert issued(deal) == 1


def test_restored_and_lost_since_it_is_asked_about_again(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    asked(account)
    go_on(deal)
    leads.restore(amocrm.crm, amocrm.lead(), by=OLGA)
    amocrm.change(status_id=LOST)
    assert asked(account) == 2
    assert issued(deal) == 0


def test_restored_it_is_an_ordinary_deal_and_deleted_again_asked_about_again(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    asked(account)
    go_on(deal)
    leads.restore(amocrm.crm, amocrm.lead(), by=OLGA)
    amocrm.change(status_id=CONTRACT)
    assert asked(account) == 1
    leads.delete(amocrm.crm, amocrm.lead(), by=OLGA)
    assert asked(account) == 2
    assert issued(deal) == 0
