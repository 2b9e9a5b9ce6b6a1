"""At most 7 requests in any second over all processes; a person first; no crash without Redis."""

import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from threading import Thread

import pytest
import redis
from pytest_django import Settings

from crm import limits
from crm.limits import Priority


@pytest.fixture(autouse=True)
def _own_connection() -> None:
    limits._redis.cache_clear()


def worst_second(moments: list[float]) -> int:
    """The most requests in any window of one second."""
    return max(sum(1 for other in moments if start <= other < start + 1) for start in moments)


def hammer(start: Barrier, results: "multiprocessing.Queue[list[float]]", count: int) -> None:
    limits._redis.cache_clear()
    start.wait()
    moments = []
    for _ in range(count):
        limits.take("school", priority=Priority.QUEUE, patience=30)
        moments.append(time.monotonic())  # one clock for all processes of a machine
    results.put(moments)


@pytest.mark.race
def test_two_processes_share_seven_a_second() -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=hammer, args=(start, results, 11)) for _ in range(2)]
    for process in processes:
        process.start()
    moments = sorted(results.get(timeout=30) + results.get(timeout=30))
    for process in processes:
        process.join()

    assert len(moments) == 22
    assert worst_second(moments) == 7
    assert moments[-1] - moments[0] < 22 / 7 / 0.9


def test_accounts_do_not_share() -> None:
    started = time.monotonic()
    for number in range(30):
        limits.take(f"account{number}", priority=Priority.QUEUE, patience=0)
    assert time.monotonic() - started < 1


def test_patience_ends() -> None:
    for _ in range(limits.PER_SECOND):
        limits.take("school", priority=Priority.PERSON, patience=0)
    with pytest.raises(limits.NoPlace):
        limits.take("school", priority=Priority.PERSON, patience=0.1)


@pytest.mark.race
def test_a_person_goes_before_the_queue() -> None:
    for _ in range(limits.PER_SECOND):
        limits.take("school", priority=Priority.QUEUE, patience=0)
    order: list[str] = []

    def wait(priority: Priority) -> None:
        limits.take("school", priority=priority, patience=10)
        order.append(priority.value)

    queue = [Thread(target=wait, args=(Priority.QUEUE,)) for _ in range(7)]
    for thread in queue:
        thread.start()
    time.sleep(0.2)
    person = Thread(target=wait, args=(Priority.PERSON,))
    person.start()
    for thread in [*queue, person]:
        thread.join()
    assert order[0] == "person"
    assert order.count("queue") == 7


def test_a_pause_holds_everybody_and_grows() -> None:
    first = limits.pause("school")
    assert limits.pause("school") <= first  # the same refusal, seen by a second process
    with pytest.raises(limits.NoPlace) as caught:
        limits.take("school", priority=Priority.PERSON, patience=0.1)
    assert caught.value.seconds > 0
    assert limits.pause_left("other") == 0
    time.sleep(first + 0.05)
    assert limits.pause_left("school") == 0
    limits.take("school", priority=Priority.QUEUE, patience=0)
    assert limits.pause("school") > first


def test_retry_after_is_obeyed() -> None:
    assert limits.pause("school", at_least=120) == pytest.approx(120, abs=0.1)
    assert limits.pause_left("school") > 119


def test_without_redis_each_process_keeps_a_small_share(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    limits._redis.cache_clear()
    moments = []
    for _ in range(5):
        limits.take("alone", priority=Priority.QUEUE, patience=5)
        moments.append(time.monotonic())
    assert worst_second(moments) == limits.ALONE_PER_SECOND
    assert limits.pause("alone") > 0
    assert limits.pause_left("alone") > 0
    with pytest.raises(limits.NoPlace):
        limits.take("alone", priority=Priority.PERSON, patience=0)
    limits._redis.cache_clear()


def test_nothing_is_left_behind_in_redis() -> None:
    limits.take("school", priority=Priority.QUEUE, patience=0)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as store:
        assert all(store.pttl(key) > 0 for key in store.scan_iter("amocrm:school:*"))
