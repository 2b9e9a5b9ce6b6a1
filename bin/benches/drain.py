"""The outbox drained into the emulated amoCRM, against the seven calls a second that amoCRM permits.

Stage moves cannot share a call, so they show how well the permitted rate is used; notes can, so they show how
many writes a call carries.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from _setup import ROOT
from benches.measure import Figure, Size
from config.embedded.ports import free_port

GOAL = 0.95
MOVES, NOTES = 60, 400
SEED = ROOT / "sandbox" / "demo" / "seed.json"
_NUMBERS = count(1)


def run(name: str, size: Size) -> Figure:
    from crm import limits

    with _emulator() as (stages, leads):
        deals = _deals(leads)
        # A rate needs two calls after those of the first second.
        moves = max(size.times(MOVES), limits.PER_SECOND + 2)
        moments = _sent_while(lambda: _move(deals, stages, moves))
        calls = _sent_while(lambda: _write_notes(deals, size.times(NOTES)))
    # The first second's calls may go at once; the rate is that of all others.
    steady = moments[limits.PER_SECOND :]
    rate = (len(steady) - 1) / (steady[-1] - steady[0])
    ratio = rate / limits.PER_SECOND
    return Figure(
        name,
        f"{limits.PER_SECOND} permitted calls a second",
        rate,
        float(limits.PER_SECOND),
        ratio,
        goal=f"at least {GOAL} of the permitted rate, batches where amoCRM has them",
        met=ratio >= GOAL and len(calls) * 10 <= size.times(NOTES),
        more={"calls a second": round(rate, 3), "notes a call": round(size.times(NOTES) / len(calls), 1)},
    )


@contextmanager
def _emulator() -> Iterator[tuple[list[int], list[int]]]:
    """The demo school's emulator behind a socket, in this process; yields its stages and leads."""
    from django.conf import settings
    from werkzeug.serving import make_server

    from crm import limits, transport
    from sandbox.app import create_app
    from sandbox.clock import Clock
    from sandbox.store import Store

    with tempfile.TemporaryDirectory(prefix="grafik-bench-crm-") as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        store = Store(Path(folder) / "sandbox.sqlite3")
        app = create_app(store=store, clock=Clock(store), product_url=url, public_url=url)
        app.test_client().post("/_sandbox/seed", data=SEED.read_bytes(), content_type="application/json")
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.AMOCRM_URL = f"{url}/amocrm/{{subdomain}}"
        transport._session.cache_clear()
        limits._redis.cache_clear()
        pipeline = store.all("amocrm/demoschool/pipelines")[0]
        stages = [row["id"] for row in pipeline["statuses"] if row["id"] not in (142, 143)]
        closed = (142, 143)
        leads = [row["id"] for row in store.all("amocrm/demoschool/leads") if row["status_id"] not in closed]
        try:
            yield stages, leads
        finally:
            server.shutdown()
            server.server_close()


def _deals(leads: list[int]) -> list[Any]:
    from crm.models import Account, Connection, Deal, OutboxRow

    # What the benchmarks before this one left is not its work.
    OutboxRow.objects.filter(state=OutboxRow.State.WAITING).update(state=OutboxRow.State.DONE)
    account = Account.objects.get(key="school")
    given = {"access_token": "demo-amo-token-school", "state": Connection.State.CONNECTED}
    Connection.objects.update_or_create(account=account, defaults=given)
    pipeline = account.pipelines.get().external_id
    made = [
        Deal(account=account, external_id=lead, pipeline_id=pipeline, fetched_at=datetime.now(UTC))
        for lead in leads
    ]
    return Deal.objects.bulk_create(made)


def _move(deals: list[Any], stages: list[int], times: int) -> None:
    from crm import outbox

    at = datetime.now(UTC)
    for number in range(times):
        stage = stages[number // len(deals) % len(stages)]
        key = f"bench:{next(_NUMBERS)}"
        outbox.move_stage(deal=deals[number % len(deals)], key=key, status_id=stage, at=at)
    _drain()


def _write_notes(deals: list[Any], times: int) -> None:
    from crm import outbox

    at = datetime.now(UTC)
    for number in range(times):
        key = f"payment:bench:{next(_NUMBERS)}"
        outbox.note(deal=deals[number % len(deals)], key=key, text=f"запись {number}", at=at)
    _drain()


def _drain() -> None:
    from crm import delivery
    from crm.models import OutboxRow

    while OutboxRow.objects.filter(state=OutboxRow.State.WAITING).exists():
        delivery.deliver(at=datetime.now(UTC), ignore_not_before=True)


def _sent_while(work: Callable[[], None]) -> list[float]:
    """The moment of every call that left us during the work."""
    from crm import transport

    moments: list[float] = []
    send = transport._send

    def watched(*args: Any, **more: Any) -> Any:
        moments.append(time.monotonic())
        return send(*args, **more)

    transport._send = watched
    try:
        work()
    finally:
        transport._send = send
    return moments
