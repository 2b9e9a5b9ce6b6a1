"""A kick is only about speed: it comes after the commit, and a dead broker is nobody's error."""

import pytest
from celery import current_app
from django.db import transaction

from crm import kick


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: names.append(name))
    return names


@pytest.mark.django_db(transaction=True)
def test_a_kick_comes_after_the_commit(sent: list[str]) -> None:
    with transaction.atomic():
        kick.soon("crm.deliver_outbox")
        assert sent == []
    assert sent == ["crm.deliver_outbox"]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_fact_kicks_nobody(sent: list[str]) -> None:
    with transaction.atomic():
        kick.soon("crm.deliver_outbox")
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_many_rows_of_one_transaction_wake_a_worker_once(sent: list[str]) -> None:
    with transaction.atomic():
        kick.soon("crm.deliver_outbox")
        with transaction.atomic():
            kick.soon("crm.deliver_outbox")
        kick.soon("crm.refresh_tokens")
    assert sent == ["crm.deliver_outbox", "crm.refresh_tokens"]


@pytest.mark.django_db(transaction=True)
def test_a_kick_of_a_rolled_back_savepoint_does_not_replace_the_next_one(sent: list[str]) -> None:
    with transaction.atomic():
        with transaction.atomic():
            kick.soon("crm.deliver_outbox")
            with transaction.atomic():
                kick.soon("crm.deliver_outbox")
            transaction.set_rollback(True)
        kick.soon("crm.deliver_outbox")
    assert sent == ["crm.deliver_outbox"]


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def refuse(name: str, **options: object) -> None:
        tried.append(name)
        raise ConnectionRefusedError

    monkeypatch.setattr(current_app, "send_task", refuse)
    with transaction.atomic():
        kick.soon("crm.deliver_outbox")
    assert tried == ["crm.deliver_outbox"]


def test_the_kicked_tasks_exist() -> None:
    from crm import tasks

    names = {tasks.deliver_outbox.name, tasks.refresh_hinted_deals.name, tasks.refresh_tokens.name}
    assert names == {"crm.deliver_outbox", "crm.refresh_hinted_deals", "crm.refresh_tokens"}
