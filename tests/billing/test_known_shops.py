"""Shops kept in memory between notices: quick while nothing changes, never behind a person's last word."""

import json
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from billing import known_shops
from billing.models import MerchantAccount, Notice, ProviderOrder, RefusedNotice
from tests.billing.notices import code, fields_of, secret_of, send
from tests.factories import make_deal, make_order, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    assert code(send(order.merchant, "pay", fields_of(order))) == 0
    return order


def change_secret(merchant: MerchantAccount, secret: str) -> None:
    merchant.secrets_json = json.dumps({"api_secret": secret})
    merchant.save()


def another(order: ProviderOrder) -> dict[str, str]:
    return fields_of(order, TransactionId="3171000502")


def test_a_notice_of_a_known_shop_is_one_statement(
    order: ProviderOrder, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert code(send(order.merchant, "pay", another(order))) == 0
    assert Notice.objects.count() == 2


def test_a_new_secret_counts_at_once(order: ProviderOrder) -> None:
    change_secret(order.merchant, "brand-new")
    assert code(send(order.merchant, "pay", another(order))) == 0
    assert Notice.objects.count() == 2
    assert not RefusedNotice.objects.exists()


def test_a_secret_that_was_taken_away_opens_nothing(order: ProviderOrder) -> None:
    stolen = secret_of(order.merchant)
    change_secret(order.merchant, "brand-new")
    assert send(order.merchant, "pay", another(order), secret=stolen).status_code == 403
    assert Notice.objects.count() == 1
    assert RefusedNotice.objects.get().reason == "forged"


def test_a_shop_under_another_key_is_not_found_by_its_old_one(order: ProviderOrder) -> None:
    old, secret = order.merchant.key, secret_of(order.merchant)
    MerchantAccount.objects.filter(pk=order.merchant.pk).update(key="renamed")
    gone = MerchantAccount(key=old, provider="cloudpayments")
    gone.secrets_json = json.dumps({"api_secret": secret})
    assert send(gone, "pay", another(order)).status_code == 404
    assert Notice.objects.count() == 1
    order.merchant.refresh_from_db()
    assert code(send(order.merchant, "pay", another(order))) == 0


def test_a_rule_for_other_peoples_orders_counts_at_once(order: ProviderOrder) -> None:
    shop = known_shops.remembered(provider="cloudpayments", key=order.merchant.key)
    assert shop is not None
    assert shop.merchant.other_orders == "refuse"
    order.merchant.other_orders = "http://127.0.0.1:9/nobody"
    order.merchant.save()
    stranger = fields_of(order, TransactionId="3171000503", InvoiceId="not-ours")
    assert send(order.merchant, "pay", stranger).status_code == 502
    assert Notice.objects.count() == 1


def test_what_only_draws_a_number_costs_one_look(order: ProviderOrder) -> None:
    MerchantAccount.objects.filter(pk=order.merchant.pk).update(last_number=7)
    assert code(send(order.merchant, "pay", another(order))) == 0
    shop = known_shops.remembered(provider="cloudpayments", key=order.merchant.key)
    assert shop is not None
    assert shop.merchant.last_number == 7


@pytest.mark.django_db(transaction=True)
def test_a_secret_changed_by_another_process_ends_the_old_one() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    stolen = secret_of(order.merchant)
    assert code(send(order.merchant, "pay", fields_of(order))) == 0

    def rotate() -> None:
        change_secret(MerchantAccount.objects.get(pk=order.merchant.pk), "brand-new")
        connections.close_all()

    person = threading.Thread(target=rotate)
    person.start()
    person.join()
    assert send(order.merchant, "pay", another(order), secret=stolen).status_code == 403
    assert code(send(order.merchant, "pay", another(order), secret="brand-new")) == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_costs_no_notice() -> None:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    order = make_order(deal)
    assert code(send(order.merchant, "pay", fields_of(order))) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        mine = cursor.fetchone()[0]

    def end_it() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [mine])
        connections.close_all()

    rival = threading.Thread(target=end_it)
    rival.start()
    rival.join()
    assert code(send(order.merchant, "pay", another(order))) == 0
    assert Notice.objects.count() == 2


def test_an_unknown_shop_is_looked_for_every_time() -> None:
    path = "/webhooks/cloudpayments/nobody/pay/"
    assert [Client().post(path, {}).status_code for _turn in range(2)] == [404, 404]
    assert known_shops.remembered(provider="cloudpayments", key="nobody") is None
