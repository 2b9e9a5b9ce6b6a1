"""A wrong owner is impossible, not unlikely: plain SQL past every verb is refused by the database."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing import payments
from billing.asking import What
from billing.models import AccountPolicy, Location, MerchantAccount, Payment, ProviderOrder
from billing.payments import Offline
from crm.models import Deal
from tests.billing.bookings import GAME, click, fresh, make_booking, make_links, make_network, own, pay
from tests.factories import NOW, TODAY, make_deal, make_legal_entity, make_merchant, make_order, rub

pytestmark = pytest.mark.django_db

ORDER = (
    "INSERT INTO billing_providerorder (deal_id, merchant_id, legal_entity_id, location_id, owned_on,"
    " purpose, amount, state, number, request_id, request, external_id, url, ordered_on, created_at,"
    " decline_code)"
    " VALUES (%s, %s, %s, %s, %s, 'full', 100, 'open', 'n1', 'r1', '{}', '', '', %s, now(), '')"
)
PAYMENT = (
    "INSERT INTO billing_payment (deal_id, legal_entity_id, merchant_id, order_id, amount, currency, counted,"
    " method, external_id, received_at, recorded_at, author, comment, payer, manager, programme, cohort)"
    " VALUES (%s, %s, %s, %s, 1, 'RUB', true, 'card', 'x', %s, now(), '', '', '{}', 0, '', '')"
)


def run(statement: str, values: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(statement: str, values: list[Any]) -> str:
    """Run plain SQL and return the name of the constraint that refused it."""
    with pytest.raises(IntegrityError) as caught:
        run(statement, values)
    name: str = caught.value.__cause__.diag.constraint_name  # type: ignore[union-attr]
    return name


def order_values(
    deal: Deal,
    place: Location | None,
    merchant: MerchantAccount,
    *,
    owned_on: date | None = GAME,
    ordered_on: date = TODAY,
) -> list[Any]:
    location = place.pk if place else None
    return [deal.pk, merchant.pk, merchant.legal_entity_id, location, owned_on, ordered_on]


def shop_of(place: Location) -> MerchantAccount:
    return place.ownerships.order_by("valid_from").first().merchant  # type: ignore[union-attr]


def test_an_order_for_the_owner_of_the_day_is_taken() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    run(ORDER, order_values(deal, place, shop_of(place)))
    assert ProviderOrder.objects.count() == 1


def test_an_order_for_another_partners_shop_is_refused() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    assert refused(ORDER, order_values(deal, place, shop_of(other))) == "order_of_the_owner"
    # Naming the other partner's own location does not help: it is not the deal's.
    assert refused(ORDER, order_values(deal, other, shop_of(other))) == "order_of_the_owner"
    # Nor does naming none.
    assert refused(ORDER, order_values(deal, None, shop_of(other))) == "order_of_the_owner"
    assert not ProviderOrder.objects.exists()


def test_a_second_shop_of_the_owner_is_not_the_locations_shop() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    second = make_merchant(shop_of(place).legal_entity)
    assert refused(ORDER, order_values(deal, place, second)) == "order_of_the_owner"


def test_the_owner_is_that_of_the_day_of_service_and_the_day_must_be_told() -> None:
    _, [place, _] = make_network()
    old = shop_of(place)
    new = own(place, make_legal_entity(kind="ip"), since=GAME)
    deal = make_booking(place)
    assert refused(ORDER, order_values(deal, place, old)) == "order_of_the_owner"
    assert refused(ORDER, order_values(deal, place, new, owned_on=TODAY)) == "order_of_the_owner"
    run(ORDER, order_values(deal, place, new))


def test_without_a_day_of_service_the_day_of_the_order_decides() -> None:
    _, [place, _] = make_network()
    old = shop_of(place)
    new = own(place, make_legal_entity(kind="ip"), since=GAME)
    deal = make_booking(place, service_on=None)
    assert refused(ORDER, order_values(deal, place, new, owned_on=TODAY)) == "order_of_the_owner"
    run(ORDER, order_values(deal, place, old, owned_on=TODAY))


def test_before_any_owner_and_at_an_unknown_place_nobody_may_ask() -> None:
    _, [place, _] = make_network()
    early = make_booking(place, service_on=date(2025, 12, 31))
    values = order_values(early, place, shop_of(place), owned_on=date(2025, 12, 31))
    assert refused(ORDER, values) == "order_of_the_owner"
    unknown = make_booking(place, location_value="Марс")
    assert refused(ORDER, order_values(unknown, None, shop_of(place))) == "order_of_the_owner"


def test_an_order_never_changes_hands() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    click(deal, What.FULL)
    stranger = shop_of(other)
    for statement, value in (
        ("UPDATE billing_providerorder SET merchant_id = %s", stranger.pk),
        ("UPDATE billing_providerorder SET legal_entity_id = %s", stranger.legal_entity_id),
        ("UPDATE billing_providerorder SET location_id = %s", other.pk),
        ("UPDATE billing_providerorder SET owned_on = %s", TODAY),
    ):
        assert refused(statement, [value]) == "order_of_the_owner"


def test_without_a_location_the_accounts_entity_is_the_owner() -> None:
    deal = make_deal()
    make_order(deal)
    stranger = make_merchant(make_legal_entity())
    assert refused(ORDER, order_values(deal, None, stranger)) == "order_of_the_owner"


def test_a_payment_goes_where_its_order_went() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    order = click(deal, What.FULL)
    stranger = shop_of(other)
    values = [deal.pk, stranger.legal_entity_id, stranger.pk, order.pk, NOW]
    assert refused(PAYMENT, values) == "payment_of_the_owner"
    foreign = make_booking(other)
    values = [foreign.pk, order.legal_entity_id, order.merchant_id, order.pk, NOW]
    assert refused(PAYMENT, values) == "payment_of_the_owner"
    run(PAYMENT, [deal.pk, order.legal_entity_id, order.merchant_id, order.pk, NOW])


def test_cash_is_the_owners_too() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    stranger = shop_of(other).legal_entity_id
    assert refused(PAYMENT, [deal.pk, stranger, None, None, NOW]) == "payment_of_the_owner"
    run(PAYMENT, [deal.pk, shop_of(place).legal_entity_id, None, None, NOW])


def test_money_that_nobody_has_placed_is_always_recorded() -> None:
    _, [place, _] = make_network()
    shop = shop_of(place)
    run(PAYMENT, [None, shop.legal_entity_id, shop.pk, None, NOW])
    assert Payment.objects.get().deal is None


def test_the_verbs_agree_with_the_database() -> None:
    """An offline payment of any past day, around a change of owner without a known day of service."""
    _, [place, _] = make_network()
    heir = make_legal_entity(kind="ip")
    own(place, heir, since=TODAY)
    for paid_on, owner in ((TODAY, heir), (TODAY - timedelta(days=1), shop_of(place).legal_entity)):
        deal = make_booking(place, service_on=None)
        offline = Offline(paid_on=paid_on, method="cash", payer={}, comment="", receipt=None)
        payment = payments.receive_offline(
            deal=fresh(deal), amount=rub(100), offline=offline, author="user:1", at=NOW
        )
        assert payment.legal_entity == owner
    assert AccountPolicy.objects.get(account=place.account).legal_entity is None


def handover(*arguments: str) -> str:
    out = StringIO()
    call_command("network", "handover", *arguments, stdout=out)
    return out.getvalue()


def test_a_handover_lists_what_the_old_owner_holds_with_the_ways_out() -> None:
    _, [place, _] = make_network()
    deal, earlier = make_booking(place), make_booking(place, service_on=GAME - timedelta(days=1))
    for booking in (deal, earlier):
        make_links(booking)
        pay(click(booking, What.DEPOSIT))
    on = GAME.isoformat()
    assert str(deal.external_id) not in handover(place.key, "--on", on)
    own(place, make_legal_entity(kind="ip", name="ИП Наследник"), since=GAME)
    told = handover(place.key, "--on", on)
    assert str(deal.external_id) in told
    assert "ИП Наследник" in told
    assert str(earlier.external_id) not in told


def test_the_panel_tells_at_once_whose_money_a_new_owner_serves(admin_client: Client) -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.DEPOSIT))
    heir = make_legal_entity(kind="ip", name="ИП Наследник")
    (old,) = place.ownerships.all()
    page = reverse("admin:billing_location_change", args=[place.pk])
    given = {
        "name": place.name,
        "key": "baumana",
        "account": place.account_id,
        "crm_value": place.crm_value,
        "cash_receipts": "desk",
        "ownerships-TOTAL_FORMS": "2",
        "ownerships-INITIAL_FORMS": "1",
        "ownerships-0-id": old.pk,
        "ownerships-0-location": place.pk,
        "ownerships-0-valid_from": f"{old.valid_from:%d.%m.%Y}",
        "ownerships-0-legal_entity": old.legal_entity_id,
        "ownerships-0-merchant": old.merchant_id,
        "ownerships-1-location": place.pk,
        "ownerships-1-valid_from": f"{GAME:%d.%m.%Y}",
        "ownerships-1-legal_entity": heir.pk,
        "ownerships-1-merchant": make_merchant(heir).pk,
    }
    told = admin_client.post(page, given, follow=True).content.decode()
    assert place.ownerships.count() == 2
    assert str(deal.external_id) in told
    assert "ИП Наследник" in told
    assert str(deal.external_id) not in admin_client.get(page).content.decode()


def test_a_handover_of_an_unknown_place_is_said() -> None:
    make_network()
    with pytest.raises(CommandError):
        handover("nowhere", "--on", "2026-12-05")


def test_an_ownership_names_a_shop_of_its_own_entity() -> None:
    _, [place, other] = make_network()
    statement = "UPDATE billing_ownership SET merchant_id = %s WHERE location_id = %s"
    assert refused(statement, [shop_of(other).pk, place.pk]) == "ownership_by_the_entitys_merchant"


def test_an_ownership_under_which_orders_were_made_is_not_rewritten() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    click(deal, What.FULL)
    stranger = shop_of(other)
    for change, values in (
        ("DELETE FROM billing_ownership WHERE location_id = %s", [place.pk]),
        (
            "UPDATE billing_ownership SET legal_entity_id = %s, merchant_id = %s WHERE location_id = %s",
            [stranger.legal_entity_id, stranger.pk, place.pk],
        ),
        ("UPDATE billing_ownership SET valid_from = %s WHERE location_id = %s", [GAME, place.pk]),
    ):
        assert refused(change, values) == "ownership_keeps_its_orders"
    # What nobody ordered under is still a typing error that may be mended.
    run("UPDATE billing_ownership SET valid_from = %s WHERE location_id = %s", [TODAY, other.pk])
    run("DELETE FROM billing_ownership WHERE location_id = %s", [other.pk])


def test_an_owners_next_day_leaves_his_orders_where_they_are() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    click(deal, What.FULL)
    first = shop_of(place)
    later = own(place, make_legal_entity(kind="ip"), since=GAME + timedelta(days=1))
    statement = "DELETE FROM billing_ownership WHERE merchant_id = %s"
    run(statement, [later.pk])
    assert [owner.merchant for owner in place.ownerships.all()] == [first]
    assert refused(statement, [first.pk]) == "ownership_keeps_its_orders"


def test_a_shop_is_registered_once() -> None:
    _, [place, other] = make_network()
    taken = shop_of(place).settings["login"].upper()
    statement = "UPDATE billing_merchantaccount SET settings = settings || jsonb_build_object('login', %s)"
    assert refused(statement + " WHERE id = %s", [taken, shop_of(other).pk]) == "shop_registered_once"


def test_a_payment_keeps_its_order_and_a_refund_its_payments_shop() -> None:
    _, [place, other] = make_network()
    deal = make_booking(place)
    make_links(deal)
    click(deal, What.FULL)
    order = ProviderOrder.objects.get()
    pay(order)
    paid = Payment.objects.get()
    assert refused("UPDATE billing_payment SET order_id = NULL", []) == "append_only"
    refund = (
        "INSERT INTO billing_refund (payment_id, merchant_id, amount, external_id, refunded_at, recorded_at,"
        " author, reason, chargeback) VALUES (%s, %s, 1, 'r', now(), now(), '', '', false)"
    )
    stranger = shop_of(other)
    assert refused(refund, [paid.pk, stranger.pk]) == "refund_by_the_payments_merchant"
    # Its own shop passes; the sums are the next guard's.
    assert refused(refund, [paid.pk, order.merchant_id]) == "payment_covers_allocations"
