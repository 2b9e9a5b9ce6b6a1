"""A field that is mapped late shows the figures of the deals that were there before it."""

import re
from typing import Any

import pytest

from billing import field_refills, projection
from billing.network_file.apply import apply
from crm import setup
from crm.models import Account, Deal, OutboxRow
from tests.billing.network_files import ENVIRONMENT, WHOLE
from tests.factories import NOW, make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db


def told(deal: Deal) -> dict[str, Any]:
    """What amoCRM would be told of this deal by the rows that wait."""
    rows = OutboxRow.objects.filter(deal=deal, kind="fields", state="waiting")
    return {name: value for row in rows.order_by("id") for name, value in row.payload.items()}


def everything_is_sent() -> None:
    OutboxRow.objects.update(state="done")


@pytest.fixture
def account() -> Account:
    account = make_account()
    Account.objects.filter(pk=account.pk).update(fields={"payment_link": 910024})
    account.refresh_from_db()
    return account


def test_a_new_field_is_filled_for_every_deal_with_figures(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_refills, "BATCH", 2)
    owing = [make_deal(account) for _number in range(3)]
    for deal in owing:
        make_schedule(deal, total="90000")
    bare, stranger = make_deal(account), make_deal()
    everything_is_sent()
    setup.choose_fields(account=account, chosen={"debt": 910020})
    assert [field_refills.run(at=NOW) for _turn in range(3)] == [2, 1, 0]
    assert [told(deal)["debt"] for deal in owing] == ["90000.00"] * 3
    assert not told(bare)
    assert not told(stranger)
    everything_is_sent()
    assert field_refills.run(at=NOW) == 0


def test_another_field_for_the_same_is_filled_and_the_same_choice_is_not(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(deal)
    everything_is_sent()
    setup.choose_fields(account=account, chosen={"payment_link": 910024, "cohort": 910011, "full_link": None})
    assert field_refills.run(at=NOW) == 0
    setup.choose_fields(account=account, chosen={"payment_link": 910099})
    assert field_refills.run(at=NOW) == 1
    assert "/pay/" in told(deal)["payment_link"]


def test_a_deleted_deal_is_left_out(account: Account) -> None:
    deal = make_deal(account)
    make_schedule(deal)
    everything_is_sent()
    Deal.objects.filter(pk=deal.pk).update(state=Deal.State.DELETED)
    setup.choose_fields(account=account, chosen={"debt": 910020})
    assert field_refills.run(at=NOW) == 0
    assert not told(deal)


def test_a_choice_during_the_filling_begins_it_anew(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = make_deal(account)
    make_schedule(deal)
    push = projection.push
    later = iter([{"next_amount": 910022}])

    def interrupted(*args: Any, **values: Any) -> None:
        push(*args, **values)
        for chosen in later:
            setup.choose_fields(account=account, chosen=chosen)

    monkeypatch.setattr(projection, "push", interrupted)
    setup.choose_fields(account=account, chosen={"debt": 910020})
    assert [field_refills.run(at=NOW) for _turn in range(3)] == [1, 1, 0]
    assert {"debt", "next_amount"} <= told(deal).keys()


def test_a_field_that_the_network_file_brings_is_filled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    apply(WHOLE)
    mapped = Account.objects.get(key="school").fields["debt"]
    assert not Account.objects.filter(refill_after__isnull=False).exists()
    apply(re.sub(rf"debt: {mapped}\b", "debt: 990020", WHOLE))
    assert Account.objects.get(key="school").refill_after == 0
