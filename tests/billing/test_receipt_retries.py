"""A person has a receipt made after all: refused ones planned anew, waiting ones, returns and offsets."""

from datetime import date
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from billing import receipt_retries, receipts, refunds
from billing.models import Event, ProviderCall, Receipt, TaxSetting
from billing.providers.base import FollowedReceipt, ReceiptState, Refused
from billing.receipt_retries import CannotBeMade
from tests.billing.receipting import FakeProvider, deliver_calls, made_order, offline, paid
from tests.billing.rendered import offsets, render
from tests.factories import NOW, make_deal, rub

pytestmark = pytest.mark.django_db

REFUSED = Refused("СНО не зарегистрирована", call="kkt/receipt", status=200, code="3")


@pytest.fixture
def provider() -> Any:
    fake = FakeProvider()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake


def refused(provider: FakeProvider) -> Receipt:
    receipt = paid(made_order())
    provider.answers = [REFUSED]
    deliver_calls()
    return again(receipt)


def again(receipt: Receipt) -> Receipt:
    return Receipt.objects.select_related("payment__legal_entity", "payment__merchant").get(pk=receipt.pk)


def retry(receipt: Receipt) -> None:
    receipt_retries.make(receipt=receipt, author="staff:anna", at=NOW)


def shop_settings(receipt: Receipt, **changed: object) -> None:
    [shop] = receipt.payment.legal_entity.merchants.all()
    shop.settings |= changed
    shop.save()


def test_what_the_register_refused_is_made_under_the_corrected_settings_and_a_new_key(
    provider: FakeProvider,
) -> None:
    receipt = refused(provider)
    assert receipt.state == "failed"
    TaxSetting.objects.create(
        legal_entity=receipt.payment.legal_entity,
        valid_from=date(2026, 11, 1),
        tax_system="usn_income",
        vat="vat5",
    )
    retry(receipt)
    deliver_calls(20)
    receipt = again(receipt)
    assert (receipt.state, receipt.reason, receipt.external_id) == ("sent", "", "K2")
    assert receipt.content["lines"][0]["vat"] == "vat105"
    assert len({request.request_id for request in provider.asked}) == 2
    assert ProviderCall.objects.filter(kind="send_receipt").count() == 1
    event = Event.objects.get(kind="receipt_retried")
    assert (event.author, event.data["amount"]) == ("staff:anna", "30000.00")


def test_what_the_register_did_not_print_is_sent_and_followed_anew(provider: FakeProvider) -> None:
    receipt = paid(made_order())
    deliver_calls()
    provider.answers = [FollowedReceipt(state=ReceiptState.FAILED, reason="ФН переполнен")]
    deliver_calls(5)
    retry(again(receipt))
    deliver_calls(10)
    provider.answers = [
        FollowedReceipt(state=ReceiptState.REGISTERED, fiscal={"fn": "1", "fd": "2", "fpd": "3"})
    ]
    deliver_calls(20)
    receipt = again(receipt)
    assert (receipt.state, receipt.external_id) == ("registered", "K2")
    assert len({request.request_id for request in provider.asked}) == 2
    assert not ProviderCall.objects.exclude(state="done").exists()


def test_cash_waits_for_a_register_and_is_made_when_there_is_one(provider: FakeProvider) -> None:
    deal = make_deal(contact_email="anna@example.org")
    made_shop = made_order().merchant
    deal.account.policy.legal_entity = made_shop.legal_entity
    deal.account.policy.save()
    receipt = offline(deal, "cash")
    assert (receipt.state, receipt.reason) == ("missing", "no_register_for_cash")
    with pytest.raises(CannotBeMade) as refusal:
        retry(receipt)
    assert refusal.value.reason == "no_register_for_cash"
    shop_settings(receipt, cash_receipts=True)
    retry(again(receipt))
    deliver_calls()
    receipt = again(receipt)
    assert (receipt.state, receipt.content["paid"]) == ("sent", {"cash": "1000.00"})


def test_a_receipt_on_its_way_or_made_is_left_alone(provider: FakeProvider) -> None:
    receipt = paid(made_order())
    with pytest.raises(receipts.AlreadySettled):
        retry(receipt)
    deliver_calls()
    with pytest.raises(receipts.AlreadySettled):
        retry(again(receipt))


def test_returns_and_offsets_follow_the_receipt_of_their_money(provider: FakeProvider) -> None:
    receipt = refused(provider)
    deal = receipt.payment.deal
    assert deal is not None
    render(deal, 10000)
    refunds.noticed(
        merchant=receipt.payment.merchant,  # type: ignore[arg-type]
        payment_external_id=receipt.payment.external_id,
        external_id="r1",
        amount=rub(25000),
        refunded_at=NOW,
        at=NOW,
    )
    [closing] = offsets()
    back = Receipt.objects.get(kind="refund")
    Receipt.objects.filter(pk=back.pk).update(state="missing", reason="no_income_receipt", content={})
    ProviderCall.objects.filter(receipt=back).delete()
    for waiting in (closing, back):
        with pytest.raises(CannotBeMade) as refusal:
            retry(again(waiting))
        assert refusal.value.reason == "no_income_receipt"
    retry(receipt)
    retry(again(closing))
    retry(again(back))
    assert again(closing).content["paid"] == {"advance": "10000.00"}
    assert [(line["method"], line["amount"]) for line in again(back).content["lines"]] == [
        ("prepayment", "20000.00"),
        ("full_payment", "5000.00"),
    ]


def test_the_accountant_presses_it_in_the_panel(provider: FakeProvider) -> None:
    receipt = refused(provider)
    owner = get_user_model().objects.create(username="anna", is_staff=True, is_superuser=True)
    panel = Client()
    panel.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("admin:billing_receipt_settle", args=[receipt.pk])
    asked = panel.get(address).content.decode()
    assert "Пробить на нашей кассе" in asked
    shop_settings(receipt, receipts=False)
    refusal = panel.post(address, {"receipt": "ours"}).content.decode()
    assert "Пробить его мы не можем: магазин не пробивает чеки." in refusal
    shop_settings(receipt, receipts=True)
    told = panel.post(address, {"receipt": "ours"}, follow=True).content.decode()
    assert "Чек отправлен на кассу." in told
    assert again(receipt).state == "planned"
