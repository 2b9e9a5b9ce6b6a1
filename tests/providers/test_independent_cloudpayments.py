"""Three clients of CloudPayments that others wrote agree with the emulator and with what we accept."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.providers.base import Provider
from billing.providers.cloudpayments import CloudPayments
from tests.providers import sandbox
from tests.providers.contract import SECONDS, order_request
from tests.providers.test_cloudpayments import Shop
from tests.providers.visitors import VECTORS, visit

pytestmark = pytest.mark.long
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def signed() -> list[dict[str, str]]:
    """Every notice of the shared vectors with its Content-HMAC, then the same with a changed byte."""
    told = json.loads((VECTORS / "cloudpayments.json").read_text())
    good = [
        {"body": one["raw_body"], "secret": one["secret"], "signature": one["content_hmac"]}
        for one in told["vectors"]
        if one["method"] == "POST"
    ]
    return good + [one | {"body": one["body"] + "0"} for one in good]


@pytest.mark.parametrize("client", ["aiocloudpayments", "cloudpayments-sdk"])
def test_it_accepts_the_notices_of_the_vectors_and_none_with_a_changed_byte(client: str) -> None:
    notices = signed()
    half = len(notices) // 2
    assert half >= 6
    assert visit(client, {"notices": notices})["checked"] == [True] * half + [False] * half


def test_it_orders_refunds_and_receipts_at_the_emulator(running: sandbox.RunningSandbox) -> None:
    provider = CloudPayments(Shop(), url=f"{running.url}/cloudpayments")
    transaction = paid(running, provider, "G70001-aa")
    found = visit("cloudpayments", place(running) | {"transaction": transaction, "number": "G70001-aa"})
    order, url, amount, currency = found["order"]
    assert (url.endswith(order), amount, currency) == (True, 12500.5, "RUB")
    assert found["paid"] == [transaction, 12500.5, "Completed", "G70001-aa"]
    assert found["listed"] is True
    assert found["refunds"][0] == found["refunds"][1]
    assert found["over"] == "refused"
    assert found["receipts"][0] == found["receipts"][1]
    assert running.pay(url)["Status"] == "Completed"


def test_the_other_one_cancels_an_order_and_reads_the_registry_as_we_do(
    running: sandbox.RunningSandbox,
) -> None:
    provider = CloudPayments(Shop(), url=f"{running.url}/cloudpayments")
    transaction = paid(running, provider, "G70002-aa")
    day = datetime.now(MOSCOW).date()
    told = {"from": f"{day}T00:00:00+03:00", "to": f"{day}T23:59:59+03:00", "notices": []}
    found = visit(
        "cloudpayments-sdk",
        place(running) | told | {"base": f"{running.url}/cloudpayments", "number": "G70002-aa"},
    )
    assert found["tested"]
    assert found["paid"]["TransactionId"] == transaction
    rows = {row["TransactionId"] for row in found["listed"]["payments"]}
    ours = {int(row.external_id) for row in provider.registry(day=day, timeout=SECONDS)}
    assert transaction in rows
    assert rows == ours
    order = next(row for row in running.dump("orders") if row["id"] == found["order"][0])
    assert order["status"] == "Cancelled"


def place(running: sandbox.RunningSandbox) -> dict[str, Any]:
    return {
        "base": f"{running.url}/cloudpayments/",
        "public_id": sandbox.PUBLIC_ID,
        "secret": sandbox.SECRET,
        "day": datetime.now(MOSCOW).date().isoformat(),
    }


def paid(running: sandbox.RunningSandbox, provider: Provider, number: str) -> int:
    order = provider.create_order(order_request(number), timeout=SECONDS)
    return int(running.pay(order.url)["Transactions"][-1]["TransactionId"])
