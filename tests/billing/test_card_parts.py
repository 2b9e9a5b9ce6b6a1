"""A card asks few questions, and misses nothing for that: its rarer parts are seen when they are there."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from billing import deal_card, payments, preferences, promises, refunds, stops
from billing.models import Event, LostDeal, Payment
from billing.payments import Offline
from crm.models import Deal
from tests.factories import NOW, TODAY, day, make_deal, make_order, make_schedule, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def paying_deal() -> Deal:
    deal = make_deal()
    make_schedule(deal, count=12)
    for _number in range(3):
        payments.receive_offline(deal=deal, amount=rub(7500), offline=CASH, author="user:1", at=NOW)
    return Deal.objects.select_related("account").get(pk=deal.pk)


def pay_by_card(deal: Deal, *, currency: str = "RUB") -> Payment:
    order = make_order(deal, amount="7500")
    return payments.receive(
        merchant=order.merchant,
        external_id="tx-1",
        amount=rub(7500),
        currency=currency,
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )


def card(deal: Deal) -> dict[str, Any]:
    return deal_card.card(deal, at=NOW + timedelta(minutes=1))


def test_the_card_of_a_paying_deal_asks_at_most_eighteen_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    deal = paying_deal()
    with django_assert_max_num_queries(18):
        assert card(deal)["paid"] == "22500.00"


def test_a_card_without_rare_parts_has_the_same_keys_as_one_with_them() -> None:
    plain, rich = paying_deal(), paying_deal()
    by_card = pay_by_card(rich)
    promises.give(deal=rich, word=promises.Word(day(30)), author="user:1", at=NOW)
    stops.stop(deal=rich, of="reminders", reason="", author="user:1", at=NOW)
    Event.objects.create(
        deal=rich,
        at=NOW,
        recorded_at=NOW,
        author="payer",
        kind="payment_opened",
        data={"amount": "7500.00"},
    )
    assert by_card.merchant is not None
    refunds.noticed(
        merchant=by_card.merchant,
        payment_external_id=by_card.external_id,
        external_id="back-1",
        amount=rub(500),
        refunded_at=NOW,
        at=NOW,
    )
    shown, more = card(plain), card(rich)
    assert shown.keys() == more.keys()
    assert [one.keys() for one in shown["payments"]] == [more["payments"][0].keys()] * 3
    assert (shown["promise"], shown["stopped"], shown["attempts"]) == (None, [], [])
    assert (more["promise"]["state"], more["stopped"]) == ("open", ["reminders"])
    assert [one["what"] for one in more["attempts"]] == ["opened"]
    assert [one["refunded"] for one in more["payments"]] == ["0.00", "0.00", "0.00", "500.00"]
    assert {one["refundable"] for one in shown["payments"]} == {"7500.00"}


def test_a_loss_is_asked_about_until_it_ends() -> None:
    deal = paying_deal()
    assert "decide_loss" not in card(deal)["actions"]
    loss = LostDeal.objects.create(deal=deal, state=Deal.State.LOST, asked_at=NOW)
    assert "decide_loss" in card(deal)["actions"]
    LostDeal.objects.filter(pk=loss.pk).update(ended_at=NOW)
    assert "decide_loss" not in card(deal)["actions"]


def test_what_the_payer_wants_is_shown_and_is_his_alone() -> None:
    deal, other = paying_deal(), paying_deal()
    preferences.choose(deal=deal, channel=preferences.NONE, author="payer", at=NOW)
    assert (card(deal)["reminders_by"], card(other)["reminders_by"]) == ("none", None)


def test_money_of_another_currency_is_warned_about() -> None:
    deal = paying_deal()
    assert "uncounted" not in warned(deal)
    pay_by_card(deal, currency="USD")
    assert "uncounted" in warned(deal)


def warned(deal: Deal) -> list[str]:
    return [warning["code"] for warning in card(deal)["warnings"]]
