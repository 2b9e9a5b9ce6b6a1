"""What the card says before money is written down by hand: its day, and what becomes of the receipt."""

from datetime import UTC, date, datetime

import pytest

from billing import deal_card, payers
from billing.models import Location, MerchantAccount, Ownership
from billing.payers import Payer
from billing.payments import METHODS
from billing.receipts import STATES
from billing.rules.receipts import Maker
from crm.models import Deal
from tests.billing.receipting import offline
from tests.factories import NOW, make_account, make_deal, make_legal_entity, make_merchant

pytestmark = pytest.mark.django_db

COMPANY = Payer("company", "ООО «Ромашка»", inn="7700000009", kpp="770001001")


def place(deal: Deal, *, desk: str, cloud_cash: bool) -> None:
    merchant = MerchantAccount.objects.get()
    merchant.settings["cash_receipts"] = cloud_cash
    merchant.save()
    location = Location.objects.create(
        account=deal.account, key="baumana", name="Баумана", crm_value="Баумана, 44", cash_receipts=desk
    )
    Ownership.objects.create(
        location=location,
        legal_entity=merchant.legal_entity,
        merchant=merchant,
        valid_from=date(2026, 1, 1),
    )


def said_and_done(deal: Deal) -> None:
    for method in METHODS:
        said = deal_card.card(deal, at=NOW)["receipt_defaults"][method]
        receipt = offline(deal, method)
        assert (STATES[Maker(said["maker"])], said["reason"]) == (receipt.state, receipt.reason), method


@pytest.mark.parametrize(("desk", "cloud_cash"), [("desk", True), ("cloud", True), ("cloud", False)])
def test_what_the_card_says_of_a_receipt_is_what_becomes_of_it(desk: str, cloud_cash: bool) -> None:
    deal = make_deal(location_value="Баумана, 44")
    place(deal, desk=desk, cloud_cash=cloud_cash)
    said_and_done(deal)


def test_it_knows_a_company_a_silent_shop_and_the_self_employed() -> None:
    paid_by_company = make_deal()
    payers.name(deal=paid_by_company, payer=COMPANY, author="user:1", at=NOW)
    said_and_done(paid_by_company)
    silent = make_legal_entity()
    make_merchant(silent, settings={"receipts": False})
    said_and_done(make_deal(make_account(entity=silent)))
    alone = make_legal_entity(kind="self_employed")
    make_merchant(alone)
    said_and_done(make_deal(make_account(entity=alone)))


def test_today_is_the_day_of_the_accounts_zone() -> None:
    deal = make_deal()
    late = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
    assert deal_card.card(deal, at=late)["today"] == "2026-11-23"
    deal.account.time_zone = "America/New_York"
    assert deal_card.card(deal, at=late)["today"] == "2026-11-22"


def test_a_location_that_the_network_does_not_know_is_named() -> None:
    deal = make_deal(location_value="Невский, 7")
    card = deal_card.card(deal, at=NOW)
    warning = next(one for one in card["warnings"] if one["code"] == "no_receiver")
    assert "Невский, 7" in warning["text"]
    assert card["receipt_defaults"] == {}
