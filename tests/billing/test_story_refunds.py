"""Money that goes back in the demo's past leaves what a real refund leaves, and nothing to be called."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from billing import provider_calls, verification
from billing.management.story.till import Till, in_the_past
from billing.models import MerchantAccount, ProviderCall, Receipt, Refund, RefundOrder
from tests.billing.refunding import paid_deal
from tests.billing.test_service_rendered import RIDDEN
from tests.factories import NOW, rub, standing_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("robokassa", [False, True])
def test_the_past_refunds_as_the_present_does(robokassa: bool) -> None:
    values: dict[str, Any] = {"request": {"receipt": RIDDEN}} if robokassa else {}
    deal, [payment] = paid_deal(30000, **values)
    if robokassa:
        MerchantAccount.objects.update(
            provider="robokassa",
            settings={"login": "past", "receipts": "order"},
            secrets_json='{"password1": "1", "password2": "2", "password3": "3"}',
        )
        payment.refresh_from_db()
    with in_the_past():
        Till(Random(1), first=10).give_back(payment, rub(5000), at=NOW)
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, standing_of(deal).refunded) == (
        rub(5000),
        "Клиент передумал",
        rub(5000),
    )
    assert RefundOrder.objects.get().refund == refund
    back = Receipt.objects.get(kind="refund")
    assert (back.state, back.reason) == ("sent" if robokassa else "planned", "")
    ProviderCall.objects.exclude(kind="refund").update(not_before=NOW + timedelta(days=900))
    provider_calls.deliver(at=NOW + timedelta(hours=1))
    assert ProviderCall.objects.get(kind="refund").state == "done"
    assert list(verification.violations()) == []
