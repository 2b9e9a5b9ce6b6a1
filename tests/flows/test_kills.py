"""Kill -9 at the worst moments; after a restart there is one order, one payment, one note."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
import requests
from psycopg2 import sql

from config import embedded

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = [pytest.mark.processes, pytest.mark.long]

ANNA, IGOR, ELENA, DMITRY = 7700123, 7700124, 7700125, 7700126
WEB, WORKER = "gunicorn", "celery"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    from tests.demo import Demo
    from tests.free_ports import free_run

    folder = Path(tempfile.mkdtemp(prefix="grafik-kills-"))
    folder.chmod(0o711)
    running = Demo(port=free_run(3), data_dir=folder)
    running.start()
    yield running
    running.stop()
    embedded.erase(folder)
    shutil.rmtree(folder, ignore_errors=True)


def make_schedule(demo: Demo, lead_id: int) -> dict[str, Any]:
    first = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    total = demo.api("GET", f"deals/{lead_id}/")["total"]
    body = {"total": total, "count": 2, "first_due_on": first, "version": None}
    card: dict[str, Any] = demo.api("PUT", f"deals/{lead_id}/schedule/", body)
    return card


def address(card: dict[str, Any]) -> str:
    """Where the payer's button leads."""
    return f"{card['pay_url']}go/?what=installment"


def orders(demo: Demo, lead_id: int) -> list[dict[str, Any]]:
    """What the provider knows of the deal's orders."""
    numbers = {row["number"] for row in rows(demo, ORDERS, lead_id)}
    return [order for order in demo.get("/_sandbox/cloudpayments/orders") if order["invoice_id"] in numbers]


ORDERS = (
    "SELECT o.number FROM billing_providerorder o JOIN crm_deal d ON d.id = o.deal_id"
    " WHERE d.external_id = %s"
)


def rows(demo: Demo, statement: str, *values: object) -> list[dict[str, Any]]:
    with connect(demo) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def connect(demo: Demo) -> Any:
    return psycopg2.connect(embedded.addresses(demo.data_dir).database_url)


@contextmanager
def holding(demo: Demo, statement: str, *values: object) -> Iterator[None]:
    """Keep a lock; the server may be stopped with the demo meanwhile, which gives it back too."""
    connection = connect(demo)
    connection.cursor().execute(statement, values or None)
    yield
    with suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
        connection.rollback()
        connection.close()


def let_leases_end(demo: Demo) -> None:
    """What a minute changes for the rows that a killed worker had in hand."""
    minute = timedelta(minutes=1)
    queues = rows(
        demo, "SELECT table_name FROM information_schema.columns WHERE column_name = 'leased_until'"
    )
    assert queues
    with connect(demo) as connection, connection.cursor() as cursor:
        for queue in queues:
            table = sql.Identifier(queue["table_name"])
            moved = "UPDATE {} SET leased_until = leased_until - %s, not_before = not_before - %s"
            cursor.execute(sql.SQL(moved + " WHERE state = 'waiting'").format(table), (minute, minute))


def let_provider_come_again(demo: Demo) -> None:
    """The provider repeats a notice after a minute by its own clock; ours takes tokens of a minute ahead."""
    demo.tell_sandbox("clock", offset_seconds=59)


def click(url: str) -> threading.Thread:
    """A payer's click whose answer never comes."""

    def go() -> None:
        try:
            requests.get(url, allow_redirects=False, timeout=60)
        except requests.RequestException:
            return

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def page_of(demo: Demo, order: dict[str, Any]) -> str:
    return f"{demo.sandbox}/cloudpayments/d/{order['id']}"


def pay(demo: Demo, order: dict[str, Any]) -> None:
    answer = requests.post(
        page_of(demo, order),
        data={"method": "card", "card": "4242424242424242"},
        headers={"Accept": "application/json"},
        timeout=60,
    )
    assert answer.json()["Status"] == "Completed", answer.text


def assert_paid_once(demo: Demo, lead_id: int, *, seconds: float = 60) -> None:
    card = demo.wait(
        "the payment",
        lambda: next((card for card in [demo.api("GET", f"deals/{lead_id}/")] if card["payments"]), None),
        seconds=seconds,
    )
    assert len(card["payments"]) == 1
    demo.wait("the note", lambda: received(demo, lead_id), seconds=seconds)
    demo.manage("deliver", "--until-empty")
    assert len(received(demo, lead_id)) == 1


def received(demo: Demo, lead_id: int) -> list[str]:
    return [note for note in demo.notes(lead_id) if "Получена оплата" in note]


def test_web_dies_between_the_order_created_and_the_order_stored(demo: Demo) -> None:
    url = address(make_schedule(demo, ANNA))
    demo.tell_sandbox("faults", service="cloudpayments", fault="timeout_after_create", count=1)
    waiting = click(url)
    demo.wait("the order at the provider", lambda: orders(demo, ANNA))
    demo.kill(WEB)
    waiting.join()
    demo.start()
    demo.heal()
    answer = requests.get(url, allow_redirects=False, timeout=30)
    assert answer.status_code == 302
    [order] = orders(demo, ANNA)
    assert answer.headers["Location"] == page_of(demo, order)
    pay(demo, order)
    assert_paid_once(demo, ANNA)


def test_the_worker_dies_in_the_middle_of_a_delivery(demo: Demo) -> None:
    make_schedule(demo, IGOR)
    demo.manage("deliver", "--until-empty")
    demo.tell_sandbox("faults", service="amocrm", fault="timeout_after_create")
    today = datetime.now(UTC).date().isoformat()
    body = {"amount": "1000.00", "paid_on": today, "method": "cash"}
    demo.api("POST", f"deals/{IGOR}/payments/", body)

    def written() -> bool:
        """Whichever write came first: the note, or the debt of 96 000 less 1 000."""
        return any(word in demo.deal_feed(IGOR) for word in ("Получена оплата", "95000.00"))

    demo.wait("a write, made and not yet answered", written)
    demo.kill(WORKER)
    demo.start()
    demo.heal()
    let_leases_end(demo)
    assert_paid_once(demo, IGOR)


def test_web_dies_during_a_notice(demo: Demo) -> None:
    card = make_schedule(demo, ELENA)
    order = opened(demo, card, ELENA)
    with holding(demo, "LOCK TABLE billing_notice IN EXCLUSIVE MODE"):
        pay(demo, order)
        demo.wait("the notice at the table", lambda: waits_for_lock(demo, "billing_notice"))
        demo.kill(WEB)
    demo.start()
    let_provider_come_again(demo)
    assert_paid_once(demo, ELENA)


def test_the_worker_dies_while_a_payment_is_being_applied(demo: Demo) -> None:
    card = make_schedule(demo, DMITRY)
    order = opened(demo, card, DMITRY)
    with holding(demo, "SELECT id FROM crm_deal WHERE external_id = %s FOR UPDATE", DMITRY):
        pay(demo, order)
        demo.wait("the payment at the deal's lock", lambda: waits_for_lock(demo, "crm_deal"))
        demo.kill(WORKER)
    demo.start()
    let_leases_end(demo)
    assert_paid_once(demo, DMITRY)


def opened(demo: Demo, card: dict[str, Any], lead_id: int) -> dict[str, Any]:
    answer = requests.get(address(card), allow_redirects=False, timeout=30)
    assert answer.status_code == 302, answer.text
    [order] = orders(demo, lead_id)
    return order


def waits_for_lock(demo: Demo, table: str) -> bool:
    """Somebody stands at a lock with a statement on this table."""
    statement = (
        "SELECT count(*) AS found FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND position(%s in query) > 0"
    )
    return bool(rows(demo, statement, table)[0]["found"])
