"""The frame: what is remembered, when jobs run, which faults strike, what the journal counts."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import faults
from sandbox.clock import Clock
from sandbox.jobs import Jobs, Retry
from sandbox.journal import KEPT, Journal
from sandbox.store import Store
from tests.sandbox.conftest import SITE, Product, World


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sandbox.sqlite3")


def test_documents_keep_their_place_when_they_are_replaced(store: Store) -> None:
    for key in "abc":
        store.put("letters", key, {"key": key})
    store.put("letters", "a", {"key": "a", "new": True})
    assert store.all("letters") == [{"key": "a", "new": True}, {"key": "b"}, {"key": "c"}]


def test_what_is_handed_out_is_a_copy(store: Store) -> None:
    store.put("letters", "a", {"list": [1]})
    first = store.get("letters", "a")
    assert first is not None
    first["list"].append(2)
    assert store.get("letters", "a") == {"list": [1]}


def test_an_error_in_the_inner_block_rolls_back_the_outer_one(store: Store) -> None:
    def write_and_fail() -> None:
        with store.transaction():
            store.put("letters", "a", {})
            with store.transaction():
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_and_fail()
    assert store.all("letters") == []


def test_numbers_start_where_told_and_are_never_given_twice(store: Store) -> None:
    assert [store.next_number("order", 10) for _ in range(3)] == [10, 11, 12]
    store.reset()
    assert store.next_number("order", 10) == 13


def test_numbers_of_many_threads_differ(store: Store) -> None:
    given: list[int] = []
    threads = [threading.Thread(target=lambda: given.append(store.next_number("order"))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 41))


def test_only_the_last_documents_are_kept(store: Store) -> None:
    for number in range(10):
        store.put("lines", str(number), {"number": number})
    store.keep_last("lines", 3)
    assert [line["number"] for line in store.all("lines")] == [7, 8, 9]
    store.keep_last("lines", 5)
    assert len(store.all("lines")) == 3


def test_the_clock_jumps_and_remembers(store: Store) -> None:
    clock = Clock(store)
    clock.set_offset(timedelta(days=2))
    clock.set_speed(60)
    again = Clock(store)
    assert again.speed == 60
    assert timedelta(days=2) <= again.offset < timedelta(days=2, minutes=5)
    with pytest.raises(ValueError, match="speed"):
        clock.set_speed(0)


def test_jobs_run_when_due_once_and_retry_when_asked(store: Store) -> None:
    clock = Clock(store)
    jobs = Jobs(store, clock)
    ran: list[dict[str, Any]] = []

    def work(payload: dict[str, Any]) -> None:
        ran.append(payload)
        if payload["try"] == 1:
            raise Retry(60, {"try": 2})

    jobs.register("work", work)
    jobs.add("work", {"try": 1}, clock.now() + timedelta(seconds=10))
    assert jobs.run_due() == 0
    clock.set_offset(timedelta(seconds=11))
    assert jobs.run_due() == 1
    assert jobs.run_due() == 0
    clock.set_offset(timedelta(seconds=75))
    assert jobs.run_due() == 1
    assert ran == [{"try": 1}, {"try": 2}]
    assert jobs.waiting() == []


def test_a_job_left_by_a_killed_process_runs_after_the_start(store: Store, tmp_path: Path) -> None:
    clock = Clock(store)
    Jobs(store, clock).add("work", {"n": 1}, clock.now())
    reopened = Store(tmp_path / "sandbox.sqlite3")
    jobs = Jobs(reopened, Clock(reopened))
    done = threading.Event()
    jobs.register("work", lambda payload: done.set())
    jobs.start()
    assert done.wait(5)
    jobs.stop()
    assert jobs.waiting() == []


def test_a_job_of_a_rolled_back_transaction_never_runs(store: Store) -> None:
    clock = Clock(store)
    jobs = Jobs(store, clock)

    def add_and_fail() -> None:
        with store.transaction():
            jobs.add("work", {}, clock.now())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        add_and_fail()
    assert jobs.run_due() == 0


def test_a_fault_strikes_as_often_as_it_was_asked(store: Store) -> None:
    trouble = faults.Faults(store)
    trouble.switch("amocrm", "down", count=2)
    assert [trouble.take("amocrm", "down") for _ in range(3)] == [True, True, False]
    assert trouble.take("cloudpayments", "down") is False
    trouble.switch("amocrm", "down")
    assert [trouble.take("amocrm", "down") for _ in range(3)] == [True, True, True]
    trouble.switch("amocrm", "down", seconds=0)
    assert trouble.take("amocrm", "down") is False


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [("down", 503, 0), ("rate_limit", 429, 0), ("error_500", 500, 0), ("error_500_after_work", 500, 1)],
)
def test_wire_faults_strike_one_call_and_then_it_works(
    world: World, fault: str, status: int, made: int
) -> None:
    asked = world.client.post(
        "/_sandbox/faults", json={"service": "cloudpayments", "fault": fault, "count": 1}
    )
    assert asked.status_code == 200
    first = world.call("/orders/create", request_id="1", Amount=10, Description="Курс")
    assert (first.status_code, len(world.sandbox.store.all("cloudpayments.orders"))) == (status, made)
    second = world.call("/orders/create", request_id="1", Amount=10, Description="Курс")
    assert second.status_code == 200
    assert len(world.sandbox.store.all("cloudpayments.orders")) == 1


def test_an_order_is_made_though_the_answer_does_not_come_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("sandbox.faults.time.sleep", slept.append)
    world.sandbox.faults.switch("cloudpayments", "timeout_after_create", count=1)
    world.answer("/test")
    assert slept == []
    world.order()
    assert (slept, len(world.sandbox.store.all("cloudpayments.orders"))) == ([35.0], 1)


def test_an_unknown_fault_is_refused(world: World) -> None:
    assert world.client.post("/_sandbox/faults", json={"service": "amocrm", "fault": "x"}).status_code == 400


def test_faults_of_the_api_leave_the_pages_alone(world: World) -> None:
    order_id = world.order()
    world.sandbox.faults.switch("cloudpayments", "down")
    assert world.client.get(f"/cloudpayments/d/{order_id}").status_code == 200
    assert world.call("/test").status_code == 503


def test_the_journal_counts_calls_both_ways(world: World, product: Product) -> None:
    world.pay(world.order())
    world.sandbox.jobs.run_due()
    incoming = world.client.get("/_sandbox/journal?service=cloudpayments&path=/orders/create").get_json()
    outgoing = world.client.get("/_sandbox/journal?direction=out").get_json()
    assert [line["status"] for line in incoming] == [200]
    assert [(line["note"], line["status"]) for line in outgoing] == [("check", 200), ("pay", 200)]
    assert "secret" not in world.client.get("/_sandbox/journal").text


def test_the_journal_is_bounded(store: Store) -> None:
    journal = Journal(store)
    with store.transaction():
        for _ in range(KEPT + 150):
            journal.write(direction="in", service="amocrm", method="GET", url="/", status=200)
    assert len(journal.lines()) == KEPT
    assert len(store.all("journal")) < KEPT + 100


def test_a_second_seed_changes_nothing_and_reset_starts_anew(world: World) -> None:
    world.order()
    changed = {"cloudpayments": {"sites": [SITE | {"name": "Другая"}]}}
    world.client.post("/_sandbox/seed", json=changed)
    site = world.sandbox.store.get("cloudpayments.sites", "pk_test")
    assert site is not None
    assert site["name"] == "Школа"
    world.client.post("/_sandbox/seed?reset=1", json=changed)
    assert [row["name"] for row in world.sandbox.store.all("cloudpayments.sites")] == ["Другая"]
    assert world.sandbox.store.all("cloudpayments.orders") == []


def test_a_bad_seed_is_refused_and_leaves_nothing(world: World) -> None:
    bad = {
        "cloudpayments": {"sites": [SITE | {"public_id": "pk_new", "notifications": {"paid": "http://x"}}]}
    }
    assert world.client.post("/_sandbox/seed", json=bad).status_code == 400
    assert world.sandbox.store.get("cloudpayments.sites", "pk_new") is None


def test_the_control_page_shows_what_happened(world: World) -> None:
    world.pay(world.order())
    world.sandbox.faults.switch("amocrm", "down")
    page = world.client.get("/").text
    assert "INST-1" in page
    assert "оплачен" in page
    assert "включено" in page
