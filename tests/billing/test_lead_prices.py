"""A budget changed in amoCRM changes no money: one note, and two ways out."""

from datetime import timedelta

import pytest

from billing import lead_prices, ledger, versions
from billing.models import AccountPolicy, Event
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> Deal:
    deal = make_schedule(total="90000.50").deal
    OutboxRow.objects.filter(kind="price").update(state="done")
    Deal.objects.filter(pk=deal.pk).update(price=rub(90001))
    return deal


def change(deal: Deal, price: int) -> None:
    Deal.objects.filter(pk=deal.pk).update(price=price, fetched_at=NOW + timedelta(minutes=price % 7))


def told() -> list[str]:
    return list(
        OutboxRow.objects.filter(key__startswith="deal:price:")
        .order_by("pk")
        .values_list("payload__text", flat=True)
    )


def test_a_total_with_kopecks_fits_the_budget_rounded_up(deal: Deal) -> None:
    assert lead_prices.warn(at=NOW) == 0


def test_each_new_budget_is_told_once_and_moves_no_money(deal: Deal) -> None:
    change(deal, 120000)
    assert [lead_prices.warn(at=NOW), lead_prices.warn(at=NOW)] == [1, 0]
    change(deal, 130000)
    assert lead_prices.warn(at=NOW) == 1
    assert len(told()) == 2
    assert "120\xa0000" in told()[0]
    assert ledger.standing(deal, on=TODAY).total == rub("90000.50")


def test_a_total_that_is_on_its_way_to_amocrm_is_no_difference(deal: Deal) -> None:
    make_schedule(deal, total="95000")
    assert lead_prices.warn(at=NOW) == 0


def test_the_schedules_total_goes_back_to_the_budget(deal: Deal) -> None:
    change(deal, 120000)
    lead_prices.restore(deal=deal, author="user:1", at=NOW)
    row = OutboxRow.objects.get(kind="price", state="waiting")
    assert row.payload == {"price": 90001}


def test_where_both_agree_nothing_is_written_or_told(deal: Deal) -> None:
    lead_prices.restore(deal=deal, author="user:1", at=NOW)
    assert not Event.objects.filter(deal=deal, kind="price_restored").exists()
    assert not OutboxRow.objects.filter(kind="price", state="waiting").exists()
    change(deal, 120000)
    for _click in range(2):
        deal.refresh_from_db()
        lead_prices.restore(deal=deal, author="user:1", at=NOW)
    told = Event.objects.get(deal=deal, kind="price_restored")
    assert told.data == {"before": "120000.00", "total": "90000.50"}


def test_without_a_schedule_there_is_nothing_to_write_back() -> None:
    with pytest.raises(versions.NoSchedule):
        lead_prices.restore(deal=make_deal(), author="user:1", at=NOW)


def test_a_booking_without_money_follows_its_price_in_silence(deal: Deal) -> None:
    AccountPolicy.objects.update_or_create(account=deal.account, defaults={"mode": "deposit"})
    change(deal, 120000)
    assert lead_prices.warn(at=NOW) == 0


@pytest.mark.parametrize("state", ["lost", "deleted"])
def test_a_lost_deal_is_not_warned_about(deal: Deal, state: str) -> None:
    change(deal, 120000)
    Deal.objects.filter(pk=deal.pk).update(state=state)
    assert lead_prices.warn(at=NOW) == 0


def test_old_differences_do_not_hide_a_new_one(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_prices, "BATCH", 1)
    change(deal, 120000)
    lead_prices.warn(at=NOW)
    other = make_schedule(total="50000").deal
    OutboxRow.objects.filter(kind="price").update(state="done")
    change(other, 70000)
    assert lead_prices.warn(at=NOW) == 1
