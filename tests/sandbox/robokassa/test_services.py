"""Refunds by JWT, second receipts by B.S, invoices by JWT."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from tests.sandbox.robokassa.conftest import LOGIN, PASSWORDS, Site, World, md5

# The vectors' Password#3 is as short as real ones are.
pytestmark = pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")


def call(world: World, path: str, body: str) -> Any:
    return world.client.post(f"/robokassa/{path}", data=body, content_type="application/json")


def refund(
    world: World, payload: dict[str, Any], *, key: str = PASSWORDS["password3"], alg: str = "HS256"
) -> Any:
    token = jwt.encode(payload, key, algorithm=alg)
    return call(world, "RefundService/Refund/Create", json.dumps(token))


def refund_state(world: World, request_id: str) -> dict[str, Any]:
    answer = world.client.get(f"/robokassa/RefundService/Refund/GetState?id={request_id}")
    decoded: dict[str, Any] = answer.get_json()
    return decoded


@pytest.fixture
def op_key(world: World) -> str:
    return str(world.pay()["OpKey"])


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_refund_is_taken_and_its_end_is_learnt_by_asking(world: World, op_key: str, alg: str) -> None:
    answer = refund(world, {"OpKey": op_key, "RefundSum": 1250.5}, alg=alg).get_json()
    assert (answer["success"], answer["message"]) == (True, None)
    request_id = answer["requestId"]
    assert refund_state(world, request_id) == {
        "requestId": request_id,
        "amount": 1250.5,
        "label": "processing",
    }
    world.later(seconds=31)
    assert refund_state(world, request_id)["label"] == "finished"
    assert world.state()["State/Code"] == "100"


def test_refunds_never_exceed_the_payment(world: World, op_key: str) -> None:
    assert refund(world, {"OpKey": op_key, "RefundSum": 3000}).get_json()["success"] is True
    refused = refund(world, {"OpKey": op_key, "RefundSum": 500.01}).get_json()
    assert (refused["success"], refused["message"]) == (False, "NotEnoughOperationFunds")
    assert refund(world, {"OpKey": op_key}).get_json()["success"] is True
    assert [row["amount"] for row in world.rows("refunds")] == ["3000.00", "500.00"]
    assert refund(world, {"OpKey": op_key}).get_json()["message"] == "NotEnoughOperationFunds"


def test_a_canceled_refund_leaves_its_money_to_the_next(world: World, op_key: str) -> None:
    world.sandbox.faults.switch("robokassa", "refund_canceled", count=1)
    request_id = refund(world, {"OpKey": op_key}).get_json()["requestId"]
    world.later(seconds=31)
    assert refund_state(world, request_id)["label"] == "canceled"
    assert refund(world, {"OpKey": op_key}).get_json()["success"] is True


def test_a_refund_with_lines_prints_a_receipt_and_without_none(world: World, op_key: str) -> None:
    line = {"Name": "Квест", "Quantity": 1, "Cost": 100, "Tax": "none"}
    line |= {"PaymentMethod": "full_payment", "PaymentObject": "service"}
    refund(world, {"OpKey": op_key, "RefundSum": 100, "InvoiceItems": [line]})
    refund(world, {"OpKey": op_key, "RefundSum": 50})
    world.later(seconds=31)
    kinds = [(row["kind"], row["amount"]) for row in world.rows("receipts")]
    assert kinds == [("sell", "3500.00"), ("refund", "100.00")]
    wrong = refund(world, {"OpKey": op_key, "RefundSum": 99, "InvoiceItems": [line]}).get_json()
    assert wrong["success"] is False


@pytest.mark.parametrize(
    "payload", [{"RefundSum": "100"}, {"RefundSum": 0}, {"RefundSum": 1.001}, {"RefundSum": -1}]
)
def test_a_wrong_sum_is_refused(world: World, op_key: str, payload: dict[str, Any]) -> None:
    assert refund(world, {"OpKey": op_key} | payload).get_json()["success"] is False
    assert world.rows("refunds") == []


def test_a_refund_needs_the_third_password_in_a_quoted_token(world: World, op_key: str) -> None:
    assert refund(world, {"OpKey": op_key}, key=PASSWORDS["password1"]).status_code == 401
    bare = jwt.encode({"OpKey": op_key}, PASSWORDS["password3"], algorithm="HS256")
    assert call(world, "RefundService/Refund/Create", bare).status_code == 401
    world.change_shop(password3="")
    assert refund(world, {"OpKey": op_key}).status_code == 401
    assert world.rows("refunds") == []


def test_only_credited_real_money_goes_back(world: World) -> None:
    test = world.pay(world.link(password="tst1-Delta", IsTest="1"))["OpKey"]
    declined = world.pay(world.link(InvId="70002"), trick="decline")["OpKey"]
    for op_key in (test, declined, "unknown"):
        assert refund(world, {"OpKey": op_key}).get_json()["success"] is False
    assert refund_state(world, "unknown") == {"message": "Refund request not found"}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def attach(world: World, *, password: str = PASSWORDS["password1"], **changed: Any) -> dict[str, Any]:
    line = {"name": "Квест", "quantity": 1, "sum": 3500, "tax": "none"}
    line |= {"payment_method": "full_payment", "payment_object": "service"}
    given: dict[str, Any] = {
        "merchantId": LOGIN,
        "id": "90002",
        "originId": "70001",
        "operation": "sell",
        "sno": "usn_income",
    }
    given |= {"url": "https://shop.example.org/", "total": 3500, "items": [line]}
    given |= {"client": {"email": "guest@example.com"}, "payments": [{"type": 2, "sum": 3500}]}
    return fiscal(world, "Attach", given | changed, password=password)


def fiscal(
    world: World, call_name: str, given: Any, *, password: str = PASSWORDS["password1"]
) -> dict[str, Any]:
    body = encoded(json.dumps(given).encode())
    signature = md5(f"{body}{password}")
    signed = f"{body}.{encoded(signature.encode())}"
    decoded: dict[str, Any] = call(world, f"RoboFiscal/Receipt/{call_name}", signed).get_json()
    return decoded


def test_a_second_receipt_is_attached_and_registered_a_moment_later(world: World, op_key: str) -> None:
    assert attach(world) == {"ResultCode": "0", "ResultDescription": "ok", "OpKey": op_key}
    asked = {"merchantId": LOGIN, "id": "90002"}
    assert fiscal(world, "Status", asked)["Code"] == "1"
    world.later(seconds=6)
    status = fiscal(world, "Status", asked)
    assert (status["Code"], status["FiscalType"], len(status["FiscalDocumentAttribute"])) == ("2", "sell", 10)


def test_an_operation_has_two_receipts_at_most(world: World, op_key: str) -> None:
    attach(world)
    assert attach(world, id="90003")["ResultDescription"] == "У операции уже два чека"
    assert [row["kind"] for row in world.rows("receipts")] == ["sell", "second"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": "70001"}, "совпадает"),
        ({"id": "x"}, "не номер"),
        ({"originId": "70009"}, "originId"),
        ({"operation": "sell_refund"}, "operation"),
        ({"total": 3499}, "не равна"),
        ({"payments": [{"type": 1, "sum": 3500}]}, "type 2"),
        ({"payments": [{"type": 2, "sum": 3499}]}, "не равна total"),
        ({"client": {}}, "client"),
    ],
)
def test_a_wrong_second_receipt_is_refused(
    world: World, op_key: str, changed: dict[str, Any], why: str
) -> None:
    answer = attach(world, **changed)
    assert answer["ResultCode"] == "3"
    assert why in answer["ResultDescription"]
    assert len(world.rows("receipts")) == 1


def test_a_second_receipt_of_a_stranger_is_a_bad_signature(world: World, op_key: str) -> None:
    assert attach(world, password="guess")["ResultCode"] == "1001"
    assert attach(world, merchantId="nobody")["ResultCode"] == "1001"


def test_without_a_first_receipt_there_is_no_second(world: World) -> None:
    world.pay(world.link(IsWithoutFreeSale="true"))
    assert world.rows("receipts") == []
    assert "originId" in attach(world)["ResultDescription"]


def invoice(world: World, method: str, payload: dict[str, Any], *, key: str = "") -> dict[str, Any]:
    head = encoded(json.dumps({"typ": "JWT", "alg": "MD5"}).encode())
    signed = f"{head}.{encoded(json.dumps({'MerchantLogin': LOGIN} | payload).encode())}"
    secret = key or f"{LOGIN}:{PASSWORDS['password1']}"
    token = f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.md5).digest())}"
    decoded: dict[str, Any] = call(world, f"InvoiceServiceWebApi/api/{method}", json.dumps(token)).get_json()
    return decoded


def created(world: World, **more: Any) -> dict[str, Any]:
    payload = {
        "InvoiceType": "OneTime",
        "InvId": 70002,
        "OutSum": 3500,
        "Culture": "ru",
        "Description": "Квест",
    }
    return invoice(world, "CreateInvoice", payload | more)


def test_an_invoice_is_paid_at_its_address_and_told_with_an_extra_field(world: World, site: Site) -> None:
    made = created(world, UserFields={"Shp_deal": "7"})
    assert (made["isSuccess"], made["invId"]) == (True, 70002)
    path = urlsplit(made["url"]).path
    assert "Квест" in world.client.get(path).text
    assert world.client.post(path, headers={"Accept": "application/json"}).get_json()["State"] == 100
    world.sandbox.jobs.run_due()
    fields = site.heard[0].fields
    assert (fields["Shp_deal"], fields["shp_interface"]) == ("7", "InvoiceService.WebApi")
    text = "3500.000000:70002:z3Kd-Beta_02:Shp_deal=7:shp_interface=InvoiceService.WebApi"
    assert fields["SignatureValue"] == md5(text).upper()
    assert "Код ошибки 52" in world.client.get(path).text
    assert invoice(world, "DeactivateInvoice", {"InvId": 70002})["isSuccess"] is False


@pytest.mark.parametrize("by", ["Id", "EncodedId", "InvId"])
def test_a_deactivated_invoice_cannot_be_paid(world: World, by: str) -> None:
    made = created(world)
    key = {"Id": made["id"], "EncodedId": made["encodedId"], "InvId": made["invId"]}[by]
    assert invoice(world, "DeactivateInvoice", {by: key}) == {"isSuccess": True}
    assert "Код ошибки 51" in world.client.get(urlsplit(made["url"]).path).text
    assert "Код ошибки 53" in world.client.get("/robokassa/merchant/Invoice/nothing").text


def test_invoices_are_listed_by_their_state(world: World) -> None:
    created(world)
    world.client.post(
        urlsplit(created(world, InvId=70003)["url"]).path, headers={"Accept": "application/json"}
    )
    created(world, InvId=70004, ExpirationDate="2020-01-01T00:00:00+03:00")
    now = datetime.now(UTC)
    asked = {"CurrentPage": 1, "PageSize": 10, "InvoiceTypes": ["onetime"]}
    asked |= {
        "DateFrom": (now - timedelta(days=1)).isoformat(),
        "DateTo": (now + timedelta(days=1)).isoformat(),
    }

    def listed(state: str) -> list[int]:
        answer = invoice(world, "GetInvoiceInformationList", asked | {"InvoiceStatuses": [state]})
        assert answer["total"] == len(answer["invoiceInformationList"])
        return [row["invId"] for row in answer["invoiceInformationList"]]

    assert [listed("notpaid"), listed("paid"), listed("expired")] == [[70002], [70003], [70004]]


@pytest.mark.parametrize(
    "more",
    [{"OutSum": "3500"}, {"OutSum": 0}, {"InvId": "7"}, {"InvoiceType": "Many"}, {"ExpirationDate": "soon"}],
)
def test_a_badly_composed_invoice_is_refused(world: World, more: dict[str, Any]) -> None:
    answer = created(world, **more)
    assert answer["isSuccess"] is False
    assert answer["message"]
    assert world.rows("invoices") == []


def test_an_invoice_signed_by_a_stranger_is_refused(world: World) -> None:
    refused = invoice(world, "CreateInvoice", {"InvoiceType": "OneTime", "OutSum": 1}, key="guess")
    assert refused["isSuccess"] is False
    assert world.rows("invoices") == []
