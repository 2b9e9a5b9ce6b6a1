"""Orders: validation, replay by X-Request-ID, cancelling, and what one order page can and cannot do."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.cloudpayments import api
from tests.sandbox.conftest import Product, World


def test_wrong_credentials_are_answered_401_without_the_envelope(world: World) -> None:
    for auth in (None, ("pk_test", "wrong"), ("pk_nobody", "secret")):
        response = world.call("/test", auth=auth)
        assert (response.status_code, response.is_json) == (401, False)


def test_test_method_answers_success_and_a_message(world: World) -> None:
    answer = world.answer("/test")
    assert answer["Success"] is True
    assert len(answer["Message"]) == 36


def test_a_new_order_has_the_documented_key_set(world: World) -> None:
    answer = world.answer("/orders/create", Amount=12500.50, Description="Взнос 2/6", InvoiceId="INST-1")
    keys = (
        "Id Number Amount Currency CurrencyCode Email Phone Description RequireConfirmation Url CultureName "
        "CreatedDate CreatedDateIso PaymentDate PaymentDateIso StatusCode Status InternalId"
    )
    assert list(answer["Model"]) == keys.split()
    assert answer["Model"]["Url"] == f"http://127.0.0.1:8001/cloudpayments/d/{answer['Model']['Id']}"
    assert (answer["Model"]["Amount"], answer["Model"]["Currency"], len(answer["Model"]["Id"])) == (
        12500.5,
        "RUB",
        16,
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Amount": None}, "Amount is required"),
        ({"Amount": 0}, "Invalid Amount value"),
        ({"Amount": -5}, "Invalid Amount value"),
        ({"Amount": 10.005}, "Invalid Amount value"),
        ({"Amount": "NaN"}, "Invalid Amount value"),
        ({"Amount": "ten"}, "Invalid Amount value"),
        ({"Amount": True}, "Invalid Amount value"),
        ({"Description": ""}, "Description is required"),
        ({"Currency": "XXX"}, "Invalid Currency value"),
        ({"Email": "nobody"}, "Invalid Email value"),
    ],
)
def test_a_malformed_order_is_refused_by_name(world: World, fields: dict[str, Any], message: str) -> None:
    answer = world.answer("/orders/create", **({"Amount": 10, "Description": "Курс"} | fields))
    assert answer == {"Success": False, "Message": message}
    assert world.sandbox.store.all("cloudpayments.orders") == []


def test_keys_may_come_in_any_case_as_a_form_and_with_a_text_amount(world: World) -> None:
    response = world.client.post(
        "/cloudpayments/orders/create",
        data={"amount": "100.00", "DESCRIPTION": "Курс"},
        auth=("pk_test", "secret"),
    )
    assert response.get_json()["Model"]["Amount"] == 100.0


def test_the_same_request_id_gives_the_same_bytes_and_one_order(world: World) -> None:
    first = world.call("/orders/create", request_id="order:1", Amount=10, Description="Курс")
    second = world.call("/orders/create", request_id="order:1", Amount=99, Description="Другое")
    assert first.data == second.data
    assert len(world.sandbox.store.all("cloudpayments.orders")) == 1


def test_a_refusal_is_replayed_too(world: World) -> None:
    first = world.call("/orders/create", request_id="order:1", Description="Курс")
    second = world.call("/orders/create", request_id="order:1", Amount=10, Description="Курс")
    assert first.data == second.data


def test_a_request_id_is_forgotten_after_an_hour(world: World) -> None:
    world.call("/orders/create", request_id="order:1", Amount=10, Description="Курс")
    world.later(seconds=3601)
    world.call("/orders/create", request_id="order:1", Amount=10, Description="Курс")
    assert len(world.sandbox.store.all("cloudpayments.orders")) == 2


def test_request_ids_of_two_sites_do_not_meet(world: World) -> None:
    world.call("/orders/create", request_id="1", Amount=10, Description="Курс")
    world.call("/orders/create", request_id="1", Amount=10, Description="Курс", auth=("pk_other", "other"))
    assert len(world.sandbox.store.all("cloudpayments.orders")) == 2


def test_twenty_calls_at_once_under_one_request_id_make_one_order(world: World) -> None:
    def create(_: int) -> bytes:
        client = World(world.sandbox, world.client.application.test_client())
        return bytes(client.call("/orders/create", request_id="order:1", Amount=10, Description="Курс").data)

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(create, range(20)))
    assert len(answers) == 1
    assert len(world.sandbox.store.all("cloudpayments.orders")) == 1


def test_a_cancelled_order_cannot_be_paid_and_says_so(world: World, product: Product) -> None:
    order_id = world.order()
    assert world.answer("/orders/cancel", Id=order_id) == {"Success": True, "Message": None}
    assert world.pay(order_id) == {"Status": None, "OrderStatus": "Cancelled", "Transactions": []}
    assert "Счёт отменён" in world.client.get(f"/cloudpayments/d/{order_id}").text
    world.later(minutes=1)
    assert product.heard == []


def test_a_paid_order_cannot_be_cancelled(world: World) -> None:
    order_id = world.order()
    world.pay(order_id)
    assert world.answer("/orders/cancel", Id=order_id)["Success"] is False


def test_another_sites_order_is_not_found(world: World) -> None:
    response = world.call("/orders/cancel", Id=world.order(), auth=("pk_other", "other"))
    assert response.get_json() == {"Success": False, "Message": "Not found"}


def test_a_paid_order_is_paid_again_only_by_the_trial_button(world: World) -> None:
    order_id = world.order()
    assert world.pay(order_id)["Status"] == "Completed"
    assert world.pay(order_id)["OrderStatus"] == "Paid"
    assert world.pay(order_id, trick="twice")["Status"] == "Completed"
    assert len(world.sandbox.store.all("cloudpayments.transactions")) == 2


def test_the_page_shows_the_sum_as_people_write_it(world: World) -> None:
    page = world.client.get(f"/cloudpayments/d/{world.order(Amount=20000)}").text
    assert "20\u00a0000\u00a0₽" in page
    assert "Оплатить через СБП" in page
    assert "12\u00a0500,50\u00a0₽" in world.client.get(f"/cloudpayments/d/{world.order()}").text


def test_text_of_the_merchant_is_text_on_the_page(world: World) -> None:
    order_id = world.order(Description="<script>alert(1)</script>", SuccessRedirectUrl="javascript:alert(1)")
    page = world.client.get(f"/cloudpayments/d/{order_id}").text
    assert "<script>alert(1)" not in page
    assert "javascript:alert" not in page


def test_more_calls_at_once_than_the_site_may_have_are_answered_429(
    world: World, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PARALLEL_LIVE", 1)
    world.pay(world.order())
    token = world.answer("/payments/tokens/list", PageNumber=1)["Model"][0]["Token"]
    second = World(world.sandbox, world.client.application.test_client())
    statuses: list[int] = []
    product.meanwhile["check"] = lambda: statuses.append(second.call("/test").status_code)
    charged = world.answer(
        "/payments/tokens/charge", Token=token, Amount=1, AccountId="student-1", TrInitiatorCode=1
    )
    assert (charged["Success"], statuses) == (True, [429])
    assert second.call("/test").status_code == 200


def test_an_order_cancelled_while_check_is_asked_is_not_paid(world: World, product: Product) -> None:
    order_id = world.order()
    second = World(world.sandbox, world.client.application.test_client())
    product.meanwhile["check"] = lambda: second.answer("/orders/cancel", Id=order_id)
    assert world.pay(order_id)["OrderStatus"] == "Cancelled"
    assert world.sandbox.store.all("cloudpayments.transactions") == []


def test_ten_payers_pressing_at_once_pay_an_order_once(world: World) -> None:
    order_id = world.order()

    def pay(_: int) -> str | None:
        client = World(world.sandbox, world.client.application.test_client())
        status: str | None = client.pay(order_id)["Status"]
        return status

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(pay, range(10)))
    assert (outcomes.count("Completed"), outcomes.count(None)) == (1, 9)
    assert len(world.sandbox.store.all("cloudpayments.transactions")) == 1
