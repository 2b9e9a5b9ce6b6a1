"""Notices applied together make what each would have made alone; who cannot be taken waits for his turn."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from billing import (
    cards,
    inbox,
    ledger,
    notice_batches,
    overdue,
    pauses,
    payments,
    promises,
    refunds,
    settlements,
    transfer_claims,
    write_offs,
)
from billing.models import Notice, Payment, Product, ProviderOrder, Receipt
from crm.models import Deal, OutboxRow
from tests.billing.notices import code, fields_of, refund_fields, send
from tests.factories import (
    NOW,
    TODAY,
    day,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_order,
    make_schedule,
    rub,
)

pytestmark = pytest.mark.django_db

LATE = {"daily_percent": "0.1", "cap_percent": "10", "grace_days": 0, "from": "2026-01-01"}
Situation = Callable[[], tuple[ProviderOrder, dict[str, str]]]


def ordinary(**values: Any) -> Deal:
    deal = make_deal(**values)
    make_schedule(deal, total="90000", count=3)
    return deal


def overdue_deal(**policy: Any) -> Deal:
    deal = make_deal(make_account(**policy))
    make_schedule(deal, total="90000", count=3, first_due_on=date(2026, 9, 10), at=NOW)
    return deal


def plain() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(ordinary(), request={"account_id": "school-1"}), {}


def a_row_and_a_half() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(ordinary(), amount="45000.01"), {}


def all_that_is_owed() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(ordinary(), amount="90000"), {}


def more_than_is_owed() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(ordinary(), amount="100000"), {}


def another_sum_than_ordered() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(ordinary()), {"Amount": "12345.67"}


def no_schedule() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(make_deal()), {}


def a_flagged_row() -> tuple[ProviderOrder, dict[str, str]]:
    deal = overdue_deal()
    overdue.flag(on=TODAY, at=NOW, account=deal.account)
    return make_order(deal, amount="90000"), {}


def a_promise_and_a_claim() -> tuple[ProviderOrder, dict[str, str]]:
    deal = overdue_deal()
    promises.give(deal=deal, word=promises.Word(day(3), rub(30000)), author="payer", at=NOW)
    transfer_claims.claim(deal=deal, amount=rub(30000), paid_on=TODAY, comment="", author="payer", at=NOW)
    return make_order(deal), {}


def late_fees_to_charge() -> tuple[ProviderOrder, dict[str, str]]:
    return make_order(overdue_deal(late_fee=LATE), amount="95000"), {}


def written_off_rows() -> tuple[ProviderOrder, dict[str, str]]:
    deal = overdue_deal()
    write_offs.write_off(
        deal=deal, amount=rub(10000), reason="спор", written_on=None, author="user:1", at=NOW
    )
    return make_order(deal, amount="90000"), {}


def money_that_went_back() -> tuple[ProviderOrder, dict[str, str]]:
    order = make_order(ordinary())
    paid: dict[str, Any] = {"merchant": order.merchant, "at": NOW, "amount": rub(45000)}
    number = f"earlier-{order.pk}"
    payments.receive(external_id=number, currency="RUB", received_at=NOW, method="card", order=order, **paid)
    paid["amount"] = rub(20000)
    refunds.noticed(payment_external_id=number, external_id="back", refunded_at=NOW, **paid)
    return make_order(order.deal, amount="50000"), {}


def another_live_order() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    make_order(deal, amount="90000", purpose="full", external_id="o-1", url="https://example.org")
    return make_order(deal), {}


def a_paused_schedule() -> tuple[ProviderOrder, dict[str, str]]:
    deal = overdue_deal()
    pauses.pause(deal=deal, until=None, reason="болезнь", author="user:1", at=NOW)
    return make_order(deal), {}


def a_lost_deal() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    Deal.objects.filter(pk=deal.pk).update(state="lost")
    return make_order(deal), {}


def nothing_is_sold_any_more() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    settlements.cancel(deal=deal, reason="передумал", author="user:1", version=1, at=NOW)
    return make_order(deal), {}


def a_self_employed_partner() -> tuple[ProviderOrder, dict[str, str]]:
    entity = make_legal_entity(kind="self_employed")
    make_merchant(entity)
    return make_order(ordinary(account=make_account(entity=entity))), {}


def a_product_of_its_own() -> tuple[ProviderOrder, dict[str, str]]:
    Product.objects.create(programme="Психолог", name="Обучение психологии", vat="vat5")
    return make_order(ordinary(programme="Психолог")), {}


def a_silenced_account() -> tuple[ProviderOrder, dict[str, str]]:
    account = make_account()
    account.silent_notes = ["payment"]
    account.save()
    return make_order(ordinary(account=account)), {}


def fields_that_were_sent() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    OutboxRow.objects.filter(deal=deal).update(state="done", done_at=NOW)
    return make_order(deal), {}


def fields_that_failed() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    OutboxRow.objects.filter(deal=deal).update(state="parked", attempts=60, last_error="нет доступа")
    return make_order(deal), {}


def a_card_to_keep() -> tuple[ProviderOrder, dict[str, str]]:
    deal = ordinary()
    cards.consent(deal=deal, words="согласен", at=NOW)
    return make_order(deal, request={"account_id": "school-7"}), {"Token": "tk_477BBA133C182267F"}


SITUATIONS: tuple[Situation, ...] = (
    *(plain, a_row_and_a_half, all_that_is_owed, more_than_is_owed, another_sum_than_ordered, no_schedule),
    *(
        a_flagged_row,
        a_promise_and_a_claim,
        late_fees_to_charge,
        written_off_rows,
        another_live_order,
        money_that_went_back,
    ),
    *(a_paused_schedule, a_lost_deal, nothing_is_sold_any_more, a_self_employed_partner),
    *(a_product_of_its_own, a_silenced_account, fields_that_were_sent, fields_that_failed, a_card_to_keep),
)


def tell(situations: tuple[Situation, ...], first: int = 3171000501) -> None:
    """Make each and let its provider tell of the money."""
    for number, situation in enumerate(situations):
        order, changes = situation()
        fields = fields_of(order, TransactionId=str(first + number), **changes)
        assert code(send(order.merchant, "pay", fields)) == 0


def test_money_told_of_together_makes_what_each_would_make_alone() -> None:
    tell(SITUATIONS)
    # A refund came before its money, was looked at, and is to be tried again tomorrow.
    first = ProviderOrder.objects.order_by("id")[0]
    assert code(send(first.merchant, "refund", refund_fields(amount="5000.00"))) == 0
    Notice.objects.filter(kind="pay").update(not_before=NOW)
    Notice.objects.filter(kind="refund").update(not_before=NOW + timedelta(days=1), attempts=1)
    with undone():
        with mock.patch.object(notice_batches, "LEAST", 1000):
            inbox.apply_waiting(at=NOW)
        alone = everything()
    with mock.patch.object(inbox, "_apply", wraps=inbox._apply) as one_by_one:
        inbox.apply_waiting(at=NOW)
    together = everything()
    # One of them had money before.
    assert Payment.objects.count() == len(SITUATIONS) + 1
    assert {Notice.objects.get(pk=call.args[0]).kind for call in one_by_one.call_args_list} == {"refund"}
    for name in alone:
        assert together[name] == alone[name], name


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back, with the numbers that were drawn."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        sequences = cursor.fetchall()
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)
    with connection.cursor() as cursor:
        for name, last in sequences:
            cursor.execute("SELECT setval(%s, %s, %s)", [f'"{name}"', last or 1, last is not None])


def everything() -> dict[str, list[str]]:
    """Every row of the product, without what chance made; the outbox in the order of each deal."""
    found = {}
    for app in ("billing", "crm"):
        for model in apps.get_app_config(app).get_models():
            rows = model._default_manager.order_by("pk").values()
            found[model.__name__] = sorted(plainly(row) for row in rows)
    places: dict[int, list[str]] = {}
    for deal, kind, key in OutboxRow.objects.order_by("id").values_list("deal", "kind", "key"):
        places.setdefault(deal, []).append(f"{kind} {key}")
    return found | {"order of the outbox": [f"{deal}: {rows}" for deal, rows in sorted(places.items())]}


def _text(value: object) -> str:
    return bytes(value).hex() if isinstance(value, memoryview) else str(value)


def plainly(row: dict[str, Any]) -> str:
    values = {name: value for name, value in row.items() if name not in ("id", "token")}
    text = json.dumps(values, default=_text, sort_keys=True, ensure_ascii=False)
    return re.sub(r"/pay/[\w-]{22}/", "/pay/…/", text)


def applied_alone() -> Any:
    return mock.patch.object(inbox, "_apply", wraps=inbox._apply)


def ids_of(calls: mock.MagicMock) -> list[str]:
    return [Notice.objects.get(pk=call.args[0]).external_id for call in calls.call_args_list]


def statements_of(notices: int) -> int:
    """How many statements it takes to apply so many notices of plain money."""
    tell((plain,) * notices, first=notices * 1000)
    with CaptureQueriesContext(connection) as asked:
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert not Notice.objects.filter(state="waiting").exists()
    return len(asked)


def test_more_notices_take_no_more_statements() -> None:
    few, many = statements_of(3), statements_of(12)
    # Each of these deals has an account and a shop of its own; still nothing is asked for each.
    assert few == many <= 40


def test_of_two_notices_of_one_deal_the_second_has_its_own_turn() -> None:
    order, other = make_order(ordinary()), make_order(ordinary())
    for number, one in (("1", order), ("2", order), ("3", other)):
        send(one.merchant, "pay", fields_of(one, TransactionId=number))
    with applied_alone() as alone:
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert ids_of(alone) == ["2"]
    assert ledger.standing(order.deal, on=TODAY).paid == rub(60000)


def test_pay_and_confirm_of_one_operation_are_one_payment_together_too() -> None:
    order, other = make_order(ordinary()), make_order(ordinary())
    send(order.merchant, "pay", fields_of(order))
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    send(order.merchant, "confirm", fields_of(order))
    send(other.merchant, "pay", fields_of(other))
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert sorted(Notice.objects.values_list("kind", "outcome")) == [
        ("confirm", "payment"),
        ("pay", "payment"),
        ("pay", "payment"),
    ]
    assert Payment.objects.count() == 2


def test_what_is_no_plain_money_is_left_to_its_own_turn() -> None:
    order = make_order(ordinary())
    told = {
        "1": {"TestMode": "1"},
        "2": {"Status": "Authorized"},
        "3": {"Currency": "USD"},
        "4": {"InvoiceId": "not-ours"},
    }
    for number, changes in told.items():
        send(order.merchant, "pay", fields_of(order, TransactionId=number, **changes))
    with applied_alone() as alone:
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert sorted(ids_of(alone)) == ["1", "2", "3", "4"]
    outcomes = Notice.objects.order_by("external_id").values_list("outcome", flat=True)
    assert list(outcomes) == ["test_mode", "hold", "uncounted", "unplaced"]


def test_one_that_trips_takes_nothing_of_the_others_with_it() -> None:
    tell((plain, plain, plain))
    whole = payments._note

    def trip(payment: Payment, standing: ledger.Standing) -> str:
        if payment.external_id == "3171000502":
            raise RuntimeError("tripped")
        return whole(payment, standing)

    with mock.patch.object(payments, "_note", trip):
        inbox.apply_waiting(at=NOW, ignore_not_before=True)
    states = Notice.objects.order_by("id").values_list("state", "last_error")
    assert list(states) == [("done", ""), ("waiting", "RuntimeError: tripped"), ("done", "")]
    assert sorted(Payment.objects.values_list("external_id", flat=True)) == ["3171000501", "3171000503"]
    assert Receipt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_deal_that_somebody_holds_delays_no_other_one() -> None:
    tell((plain, plain, plain))
    busy = ProviderOrder.objects.order_by("id")[1].deal_id
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ledger.lock(busy)
            held.set()
            over.wait(20)
        connections.close_all()

    person = threading.Thread(target=hold)
    person.start()
    assert held.wait(20)
    rows = list(Notice.objects.order_by("id"))
    done = notice_batches.apply(rows, keep_card=lambda row, order: None, at=NOW)
    over.set()
    person.join()
    assert done == {rows[0].pk, rows[2].pk}
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Payment.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_notices_make_each_payment_once() -> None:
    tell((plain,) * 6)
    rows = list(Notice.objects.order_by("id"))
    start = threading.Barrier(2)

    def work(mine: list[Notice]) -> set[int]:
        start.wait()
        try:
            return notice_batches.apply(mine, keep_card=lambda row, order: None, at=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(work, (rows, rows[::-1])))
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert not done[0] & done[1]
    assert Payment.objects.count() == Receipt.objects.count() == 6
    assert {ledger.standing(deal, on=TODAY).paid for deal in Deal.objects.all()} == {rub(30000)}
