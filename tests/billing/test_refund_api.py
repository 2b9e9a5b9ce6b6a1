"""The doors of refunds: 202, refusals that name the field, rights, and no old yes of amoCRM."""

from typing import Any
from unittest import mock

import pytest

from billing.models import AccountPolicy, Payment, RefundOrder
from crm import auth, client
from crm.auth import Caller
from tests.billing.refunding import FakeShop, paid_deal, pay
from tests.billing.test_api import call
from tests.factories import make_deal

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(monkeypatch: pytest.MonkeyPatch) -> Any:
    from django.utils import timezone

    deal, [paid] = paid_deal(30000)
    deal.fetched_at = timezone.now()
    deal.save()
    caller = Caller(account=deal.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    for name in ("may_read", "may_see"):
        monkeypatch.setattr(auth, name, lambda caller, lead_id, at: True)
    with mock.patch("billing.providers.of", return_value=FakeShop()):
        yield paid


def refund(payment: Payment, body: Any, key: str = "") -> Any:
    return call("POST", f"payments/{payment.pk}/refund/", body, key)


def card(payment: Payment) -> Any:
    assert payment.deal is not None
    return call("GET", f"deals/{payment.deal.external_id}/").json()


def test_a_refund_is_accepted_and_stands_in_the_card(payment: Payment) -> None:
    answer = refund(payment, {"amount": "12000.00", "reason": "передумал"})
    assert answer.status_code == 202
    body = answer.json()
    assert {name: body[name] for name in ("amount", "method", "state", "payment")} == {
        "amount": "12000.00",
        "method": "provider",
        "state": "requested",
        "payment": payment.pk,
    }
    shown = card(payment)
    [line] = shown["payments"]
    assert (line["refunded"], line["refundable"]) == ("0.00", "18000.00")
    assert [one["state"] for one in line["refunds"]] == ["requested"]
    assert "refund" in shown["actions"]


def test_two_clicks_with_one_key_are_one_refund(payment: Payment) -> None:
    first = refund(payment, {"amount": "30000.00", "reason": "передумал"}, key="k")
    again = refund(payment, {"amount": "30000.00", "reason": "передумал"}, key="k")
    assert (first.status_code, again.status_code, first.content == again.content) == (202, 202, True)
    assert RefundOrder.objects.count() == 1
    assert "refund" not in card(payment)["actions"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "30000.01", "reason": "x"}, "amount"),
        ({"amount": "0.00", "reason": "x"}, "amount"),
        ({"amount": "-1.00", "reason": "x"}, "amount"),
        ({"amount": "1.00"}, "reason"),
        ({"amount": "1.00", "reason": ""}, "reason"),
        ({"amount": "1.00", "reason": "x", "method": "barter"}, "method"),
    ],
)
def test_a_refusal_names_the_field_and_reserves_nothing(payment: Payment, body: Any, field: str) -> None:
    answer = refund(payment, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not RefundOrder.objects.exists()


def test_the_refusal_says_how_much_is_left(payment: Payment) -> None:
    answer = refund(payment, {"amount": "30000.01", "reason": "x"})
    assert "30 000" in answer.json()["errors"]["amount"][0].replace("\xa0", " ")


def test_a_refund_of_a_deal_answers_with_all_its_parts(payment: Payment) -> None:
    assert payment.deal is not None
    path = f"deals/{payment.deal.external_id}/refund/"
    answer = call("POST", path, {"amount": "500.00", "reason": "скидка"})
    assert (answer.status_code, [one["amount"] for one in answer.json()["refunds"]]) == (202, ["500.00"])
    above = call("POST", path, {"amount": "29500.01", "reason": "скидка"})
    assert (above.status_code, list(above.json()["errors"])) == (422, ["amount"])


def test_a_right_left_to_administrators_is_refused_to_others(payment: Payment) -> None:
    AccountPolicy.objects.update(admin_only=["refund"])
    answer = refund(payment, {"amount": "1.00", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    assert not RefundOrder.objects.exists()
    assert "refund" not in card(payment)["actions"]


def test_while_amocrm_is_down_nothing_is_given_back(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(caller: Caller, lead_id: int, at: Any) -> bool:
        raise client.Unavailable("no answer")

    monkeypatch.setattr(auth, "may_see", silent)
    answer = refund(payment, {"amount": "1.00", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "amocrm_unavailable")
    assert not RefundOrder.objects.exists()


def test_another_accounts_payment_is_unknown(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Caller(account=make_deal().account, user_id=1, is_admin=True)
    monkeypatch.setattr(auth, "verify", lambda token, at: stranger)
    assert refund(payment, {"amount": "1.00", "reason": "x"}).status_code == 404
    assert not RefundOrder.objects.exists()


def test_an_overpayment_that_is_going_back_is_not_offered_again(payment: Payment) -> None:
    assert payment.deal is not None
    pay(payment.deal, 64000, 2)
    said = [one["text"] for one in card(payment)["warnings"] if one["code"] == "credit"]
    assert "её можно вернуть" in said[0]
    refund(payment, {"amount": "4000.00", "reason": "заплатил дважды"})
    said = [one["text"] for one in card(payment)["warnings"] if one["code"] == "credit"]
    four = "4\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽"
    assert said == [f"Переплата {four}; уже возвращается {four}."]
