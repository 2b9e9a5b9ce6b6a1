"""Whatever the emulator can do wrong: every write arrives once, no value is lost, nothing needs a person."""

import time
from datetime import timedelta

import pytest

from crm import deals, delivery, limits, outbox, repair, transport
from crm.models import Account, Connection, Deal, OutboxRow
from sandbox import faults
from sandbox.amocrm import leads
from sandbox.control import FAULTS
from tests.crm.school import DEBT, NOW, OLGA, PAYING, Amocrm, make_deal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, seconds in (
        (transport, "READ_SECONDS", 0.4),
        (transport, "BLOCK_PAUSE_SECONDS", 0.1),
        (transport, "OUTAGE_PAUSE_SECONDS", 0.1),
        (faults, "TIMEOUT_SECONDS", 0.8),
        (faults, "SLOW_SECONDS", 0.8),
    ):
        monkeypatch.setattr(module, name, seconds)


@pytest.mark.parametrize("fault", sorted(FAULTS["amocrm"]))
def test_every_write_arrives_once(amocrm: Amocrm, account: Account, fault: str) -> None:
    rows = [make_deal(account, lead["id"], responsible_user_id=OLGA) for lead in amocrm.crm.rows("leads")[:3]]
    for deal in rows:
        outbox.put_fields(deal=deal, values={"debt": f"{deal.pk}.00"}, at=NOW)
        outbox.note(deal=deal, key=f"payment:{deal.pk}", text="Получено", at=NOW)
        till = NOW + timedelta(days=1)
        outbox.task(
            deal=deal, key=f"t:{deal.pk}", text="Позвонить", till=till, type_id=1, responsible=None, at=NOW
        )
        outbox.move_stage(deal=deal, key=f"s:{deal.pk}", status_id=PAYING, at=NOW)
    amocrm.spoil(fault, count=2)

    for attempt in range(20):
        delivery.deliver(at=NOW + timedelta(hours=attempt))
        if not OutboxRow.objects.exclude(state="done").exists():
            break
        time.sleep(limits.pause_left("demoschool"))

    assert set(OutboxRow.objects.values_list("state", flat=True)) == {"done"}
    for deal in rows:
        assert amocrm.value(DEBT, deal.external_id) == f"{deal.pk}.00"
        assert amocrm.notes(deal.external_id) == ["Получено"]
        assert len(amocrm.tasks(deal.external_id)) == 1
        closed = amocrm.lead(deal.external_id)["status_id"] in (142, 143)
        assert closed or amocrm.lead(deal.external_id)["status_id"] == PAYING


@pytest.mark.parametrize("fault", ["hook_lost", "hook_twice", "hook_late"])
def test_a_change_is_known_whatever_becomes_of_its_hook(amocrm: Amocrm, account: Account, fault: str) -> None:
    at = NOW.now(tz=NOW.tzinfo)
    deals.refresh(account=account, lead_id=7700123, at=at)
    Connection.objects.update(events_until=at)
    amocrm.spoil(fault)
    leads.change(amocrm.crm, amocrm.lead(), {"price": 4321}, by=OLGA)
    later = at + timedelta(minutes=16)
    assert repair.read_due(at=later) == 1
    deals.refresh_hinted(at=later)
    assert Deal.objects.get().price == 4321
