"""Who receives a deal's money, on which day, under which taxes."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.utils import translation

from billing import network
from billing.models import AccountPolicy, LegalEntity, TaxSetting
from billing.network_file.apply import apply
from crm.models import Account, Deal
from tests.billing.network_files import ENVIRONMENT, WHOLE
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with translation.override("en"):
        apply(WHOLE)
        yield


def make_deal(
    *, account: str = "quests", location: str = "Баумана, 44", service_on: date | None = None
) -> Deal:
    return Deal.objects.create(
        account=Account.objects.get(key=account),
        external_id=7700123,
        location_value=location,
        service_on=service_on,
        fetched_at=NOW,
    )


def receiver(deal: Deal, on: date) -> tuple[str, str, str | None]:
    found = network.receiver(deal=deal, on=on)
    return found.legal_entity.key, found.merchant.key, found.location.key if found.location else None


@pytest.mark.parametrize(
    ("on", "owner"),
    [(date(2026, 1, 1), "ip-ivanov"), (date(2026, 6, 30), "ip-ivanov"), (date(2026, 7, 1), "ooo-school")],
)
def test_without_a_day_of_service_the_owner_on_the_day_of_the_order_receives(on: date, owner: str) -> None:
    assert receiver(make_deal(), on)[0] == owner


def test_the_owner_on_the_day_of_service_receives_whenever_it_is_ordered() -> None:
    deal = make_deal(service_on=date(2026, 7, 2))
    assert receiver(deal, date(2026, 3, 1)) == ("ooo-school", "school-cloud", "baumana")


def test_a_deal_without_location_belongs_to_the_accounts_entity() -> None:
    assert receiver(make_deal(account="school", location=""), NOW.date()) == (
        "ooo-school",
        "school-cloud",
        None,
    )


def refused(deal: Deal, on: date) -> str:
    with pytest.raises(network.NoReceiver) as caught:
        network.receiver(deal=deal, on=on)
    return str(caught.value)


def test_an_unknown_location_never_falls_back_to_the_accounts_entity() -> None:
    assert "does not know the location “Марс”" in refused(
        make_deal(account="school", location="Марс"), NOW.date()
    )


def test_a_location_of_another_account_is_unknown() -> None:
    assert "does not know" in refused(make_deal(account="school", location="Баумана, 44"), NOW.date())


def test_before_the_first_owner_nobody_receives() -> None:
    assert "has no owner on 31.12.2025" in refused(make_deal(), date(2025, 12, 31))


def test_no_location_and_no_entity_of_the_account_is_told() -> None:
    assert "choose the location" in refused(make_deal(location=""), NOW.date())


def test_an_entity_with_several_shops_needs_a_location() -> None:
    policy = AccountPolicy.objects.get(account__key="school")
    policy.legal_entity = LegalEntity.objects.get(key="ip-ivanov")
    policy.save()
    assert "several merchant accounts" in refused(make_deal(account="school", location=""), NOW.date())


def test_an_entity_without_a_shop_is_told() -> None:
    without = LegalEntity.objects.create(key="new", kind="ip", name="ИП Новый", inn="770000000082")
    AccountPolicy.objects.filter(account__key="school").update(legal_entity=without)
    assert "has no merchant account" in refused(make_deal(account="school", location=""), NOW.date())


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2025, 1, 1), ("osn", "vat20")),
        (date(2025, 12, 31), ("osn", "vat20")),
        (date(2026, 1, 1), ("osn", "vat22")),
        (date(2030, 1, 1), ("usn_income", "vat22")),
    ],
)
def test_taxes_are_those_of_the_day(on: date, expected: tuple[str, str]) -> None:
    setting = network.tax(legal_entity=LegalEntity.objects.get(key="ip-ivanov"), on=on)
    assert (setting.tax_system, setting.vat) == expected


def test_a_shop_that_makes_receipts_asks_for_nothing_without_taxes() -> None:
    deal = make_deal()
    day = date(2026, 3, 1)
    merchant = network.asker(deal=deal, on=day).merchant
    TaxSetting.objects.all().delete()
    with pytest.raises(network.NoTaxSetting):
        network.asker(deal=deal, on=day)
    merchant.settings = {**merchant.settings, "receipts": "none"}
    merchant.save(update_fields=["settings"])
    assert network.asker(deal=deal, on=day).merchant == merchant


def test_before_the_first_tax_setting_there_is_none() -> None:
    with pytest.raises(network.NoTaxSetting, match=r"31\.12\.2024"):
        network.tax(legal_entity=LegalEntity.objects.get(key="ip-ivanov"), on=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("programme", "on", "rate"),
    [
        ("Нутрициолог", date(2026, 1, 1), "none"),
        ("Психолог", date(2025, 12, 31), "vat22"),
        ("Психолог", date(2026, 1, 1), "vat5"),
        ("Другое", date(2026, 1, 1), "vat22"),
        ("", date(2026, 1, 1), "vat22"),
    ],
)
def test_a_products_own_rate_goes_before_the_entitys(programme: str, on: date, rate: str) -> None:
    setting = network.tax(legal_entity=LegalEntity.objects.get(key="ip-ivanov"), on=date(2026, 1, 1))
    assert network.vat(product=network.product(programme=programme), setting=setting, on=on) == rate
