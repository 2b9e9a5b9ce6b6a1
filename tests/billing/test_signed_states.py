"""ResultUrl2: a second word about Robokassa's money, sworn by its own key, through the real door."""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.test import Client

from billing import inbox, order_watch, providers
from billing.models import MerchantAccount, Notice, Payment, ProviderOrder
from billing.providers.base import OrderRequest
from tests.factories import make_deal, make_order, make_schedule, rub
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def order(
    running: sandbox.RunningSandbox, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> ProviderOrder:
    """An open order at a shop that gets ResultUrl2 and, until a test says so, no ResultURL at all."""
    monkeypatch.setattr(settings, "ROBOKASSA_AUTH_URL", f"{running.url}/robokassa")
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    deal = make_deal(contact_email="guest@example.org")
    make_schedule(deal, total="9000", count=3)
    merchant = MerchantAccount.objects.get()
    login = f"shop-{uuid.uuid4().hex[:12]}"
    secrets = {"password1": "p1", "password2": "p2"}
    merchant.provider = "robokassa"
    merchant.settings = {"login": login, "algorithm": "sha256", "certificate": certificate(running)}
    merchant.secrets_json = json.dumps(secrets)
    merchant.save()
    running.post(
        "/_sandbox/seed", {"robokassa": {"shops": [{"login": login, "algorithm": "sha256", **secrets}]}}
    )
    order = make_order(deal, amount="3000", number="10000001", opened_at=datetime.now(UTC))
    return order


def certificate(running: sandbox.RunningSandbox) -> str:
    """The file of Robokassa's documentation, as the panel wants it."""
    der = requests.get(f"{running.url}/robokassa/media/files/jwtsign.cer", timeout=10).content
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def pay(order: ProviderOrder) -> None:
    request = OrderRequest(
        number=order.number,
        request_id=order.request_id,
        amount=order.amount,
        description="Квест",
        notice_url=f"{settings.PUBLIC_URL}/webhooks/robokassa/{order.merchant.key}/result2/",
    )
    url = providers.of(order.merchant).create_order(request, timeout=5).url
    answer = requests.post(url, data={"method": "card"}, headers={"Accept": "application/json"}, timeout=40)
    assert answer.json()["InvId"] == order.number


def stored(count: int) -> list[Notice]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = list(Notice.objects.order_by("id"))
        if len(found) >= count:
            return found
        time.sleep(0.1)
    pytest.fail("no notice came")


def test_money_that_only_the_signed_word_tells_of_is_asked_for_and_recorded(order: ProviderOrder) -> None:
    pay(order)
    [notice] = stored(1)
    assert (notice.kind, notice.external_id) == ("result2", "10000001:OK")
    now = datetime.now(UTC)
    inbox.apply_waiting(at=now, ignore_not_before=True)
    assert not Payment.objects.exists()
    assert order_watch.run(at=now) == 1
    inbox.apply_waiting(at=now, ignore_not_before=True)
    payment = Payment.objects.get()
    assert (payment.amount, payment.external_id, payment.order_id) == (rub(3000), "10000001", order.pk)
    inbox.apply_waiting(at=now + timedelta(minutes=1), ignore_not_before=True)
    outcomes = {row.kind: row.outcome for row in Notice.objects.all()}
    assert outcomes == {"result2": "confirmed", "pay": "payment"}


def test_the_signed_word_after_the_money_confirms_it_and_adds_nothing(order: ProviderOrder) -> None:
    pay(order)
    stored(1)
    now = datetime.now(UTC)
    order_watch.run(at=now)
    inbox.apply_waiting(at=now, ignore_not_before=True)
    inbox.apply_waiting(at=now, ignore_not_before=True)
    inbox.replay(since=None, at=now)
    assert Payment.objects.count() == 1
    assert set(Notice.objects.values_list("outcome", flat=True)) == {"confirmed", "payment"}


def test_a_stranger_who_signs_changes_nothing(order: ProviderOrder) -> None:
    header, body = ({"typ": "JWT", "alg": "RS256"}, {"header": {}, "data": {"invId": order.number}})
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, body)
    ]
    answer = Client().post(
        f"/webhooks/robokassa/{order.merchant.key}/result2/",
        data=".".join([*parts, "AAAA"]),
        content_type="application/json",
    )
    assert answer.status_code == 403
    assert not Notice.objects.exists()
