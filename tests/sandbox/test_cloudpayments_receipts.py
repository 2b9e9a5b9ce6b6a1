"""Receipts: acceptance by error codes, the queue, the notice, the copy to the buyer."""

import json
from typing import Any

import pytest

from tests.sandbox.conftest import Product, World


def item(**fields: Any) -> dict[str, Any]:
    given = {"label": "Курс, взнос 2/6", "price": 100.50, "quantity": 1, "amount": 100.50}
    return given | {"vat": None, "method": 2, "object": 4} | fields


def content(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"Items": list(items or [item()]), "taxationSystem": 1}
    return given | {"email": "anna@example.org", "amounts": {"electronic": 100.50}} | fields


def ask(world: World, receipt: Any, **fields: Any) -> dict[str, Any]:
    given = {"Inn": "7700000009", "Type": "Income", "InvoiceId": "INST-1", "AccountId": "student-1"}
    return world.answer("/kkt/receipt", **(given | fields), CustomerReceipt=receipt)


def riding(receipt: dict[str, Any]) -> dict[str, Any]:
    return {"JsonData": {"cloudPayments": {"customerReceipt": receipt}}}


def test_a_receipt_is_queued_processed_and_told(world: World, product: Product) -> None:
    answer = ask(world, content())
    number = answer["Model"]["Id"]
    assert (answer["Success"], answer["Message"], answer["Model"]["ErrorCode"]) == (True, "Queued", 0)
    assert world.answer("/kkt/receipt/status/get", Id=number)["Model"] == "Queued"
    assert world.answer("/kkt/receipt/get", Id=number)["Message"] == "Receipt not found"
    world.later(seconds=2)
    world.sandbox.jobs.run_due()
    assert world.answer("/kkt/receipt/status/get", Id=number)["Model"] == "Processed"
    told = product.of("receipt")[0].fields
    assert (told["Id"], told["Type"], told["Amount"], told["Inn"]) == (
        number,
        "Income",
        "100.50",
        "7700000009",
    )
    assert (told["InvoiceId"], told["AccountId"], told["TransactionId"]) == ("INST-1", "student-1", "")
    assert told["Url"] == f"http://127.0.0.1:8001/cloudpayments/r/{number}"
    assert told["FiscalSign"].isdigit()
    shown = json.loads(told["Receipt"])
    assert shown["Items"][0] == {
        "Label": "Курс, взнос 2/6",
        "Price": 100.5,
        "Quantity": 1,
        "Amount": 100.5,
        "Vat": None,
        "Method": 2,
        "Object": 4,
    }
    got = world.answer("/kkt/receipt/get", Id=number)["Model"]
    assert got["AdditionalData"]["DocumentNumber"] == told["DocumentNumber"]
    assert got["Amounts"] == {"Electronic": 100.5}


def test_the_buyer_gets_the_receipt_and_can_open_it(world: World) -> None:
    number = ask(world, content())["Model"]["Id"]
    world.later(seconds=2)
    mail = world.client.get("/mail/api/messages?to=anna@example.org").get_json()
    assert [message["subject"] for message in mail] == ["Кассовый чек: приход, 100,50\u00a0₽"]
    assert f"/cloudpayments/r/{number}" in mail[0]["text"]
    page = world.client.get(f"/cloudpayments/r/{number}").text
    assert "Курс, взнос 2/6" in page
    assert "Предоплата, без НДС" in page
    assert world.client.get(f"/cloudpayments/r/{number}/qr.svg").mimetype == "image/svg+xml"


@pytest.mark.parametrize(
    ("code", "receipt", "fields"),
    [
        (11, content(), {"Inn": ""}),
        (2, content(), {"Inn": "7800000008"}),
        (27, content(), {"Type": "Sale"}),
        (26, None, {}),
        (12, content() | {"Items": []}, {}),
        (26, content(item(label="")), {}),
        (26, content({k: v for k, v in item().items() if k != "vat"}), {}),
        (27, content(item(vat=18)), {}),
        (27, content(item(method=8)), {}),
        (23, content(item(price=100.505)), {}),
        (27, content(item(amount=-1)), {}),
        (27, content(item(amount=200)), {}),
        (27, content(item(price=0, amount=0), amounts={"electronic": 0}), {}),
        (13, content(amounts={"electronic": 100.49}), {}),
        (13, content(amounts=None), {}),
        (14, content(amounts={"electronic": 100.51}), {}),
        (27, content(amounts={"electronic": 100.50, "advancePayment": 0.01}), {}),
        (19, content(amounts={"cash": 100.50}), {}),
        (3, content(taxationSystem=0), {}),
        (24, content(email="anna"), {}),
    ],
)
def test_what_the_register_cannot_take_is_refused_by_code(
    world: World, code: int, receipt: Any, fields: dict[str, Any]
) -> None:
    answer = ask(world, receipt, **fields)
    assert (answer["Success"], answer["Model"]["ErrorCode"], answer["Model"]["Id"]) == (False, code, None)
    assert world.sandbox.store.all("cloudpayments.receipts") == []


def test_an_offset_of_prepayment_is_accepted(world: World) -> None:
    offset = content(item(method=4), amounts={"electronic": 0, "advancePayment": 100.50})
    assert ask(world, offset)["Success"] is True


def test_keys_in_pascal_case_numbers_as_text_and_a_long_label(world: World) -> None:
    row = {
        "Label": "К" * 200,
        "Price": "100.50",
        "Quantity": "1.00",
        "Amount": "100.50",
        "Vat": "",
        "Method": 3,
    }
    number = ask(world, {"Items": [row], "Amounts": {"Electronic": "100.50"}})["Model"]["Id"]
    stored = world.sandbox.store.get("cloudpayments.receipts", number)
    assert stored is not None
    assert stored["content"]["Items"][0]["Label"] == "К" * 128
    assert stored["content"]["TaxationSystem"] == 1


def test_the_same_request_id_makes_one_receipt(world: World) -> None:
    fields: dict[str, Any] = {"Inn": "7700000009", "Type": "Income", "CustomerReceipt": content()}
    first = world.call("/kkt/receipt", request_id="receipt:1", **fields)
    second = world.call("/kkt/receipt", request_id="receipt:1", **fields)
    assert first.data == second.data
    assert len(world.sandbox.store.all("cloudpayments.receipts")) == 1


def test_a_receipt_rides_on_the_payment_and_a_return_on_the_refund(world: World, product: Product) -> None:
    paid = world.pay(world.order(Amount=100.50, **riding(content())))
    back = riding(content(item(price=0.50, amount=0.50), amounts={"electronic": 0.50}))
    refunded = world.answer("/payments/refund", TransactionId=paid["TransactionId"], Amount=0.50, **back)
    world.later(seconds=2)
    world.sandbox.jobs.run_due()
    told = [
        (row.fields["Type"], row.fields["TransactionId"], row.fields["Amount"])
        for row in product.of("receipt")
    ]
    assert sorted(told) == [
        ("Income", str(paid["TransactionId"]), "100.50"),
        ("IncomeReturn", str(refunded["Model"]["TransactionId"]), "0.50"),
    ]


def test_a_declined_payment_and_a_hold_make_no_receipt_until_confirmed(world: World) -> None:
    world.pay(world.order(Amount=100.50, **riding(content())), trick="decline")
    held = world.pay(world.order(Amount=100.50, RequireConfirmation=True, **riding(content())))
    assert world.sandbox.store.all("cloudpayments.receipts") == []
    world.answer("/payments/confirm", TransactionId=held["TransactionId"], Amount=100.50)
    assert len(world.sandbox.store.all("cloudpayments.receipts")) == 1


def test_a_bad_receipt_does_not_stop_the_money_and_nobody_is_told(world: World, product: Product) -> None:
    paid = world.pay(world.order(Amount=200, **riding(content())))
    world.later(seconds=2)
    assert paid["Status"] == "Completed"
    assert [row["status"] for row in world.sandbox.store.all("cloudpayments.receipts")] == ["Error"]
    assert product.of("receipt") == []


def test_faults_refuse_a_receipt_or_leave_it_unpunched(world: World, product: Product) -> None:
    world.sandbox.faults.switch("cloudpayments", "receipt_refused", count=1)
    assert ask(world, content())["Model"]["ErrorCode"] == 22
    world.sandbox.faults.switch("cloudpayments", "receipt_error", count=1)
    queued = ask(world, content())
    assert queued["Message"] == "Queued"
    number = queued["Model"]["Id"]
    world.later(seconds=2)
    assert world.answer("/kkt/receipt/status/get", Id=number)["Model"] == "Error"
    assert product.of("receipt") == []


def test_an_unknown_receipt_is_not_found(world: World) -> None:
    assert world.answer("/kkt/receipt/status/get", Id="nothing")["Model"] == "NotFound"
