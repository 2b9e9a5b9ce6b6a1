"""The doors of receipts: service rendered, and the stored receipt sent once more."""

from typing import Any

import pytest

from billing.models import Message, Payment, ProviderOrder, Receipt, ReceiptPolicy, Rendering
from crm import auth
from crm.auth import Caller
from tests.billing.refunding import paid_deal
from tests.billing.rendered import RIDDEN
from tests.billing.test_api import call
from tests.factories import TODAY, rub

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(monkeypatch: pytest.MonkeyPatch) -> Payment:
    from django.utils import timezone

    deal, [paid] = paid_deal(30000)
    deal.fetched_at = timezone.now()
    deal.save()
    caller = Caller(account=deal.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    return paid


def rendered(payment: Payment, body: Any, key: str = "") -> Any:
    assert payment.deal is not None
    return call("POST", f"deals/{payment.deal.external_id}/service-rendered/", body, key)


def test_a_rendered_service_is_accepted_with_the_receipts_it_makes(payment: Payment) -> None:
    body = {"on": TODAY.isoformat(), "amount": "20000.00"}
    first, again = rendered(payment, body, "k"), rendered(payment, body, "k")
    assert (first.status_code, first.content == again.content) == (202, True)
    answer = first.json()
    assert (answer["amount"], answer["on"]) == ("20000.00", TODAY.isoformat())
    assert [(one["amount"], one["state"]) for one in answer["receipts"]] == [("20000.00", "planned")]
    assert answer["waiting"] == []
    assert Rendering.objects.count() == 1


def test_what_no_receipt_can_close_yet_is_named_with_its_reason(payment: Payment) -> None:
    """Robokassa closes a payment as a whole only."""
    ProviderOrder.objects.filter(payments=payment).update(request={"receipt": RIDDEN})
    Receipt.objects.filter(payment=payment).update(content=RIDDEN, state="registered")
    answer = rendered(payment, {"on": TODAY.isoformat(), "amount": "20000.00"}).json()
    assert answer["receipts"] == []
    [waits] = answer["waiting"]
    assert (waits["payment"], waits["amount"], waits["reason"]) == (
        payment.pk,
        "20000.00",
        "whole_payment_only",
    )
    assert "только целиком" in waits["text"]


def test_without_a_sum_all_that_is_left_was_rendered(payment: Payment) -> None:
    answer = rendered(payment, {"on": TODAY.isoformat()}).json()
    assert answer["amount"] == "90000.00"
    [waits] = answer["waiting"]
    assert (waits["payment"], waits["amount"], waits["reason"]) == (None, "60000.00", "not_paid_yet")
    assert rendered(payment, {"on": TODAY.isoformat()}).json()["code"] == "all_rendered"


def test_the_answer_names_what_was_handed_over_on_credit_too(payment: Payment) -> None:
    ReceiptPolicy.objects.create(
        legal_entity=payment.legal_entity,
        valid_from=TODAY,
        scheme="credit",
        decided_by="Петрова",
        decided_on=TODAY,
    )
    answer = rendered(payment, {"on": TODAY.isoformat()}).json()
    assert [(one["amount"], one["state"]) for one in answer["receipts"]] == [
        ("30000.00", "planned"),
        ("60000.00", "planned"),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"on": TODAY.isoformat(), "amount": "90000.01"}, "amount"),
        ({"on": TODAY.isoformat(), "amount": "0.00"}, "amount"),
        ({"on": "2100-01-01"}, "on"),
        ({"on": "1999-01-01"}, "on"),
        ({"amount": "1.00"}, "on"),
    ],
)
def test_a_refusal_names_the_field(payment: Payment, body: Any, field: str) -> None:
    answer = rendered(payment, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Rendering.objects.exists()


def test_the_stored_receipt_is_sent_once_more_and_no_other_is_made(payment: Payment) -> None:
    path = f"payments/{payment.pk}/receipt/send/"
    early = call("POST", path, {"channel": "email"})
    assert (early.status_code, early.json()["code"]) == (422, "no_receipt")
    fiscal = {"fn": "99", "fd": "4", "fpd": "7"}
    Receipt.objects.update(state="registered", url="https://ofd.example/1", fiscal=fiscal)
    answer = call("POST", path, {"channel": "email"})
    assert (answer.status_code, answer.json()["to"]) == (202, "payer@example.org")
    call("POST", path, {"channel": "email", "to": "other@example.org"})
    first, second = Message.objects.order_by("id")
    assert "https://ofd.example/1" in first.text
    assert "ФПД 7" in first.text
    assert (second.to, first.key != second.key) == ("other@example.org", True)
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"channel": "fax"}, {"channel": "email", "to": "nobody"}])
def test_a_receipt_goes_by_a_known_channel_to_a_real_address(payment: Payment, body: Any) -> None:
    Receipt.objects.update(state="registered", url="https://ofd.example/1")
    assert call("POST", f"payments/{payment.pk}/receipt/send/", body).status_code == 422
    assert not Message.objects.exists()


def test_moved_money_answers_with_the_receipt_by_which_it_came(payment: Payment) -> None:
    from billing import moves
    from tests.factories import NOW, make_deal, make_schedule

    assert payment.deal is not None
    other = make_deal(payment.deal.account)
    make_schedule(other)
    moves.move(payment=payment, to=other, amount=rub(1000), reason="ошибка", author="user:7", at=NOW)
    target = Payment.objects.get(deal=other)
    Receipt.objects.filter(payment=payment).update(state="registered", url="https://ofd.example/1")
    answer = call("POST", f"payments/{target.pk}/receipt/send/", {"channel": "email"})
    assert answer.status_code == 202
