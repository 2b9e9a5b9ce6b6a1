"""The network's flow: two links, the deposit, the rest, the stages; whose shop, and when it stops."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from billing import (
    deal_card,
    deposits,
    inbox,
    network,
    order_watch,
    orders,
    payments,
    provider_calls,
    refunds,
    stages,
)
from billing.asking import What
from billing.ledger import DealState
from billing.models import (
    Notice,
    Payment,
    ProviderOrder,
    Receipt,
    Schedule,
    ScheduleVersion,
    TaxSetting,
)
from billing.payments import Offline
from billing.providers.base import Operation, OperationKind, OperationStatus
from billing.providers.robokassa import Robokassa
from crm.models import Deal, OutboxRow
from tests.billing.bookings import (
    DEPOSIT_STAGE,
    DONE_STAGE,
    GAME,
    PAID_STAGE,
    click,
    fresh,
    make_booking,
    make_links,
    make_network,
    nothing_changes,
    notice_of,
    own,
    pay,
    send,
    sent_fields,
)
from tests.factories import NOW, TODAY, make_legal_entity, rub, standing_of

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def rows_of(deal: Deal) -> list[tuple[date, Decimal]]:
    return [(row.installment.due_on, row.installment.amount) for row in standing_of(deal).rows]


def stages_of(deal: Deal) -> list[int]:
    rows = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.STAGE).order_by("id")
    return [row.payload["status_id"] for row in rows]


def links_of(deal: Deal) -> dict[str, tuple[str, str]]:
    shown = deal_card.card(fresh(deal), at=NOW)["links"]
    return {name: (link["amount"], link["state"]) for name, link in shown.items() if link}


def test_deposit_then_the_rest_then_the_stage() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (GAME, rub(8400))]
    assert links_of(deal) == {"deposit": ("3600.00", "open"), "full": ("12000.00", "open")}

    pay(click(deal, What.DEPOSIT))
    standing = standing_of(deal)
    assert (standing.paid, standing.debt, standing.state) == (rub(3600), rub(8400), DealState.PREPAID)
    assert links_of(deal) == {"deposit": ("0.00", "paid"), "full": ("8400.00", "open")}
    assert stages_of(deal) == [DEPOSIT_STAGE]

    rest = click(deal, What.FULL)
    assert rest.amount == rub(8400)
    pay(rest)
    assert standing_of(deal).state == DealState.PAID
    assert stages_of(deal) == [DEPOSIT_STAGE, PAID_STAGE]
    with pytest.raises(orders.NothingOwed):
        click(deal, What.FULL)


def test_paying_all_at_once_needs_no_deposit() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.FULL))
    assert standing_of(deal).state == DealState.PAID
    assert stages_of(deal) == [PAID_STAGE]
    assert links_of(deal)["deposit"] == ("0.00", "paid")


def test_a_paid_booking_is_completed_when_its_day_is_over_and_once() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.FULL))
    Deal.objects.filter(pk=deal.pk).update(status_id=PAID_STAGE)
    evening = datetime.combine(GAME, datetime.max.time(), ZoneInfo("Europe/Moscow"))
    assert stages.complete_served(at=evening) == 0
    assert stages.complete_served(at=evening + timedelta(minutes=1)) == 1
    assert stages.complete_served(at=evening + timedelta(minutes=2)) == 0
    assert stages_of(deal) == [PAID_STAGE, DONE_STAGE]


def test_the_total_follows_the_price_until_the_first_money() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    Deal.objects.filter(pk=deal.pk).update(price=rub(20000))
    assert deposits.follow_prices(at=NOW) == 1
    assert rows_of(deal) == [(TODAY, rub(6000)), (GAME, rub(14000))]
    assert deposits.follow_prices(at=NOW) == 0
    # A newer price may be on its way from amoCRM: none is written there.
    assert not OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.PRICE).exists()

    pay(click(deal, What.DEPOSIT))
    Deal.objects.filter(pk=deal.pk).update(price=rub(50000))
    assert deposits.follow_prices(at=NOW) == 0
    make_links(deal)
    assert standing_of(deal).total == rub(20000)
    assert links_of(deal)["deposit"] == ("0.00", "paid")
    warnings = [warning["code"] for warning in deal_card.card(fresh(deal), at=NOW)["warnings"]]
    assert "price_differs" in warnings


def test_making_the_links_again_changes_nothing() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    before = deal_card.card(fresh(deal), at=NOW)["links"]
    with nothing_changes(Schedule, ScheduleVersion):
        make_links(deal)
    assert deal_card.card(fresh(deal), at=NOW)["links"] == before


def test_the_rest_follows_the_day_of_the_game() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    later = GAME + timedelta(days=7)
    Deal.objects.filter(pk=deal.pk).update(service_on=later)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (later, rub(8400))]
    assert standing_of(deal).state == DealState.PREPAID


def test_without_a_day_both_parts_are_due_today() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place, service_on=None)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(3600)), (TODAY, rub(8400))]


def test_a_deposit_of_the_whole_price_is_one_row() -> None:
    _, [place, _] = make_network(amount="20000.00")
    deal = make_booking(place)
    make_links(deal)
    assert rows_of(deal) == [(TODAY, rub(12000))]


def test_a_part_of_the_deposit_leaves_the_rest_of_it_to_ask() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    payments.receive_offline(deal=fresh(deal), amount=rub(1000), offline=CASH, author="user:1", at=NOW)
    assert links_of(deal)["deposit"] == ("2600.00", "open")
    assert standing_of(deal).state == DealState.ON_SCHEDULE
    assert stages_of(deal) == []


def test_a_booking_without_a_price_makes_no_links() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place, price=rub(0))
    with pytest.raises(deposits.NoPrice):
        make_links(deal)
    assert not Schedule.objects.exists()


def test_the_card_offers_links_and_no_schedule() -> None:
    _, [place, _] = make_network()
    card = deal_card.card(fresh(make_booking(place)), at=NOW)
    assert "links" in card["actions"]
    assert "schedule" not in card["actions"]
    assert card["links"] == {"deposit": None, "full": None}


def test_a_paid_booking_offers_no_more_links() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    assert "links" in deal_card.card(fresh(deal), at=NOW)["actions"]
    pay(click(deal, What.FULL))
    assert "links" not in deal_card.card(fresh(deal), at=NOW)["actions"]


def test_amocrm_gets_both_links_and_the_state() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    fields = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.FIELDS).latest("id").payload
    assert fields["payment_state"] == "Предоплата"
    assert fields["debt"] == "8400.00"
    assert fields["deposit_link"].endswith("/go/?what=deposit")
    assert fields["full_link"].endswith("/go/?what=full")


# --- the provider -----------------------------------------------------------------------------------------


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


# --- receipts ---------------------------------------------------------------------------------------------


def test_each_payments_one_receipt_is_the_one_that_rode_on_its_order() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    sent = json.loads(unquote(sent_fields(order)["Receipt"]))
    assert sent["items"][0]["payment_method"] == "prepayment"
    assert sent["items"][0]["sum"] == 3600
    pay(order)
    pay(click(deal, What.FULL))
    receipts = Receipt.objects.order_by("id")
    assert [(row.state, row.content["lines"][0]["amount"]) for row in receipts] == [
        ("sent", "3600.00"),
        ("sent", "8400.00"),
    ]


def test_the_whole_price_at_once_is_a_full_prepayment() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    receipt = json.loads(unquote(sent_fields(click(deal, What.FULL))["Receipt"]))
    assert receipt["items"][0]["payment_method"] == "full_prepayment"


def test_a_shop_without_receipts_leaves_the_payment_on_the_list() -> None:
    _, [place, _] = make_network()
    shop = place.ownerships.get().merchant
    shop.settings["receipts"] = "none"
    shop.save()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    assert "Receipt" not in sent_fields(order)
    pay(order)
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.reason) == ("missing", "no_register")


def test_a_self_employed_partner_needs_no_receipt_and_the_reason_is_kept() -> None:
    _, [place, _] = make_network()
    entity = place.ownerships.get().legal_entity
    entity.kind = "self_employed"
    entity.save()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.reason) == ("not_required", "npd")


# --- whose money ------------------------------------------------------------------------------------------


def test_each_location_takes_the_money_into_its_own_partners_shop() -> None:
    _, places = make_network()
    shops = []
    for place in places:
        deal = make_booking(place)
        make_links(deal)
        order = click(deal, What.DEPOSIT)
        shops.append(order.merchant_id)
        assert (order.location_id, order.owned_on) == (place.pk, GAME)
        assert order.legal_entity == place.ownerships.get().legal_entity
    assert len(set(shops)) == 2


def test_no_order_outlives_a_change_of_tax_or_owner() -> None:
    _, [place, _] = make_network()
    entity = place.ownerships.get().legal_entity
    tomorrow = TODAY + timedelta(days=1)
    TaxSetting.objects.create(legal_entity=entity, valid_from=tomorrow, tax_system="usn_income", vat="vat5")
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    assert sent_fields(order)["ExpirationDate"] == f"{tomorrow.isoformat()}T00:00:00+03:00"
    midnight = datetime.combine(tomorrow, datetime.min.time(), ZoneInfo("Europe/Moscow"))
    assert orders.expire(at=midnight - timedelta(seconds=1)) == 0
    assert orders.expire(at=midnight) == 1
    assert orders.expire(at=midnight) == 0
    again = click(deal, What.DEPOSIT, at=midnight)
    assert again.number != order.number
    assert json.loads(unquote(sent_fields(again)["Receipt"]))["items"][0]["tax"] == "vat105"


def test_a_booking_moved_to_another_owner_stops_until_a_person_decides() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    Deal.objects.filter(pk=deal.pk).update(location_value=other.crm_value)
    with pytest.raises(network.OwnerDiffers, match="ИП Баумана"):
        make_links(deal)
    with pytest.raises(network.OwnerDiffers):
        click(deal, What.FULL)
    card = deal_card.card(fresh(deal), at=NOW)
    assert card["links"]["full"]["state"] == "closed"
    assert "owner_differs" in [warning["code"] for warning in card["warnings"]]
    # The way out: the money goes back where it is.
    payment = Payment.objects.get()
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id="r1",
        amount=payment.amount,
        refunded_at=NOW,
        at=NOW,
    )
    make_links(deal)
    assert click(deal, What.FULL).legal_entity == other.ownerships.get().legal_entity


def test_the_owner_on_the_day_of_the_game_takes_the_money() -> None:
    _, [place, _] = make_network()
    heir = make_legal_entity(kind="ip", name="ИП Наследник")
    own(place, heir, since=GAME)
    before, after = make_booking(place, service_on=GAME - timedelta(days=1)), make_booking(place)
    for deal in (before, after):
        make_links(deal)
    assert click(before, What.FULL).legal_entity != heir
    assert click(after, What.FULL).merchant == heir.merchants.get()


def test_a_test_shop_without_test_passwords_is_refused_in_words() -> None:
    _, [place, _] = make_network()
    shop = place.ownerships.get().merchant
    shop.settings["test"] = True
    shop.save()
    deal = make_booking(place)
    make_links(deal)
    # Without the test passwords no address is made, and the payer reads words instead of error 23.
    assert click(deal, What.FULL).state == ProviderOrder.State.REFUSED


# --- a lost notice ----------------------------------------------------------------------------------------


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
