"""The doors that put money right, as a client sees them."""

from datetime import date
from typing import Any

import pytest

from billing.models import AccountPolicy, Location, Move, Ownership, Payment
from crm.models import Deal
from tests.billing.test_api import call, deal, paying
from tests.billing.test_moves import pay
from tests.factories import make_account, make_deal, make_legal_entity, make_merchant, make_schedule

pytestmark = pytest.mark.django_db

__all__ = ["deal"]

FULL = {"paid_on": "2026-11-01", "method": "cash"}
COMPANY = {"kind": "company", "name": "ООО «Мечта»", "inn": "7700000009", "kpp": "770001001"}


@pytest.fixture
def other(deal: Deal) -> Deal:
    found = make_deal(deal.account, fetched_at=deal.fetched_at, contact_id=deal.contact_id)
    make_schedule(found)
    return found


def paid(deal: Deal, amount: str = "40000.00") -> int:
    card = call("POST", f"deals/{deal.external_id}/payments/", paying(amount)).json()
    number: int = card["payments"][-1]["id"]
    return number


def moving(other: Deal, **values: Any) -> dict[str, Any]:
    return {"lead_id": other.external_id, "reason": "не та сделка", **values}


def test_a_moved_payment_shows_on_both_cards(deal: Deal, other: Deal) -> None:
    make_schedule(deal)
    answer = call("POST", f"payments/{paid(deal)}/move/", moving(other, amount="15000.00"))
    assert answer.status_code == 200
    card = answer.json()
    assert (card["lead_id"], card["paid"], card["debt"]) == (deal.external_id, "25000.00", "65000.00")
    assert [(one["amount"], one["moved"], one["moved_from"]) for one in card["payments"]] == [
        ("40000.00", "15000.00", None)
    ]
    there = call("GET", f"deals/{other.external_id}/").json()
    assert [(one["amount"], one["method"], one["moved_from"]) for one in there["payments"]] == [
        ("15000.00", "transfer", deal.external_id)
    ]
    assert there["payments"][0]["receipt"] == {"state": "not_required", "reason": "moved", "url": None}
    told = call("GET", f"deals/{other.external_id}/history/").json()["results"]
    assert "payment_moved_in" in {event["what"] for event in told}
    assert "move" in card["actions"]


def test_a_second_click_moves_nothing_more(deal: Deal, other: Deal) -> None:
    number = paid(deal)
    first = call("POST", f"payments/{number}/move/", moving(other, amount="15000.00"), key="k1")
    again = call("POST", f"payments/{number}/move/", moving(other, amount="15000.00"), key="k1")
    assert first.content == again.content
    assert Move.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"amount": "40000.01"}, "amount"), ({"amount": "0.00"}, "amount"), ({"reason": " "}, "reason")],
)
def test_a_refused_move_names_the_field(deal: Deal, other: Deal, change: dict[str, str], field: str) -> None:
    answer = call("POST", f"payments/{paid(deal)}/move/", moving(other) | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Move.objects.exists()


def test_a_full_payment_of_nothing_names_a_field_of_its_body(deal: Deal) -> None:
    make_schedule(deal)
    body = {"paid_on": "2026-11-01", "method": "cash"}
    assert call("POST", f"deals/{deal.external_id}/full-payment/", body).status_code == 200
    answer = call("POST", f"deals/{deal.external_id}/full-payment/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["expected"])


@pytest.mark.parametrize(
    ("amount", "part", "field"),
    [("1000.00", "0.00", "parts"), ("1000.00", "-5.00", "parts"), ("0.00", "1.00", "amount")],
)
def test_a_split_names_what_is_wrong_with_it(
    deal: Deal, other: Deal, amount: str, part: str, field: str
) -> None:
    parts = [
        {"lead_id": deal.external_id, "amount": "1000.00"},
        {"lead_id": other.external_id, "amount": part},
    ]
    body = {"amount": amount, "paid_on": "2026-11-01", "method": "bank_transfer", "payer": COMPANY}
    answer = call("POST", "payments/split/", body | {"parts": parts})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Payment.objects.exists()


@pytest.mark.parametrize("inn", ["7700000008", "770000000081", "0000000000", "77000000099"])
def test_a_payers_tin_with_a_typing_mistake_is_not_recorded(deal: Deal, inn: str) -> None:
    body = paying("1000.00") | {"method": "bank_transfer", "payer": COMPANY | {"inn": inn}}
    answer = call("POST", f"deals/{deal.external_id}/payments/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["payer"])
    assert not Payment.objects.exists()
    body["payer"] = COMPANY
    assert call("POST", f"deals/{deal.external_id}/payments/", body).status_code == 201


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inn": "7700000008"}, "ИНН: не сходится контрольная цифра, проверьте опечатку."),
        ({"kpp": "12"}, "КПП: должно выглядеть как 770101001."),
        ({"kind": "person", "kpp": ""}, "ИНН физического лица состоит из 12 цифр."),
    ],
)
def test_what_a_payer_cannot_have_is_said_once(deal: Deal, change: dict[str, str], words: str) -> None:
    body = paying("1000.00") | {"method": "bank_transfer", "payer": COMPANY | change}
    answer = call("POST", f"deals/{deal.external_id}/payments/", body)
    assert (answer.status_code, answer.json()["errors"]) == (422, {"payer": [words]})
    assert not Payment.objects.exists()


def test_a_sum_beyond_every_limit_is_called_too_big(deal: Deal) -> None:
    answer = call("POST", f"deals/{deal.external_id}/payments/", paying("100000000.01"))
    [words] = answer.json()["errors"]["amount"]
    assert words.replace("\xa0", " ") == "Сумма больше 100 000 000 ₽: проверьте её."


def test_a_move_into_the_same_deal_names_the_lead(deal: Deal) -> None:
    answer = call("POST", f"payments/{paid(deal)}/move/", moving(deal))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["lead_id"])


def test_another_accounts_payment_is_not_there(deal: Deal) -> None:
    stranger = make_deal(make_account())
    number = paid(deal)
    stranger_payment = pay(stranger, 1000).pk
    assert call("POST", f"payments/{stranger_payment}/move/", moving(deal)).status_code == 404
    assert call("POST", f"payments/{number + 100}/move/", moving(deal)).status_code == 404


def test_who_lacks_the_right_moves_nothing(deal: Deal, other: Deal) -> None:
    number = paid(deal)
    AccountPolicy.objects.filter(account=deal.account).update(admin_only=["move"])
    assert call("POST", f"payments/{number}/move/", moving(other)).status_code == 403
    assert not Move.objects.exists()
    assert "move" not in call("GET", f"deals/{deal.external_id}/").json()["actions"]


def test_credit_names_the_deals_that_could_use_it(deal: Deal, other: Deal) -> None:
    make_schedule(deal)
    number = paid(deal, "95000.00")
    answer = call("GET", f"deals/{deal.external_id}/credit/").json()
    assert answer["credit"] == "5000.00"
    assert [(one["id"], one["free"]) for one in answer["payments"]] == [(number, "5000.00")]
    assert [(one["lead_id"], one["debt"], one["payments"]) for one in answer["deals"]] == [
        (other.external_id, "90000.00", [number])
    ]


def test_deals_of_one_payer_are_offered_for_one_transfer_without_any_credit(deal: Deal, other: Deal) -> None:
    make_schedule(deal)
    elsewhere = make_deal(make_account(), contact_id=deal.contact_id)
    make_schedule(elsewhere)
    stranger = make_deal(deal.account, contact_phone="+79160000000")
    make_schedule(stranger)
    found = call("GET", f"deals/{deal.external_id}/credit/").json()
    assert found["deals"] == []
    assert [(one["lead_id"], one["debt"], one["asked"]) for one in found["together"]] == [
        (other.external_id, "90000.00", "30000.00")
    ]
    call("POST", f"deals/{other.external_id}/full-payment/", FULL)
    assert call("GET", f"deals/{deal.external_id}/credit/").json()["together"] == []


def test_another_owners_deal_is_not_paid_by_the_same_transfer(deal: Deal, other: Deal) -> None:
    make_schedule(deal)
    owner = make_legal_entity()
    place = Location.objects.create(account=deal.account, key="baumana", name="Баумана", crm_value="Баумана")
    Ownership.objects.create(
        location=place, legal_entity=owner, merchant=make_merchant(owner), valid_from=date(2020, 1, 1)
    )
    type(other).objects.filter(pk=other.pk).update(location_value="Баумана")
    assert call("GET", f"deals/{deal.external_id}/credit/").json()["together"] == []
