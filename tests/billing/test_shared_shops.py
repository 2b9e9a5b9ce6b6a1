"""Other programs sell through the same shop: their notices are refused, let pass or forwarded."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from billing import credentials, inbox, neighbours, orders
from billing.asking import What
from billing.models import MerchantAccount, Notice, Payment, ProviderOrder
from billing.providers import robokassa_signing as signing
from tests.billing.notices import FORM, code, deliver, fields_of, refund_fields, secret_of, send, sign
from tests.factories import NOW, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ProviderOrder:
    deal = make_deal()
    make_schedule(deal, total="90000", count=3)
    return make_order(deal, request={"account_id": "school-1"})


class Other:
    """Another program behind the same shop; keeps every byte that it was sent."""

    def __init__(self, server: HTTPServer, response: Response) -> None:
        self.asked: list[tuple[str, bytes, bytes, dict[str, str]]] = []
        self.response = response
        server.expect_request("/their/hook").respond_with_handler(self._answer)
        MerchantAccount.objects.update(other_orders=server.url_for("/their/hook"))

    def _answer(self, request: Request) -> Response:
        self.asked.append((request.method, request.get_data(), request.query_string, dict(request.headers)))
        return self.response


@pytest.fixture
def other(order: ProviderOrder, httpserver: HTTPServer) -> Other:
    return Other(httpserver, Response('{"code":0, "by": "shop"}', 200, content_type="application/json"))


def test_what_is_not_ours_goes_on_byte_for_byte_and_their_answer_comes_back(
    order: ProviderOrder, other: Other
) -> None:
    body = urlencode(fields_of(order, InvoiceId="shop-17", Data='{"a": "%2b +"}')).encode() + b"&X=%d0%af"
    answer = send(order.merchant, "pay", body)
    assert (answer.status_code, answer.content) == (200, b'{"code":0, "by": "shop"}')
    [(method, sent, query, headers)] = other.asked
    assert (method, sent, query) == ("POST", body, b"")
    assert headers["Content-Hmac"] == sign(body, secret_of(order.merchant))
    assert headers["Content-Type"] == FORM
    stored = Notice.objects.get()
    assert (stored.state, stored.outcome, bytes(stored.body)) == ("done", "forwarded", body)
    assert not Payment.objects.exists()


def test_a_query_goes_on_as_it_came(order: ProviderOrder, other: Other) -> None:
    query = urlencode(fields_of(order, InvoiceId="shop-17", Amount="1.00"))
    answer = Client().get(
        f"/webhooks/cloudpayments/{order.merchant.key}/pay/?{query}",
        headers={"Content-HMAC": sign(query.encode(), secret_of(order.merchant))},
    )
    assert code(answer) == 0
    [(method, sent, asked, _)] = other.asked
    assert (method, sent, asked.decode()) == ("GET", b"", query)


@pytest.mark.parametrize("their", [0, 13])
def test_they_decide_whether_their_order_may_be_paid(order: ProviderOrder, other: Other, their: int) -> None:
    other.response = Response(json.dumps({"code": their}), 200, content_type="application/json")
    assert code(send(order.merchant, "check", fields_of(order, InvoiceId="shop-17"))) == their
    assert len(other.asked) == 1
    assert not Notice.objects.exists()


def test_ours_is_never_told_to_them(order: ProviderOrder, other: Other) -> None:
    assert code(send(order.merchant, "check", fields_of(order))) == 0
    deliver(order.merchant, "pay", fields_of(order))
    # The refund names no order: it is ours by its payment.
    deliver(order.merchant, "refund", refund_fields())
    assert other.asked == []
    assert standing_of(order.deal).paid == rub(20000)


def test_their_refund_goes_on_after_their_payment(order: ProviderOrder, other: Other) -> None:
    send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17"))
    send(order.merchant, "refund", refund_fields())
    assert len(other.asked) == 2
    assert set(Notice.objects.values_list("outcome", flat=True)) == {"forwarded"}


def test_their_payout_to_a_card_is_theirs(order: ProviderOrder, other: Other) -> None:
    """CloudPayments tells of it at the address of payments; even our number makes it none of ours."""
    payout = fields_of(order, OperationType="CardPayout")
    assert code(send(order.merchant, "check", payout)) == 0
    send(order.merchant, "pay", payout)
    assert len(other.asked) == 2
    assert not Payment.objects.exists()


@pytest.mark.parametrize("rule", ["refuse", "accept"])
@pytest.mark.parametrize("number", ["shop-17", "ours"])
def test_money_that_another_program_sends_to_a_card_is_no_income(
    order: ProviderOrder, rule: str, number: str
) -> None:
    MerchantAccount.objects.update(other_orders=rule)
    told = {"OperationType": "CardPayout"} | ({} if number == "ours" else {"InvoiceId": number})
    payout = fields_of(order, **told)
    assert code(send(order.merchant, "check", payout)) == (10 if rule == "refuse" else 0)
    # Two of them, so that they could be applied together.
    send(order.merchant, "pay", fields_of(order, TransactionId="777", **told))
    deliver(order.merchant, "pay", payout)
    deliver(order.merchant, "refund", refund_fields())
    assert list(Notice.objects.order_by("id").values_list("state", "outcome")) == [("done", "payout")] * 3
    assert not Payment.objects.exists()
    assert standing_of(order.deal).paid == rub(0)
    assert inbox.replay(since=None, at=NOW).changed == 0


def test_every_delivery_goes_on_and_one_line_is_kept(order: ProviderOrder, other: Other) -> None:
    for _ in range(3):
        send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17"))
    assert len(other.asked) == 3
    assert Notice.objects.count() == 1


def test_a_replay_makes_no_money_of_what_was_forwarded(order: ProviderOrder, other: Other) -> None:
    send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17"))
    assert inbox.replay(since=None, at=NOW).changed == 0
    assert not Payment.objects.exists()
    assert len(other.asked) == 1


@pytest.mark.parametrize(
    "response",
    [
        Response("", 302, headers={"Location": "http://127.0.0.1:9/"}),
        Response("x" * 70_000, 200),
    ],
    ids=["redirect", "endless"],
)
def test_no_readable_answer_of_theirs_makes_the_provider_ask_again(
    order: ProviderOrder, other: Other, response: Response
) -> None:
    other.response = response
    assert send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17")).status_code == 502
    assert not Notice.objects.exists()


def test_nobody_there_makes_the_provider_ask_again(order: ProviderOrder) -> None:
    MerchantAccount.objects.update(other_orders="http://127.0.0.1:9/hook")
    assert send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17")).status_code == 502
    assert not Notice.objects.exists()


def test_an_error_of_theirs_is_their_answer(order: ProviderOrder, other: Other) -> None:
    other.response = Response("no", 500)
    assert send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17")).status_code == 500


def test_a_forgery_is_not_forwarded(order: ProviderOrder, other: Other) -> None:
    answer = send(order.merchant, "pay", fields_of(order, InvoiceId="shop-17"), secret="another")
    assert answer.status_code == 403
    assert other.asked == []


def test_what_was_forwarded_to_us_is_not_forwarded_again(order: ProviderOrder, other: Other) -> None:
    body = urlencode(fields_of(order, InvoiceId="shop-17")).encode()
    mac = sign(body, secret_of(order.merchant))
    path = f"/webhooks/cloudpayments/{order.merchant.key}/check/"
    headers = {"Content-HMAC": mac, "X-Grafik-Forwarded": "1"}
    assert code(Client().post(path, data=body, content_type=FORM, headers=headers)) == 10
    assert other.asked == []


def test_robokassas_answer_is_the_other_programs_too(order: ProviderOrder, other: Other) -> None:
    other.response = Response("OK777", 200, content_type="text/plain")
    merchant = MerchantAccount.objects.get()
    merchant.provider, merchant.settings = "robokassa", {"login": "shop", "algorithm": "md5"}
    merchant.secrets_json = json.dumps({"password1": "p1", "password2": "p2"})
    merchant.save()
    given = {"OutSum": "10.000000", "InvId": "777", "Shp_shop": "their"}
    text = signing.notice(given, password="p2")
    body = urlencode({**given, "SignatureValue": signing.digest("md5", text)}).encode()
    answer = Client().post(f"/webhooks/robokassa/{merchant.key}/result/", data=body, content_type=FORM)
    assert (answer.status_code, answer.content) == (200, b"OK777")
    assert other.asked[0][1] == body


def test_our_numbers_begin_in_a_way_that_no_other_program_counts(order: ProviderOrder) -> None:
    made = orders.open_order(deal=order.deal, what=What.FULL, at=NOW)
    assert made.number.startswith(f"G{made.pk}-")


# The key check


@pytest.mark.parametrize(
    ("rule", "words"), [("refuse", "неразнесённые"), ("accept", "пропускаются"), ("https://x.ru", "пересыл")]
)
def test_the_key_check_says_that_somebody_else_sells_there(
    order: ProviderOrder, rule: str, words: str
) -> None:
    MerchantAccount.objects.update(other_orders=rule if "://" not in rule else "accept")
    deliver(order.merchant, "pay", fields_of(order, InvoiceId="shop-17"))
    MerchantAccount.objects.update(other_orders=rule)
    order.merchant.refresh_from_db()
    said = credentials.shared(merchant=order.merchant, at=NOW)
    assert "3171000501" in said
    assert words in said


def test_alone_in_the_shop_nothing_is_said(order: ProviderOrder) -> None:
    deliver(order.merchant, "pay", fields_of(order))
    assert credentials.shared(merchant=order.merchant, at=NOW) == ""


def test_a_registry_tells_of_neighbours_that_never_sent_us_a_notice(
    order: ProviderOrder, httpserver: HTTPServer, settings: Any
) -> None:
    settings.CLOUDPAYMENTS_URL = httpserver.url_for("").rstrip("/")
    models = [row("1", order.number), row("2", "shop-17")]
    httpserver.expect_request("/v2/payments/list").respond_with_json({"Model": models, "Success": True})
    assert neighbours.found(merchant=order.merchant, at=NOW) == neighbours.Neighbours(1, "2")


def row(number: str, invoice: str) -> dict[str, Any]:
    return {
        "TransactionId": int(number),
        "Type": 0,
        "Status": "Completed",
        "Amount": 10.0,
        "Currency": "RUB",
        "CreatedDateIso": "2026-11-22T08:00:00",
        "InvoiceId": invoice,
    }
