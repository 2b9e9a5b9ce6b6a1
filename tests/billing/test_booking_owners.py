"""Whose money a booking's is: the owner's shop, its receipts, changes of taxes, place and owner."""

import json
from datetime import datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from billing import (
    deal_card,
    invoices,
    issuing,
    network,
    orders,
    refunds,
)
from billing.asking import What
from billing.models import (
    AccountPolicy,
    Payment,
    ProviderOrder,
    Receipt,
    ReceiptPolicy,
    TaxSetting,
)
from crm.models import Deal
from tests.billing.bookings import (
    GAME,
    click,
    fresh,
    make_booking,
    make_links,
    make_network,
    own,
    pay,
    sent_fields,
)
from tests.factories import NOW, TODAY, make_legal_entity

pytestmark = pytest.mark.django_db


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


def test_a_change_entered_after_an_order_ends_that_order_too() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.DEPOSIT)
    tomorrow = TODAY + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), ZoneInfo("Europe/Moscow"))
    assert order.expires_at is not None
    assert order.expires_at > midnight
    entity = place.ownerships.get().legal_entity
    TaxSetting.objects.create(legal_entity=entity, valid_from=tomorrow, tax_system="usn_income", vat="vat5")
    again = click(deal, What.DEPOSIT)
    assert again.number != order.number
    assert sent_fields(again)["ExpirationDate"] == f"{tomorrow.isoformat()}T00:00:00+03:00"
    assert click(deal, What.DEPOSIT).number == again.number


@pytest.mark.parametrize("of", ["tax", "receipt", "owner"])
def test_an_order_that_nobody_clicks_again_ends_with_the_change_as_well(of: str) -> None:
    _, [place, _] = make_network()
    deal = make_booking(place, service_on=None)
    make_links(deal)
    order = click(deal, What.FULL)
    tomorrow = TODAY + timedelta(days=1)
    entity = place.ownerships.get().legal_entity
    if of == "tax":
        TaxSetting.objects.create(
            legal_entity=entity, valid_from=tomorrow, tax_system="usn_income", vat="vat5"
        )
    elif of == "receipt":
        ReceiptPolicy.objects.create(
            legal_entity=entity, valid_from=tomorrow, scheme="credit", decided_by="A", decided_on=TODAY
        )
    else:
        own(place, make_legal_entity(kind="ip", name="ИП Наследник"), since=tomorrow)
    midnight = datetime.combine(tomorrow, datetime.min.time(), ZoneInfo("Europe/Moscow"))
    assert orders.expire(at=midnight - timedelta(seconds=1)) == 0
    assert orders.expire(at=midnight) == 1
    order.refresh_from_db()
    assert order.state == ProviderOrder.State.SUPERSEDED


def test_a_morning_bills_no_booking_whose_money_lies_with_another_owner() -> None:
    account, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    AccountPolicy.objects.filter(account=account).update(mode=AccountPolicy.Mode.INSTALLMENTS)
    Deal.objects.filter(pk=deal.pk).update(location_value=other.crm_value)
    assert invoices.issue_due(on=GAME, at=NOW) == 0
    assert ["ИП Баумана" in planned.obstacle for planned in issuing.plan(on=GAME)] == [True]
    Deal.objects.filter(pk=deal.pk).update(location_value=place.crm_value)
    assert invoices.issue_due(on=GAME, at=NOW) == 1


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
    with pytest.raises(network.OwnerDiffers):
        invoices.issue(deal=fresh(deal), demand=invoices.Demand(), author="user:1", at=NOW)
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
