"""A bot's message is handed over until it is seen in the chat."""

from datetime import UTC, datetime, timedelta

import pytest

from crm import chats, delivery, outbox
from crm.models import Account, Deal, OutboxRow
from tests.crm.school import LEAD, OTHER_LEAD, Amocrm, make_deal

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return datetime.now(UTC)


def run(deal: Deal, key: str = "bot") -> OutboxRow:
    outbox.run_salesbot(deal=deal, key=key, bot_id=3301, at=now())
    assert delivery.deliver(at=now()) == 1
    return OutboxRow.objects.get(key=key)


def test_a_message_in_the_chat_is_the_proof(amocrm: Amocrm, deal: Deal) -> None:
    row = run(deal)
    assert (row.state, row.seen_at) == ("done", None)
    at = now()
    assert chats.look(at=at) == 1
    row.refresh_from_db()
    assert row.seen_at == at
    calls = len(amocrm.calls())
    assert chats.look(at=at) == 0
    assert len(amocrm.calls()) == calls


def test_a_silent_chat_is_told_once_and_nothing_is_run_again(amocrm: Amocrm, deal: Deal) -> None:
    amocrm.spoil("chat_silent", count=None)
    run(deal)
    assert chats.look(at=now() + timedelta(minutes=59)) == 0
    assert not OutboxRow.objects.filter(kind="note").exists()
    for hours in (2, 3):
        assert chats.look(at=now() + timedelta(hours=hours)) == 0
    assert OutboxRow.objects.filter(kind="note").count() == 1
    assert OutboxRow.objects.filter(kind="salesbot").count() == 1
    calls = len(amocrm.calls())
    chats.look(at=now() + timedelta(days=3))
    assert len(amocrm.calls()) == calls


def test_another_deals_message_proves_nothing(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    amocrm.spoil("chat_silent")
    mine = run(deal, "mine")
    run(make_deal(account, OTHER_LEAD), "other")
    assert chats.look(at=now()) == 1
    mine.refresh_from_db()
    assert mine.seen_at is None


def test_two_runs_need_two_messages(amocrm: Amocrm, deal: Deal) -> None:
    run(deal, "one")
    amocrm.spoil("chat_silent")
    run(deal, "two")
    assert chats.look(at=now()) == 1
    assert list(OutboxRow.objects.filter(seen_at=None).values_list("key", flat=True)) == ["two"]
    assert amocrm.lead(LEAD)


def test_a_dead_amocrm_changes_nothing(amocrm: Amocrm, deal: Deal) -> None:
    run(deal)
    amocrm.spoil("down")
    assert chats.look(at=now() + timedelta(hours=5)) == 0
    assert not OutboxRow.objects.filter(kind="note").exists()
