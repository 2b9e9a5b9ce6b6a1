"""Two tabs of one payer paid at once, over the sandbox: no money is lost, what is too much has a name."""

from typing import Any

import pytest
from django.utils import timezone

from billing import deal_card, orders
from billing.asking import What
from billing.models import MerchantAccount, Payment, ProviderOrder
from crm.models import Deal
from tests.billing import test_charges as saved
from tests.billing.test_charges import deal, running
from tests.factories import rub, standing_of
from tests.providers import sandbox

__all__ = ["deal", "running"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def test_two_pages_that_were_open_at_once_end_in_a_named_credit(
    running: sandbox.RunningSandbox, deal: Deal, live_server: Any
) -> None:
    merchant = MerchantAccount.objects.get()
    # A shop without the check before a payment: nobody can stop the second tab.
    doors = {"pay": f"{live_server.url}/webhooks/cloudpayments/{merchant.key}/pay/"}
    site = sandbox.site(merchant.settings["public_id"], doors)
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [site]}})
    tabs = [
        orders.open_order(deal=deal, what=what, at=timezone.now()) for what in (What.FULL, What.INSTALLMENT)
    ]
    assert [tab.amount for tab in tabs] == [rub(90000), rub(30000)]
    for tab in tabs:
        assert running.pay(tab.url, card=saved.GOOD)["Status"] == "Completed"
    saved.until(lambda: Payment.objects.filter(deal=deal).count() == 2)
    standing = standing_of(deal)
    assert (standing.debt, standing.paid, standing.credit) == (rub(0), rub(90000), rub(30000))
    card = deal_card.card(Deal.objects.select_related("account").get(pk=deal.pk), at=timezone.now())
    assert "credit" in [warning["code"] for warning in card["warnings"]]
    assert not ProviderOrder.objects.filter(deal=deal, state__in=["creating", "open"]).exists()
    with pytest.raises(orders.NothingOwed):
        orders.open_order(deal=deal, what=What.FULL, at=timezone.now())
