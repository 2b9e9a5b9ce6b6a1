"""The panel's page of a receipt is read by an accountant, not by a programmer."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from billing.admin import receipt_words
from billing.models import Receipt
from tests.billing.receipting import PRINTED, made_order, paid

pytestmark = pytest.mark.django_db


def page(receipt: Receipt) -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    address = reverse("admin:billing_receipt_change", args=[receipt.pk])
    return client.get(address).content.decode().replace("\xa0", " ")


def test_it_says_in_words_what_was_printed() -> None:
    receipt = paid(made_order())
    Receipt.objects.update(state="registered", fiscal=PRINTED)
    text = page(receipt)
    assert "Нутрициолог" in text
    assert "предоплата · услуга · без НДС" in text
    assert "безналично 30 000 ₽" in text
    assert f"ФН {PRINTED['fn']}" in text
    assert "usn_income" not in text


def test_a_receipt_that_nobody_tells_of_says_so() -> None:
    receipt = paid(made_order())
    receipt.providercall_set.all().delete()
    Receipt.objects.update(state="sent")
    assert "не сообщает" in page(receipt)


@pytest.mark.parametrize(
    ("rate", "words"),
    [("none", "без НДС"), ("vat22", "НДС 22 %"), ("vat122", "НДС 22/122"), ("vat105", "НДС 5/105")],
)
def test_a_rate_in_words(rate: str, words: str) -> None:
    assert receipt_words.vat(rate) == words
