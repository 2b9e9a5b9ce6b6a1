"""One transfer for several deals: all parts or none, once by its number."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import payments, reversals, splits, verification
from billing.models import Payment, Receipt, Transfer
from billing.payments import Offline
from crm.models import Deal
from tests.billing.test_api import call, deal
from tests.billing.test_guards import refused
from tests.billing.test_ledger_races import together
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_schedule,
    rub,
    standing_of,
)

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

COMPANY = {"kind": "company", "name": "ООО «Мечта»", "inn": "7700000009", "kpp": "770001001"}
TRANSFER = Offline(paid_on=TODAY, method="bank_transfer", payer=COMPANY, comment="", receipt=None)


def deals_of_one_entity(count: int = 2) -> list[Deal]:
    account = make_account()
    found = [make_deal(account) for _ in range(count)]
    for one in found:
        make_schedule(one)
    return found


def split(
    deals: list[Deal],
    amounts: list[object],
    total: object = None,
    external_id: str = "п/п 15",
    offline: Offline = TRANSFER,
) -> Any:
    parts = [splits.Part(one, rub(amount)) for one, amount in zip(deals, amounts, strict=True)]
    whole = rub(total) if total is not None else sum((part.amount for part in parts), rub(0))
    return splits.split(
        amount=whole, parts=parts, external_id=external_id, offline=offline, author="user:1", at=NOW
    )


def test_each_deal_gets_its_part_with_the_payer_and_the_number() -> None:
    here, there = deals_of_one_entity()
    transfer = split([here, there], [40000, 20000])
    assert (standing_of(here).paid, standing_of(there).paid) == (rub(40000), rub(20000))
    for payment in Payment.objects.filter(transfer=transfer):
        assert (payment.payer["inn"], payment.external_id) == ("7700000009", "п/п 15")
        assert Receipt.objects.get(payment=payment).reason == "organisation_transfer"
    assert list(verification.violations()) == []


def test_the_same_transfer_again_changes_nothing() -> None:
    deals = deals_of_one_entity()
    first = split(deals, [40000, 20000])
    assert split(deals, [40000, 20000]) == first
    assert split(deals[::-1], [20000, 40000]) == first
    assert Payment.objects.count() == 2


def test_the_same_number_with_other_parts_is_another_transfer_and_refused() -> None:
    deals = deals_of_one_entity()
    split(deals, [40000, 20000])
    with pytest.raises(splits.OtherTransfer):
        split(deals, [30000, 30000])
    assert standing_of(deals[0]).paid == rub(40000)


@pytest.mark.parametrize(
    "other",
    [
        replace(TRANSFER, payer={**COMPANY, "inn": "1000000010"}),
        replace(TRANSFER, payer={"kind": "person", "name": "Пётр Петров"}),
        replace(TRANSFER, paid_on=TODAY - timedelta(days=365)),
    ],
    ids=["another company", "a person", "a year before"],
)
def test_the_same_number_of_another_payer_or_year_is_money_of_its_own(other: Offline) -> None:
    deals = deals_of_one_entity()
    split(deals, [40000, 20000])
    split(deals, [40000, 20000], offline=other)
    assert [standing_of(one).received for one in deals] == [rub(80000), rub(40000)]
    assert list(verification.violations()) == []


def test_a_payer_is_known_by_the_tin_else_by_the_name_however_it_is_written() -> None:
    deals = deals_of_one_entity()
    first = split(deals, [40000, 20000])
    assert (
        split(deals, [40000, 20000], offline=replace(TRANSFER, payer={**COMPANY, "name": "Мечта"})) == first
    )
    person = split(deals, [1, 2], offline=replace(TRANSFER, payer={"kind": "person", "name": "Пётр Петров"}))
    again = replace(TRANSFER, payer={"kind": "person", "name": " пётр  ПЕТРОВ "})
    assert split(deals, [1, 2], offline=again) == person


def test_the_same_number_of_another_day_in_the_year_is_asked_about() -> None:
    deals = deals_of_one_entity()
    split(deals, [40000, 20000])
    with pytest.raises(splits.OtherTransfer):
        split(deals, [40000, 20000], offline=replace(TRANSFER, paid_on=TODAY - timedelta(days=1)))
    assert standing_of(deals[0]).received == rub(40000)


def test_a_transfer_entered_by_mistake_and_reversed_is_entered_anew() -> None:
    deals = deals_of_one_entity()
    first = split(deals, [40000, 20000])
    taken_out = list(first.payments.order_by("pk"))
    reversals.reverse(payment=taken_out[0], reason="не те части", author="user:1", at=NOW)
    with pytest.raises(splits.OtherTransfer):
        split(deals, [30000, 30000])
    reversals.reverse(payment=taken_out[1], reason="не те части", author="user:1", at=NOW)
    anew = split(deals, [30000, 30000])
    assert anew != first
    assert split(deals, [30000, 30000]) == anew
    assert [standing_of(one).received for one in deals] == [rub(30000), rub(30000)]
    assert list(verification.violations()) == []


def test_without_a_number_each_entry_is_a_transfer() -> None:
    deals = deals_of_one_entity()
    split(deals, [1000, 2000], external_id="")
    split(deals, [1000, 2000], external_id="")
    assert Transfer.objects.count() == 2


def test_what_does_not_fit_is_refused_as_a_whole() -> None:
    here, there = deals_of_one_entity()
    with pytest.raises(splits.PartsDiffer):
        split([here, there], [40000, 20000], total=60001)
    with pytest.raises(splits.DealTwice):
        split([here, here], [40000, 20000])
    with pytest.raises(payments.NotPositive):
        split([here, there], [60000, 0])
    entity = make_legal_entity()
    make_merchant(entity)
    stranger = make_deal(here.account)
    type(stranger).objects.filter(pk=stranger.pk).update(account=make_account(entity=entity))
    stranger.refresh_from_db()
    with pytest.raises(splits.SeveralEntities):
        split([here, stranger], [40000, 20000])
    assert not Payment.objects.exists()
    assert not Transfer.objects.exists()


def test_the_database_wants_the_parts_to_add_up() -> None:
    split(deals_of_one_entity(), [40000, 20000])
    statement = (
        "INSERT INTO billing_transfer"
        " (legal_entity_id, external_id, payer_key, paid_on, entry, amount, parts, author, recorded_at)"
        " SELECT legal_entity_id, 'x', '', now(), 0, 5, '[]', '', now() FROM billing_transfer"
    )
    assert refused(statement, []) == "transfer_adds_up"
    assert refused("UPDATE billing_transfer SET amount = 1", []) == "append_only"
    assert refused("UPDATE billing_payment SET transfer_id = NULL", []) == "append_only"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_double_click_splits_once() -> None:
    deals = deals_of_one_entity()
    found = together(lambda: split(deals, [40000, 20000]), lambda: split(deals[::-1], [20000, 40000]))
    assert found[0] == found[1] == Transfer.objects.get()
    assert Payment.objects.count() == 2


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 12_000_000), min_size=1, max_size=4))
def test_no_kopeck_is_lost_between_the_parts(kopecks: list[int]) -> None:
    with transaction.atomic():
        deals = deals_of_one_entity(len(kopecks))
        transfer = split(deals, [rub(one) / 100 for one in kopecks])
        assert transfer.amount == rub(sum(kopecks)) / 100
        assert [standing_of(one).received for one in deals] == [rub(one) / 100 for one in kopecks]
        transaction.set_rollback(True)


def body(deals: list[Deal], **values: Any) -> dict[str, Any]:
    parts = [{"lead_id": one.external_id, "amount": "10000.00"} for one in deals]
    return {
        "amount": "20000.00",
        "paid_on": "2026-11-01",
        "method": "bank_transfer",
        "external_id": "п/п 15",
        "payer": COMPANY,
        "parts": parts,
        **values,
    }


def test_the_door_answers_with_the_payments(deal: Deal) -> None:
    other = make_deal(deal.account, fetched_at=deal.fetched_at)
    answer = call("POST", "payments/split/", body([deal, other]))
    assert answer.status_code == 201
    assert [(one["lead_id"], one["amount"]) for one in answer.json()["payments"]] == [
        (deal.external_id, "10000.00"),
        (other.external_id, "10000.00"),
    ]
    assert call("POST", "payments/split/", body([deal, other])).json() == answer.json()


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"amount": "20000.01"}, 422, "amount"),
        ({"parts": []}, 422, "parts"),
        ({"payer": None}, 422, "payer"),
        ({"payer": {**COMPANY, "inn": "12"}}, 422, "payer"),
        ({"paid_on": "2100-01-01"}, 422, "paid_on"),
    ],
)
def test_a_refused_split_names_the_field(deal: Deal, change: dict[str, Any], status: int, named: str) -> None:
    other = make_deal(deal.account, fetched_at=deal.fetched_at)
    answer = call("POST", "payments/split/", body([deal, other]) | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (status, [named])
    assert not Payment.objects.exists()


def test_a_wrong_part_says_which(deal: Deal) -> None:
    parts = [{"lead_id": deal.external_id, "amount": "1.00"}, {"lead_id": deal.external_id, "amount": "x"}]
    answer = call("POST", "payments/split/", body([deal]) | {"parts": parts})
    assert answer.json()["errors"]["parts"] == ["строка 2, сумма: Требуется численное значение."]


def test_a_known_number_with_other_parts_is_a_conflict(deal: Deal) -> None:
    other = make_deal(deal.account, fetched_at=deal.fetched_at)
    call("POST", "payments/split/", body([deal, other]))
    again = call("POST", "payments/split/", body([deal], amount="10000.00"))
    assert (again.status_code, again.json()["code"]) == (409, "transfer_known")
