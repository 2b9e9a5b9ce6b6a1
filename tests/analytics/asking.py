"""A school with money, and calls of the API as its widget makes them."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import jwt
import openpyxl
from django.test import Client

from billing import payments, refunds
from billing.models import Location, MerchantAccount, Ownership, Payment
from crm.models import Account, Deal, Integration
from tests.factories import make_order, rub

Answer = Any


def token(account: Account, *, user_id: int = 8100002) -> str:
    integration = Integration.objects.get(account=account)
    now = int(time.time())
    claims = {
        "iss": f"https://{account.subdomain}.amocrm.ru",
        "aud": "http://127.0.0.1:8000",
        "jti": "0b1c",
        "iat": now,
        "nbf": now,
        "exp": now + 1800,
        "account_id": account.external_id,
        "user_id": user_id,
        "client_uuid": integration.client_id,
    }
    return jwt.encode(claims, integration.client_secret, algorithm="HS256")


def get(account: Account, path: str, **query: Any) -> Answer:
    """The answer of a door to a user of the account; `from_` stands for `from`."""
    given = {name.rstrip("_"): value for name, value in query.items()}
    return Client().get(f"/api/v1/analytics/{path}", given, headers={"X-Auth-Token": token(account)})


def post(account: Account, path: str, body: dict[str, Any]) -> Answer:
    headers = {"X-Auth-Token": token(account)}
    return Client().post(f"/api/v1/analytics/{path}", body, content_type="application/json", headers=headers)


def summary(account: Account, **query: Any) -> dict[str, Any]:
    answer = get(account, "summary/", **query)
    assert answer.status_code == 200, answer.content.decode()
    found: dict[str, Any] = answer.json()
    return found


def listed(account: Account, state: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a list, page after page of three."""
    answer = get(account, "payments/", state=state, limit=3, **query).json()
    rows: list[dict[str, Any]] = answer["results"]
    headers = {"X-Auth-Token": token(account)}
    while answer["next"]:
        answer = Client().get(answer["next"].removeprefix("http://127.0.0.1:8000"), headers=headers).json()
        rows += answer["results"]
    return rows


def workbook(account: Account, **query: Any) -> Any:
    """The opened workbook of a report."""
    answer = get(account, "export.xlsx", **query)
    assert answer.status_code == 200, answer.content.decode()
    return openpyxl.load_workbook(BytesIO(answer.content))


def column(book: Any, title: str) -> list[Any]:
    """The cells of the first sheet below this header."""
    first, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [row[first.index(title)] for row in rows]


def total(rows: list[dict[str, Any]]) -> str:
    return str(sum((Decimal(row["amount"]) for row in rows), Decimal("0.00")))


def moscow(text: str) -> datetime:
    """A moment by Moscow's wall clock."""
    return datetime.fromisoformat(f"{text}+03:00").astimezone(UTC)


def pay(
    deal: Deal, amount: object, at: datetime, *, known: datetime | None = None, currency: str = "RUB"
) -> Payment:
    """Money by the school's provider."""
    order = make_order(deal, amount=amount, state="paid")
    return payments.receive(
        merchant=order.merchant,
        external_id=f"tx-{order.number}",
        amount=rub(amount),
        currency=currency,
        received_at=at,
        method="card",
        order=order,
        at=known or at,
    )


def pay_at_the_desk(deal: Deal, amount: object, at: datetime, **payer: str) -> Payment:
    """Money past every provider."""
    on = deal.local_day(at)
    offline = payments.Offline(paid_on=on, method="cash", payer=payer, comment="", receipt=None)
    return payments.receive_offline(
        deal=deal, amount=rub(amount), offline=offline, author="user:8100002", at=at
    )


def refund(payment: Payment, amount: object, at: datetime) -> None:
    assert payment.merchant is not None
    made = refunds.noticed(
        merchant=payment.merchant,
        payment_external_id=payment.external_id,
        external_id=f"re-{payment.external_id}-{amount}",
        amount=rub(amount),
        refunded_at=at,
        at=at,
    )
    assert made is not None


def make_location(account: Account, merchant: MerchantAccount, key: str, *, since: date) -> Location:
    location = Location.objects.create(account=account, key=key, name=f"Зал {key}", crm_value=f"зал-{key}")
    Ownership.objects.create(
        location=location, legal_entity=merchant.legal_entity, merchant=merchant, valid_from=since
    )
    return location
