"""Kill -9 while money goes back: after a restart it went back once, and the books say so once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config import embedded
from tests.flows.test_kills import (
    WEB,
    WORKER,
    holding,
    let_leases_end,
    let_provider_come_again,
    make_schedule,
    opened,
    pay,
    waits_for_lock,
)

if TYPE_CHECKING:
    from tests.demo import Demo

pytestmark = [pytest.mark.processes, pytest.mark.long]

ANNA, IGOR, ELENA = 7700123, 7700124, 7700125


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    from tests.demo import Demo
    from tests.free_ports import free_run

    folder = Path(tempfile.mkdtemp(prefix="grafik-refund-kills-"))
    folder.chmod(0o711)
    running = Demo(port=free_run(3), data_dir=folder)
    running.start()
    yield running
    running.stop()
    embedded.erase(folder)
    shutil.rmtree(folder, ignore_errors=True)


def paid(demo: Demo, lead_id: int) -> dict[str, Any]:
    """The deal's payment once its receipt is printed."""
    pay(demo, opened(demo, make_schedule(demo, lead_id), lead_id))

    def receipted() -> Any:
        found = demo.api("GET", f"deals/{lead_id}/")["payments"]
        return found[0] if found and found[0]["receipt"]["state"] == "registered" else None

    payment: dict[str, Any] = demo.wait("the receipt", receipted, seconds=60)
    return payment


def ask(demo: Demo, payment: dict[str, Any]) -> dict[str, Any]:
    body = {"amount": "1000.00", "reason": "передумал"}
    order: dict[str, Any] = demo.api("POST", f"payments/{payment['id']}/refund/", body)
    return order


def there(demo: Demo, payment: dict[str, Any]) -> list[dict[str, Any]]:
    rows = demo.get("/_sandbox/cloudpayments/transactions")
    return [row for row in rows if str(row["original_id"]) == payment["external_id"]]


def assert_given_back_once(demo: Demo, lead_id: int, payment: dict[str, Any], *, seconds: float) -> None:
    def refunded() -> Any:
        [found] = demo.api("GET", f"deals/{lead_id}/")["payments"]
        return found if found["refunded"] != "0.00" else None

    found = demo.wait("the refund", refunded, seconds=seconds)
    demo.manage("deliver", "--until-empty")
    assert (found["refunded"], [one["state"] for one in found["refunds"]]) == ("1000.00", ["done"])
    assert len(there(demo, payment)) == 1
    notes = [note for note in demo.notes(lead_id) if "возврат" in note.lower()]
    assert len(notes) == 1
    demo.manage("verify_ledger")


def test_the_worker_dies_between_the_refund_made_and_the_refund_known(demo: Demo) -> None:
    payment = paid(demo, ANNA)
    demo.tell_sandbox("faults", service="cloudpayments", fault="timeout_after_create", count=1)
    ask(demo, payment)
    demo.wait("the refund at the provider", lambda: there(demo, payment))
    demo.kill(WORKER)
    demo.start()
    demo.heal()
    let_leases_end(demo)
    assert_given_back_once(demo, ANNA, payment, seconds=60)


def test_web_dies_during_the_notice_of_a_refund(demo: Demo) -> None:
    payment = paid(demo, IGOR)
    with holding(demo, "LOCK TABLE billing_notice IN EXCLUSIVE MODE"):
        ask(demo, payment)
        demo.wait("the notice at the table", lambda: waits_for_lock(demo, "billing_notice"))
        demo.kill(WEB)
    demo.start()
    let_provider_come_again(demo)
    assert_given_back_once(demo, IGOR, payment, seconds=60)


def test_the_worker_dies_while_a_refund_is_written(demo: Demo) -> None:
    payment = paid(demo, ELENA)
    demo.tell_sandbox("faults", service="cloudpayments", fault="slow", count=1)
    ask(demo, payment)
    with holding(demo, "SELECT id FROM crm_deal WHERE external_id = %s FOR UPDATE", ELENA):
        demo.wait("the refund at the deal's lock", lambda: waits_for_lock(demo, "crm_deal"))
        demo.kill(WORKER)
    demo.start()
    let_leases_end(demo)
    assert_given_back_once(demo, ELENA, payment, seconds=60)
