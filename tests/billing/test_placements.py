"""Money that came without an order of ours: it holds whom it may be for, until a person says whose it is."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing import api_tokens, overdue, payments, placements, refunds, reminders, unplaced, verification
from billing.admin import words
from billing.models import (
    AccountPolicy,
    LegalEntity,
    MerchantAccount,
    Message,
    OverdueFlag,
    Payment,
    Placement,
    ProviderCall,
    Receipt,
)
from billing.receipts import ReceiptChoice
from crm.models import Account, Deal
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
    make_order,
    make_schedule,
    rub,
    standing_of,
)

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

LATER = NOW + timedelta(hours=1)


def entity_of(account: Account) -> LegalEntity:
    entity: LegalEntity | None = account.policy.legal_entity
    assert entity is not None
    return entity


def come(account: Account, amount: object = 30000, external_id: str = "901", **said: str) -> Payment:
    return payments.receive(
        merchant=MerchantAccount.objects.get(legal_entity=entity_of(account)),
        external_id=external_id,
        amount=rub(amount),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=None,
        at=NOW,
        said=said,
    )


def place(payment: Payment, deal: Deal, receipt: object = None, reason: str = "назвал номер") -> Payment:
    choice = ReceiptChoice.read(receipt)
    return placements.place(
        payment=payment, deal=deal, reason=reason, choice=choice, author="user:1", at=LATER
    )


def deal_with_rows(**policy: Any) -> Deal:
    found = make_deal(make_account(**policy))
    make_schedule(found)
    return found


def test_placed_money_covers_the_deal_and_keeps_its_operation() -> None:
    deal = deal_with_rows()
    payment = place(come(deal.account), deal)
    standing = standing_of(deal)
    assert (standing.received, standing.paid) == (rub(30000), rub(30000))
    assert (payment.deal, payment.external_id, payment.programme) == (deal, "901", deal.programme)
    assert Placement.objects.get().deal == deal
    assert unplaced.waiting().count() == 0
    assert list(verification.violations()) == []


def test_its_receipt_is_made_by_the_rules_or_as_the_person_says() -> None:
    deal = deal_with_rows()
    ours, made = come(deal.account, external_id="1"), come(deal.account, external_id="2")
    assert {receipt.reason for receipt in Receipt.objects.all()} == {"unplaced"}
    place(ours, deal)
    place(made, deal, receipt={"none": "чек пробила другая программа"})
    assert Receipt.objects.get(payment=ours).state == "planned"
    assert ProviderCall.objects.filter(receipt__payment=ours, kind="send_receipt").count() == 1
    assert Receipt.objects.get(payment=made).reason == "чек пробила другая программа"
    assert Receipt.objects.count() == 2


def test_a_shop_that_prints_with_the_order_is_not_said_to_print_nothing() -> None:
    """What rode on the order of another program only the shop's cabinet tells."""
    deal = deal_with_rows()
    shop = MerchantAccount.objects.get()
    shop.provider, shop.settings = "robokassa", {"login": "shop", "receipts": "order"}
    shop.save()
    payment = place(come(deal.account), deal)
    receipt = Receipt.objects.get(payment=payment)
    assert (receipt.state, receipt.reason) == ("missing", "other_order")
    assert "кабинет" in str(words.RECEIPT_REASONS[receipt.reason])
    assert not ProviderCall.objects.exists()
    shop.settings = {"login": "shop", "receipts": "none"}
    shop.save()
    plain = place(come(deal.account, external_id="902"), deal)
    assert Receipt.objects.get(payment=plain).reason == "no_register"


def test_a_refund_told_by_the_provider_finds_the_placed_payment() -> None:
    deal = deal_with_rows()
    payment = place(come(deal.account), deal)
    assert payment.merchant is not None
    refunds.noticed(
        merchant=payment.merchant,
        payment_external_id="901",
        external_id="r1",
        amount=rub(10000),
        refunded_at=LATER,
        at=LATER,
    )
    assert standing_of(deal).paid == rub(20000)


def test_what_does_not_fit_is_refused() -> None:
    deal = deal_with_rows()
    payment = come(deal.account)
    entity = make_legal_entity()
    make_merchant(entity)
    with pytest.raises(placements.OtherEntity):
        place(payment, make_deal(make_account(entity=entity)))
    with pytest.raises(placements.ReasonRequired):
        place(payment, deal, reason=" ")
    place(payment, deal)
    with pytest.raises(placements.AlreadyPlaced):
        place(payment, deal)
    assert Placement.objects.count() == 1


def test_the_database_places_once_and_only_to_the_owner() -> None:
    deal = deal_with_rows()
    payment = come(deal.account)
    entity = make_legal_entity()
    make_merchant(entity)
    stranger = make_deal(make_account(entity=entity))
    statement = "UPDATE billing_payment SET deal_id = %s WHERE id = %s"
    assert refused(statement, [stranger.pk, payment.pk]) == "payment_of_the_owner"
    place(payment, deal)
    assert refused(statement, [make_deal(deal.account).pk, payment.pk]) == "append_only"
    assert refused("UPDATE billing_payment SET deal_id = NULL", []) == "append_only"
    assert refused("DELETE FROM billing_placement", []) == "append_only"


@pytest.mark.parametrize("said", ["account_id", "email"])
def test_money_that_may_be_for_a_deal_holds_its_reminders_and_overdue_moves(said: str) -> None:
    account = make_account(reminders=[{"days": 2, "channels": ["email"]}])
    deal, other = make_deal(account), make_deal(account)
    for one in (deal, other):
        make_schedule(one, first_due_on=date(2026, 11, 20))
    values = {"account_id": f"{account.key}-{deal.external_id}", "email": deal.contact_email.upper()}
    payment = come(account, **{said: values[said]})
    assert unplaced.held_deals() == {deal.pk}
    assert list(unplaced.may_be_for(deal)) == [payment]
    overdue.flag(on=TODAY, at=NOW)
    reminders.send_due(at=NOW)
    assert {flag.installment.schedule.deal for flag in OverdueFlag.objects.all()} == {other}
    assert {message.deal for message in Message.objects.all()} == {other}
    placements.dismiss(payment=payment, reason="не наши", author="user:1", at=LATER)
    overdue.flag(on=TODAY, at=NOW)
    reminders.send_due(at=NOW)
    assert {message.deal for message in Message.objects.all()} == {other, deal}
    assert OverdueFlag.objects.count() == 2


def test_another_tenants_money_holds_nobody_here() -> None:
    deal = deal_with_rows()
    come(make_account(), email=deal.contact_email, account_id=f"{deal.account.key}-{deal.external_id}")
    assert unplaced.held_deals() == set()
    assert not unplaced.may_be_for(deal).exists()


def test_who_was_wrong_about_a_strangers_money_may_still_place_it() -> None:
    deal = deal_with_rows()
    payment = come(deal.account)
    placements.dismiss(payment=payment, reason="не наши", author="user:1", at=NOW)
    placements.dismiss(payment=payment, reason="не наши", author="user:1", at=NOW)
    assert Placement.objects.count() == 1
    place(payment, deal)
    assert standing_of(deal).paid == rub(30000)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_place_it_once() -> None:
    deal = deal_with_rows()
    other = make_deal(deal.account)
    payment = come(deal.account)
    found = together(lambda: place(payment, deal), lambda: place(payment, other))
    assert sum(isinstance(one, placements.AlreadyPlaced) for one in found) == 1
    assert standing_of(deal).received + standing_of(other).received == rub(30000)


def test_the_card_warns_and_the_doors_work_the_list_off(deal: Deal) -> None:
    make_schedule(deal)
    payment = come(deal.account, email=deal.contact_email)
    card = call("GET", f"deals/{deal.external_id}/").json()
    assert "unplaced" in {warning["code"] for warning in card["warnings"]}
    listed = call("GET", "payments/unplaced/").json()["results"]
    assert [(one["id"], one["amount"], one["deals"][0]["lead_id"]) for one in listed] == [
        (payment.pk, "30000.00", deal.external_id)
    ]
    assert listed[0]["received_at"] == "2026-11-22T12:00:00+03:00"
    body = {"lead_id": deal.external_id, "reason": "назвал номер", "receipt": False}
    card = call("POST", f"payments/{payment.pk}/place/", body).json()
    assert (card["paid"], "unplaced" in {one["code"] for one in card["warnings"]}) == ("30000.00", False)
    assert call("GET", "payments/unplaced/").json()["results"] == []
    assert call("POST", f"payments/{payment.pk}/place/", body).status_code == 404
    told = {one["what"] for one in call("GET", f"deals/{deal.external_id}/history/").json()["results"]}
    assert "payment_placed" in told


def test_a_dismissed_payment_leaves_the_list_and_another_accounts_is_not_there(deal: Deal) -> None:
    payment, stranger = come(deal.account), come(make_account(), external_id="902")
    answer = call("POST", f"payments/{payment.pk}/dismiss/", {"reason": "чужой магазин"})
    assert (answer.status_code, answer.json()) == (200, {"id": payment.pk, "dismissed": True})
    assert call("GET", "payments/unplaced/").json()["results"] == []
    for what, body in (("place", {"lead_id": deal.external_id, "reason": "x"}), ("dismiss", {"reason": "x"})):
        assert call("POST", f"payments/{stranger.pk}/{what}/", body).status_code == 404


def test_a_program_that_dismisses_is_named_by_its_key(deal: Deal) -> None:
    payment = come(deal.account)
    _row, key = api_tokens.make(name="Касса", account=deal.account, author="owner", at=NOW)
    answer = Client().post(
        f"/api/v1/payments/{payment.pk}/dismiss/",
        {"reason": "чужой магазин"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200
    assert payment.placements.get().author == "token:Касса"


def test_the_panel_lists_it_and_a_person_works_it_off() -> None:
    deal = deal_with_rows()
    payment, other = come(deal.account, external_id="1"), come(deal.account, external_id="2")
    client = Client()
    client.force_login(User.objects.create_superuser("owner", password="x"))
    page = client.get("/admin/billing/unplacedmoney/")
    assert page.status_code == 200
    assert "Деньги без сделки" in page.content.decode()
    answer = client.post(
        f"/admin/billing/unplacedmoney/{payment.pk}/place/",
        {"lead_id": str(deal.external_id), "reason": "назвал номер", "receipt": "open"},
    )
    assert answer.status_code == 302
    assert standing_of(deal).paid == rub(30000)
    wrong = client.post(f"/admin/billing/unplacedmoney/{other.pk}/place/", {"lead_id": "1", "reason": "x"})
    assert "откройте её карточку" in wrong.content.decode()
    client.post(f"/admin/billing/unplacedmoney/{other.pk}/dismiss/", {"reason": "чужие"})
    assert unplaced.waiting().count() == 0


def test_foreign_money_holds_its_deal_until_somebody_has_settled_it(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(contact_email="payer@example.org")
    AccountPolicy.objects.filter(account=deal.account).update(reminders=[{"days": 2, "channels": ["email"]}])
    make_schedule(deal, first_due_on=date(2026, 11, 20))
    order = make_order(deal)
    payment = payments.receive(
        merchant=order.merchant,
        external_id="901",
        amount=rub(100),
        currency="USD",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )
    assert (reminders.send_due(at=NOW), overdue.flag(on=TODAY, at=NOW)) == (0, 0)
    listed = call("GET", "payments/unplaced/").json()["results"]
    assert [(one["id"], one["currency"], one["deals"][0]["lead_id"]) for one in listed] == [
        (payment.pk, "USD", deal.external_id)
    ]
    assert call("POST", f"payments/{payment.pk}/dismiss/", {"reason": "вернули в кассе"}).status_code == 200
    card = call("GET", f"deals/{deal.external_id}/").json()
    assert "uncounted" not in {warning["code"] for warning in card["warnings"]}
    assert (reminders.send_due(at=NOW), overdue.flag(on=TODAY, at=NOW)) == (1, 1)
    told = [one["what"] for one in call("GET", f"deals/{deal.external_id}/history/").json()["results"]]
    assert "uncounted_settled" in told
