"""Robokassa's notices about bookings: numbers, answers, forgeries, the one that was lost."""

from datetime import timedelta
from typing import ClassVar

import pytest

from billing import (
    inbox,
    order_watch,
    provider_calls,
)
from billing.asking import What
from billing.models import (
    Notice,
    Payment,
    ProviderOrder,
    Receipt,
)
from billing.providers.base import Operation, OperationKind, OperationStatus
from billing.providers.robokassa import Robokassa
from tests.billing.bookings import (
    click,
    make_booking,
    make_links,
    make_network,
    nothing_changes,
    notice_of,
    pay,
    send,
)
from tests.factories import NOW, rub, standing_of

pytestmark = pytest.mark.django_db


def test_the_numbers_of_a_shop_are_counted_from_its_own_first_one() -> None:
    _, [place, other] = make_network()
    shop = place.ownerships.get().merchant
    shop.settings["inv_id_from"] = 500
    shop.save()
    first, second = make_booking(place), make_booking(place)
    elsewhere = make_booking(other)
    for deal in (first, second, elsewhere):
        make_links(deal)
    assert [click(deal, What.FULL).number for deal in (first, second, elsewhere)] == [
        "500",
        "501",
        "10000000",
    ]
    assert click(first, What.DEPOSIT).number == "502"


def test_a_number_is_never_used_for_another_sum() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    old = click(deal, What.FULL)
    pay(click(deal, What.DEPOSIT))
    old.refresh_from_db()
    assert old.state == ProviderOrder.State.SUPERSEDED
    assert click(deal, What.FULL).number != old.number
    # Nobody can cancel a signed address: the call for it ends, and no person is bothered.
    provider_calls.deliver(at=NOW, ignore_not_before=True)
    old.refresh_from_db()
    assert old.state == ProviderOrder.State.SUPERSEDED
    # Money that comes by it all the same is recorded.
    pay(old)
    assert standing_of(deal).credit == rub(3600)


def test_a_second_delivery_gets_the_same_answer_and_changes_nothing() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    pay(order)
    with nothing_changes(Payment, Receipt, Notice):
        pay(order)
        assert send(order.merchant, notice_of(order), method="GET").status_code == 200
        inbox.apply_waiting(at=NOW, ignore_not_before=True)


def test_a_forged_notice_is_403_and_nothing_is_written() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    with nothing_changes(Payment, Notice):
        wrong = {**notice_of(order), "OutSum": "1.000000"}
        assert send(order.merchant, wrong).status_code == 403
        # The right signature of one shop at the address of another.
        assert send(other.ownerships.get().merchant, notice_of(order)).status_code == 403
        assert send(order.merchant, {}).status_code == 403


def test_a_genuine_notice_that_cannot_be_read_is_kept_for_a_person() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    with nothing_changes(Payment):
        for changes, said in (({"InvId": "0"}, b"OK0"), ({"OutSum": "10,00"}, f"OK{order.number}".encode())):
            for _again in range(2):
                answer = send(order.merchant, notice_of(order, **changes))
                assert (answer.status_code, answer.content) == (200, said)
        assert inbox.apply_waiting(at=NOW, ignore_not_before=True) == 0
    assert list(Notice.objects.values_list("state", flat=True)) == ["parked", "parked"]


def test_play_money_at_a_live_shop_is_no_money() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    assert send(order.merchant, {**notice_of(order), "IsTest": "1"}).status_code == 200
    inbox.apply_waiting(at=NOW, ignore_not_before=True)
    assert Notice.objects.get().outcome == "test_mode"
    assert not Payment.objects.exists()


def test_own_fields_of_another_program_are_part_of_the_signature() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    assert send(order.merchant, notice_of(order, shp_interface="link")).status_code == 200


class Shop(Robokassa):
    """Answers state queries from `told`; everything else is the real adapter."""

    told: ClassVar[dict[str, OperationStatus]] = {}
    asked: ClassVar[list[str]] = []

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        self.asked.append(order_number)
        if order_number not in self.told:
            return None
        return Operation(
            external_id=order_number,
            kind=OperationKind.PAYMENT,
            status=self.told[order_number],
            amount=rub(3600),
            currency="RUB",
            created_at=NOW,
            completed_at=NOW + timedelta(seconds=30),
            order_number=order_number,
            method="sbp",
        )


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> type[Shop]:
    monkeypatch.setattr(Shop, "told", {})
    monkeypatch.setattr(Shop, "asked", [])
    monkeypatch.setattr(
        "billing.providers.of", lambda merchant: Shop(merchant, url="https://auth.example.org")
    )
    return Shop


def test_money_whose_notice_was_lost_is_found_and_counts_once(shop: type[Shop]) -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    assert order_watch.run(at=NOW + timedelta(seconds=59)) == 0
    assert shop.asked == []
    shop.told[order.number] = OperationStatus.COMPLETED
    later = NOW + timedelta(minutes=1)
    assert order_watch.run(at=later) == 1
    inbox.apply_waiting(at=later)
    payment = Payment.objects.get()
    assert (payment.amount, payment.method) == (rub(3600), "sbp")
    assert payment.received_at == NOW + timedelta(seconds=30)
    pay(order, at=later)
    assert Payment.objects.count() == 1
    assert order_watch.run(at=NOW + timedelta(minutes=5)) == 0
    assert shop.asked == [order.number]


def test_an_order_is_asked_for_at_its_steps_and_no_longer_than_a_day(shop: type[Shop]) -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    shop.told[order.number] = OperationStatus.PENDING
    for minute in range(0, 30 * 60):
        order_watch.run(at=NOW + timedelta(minutes=minute))
    assert len(shop.asked) == 4 + 23
    assert not Payment.objects.exists()
