"""A quest network of two partners for tests, a booking in it, and notices as Robokassa sends them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

from billing import deposits, inbox, orders
from billing.asking import What
from billing.models import (
    AccountPolicy,
    LegalEntity,
    Location,
    MerchantAccount,
    Ownership,
    ProviderOrder,
)
from billing.providers import robokassa_signing as signing
from crm.models import Account, Deal, Pipeline
from tests.factories import NOW, make_account, make_deal, make_legal_entity, make_merchant, rub

DEPOSIT_STAGE, PAID_STAGE, DONE_STAGE = 55000230, 55000240, 142
GAME = date(2026, 12, 5)
# What the test client returns, whatever its stubs call it.
Answer = Any


def make_network(**deposit: str) -> tuple[Account, list[Location]]:
    """An account in deposit mode and two locations, each of its own partner with its own Robokassa shop."""
    account = make_account(mode=AccountPolicy.Mode.DEPOSIT)
    AccountPolicy.objects.filter(account=account).update(legal_entity=None)
    account.fields = {"debt": 1, "payment_state": 2, "deposit_link": 3, "full_link": 4, "location": 5}
    account.save()
    Pipeline.objects.create(
        account=account,
        external_id=6200001,
        deposit_status=DEPOSIT_STAGE,
        paid_status=PAID_STAGE,
        completed_status=DONE_STAGE,
        lost_statuses=[143],
    )
    return account, [make_location(account, name, **deposit) for name in ("Баумана", "Ленина")]


def make_location(account: Account, name: str, **deposit: str) -> Location:
    entity = make_legal_entity(kind="ip", name=f"ИП {name}")
    location = Location.objects.create(
        account=account,
        key=name.lower(),
        name=name,
        crm_value=name,
        deposit=deposit or {"percent": "30", "round_to": "100.00", "minimum": "1000.00"},
    )
    own(location, entity, since=date(2026, 1, 1))
    return location


def own(location: Location, entity: LegalEntity, *, since: date) -> MerchantAccount:
    """Give the location to the entity from a day on, with a shop of its own."""
    merchant = entity.merchants.first() or make_shop(entity)
    Ownership.objects.create(location=location, legal_entity=entity, merchant=merchant, valid_from=since)
    return merchant


def make_shop(entity: LegalEntity, **settings: Any) -> MerchantAccount:
    return make_merchant(
        entity,
        key=f"{entity.key}-robokassa",
        provider="robokassa",
        settings={"login": entity.key, "algorithm": "sha256", "test": False, "receipts": "order", **settings},
        secrets_json=json.dumps({"password1": f"p1-{entity.key}", "password2": f"p2-{entity.key}"}),
    )


def make_booking(location: Location, **values: Any) -> Deal:
    given: dict[str, Any] = {
        "name": "Побег, 6 игроков",
        "price": rub(12000),
        "programme": "",
        "cohort": "",
        "pipeline_id": 6200001,
        "status_id": 55000210,
        "location_value": location.crm_value,
        "service_on": GAME,
    }
    return make_deal(location.account, **given | values)


def fresh(deal: Deal) -> Deal:
    return Deal.objects.select_related("account").get(pk=deal.pk)


def make_links(deal: Deal, *, at: Any = NOW) -> None:
    deposits.prepare(deal=fresh(deal), author="user:8200002", at=at)


def click(deal: Deal, what: What, *, at: Any = NOW) -> ProviderOrder:
    return orders.open_order(deal=fresh(deal), what=what, at=at)


def sent_fields(order: ProviderOrder) -> dict[str, str]:
    """What the payer's browser carries to the provider."""
    return dict(parse_qsl(urlsplit(order.url).query))


def notice_of(order: ProviderOrder, **changes: str) -> dict[str, str]:
    """A signed ResultURL about an order, six decimals and capital hex as in production."""
    given = {"OutSum": f"{order.amount:.6f}", "InvId": order.number, **changes}
    password = json.loads(order.merchant.secrets_json)["password2"]
    text = signing.notice(given, password=password)
    return {**given, "SignatureValue": signing.digest("sha256", text).upper(), "PaymentMethod": "BankCard"}


def send(merchant: MerchantAccount, fields: dict[str, str], *, method: str = "POST") -> Answer:
    path = f"/webhooks/robokassa/{merchant.key}/result/"
    if method == "GET":
        return Client().get(f"{path}?{urlencode(fields)}")
    return Client().post(path, urlencode(fields), content_type="application/x-www-form-urlencoded")


def pay(order: ProviderOrder, *, at: Any = NOW) -> None:
    """Through the door and the inbox, as the provider tells it."""
    answer = send(order.merchant, notice_of(order))
    assert (answer.status_code, answer.content.decode()) == (200, f"OK{order.number}")
    inbox.apply_waiting(at=at, ignore_not_before=True)


@contextmanager
def nothing_changes(*models: Any) -> Iterator[None]:
    before = [list(model.objects.order_by("pk").values()) for model in models]
    yield
    assert [list(model.objects.order_by("pk").values()) for model in models] == before
