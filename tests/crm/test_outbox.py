"""What a put leaves in the queue: last value wins for fields and price, once per key for everything else."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from crm import outbox, queues
from crm.models import Account, Deal, OutboxRow
from tests.crm.school import NOW, make_account, make_deal


def rows() -> list[tuple[str, object, str]]:
    return [(row.key, row.payload, row.state) for row in OutboxRow.objects.order_by("id")]


def test_puts_of_fields_merge_into_one_waiting_row(deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"debt": "3.00", "next_amount": "1.00"}, at=NOW)
    outbox.put_fields(deal=deal, values={"debt": "2.00"}, at=NOW)
    assert rows() == [(f"fields:{deal.pk}:1", {"debt": "2.00", "next_amount": "1.00"}, "waiting")]


def test_a_put_after_the_row_is_done_opens_the_next_one(deal: Deal) -> None:
    for value in ("3.00", "2.00"):
        outbox.put_fields(deal=deal, values={"debt": value}, at=NOW)
        queues.finish(queues.claim(OutboxRow, at=NOW)[0], at=NOW)
    assert [key for key, _, _ in rows()] == [f"fields:{deal.pk}:1", f"fields:{deal.pk}:2"]


def test_fields_that_the_account_has_not_mapped_make_no_row(deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"full_link": "https://pay.example.ru/"}, at=NOW)
    assert rows() == []


def test_a_key_happens_once(deal: Deal) -> None:
    outbox.note(deal=deal, key="payment:1", text="первая", at=NOW)
    outbox.note(deal=deal, key="payment:1", text="вторая", at=NOW)
    assert rows() == [("payment:1", {"text": "первая"}, "waiting")]


def test_the_same_key_in_another_account_is_another_row(deal: Deal) -> None:
    other = make_deal(make_account(subdomain="other", external_id=7, client_id="other"))
    for target in (deal, other):
        outbox.note(deal=target, key="payment:1", text="первая", at=NOW)
    assert len(rows()) == 2


def test_a_row_goes_with_the_transaction_that_caused_it(deal: Deal) -> None:
    class Undone(Exception):
        pass

    def fail() -> None:
        with transaction.atomic():
            outbox.note(deal=deal, key="payment:1", text="первая", at=NOW)
            raise Undone

    with pytest.raises(Undone):
        fail()
    assert rows() == []


def test_a_put_wakes_a_row_that_was_waiting_for_later(deal: Deal) -> None:
    outbox.put_fields(deal=deal, values={"debt": "3.00"}, at=NOW)
    queues.retry(queues.claim(OutboxRow, at=NOW)[0], at=NOW, error="down")
    outbox.put_fields(deal=deal, values={"debt": "2.00"}, at=NOW + timedelta(seconds=1))
    assert OutboxRow.objects.get().not_before == NOW + timedelta(seconds=1)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_puts_at_once_leave_one_row_with_both_values(account: Account) -> None:
    deal = make_deal(account)
    start = Barrier(2)

    def put(ours: str) -> None:
        start.wait()
        outbox.put_fields(deal=deal, values={ours: "1.00"}, at=NOW)
        connection.close()

    threads = [Thread(target=put, args=(ours,)) for ours in ("debt", "next_amount")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows() == [(f"fields:{deal.pk}:1", {"debt": "1.00", "next_amount": "1.00"}, "waiting")]
