"""An hour of refusals, told sixty times faster, then a thousand writes drained within the limit."""

import time
from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.db import connection as database

from crm import delivery, limits, outbox, queues, transport
from crm.models import Account, Deal, OutboxRow
from tests.crm.redis_record import Record, worst_second
from tests.crm.school import DEBT, NOW, OLGA, Amocrm, make_deal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long, pytest.mark.race]

SPEED, HOUR, WORKERS = 60, 60.0, 2
NOTES, TASKS, FIELDS = 600, 300, 100
# What a thousand calls take at seven a second, and a fifth more.
ALLOWED_SECONDS = (NOTES + TASKS + FIELDS) / limits.PER_SECOND * 1.2


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The method of every request that left us."""
    methods: list[str] = []
    send = transport._send

    def watched(subdomain: str, method: str, *args: object) -> object:
        methods.append(method)
        return send(subdomain, method, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(transport, "_send", watched)
    return methods


@pytest.fixture(autouse=True)
def _faster_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own pauses live by the same clock as the emulated hour. The limit of seven a second is real, and so
    is the time that a call takes: for the worker a lease lasts as long as ever.
    """
    monkeypatch.setattr(queues, "LEASE", queues.LEASE * SPEED)
    monkeypatch.setattr(transport, "BLOCK_PAUSE_SECONDS", transport.BLOCK_PAUSE_SECONDS / SPEED)
    monkeypatch.setattr(transport, "OUTAGE_PAUSE_SECONDS", transport.OUTAGE_PAUSE_SECONDS / SPEED)
    monkeypatch.setattr(limits, "PAUSE_MAX_SECONDS", limits.PAUSE_MAX_SECONDS / SPEED)
    pause = limits.pause
    monkeypatch.setattr(
        limits,
        "pause",
        lambda account, *, at_least=0.0, at_most=1.0: pause(account, at_least=at_least, at_most=at_most),
    )


def queue_all(deals: list[Deal]) -> None:
    count = len(deals)
    for number in range(NOTES):
        outbox.note(deal=deals[number % count], key=f"payment:{number}", text=f"запись {number}", at=NOW)
        if number < TASKS:
            outbox.task(
                deal=deals[number % count],
                key=f"task:{number}",
                text=f"задача {number}",
                till=NOW + timedelta(days=1),
                type_id=1,
                responsible=OLGA,
                at=NOW,
            )
        if number < FIELDS:
            outbox.put_fields(deal=deals[number % count], values={"debt": f"{number}.00"}, at=NOW)


def work(started: float, until: float) -> None:
    """A worker: it tries every so often, by the clock that runs sixty times faster."""
    try:
        while time.monotonic() < until:
            at: datetime = NOW + timedelta(seconds=(time.monotonic() - started) * SPEED)
            delivery.deliver(at=at)
            if not OutboxRow.objects.exclude(state="done").exists():
                return
            time.sleep(0.2)
    finally:
        database.close()


def test_after_an_hour_of_refusals_everything_arrives_once_and_in_time(
    amocrm: Amocrm, account: Account, sent: list[str]
) -> None:
    amocrm.sandbox.clock.set_speed(SPEED)
    deals = [make_deal(account, lead["id"]) for lead in amocrm.crm.rows("leads")]
    queue_all(deals)
    started = time.monotonic()
    ends = started + HOUR
    workers = [Thread(target=work, args=(started, ends + ALLOWED_SECONDS)) for _ in range(WORKERS)]
    with Record(account.subdomain) as record:
        for worker in workers:
            worker.start()
        for fault in ("rate_limit", "error_500", "error_500_after_work", "html_403"):
            amocrm.spoil(fault, count=None)
            time.sleep(HOUR / 4)
            amocrm.heal(fault)
        ended = time.monotonic()
        refused = len(sent)
        for worker in workers:
            worker.join()
        took = time.monotonic() - ended
        places = [ask.at for ask in record.asks() if ask.taken]

    assert not OutboxRow.objects.exclude(state="done").exists()
    assert took < ALLOWED_SECONDS
    assert len(places) == len(sent), "nothing leaves us without a place of the limit"
    assert worst_second(places) <= limits.PER_SECOND
    assert refused < HOUR * SPEED / 10, "an outage is asked less than every ten seconds"
    assert len(sent) - refused < 300, "writes travel together"
    notes = [note for deal in deals for note in amocrm.notes(deal.external_id)]
    assert sorted(notes) == sorted(f"запись {number}" for number in range(NOTES))
    tasks = [task["text"] for deal in deals for task in amocrm.tasks(deal.external_id)]
    assert sorted(tasks) == sorted(f"задача {number}" for number in range(TASKS))
    for place, deal in enumerate(deals):
        last = max(number for number in range(FIELDS) if number % len(deals) == place)
        assert amocrm.value(DEBT, deal.external_id) == f"{last}.00"
        mine = [number for number in range(NOTES) if number % len(deals) == place]
        assert amocrm.notes(deal.external_id) == [f"запись {number}" for number in mine]
