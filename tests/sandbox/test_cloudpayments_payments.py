"""Paying an order: Check, Pay and Fail on the wire, retries, refunds, holds, tokens, look-ups."""

import json
from decimal import Decimal
from typing import Any

import pytest

from sandbox.cloudpayments import signing
from tests.sandbox.conftest import Product, World


def test_paying_asks_check_and_then_tells_pay(world: World, product: Product) -> None:
    paid = world.pay(world.order(), card="2200 0000 0000 0004", name="Anna Smirnova")
    world.sandbox.jobs.run_due()
    assert (paid["Status"], product.kinds()) == ("Completed", ["check", "pay"])
    fields = product.of("pay")[0].fields
    assert fields["TransactionId"] == str(paid["TransactionId"])
    assert (fields["Amount"], fields["Currency"], fields["Status"]) == ("12500.50", "RUB", "Completed")
    assert (fields["InvoiceId"], fields["AccountId"]) == ("INST-1", "student-1")
    assert (fields["CardFirstSix"], fields["CardLastFour"], fields["CardType"]) == ("220000", "0004", "МИР")
    assert (fields["Name"], fields["TestMode"], fields["OperationType"]) == ("ANNA SMIRNOVA", "0", "Payment")


def test_the_bytes_of_a_notice_are_net_encoded_and_signed_both_ways(world: World, product: Product) -> None:
    world.pay(world.order(Description="Взнос 2/6 (15% + бонус)"))
    world.sandbox.jobs.run_due()
    pay = product.of("pay")[0]
    assert (
        "Description=%d0%92%d0%b7%d0%bd%d0%be%d1%81+2%2f6+(15%25+%2b+%d0%b1%d0%be%d0%bd%d1%83%d1%81)"
        in pay.body
    )
    assert "&Email=anna%2bschool%40example.org&" in pay.body
    assert "&SubscriptionId=&" in pay.body
    expected = signing.sign("secret", pay.body, is_form=True)
    assert {name: pay.headers[name] for name in expected} == expected
    assert pay.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, '{"code":10}'), 3001),
        ((200, '{"code":11}'), 3002),
        ((200, '{"code":12}'), 3003),
        ((200, '{"code":13}'), 3008),
        ((200, '{"code":20}'), 3004),
        ((200, '{"code":77}'), 3005),
        ((200, "OK"), 3005),
        ((200, '{"code":"0"}'), 3005),
        ((500, '{"code":0}'), 3007),
        ((302, ""), 3007),
    ],
)
def test_what_check_does_not_accept_is_declined(
    world: World, product: Product, answer: tuple[int, str], reason: int
) -> None:
    product.answers["check"] = answer
    paid = world.pay(world.order())
    world.sandbox.jobs.run_due()
    assert (paid["Status"], paid["ReasonCode"]) == ("Declined", reason)
    assert product.kinds() == ["check", "fail"]
    assert product.of("fail")[0].fields["ReasonCode"] == str(reason)


def test_without_check_the_payment_goes_straight_through(world: World, product: Product) -> None:
    site = world.sandbox.store.get("cloudpayments.sites", "pk_test")
    assert site is not None
    world.sandbox.store.put("cloudpayments.sites", "pk_test", site | {"check_enabled": False})
    world.pay(world.order())
    world.sandbox.jobs.run_due()
    assert product.kinds() == ["pay"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"trick": "decline"}, 5051),
        ({"card": "2202 2022 0220 2200"}, 5051),
        ({"card": "1234"}, 5014),
        ({"card": "2200000000000004", "expires": "01/20"}, 5054),
        ({"card": "2200000000000004", "expires": "??"}, 5054),
    ],
)
def test_a_bad_card_is_declined_and_can_be_tried_again(
    world: World, product: Product, form: dict[str, str], reason: int
) -> None:
    order_id = world.order()
    assert world.pay(order_id, **form)["ReasonCode"] == reason
    assert world.pay(order_id)["Status"] == "Completed"
    world.sandbox.jobs.run_due()
    assert sorted(product.kinds()) == ["check", "check", "fail", "pay"]


def test_a_site_may_have_its_notices_as_json(world: World, product: Product) -> None:
    site = world.sandbox.store.get("cloudpayments.sites", "pk_test")
    assert site is not None
    world.sandbox.store.put("cloudpayments.sites", "pk_test", site | {"notification_format": "json"})
    paid = world.pay(world.order())
    world.sandbox.jobs.run_due()
    pay = product.of("pay")[0]
    told = json.loads(pay.body)
    assert (told["TransactionId"], told["Amount"], told["SubscriptionId"]) == (
        paid["TransactionId"],
        12500.5,
        None,
    )
    assert pay.headers["Content-Type"] == "application/json"
    assert pay.headers["Content-HMAC"] == pay.headers["X-Content-HMAC"]


def test_sbp_has_no_card_and_no_token(world: World, product: Product) -> None:
    world.pay(world.order(), method="sbp")
    world.sandbox.jobs.run_due()
    fields = product.of("pay")[0].fields
    assert (fields["PaymentMethod"], fields["CardFirstSix"], fields["Token"]) == ("Sbp", "", "")


def test_a_refused_pay_comes_again_after_1_2_5_10_30_and_every_30_minutes(
    world: World, product: Product
) -> None:
    product.answers["pay"] = (500, "")
    world.pay(world.order())
    world.sandbox.jobs.run_due()
    for minutes in (1, 2, 5, 10, 30, 30, 30):
        assert world.later(seconds=minutes * 60 - 5) == 0
        assert world.later(seconds=10) == 1
    bodies = {(heard.body, heard.headers["Content-HMAC"]) for heard in product.of("pay")}
    assert (len(product.of("pay")), len(bodies)) == (8, 1)


def test_deliveries_end_after_a_hundred_attempts(world: World, product: Product) -> None:
    product.answers["pay"] = (200, '{"code":1}')
    world.pay(world.order())
    world.sandbox.jobs.run_due()
    while world.sandbox.jobs.waiting():
        world.later(minutes=31)
    assert len(product.of("pay")) == 100
    assert [notice["state"] for notice in world.sandbox.store.all("cloudpayments.notices")] == ["gave up"]


@pytest.mark.parametrize(
    ("trick", "at_once", "in_the_end"),
    [
        ("late", [], ["pay"]),
        ("notify_twice", ["pay", "pay"], ["pay", "pay"]),
        ("lost", [], []),
        ("bad_signature", ["pay"], ["pay"]),
        ("out_of_order", ["pay"], ["pay", "fail"]),
        ("twice", ["pay", "pay"], ["pay", "pay"]),
        ("forged", ["pay"], ["pay"]),
    ],
)
def test_trial_buttons_spoil_the_notice_as_they_say(
    world: World, product: Product, trick: str, at_once: list[str], in_the_end: list[str]
) -> None:
    world.pay(world.order(), trick=trick)
    world.sandbox.jobs.run_due()
    assert [kind for kind in product.kinds() if kind != "check"] == at_once
    world.later(seconds=31)
    assert [kind for kind in product.kinds() if kind != "check"] == in_the_end


def test_a_forged_notice_is_signed_by_a_stranger_and_is_not_money(world: World, product: Product) -> None:
    order_id = world.order()
    world.pay(order_id, trick="forged")
    forged = product.of("pay")[0]
    assert forged.headers["Content-HMAC"] != signing.sign("secret", forged.body, is_form=True)["Content-HMAC"]
    assert world.sandbox.store.all("cloudpayments.transactions") == []
    assert world.answer("/payments/find", InvoiceId="INST-1")["Message"] == "Not found"
    assert world.pay(order_id)["Status"] == "Completed"


def test_a_badly_signed_notice_is_retried_with_the_right_signature(world: World, product: Product) -> None:
    product.answers["pay"] = (403, "")
    world.pay(world.order(), trick="bad_signature")
    world.sandbox.jobs.run_due()
    world.later(minutes=2)
    wrong, right = product.of("pay")
    expected = signing.sign("secret", right.body, is_form=True)["Content-HMAC"]
    assert wrong.headers["Content-HMAC"] != expected
    assert right.headers["Content-HMAC"] == expected


def test_a_remembered_notice_can_be_sent_a_day_later(world: World, product: Product) -> None:
    world.pay(world.order())
    world.sandbox.jobs.run_due()
    world.later(days=1)
    assert world.client.post("/_sandbox/cloudpayments/notices/1/send").status_code == 200
    world.sandbox.jobs.run_due()
    first, again = product.of("pay")
    assert first.body == again.body


def refund(world: World, number: int, amount: float, **fields: Any) -> dict[str, Any]:
    return world.answer("/payments/refund", TransactionId=number, Amount=amount, **fields)


def test_refunds_add_up_to_the_payment_and_never_above(world: World, product: Product) -> None:
    number = world.pay(world.order())["TransactionId"]
    first, second = refund(world, number, 500.50)["Model"], refund(world, number, 12000)["Model"]
    assert refund(world, number, 0.01)["Success"] is False
    world.later(seconds=2)
    told = [heard.fields for heard in product.of("refund")]
    assert [row["TransactionId"] for row in told] == [
        str(first["TransactionId"]),
        str(second["TransactionId"]),
    ]
    assert {row["PaymentTransactionId"] for row in told} == {str(number)}
    assert sum(Decimal(row["Amount"]) for row in told) == Decimal("12500.50")
    assert "Currency" not in told[0]
    model = world.answer("/payments/get", TransactionId=number)["Model"]
    assert (model["Status"], model["Refunded"]) == ("Completed", True)


def test_a_declined_payment_and_one_older_than_a_year_are_not_refunded(world: World) -> None:
    declined = world.pay(world.order(), trick="decline")["TransactionId"]
    assert refund(world, declined, 1)["Success"] is False
    old = world.pay(world.order())["TransactionId"]
    world.later(days=366)
    assert refund(world, old, 1)["Success"] is False


def test_a_hold_is_confirmed_in_part_and_told_by_confirm(world: World, product: Product) -> None:
    paid = world.pay(world.order(RequireConfirmation=True))
    assert paid["Status"] == "Authorized"
    number = paid["TransactionId"]
    assert world.answer("/payments/confirm", TransactionId=number, Amount=20000)["Success"] is False
    assert world.answer("/payments/confirm", TransactionId=number, Amount=10000)["Success"] is True
    assert world.answer("/payments/void", TransactionId=number)["Success"] is False
    world.sandbox.jobs.run_due()
    assert product.of("pay")[0].fields["Status"] == "Authorized"
    confirm = product.of("confirm")[0].fields
    assert (confirm["Amount"], confirm["Status"]) == ("10000.00", "Completed")


def test_a_voided_hold_is_cancelled(world: World, product: Product) -> None:
    number = world.pay(world.order(RequireConfirmation=True))["TransactionId"]
    assert world.answer("/payments/void", TransactionId=number)["Success"] is True
    world.sandbox.jobs.run_due()
    assert product.of("cancel")[0].fields["TransactionId"] == str(number)
    assert world.answer("/payments/get", TransactionId=number)["Model"]["Status"] == "Cancelled"


def test_find_gives_the_last_payment_and_v2_the_last_operation(world: World) -> None:
    world.pay(world.order(), trick="decline")
    number = world.pay(world.order())["TransactionId"]
    back = refund(world, number, 10)["Model"]["TransactionId"]
    assert world.answer("/payments/find", InvoiceId="INST-1")["Model"]["TransactionId"] == number
    assert world.answer("/v2/payments/find", InvoiceId="INST-1")["Model"]["TransactionId"] == back
    assert world.answer("/payments/find", InvoiceId="INST-9") == {"Success": False, "Message": "Not found"}


def test_a_day_of_the_list_is_a_day_of_the_given_zone(world: World) -> None:
    number = world.pay(world.order())["TransactionId"]
    row = world.sandbox.store.get("cloudpayments.transactions", str(number))
    assert row is not None
    world.sandbox.store.put(
        "cloudpayments.transactions", str(number), row | {"created_at": "2026-11-21T21:30:00+00:00"}
    )

    def listed(day: str, zone: str) -> list[int]:
        answer = world.answer("/payments/list", Date=day, TimeZone=zone)
        return [item["TransactionId"] for item in answer["Model"]]

    assert (listed("2026-11-21", "UTC"), listed("2026-11-22", "UTC")) == ([number], [])
    assert (listed("2026-11-21", "MSK"), listed("2026-11-22", "MSK")) == ([], [number])
    assert world.answer("/payments/list", Date="2026-11-21", TimeZone="MARS")["Success"] is False


def test_the_second_list_has_pages_of_a_hundred_and_filters_by_status(world: World) -> None:
    site = world.sandbox.store.get("cloudpayments.sites", "pk_test")
    assert site is not None
    world.sandbox.store.put("cloudpayments.sites", "pk_test", site | {"notifications": {}})
    order_id = world.order()
    numbers = [world.pay(order_id, trick="twice")["TransactionId"] for _ in range(101)]
    world.pay(world.order(), trick="decline")
    span = {"CreatedDateGte": "2026-01-01T00:00:00+03:00", "CreatedDateLte": "2099-01-01T00:00:00+03:00"}

    def listed(page: int, statuses: list[str]) -> list[int]:
        answer = world.answer("/v2/payments/list", PageNumber=page, Statuses=statuses, **span)
        return [item["TransactionId"] for item in answer["Model"]]

    completed = listed(1, ["Completed"]) + listed(2, ["Completed"]) + listed(3, ["Completed"])
    assert len(listed(1, ["Completed"])) == 100
    assert (len(completed), completed[-1]) == (102, numbers[-1])
    assert len(listed(1, ["Declined"])) == 1


def test_a_saved_card_is_charged_by_its_token(world: World, product: Product) -> None:
    world.pay(world.order(), card="4111 1111 1111 1111")
    world.pay(world.order(), card="2200 0000 0000 0004")
    bad, good = (row["Token"] for row in world.answer("/payments/tokens/list", PageNumber=1)["Model"])
    charge = {"Amount": 100, "AccountId": "student-1", "TrInitiatorCode": 0, "PaymentScheduled": 1}
    declined = world.answer("/payments/tokens/charge", Token=bad, **charge)
    assert (declined["Success"], declined["Model"]["ReasonCode"]) == (False, 5051)
    done = world.answer("/payments/tokens/charge", Token=good, **charge)
    assert (done["Success"], done["Model"]["Status"], done["Model"]["TrInitiatorCode"]) == (
        True,
        "Completed",
        0,
    )
    assert (
        world.answer("/payments/tokens/charge", Token=good, **(charge | {"AccountId": "x"}))["Success"]
        is False
    )


def test_a_token_charge_asks_check_too(world: World, product: Product) -> None:
    world.pay(world.order())
    token = world.answer("/payments/tokens/list", PageNumber=1)["Model"][0]["Token"]
    product.answers["check"] = (200, '{"code":13}')
    answer = world.answer(
        "/payments/tokens/charge", Token=token, Amount=1, AccountId="student-1", TrInitiatorCode=1
    )
    assert answer["Model"]["ReasonCode"] == 3008


def test_another_sites_transaction_is_not_found(world: World) -> None:
    number = world.pay(world.order())["TransactionId"]
    for path in ("/payments/get", "/payments/refund", "/payments/confirm", "/payments/void"):
        response = world.call(path, TransactionId=number, Amount=1, auth=("pk_other", "other"))
        assert response.get_json() == {"Success": False, "Message": "Not found"}
