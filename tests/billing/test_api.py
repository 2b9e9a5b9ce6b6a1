"""The API's doors as a client sees them: problems, idempotency keys, refusals that name the field."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import invoices, messages, payments
from billing.models import AccountPolicy, FirstAnswer, Invoice, Message, Payment
from billing.payments import Offline
from crm import auth
from crm.auth import Caller
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch) -> Deal:
    """A deal whose manager is known: tokens and amoCRM's answers have tests of their own (tests/crm)."""
    from django.utils import timezone

    found = make_deal(fetched_at=timezone.now())
    caller = Caller(account=found.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    return found


def call(method: str, path: str, body: Any = None, key: str = "") -> Any:
    headers = {"X-Auth-Token": "token"} | ({"Idempotency-Key": key} if key else {})
    return Client().generic(
        method, f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def paying(amount: str = "1000.00") -> dict[str, str]:
    return {"amount": amount, "paid_on": "2026-11-01", "method": "cash"}


def test_the_same_key_gives_the_same_bytes_and_one_payment(deal: Deal) -> None:
    first = call("POST", f"deals/{deal.external_id}/payments/", paying(), key="k1")
    again = call("POST", f"deals/{deal.external_id}/payments/", paying(), key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert Payment.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict(deal: Deal) -> None:
    call("POST", f"deals/{deal.external_id}/payments/", paying(), key="k1")
    answer = call("POST", f"deals/{deal.external_id}/payments/", paying("2000.00"), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert Payment.objects.count() == 1


def test_a_refusal_is_a_first_answer_too(deal: Deal) -> None:
    wrong = call("POST", f"deals/{deal.external_id}/payments/", paying("0.001"), key="k1")
    again = call("POST", f"deals/{deal.external_id}/payments/", paying("0.001"), key="k1")
    other = call("POST", f"deals/{deal.external_id}/payments/", paying(), key="k1")
    assert [wrong.status_code, again.status_code, other.status_code] == [422, 422, 409]
    assert wrong.content == again.content
    assert wrong["Content-Type"] == again["Content-Type"] == "application/problem+json"
    assert not Payment.objects.exists()


def test_without_a_key_nothing_is_remembered(deal: Deal) -> None:
    call("POST", f"deals/{deal.external_id}/payments/", paying())
    call("POST", f"deals/{deal.external_id}/payments/", paying())
    assert Payment.objects.count() == 2
    assert not FirstAnswer.objects.exists()


def test_what_an_account_leaves_to_its_administrators_is_neither_offered_nor_done(deal: Deal) -> None:
    make_schedule(deal)
    path = f"deals/{deal.external_id}/"
    assert "partial_payment" in call("GET", path).json()["actions"]
    AccountPolicy.objects.update(admin_only=["offline_payment"])
    offered = call("GET", path).json()["actions"]
    assert not {"partial_payment", "full_payment"} & set(offered)
    assert {"rebuild", "invoice"} <= set(offered)
    for door, body in (("payments/", paying()), ("full-payment/", paying())):
        answer = call("POST", path + door, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    assert not Payment.objects.exists()


def test_an_administrator_of_amocrm_may_what_others_may_not(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    AccountPolicy.objects.update(admin_only=["offline_payment"])
    chief = Caller(account=deal.account, user_id=8100001, is_admin=True)
    monkeypatch.setattr(auth, "verify", lambda token, at: chief)
    assert call("POST", f"deals/{deal.external_id}/payments/", paying()).status_code == 201
    assert Payment.objects.count() == 1


def test_problems_have_their_shape_everywhere() -> None:
    for path in ("deals/abc/", "nothing/", "deals/1/nothing/"):
        answer = call("POST", path, {})
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert set(answer.json()) == {"type", "title", "status", "detail", "code"}


def test_a_body_beyond_every_body_is_refused(deal: Deal) -> None:
    answer = call("POST", f"deals/{deal.external_id}/payments/", {"comment": "я" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (paying("0.001"), "amount"),
        (paying("-5"), "amount"),
        (paying() | {"paid_on": "1900-11-22"}, "paid_on"),
        (paying() | {"paid_on": "2100-01-01"}, "paid_on"),
        (paying() | {"method": "barter"}, "method"),
        (paying() | {"receipt": "yes"}, "receipt"),
    ],
)
def test_a_refusal_names_the_field(deal: Deal, body: dict[str, str], field: str) -> None:
    answer = call("POST", f"deals/{deal.external_id}/payments/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Payment.objects.exists()


def test_an_invoice_is_read_with_the_message_that_would_go_out(deal: Deal) -> None:
    make_schedule(deal)
    made = call("POST", f"deals/{deal.external_id}/invoices/", {}).json()
    read = call("GET", f"invoices/{made['id']}/")
    assert (read.status_code, read.json()) == (200, made)
    assert made["url"] in made["text"]
    assert call("GET", "invoices/999999/").status_code == 404


def test_issuing_again_what_was_mailed_today_answers_and_mails_nothing(deal: Deal) -> None:
    make_schedule(deal, first_due_on=timezone.localdate())
    invoices.issue_due(on=timezone.localdate(), at=timezone.now())
    path = f"deals/{deal.external_id}/invoices/"
    answers = [call("POST", path, {"installment": 1, "send": ["email"]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(answers[1].json()["sent"]) == Message.objects.count() == 1
    again = call("POST", f"invoices/{answers[0].json()['id']}/send/", {"channels": ["email"]})
    assert len(again.json()["sent"]) == Message.objects.count() == 2


def test_a_paid_invoice_is_neither_made_void_nor_sent_again(deal: Deal) -> None:
    make_schedule(deal)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    payments.receive_offline(deal=deal, amount=rub(30000), offline=CASH, author="user:1", at=NOW)
    void = call("POST", f"invoices/{invoice.pk}/void/", {"reason": "ошибка"})
    send = call("POST", f"invoices/{invoice.pk}/send/", {"channels": ["email"]})
    assert [void.json()["code"], send.json()["code"]] == ["invoice_paid", "invoice_paid"]
    assert Invoice.objects.get().voided_at is None


def test_a_void_invoice_of_a_due_row_does_not_go_out_again_by_itself(deal: Deal) -> None:
    make_schedule(deal, first_due_on=TODAY)
    assert invoices.issue_due(on=TODAY, at=NOW) == 1
    invoices.void(invoice=Invoice.objects.get(), reason="договорились", author="user:1", at=NOW)
    assert invoices.issue_due(on=TODAY, at=NOW) == 0


def test_a_revoked_link_is_replaced_in_amocrm_too(deal: Deal) -> None:
    make_schedule(deal)
    before = OutboxRow.objects.get(deal=deal, kind="fields").payload["payment_link"]
    answer = call("POST", f"deals/{deal.external_id}/pay-link/revoke/", {})
    after = OutboxRow.objects.get(deal=deal, kind="fields").payload["payment_link"]
    assert before != after
    assert after.startswith(answer.json()["pay_url"])


def test_a_letter_that_was_not_needed_is_not_called_sent(deal: Deal) -> None:
    make_schedule(deal, first_due_on=TODAY)
    invoices.issue_due(on=TODAY, at=NOW)
    payments.receive_offline(deal=deal, amount=rub(30000), offline=CASH, author="user:1", at=NOW)
    assert messages.deliver(at=NOW, ignore_not_before=True) == 1
    card = call("GET", f"deals/{deal.external_id}/").json()
    assert [sent["state"] for sent in card["invoices"][0]["sent"]] == ["not_needed"]
