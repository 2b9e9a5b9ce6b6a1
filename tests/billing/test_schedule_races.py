"""Two real connections change one schedule at once: one of them wins, and the other is told."""

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import amendments, pauses, payments, settlements, verification, versions
from billing.amendments import Ask
from billing.models import Pause, Payment, Schedule, ScheduleVersion, Signature
from billing.payments import Offline
from crm import auth
from crm.auth import Caller
from tests.billing.test_ledger_races import pay, together
from tests.factories import NOW, TODAY, make_deal, make_order, make_schedule, rub, standing_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def test_two_managers_saving_at_once_through_the_door_make_one_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deal = make_deal(fetched_at=timezone.now())
    make_schedule(deal)
    caller = Caller(account=deal.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)

    def save(count: int) -> Any:
        body = {
            "total": "90000.00",
            "count": count,
            "first_due_on": "2027-01-10",
            "version": 1,
            "reason": "иначе",
        }
        return Client().put(
            f"/api/v1/deals/{deal.external_id}/schedule/",
            json.dumps(body),
            content_type="application/json",
            headers={"X-Auth-Token": "token"},
        )

    found = together(lambda: save(2), lambda: save(5))
    assert sorted(answer.status_code for answer in found) == [200, 409]
    lost = next(answer for answer in found if answer.status_code == 409)
    assert lost.json()["code"] == "stale_version"
    assert len(standing_of(deal).rows) in (2, 5)
    assert ScheduleVersion.objects.count() == 2


def test_money_during_a_settlement_is_counted_whichever_comes_first() -> None:
    deal = make_deal()
    make_schedule(deal)
    order = make_order(deal)
    payments.receive_offline(deal=deal, amount=rub(40000), offline=CASH, author="user:1", at=NOW)

    def settle() -> Schedule:
        return settlements.settle(deal=deal, total=rub(25000), reason="уходит", author="user:1", at=NOW)

    together(settle, pay(order, "501"))
    standing = standing_of(deal)
    assert (standing.total, standing.paid, standing.debt, standing.credit) == (
        rub(25000),
        rub(25000),
        0,
        rub(45000),
    )
    assert not list(verification.violations())


def test_a_double_click_on_settle_makes_one_version() -> None:
    deal = make_deal()
    make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(40000), offline=CASH, author="user:1", at=NOW)

    def settle() -> Schedule:
        return settlements.settle(deal=deal, total=rub(25000), reason="уходит", author="user:1", at=NOW)

    together(settle, settle)
    assert ScheduleVersion.objects.count() == 2


def test_a_cancellation_beside_a_payment_ends_in_one_ledger() -> None:
    deal = make_deal()
    make_schedule(deal)
    order = make_order(deal)

    def cancel() -> Schedule:
        return settlements.cancel(deal=deal, reason="передумал", author="user:1", at=NOW)

    together(cancel, pay(order, "501"))
    standing = standing_of(deal)
    assert (standing.debt, standing.state) == (0, "cancelled")
    assert standing.paid + standing.credit == rub(30000)
    assert Payment.objects.count() == 1
    assert not list(verification.violations())


def test_two_moves_at_once_make_one_version() -> None:
    deal = make_deal()
    make_schedule(deal)

    def move(number: int) -> Schedule:
        ask = Ask(version=1, reason="просит", author="user:1")
        return amendments.move_date(deal=deal, number=number, due_on=date(2027, 5, 5), ask=ask, at=NOW)

    found = together(lambda: move(1), lambda: move(2))
    assert sum(isinstance(one, versions.StaleVersion) for one in found) == 1
    assert ScheduleVersion.objects.count() == 2


def test_a_change_beside_the_signature_is_either_signed_or_refused() -> None:
    deal = make_deal()
    make_schedule(deal)

    def sign() -> Signature:
        return versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)

    def move() -> Schedule:
        ask = Ask(version=1, reason="просит", author="user:1")
        return amendments.move_date(deal=deal, number=1, due_on=date(2027, 5, 5), ask=ask, at=NOW)

    found = together(sign, move)
    refused = [one for one in found if isinstance(one, versions.Signed | versions.StaleVersion)]
    assert len(refused) == 1
    assert Signature.objects.count() + ScheduleVersion.objects.count() == 2


def test_two_clicks_on_pause_make_one_pause() -> None:
    deal = make_deal()
    make_schedule(deal)

    def pause() -> Pause:
        return pauses.pause(deal=deal, reason="отпуск", until=None, author="user:1", at=NOW)

    found = together(pause, pause)
    assert sum(isinstance(one, pauses.AlreadyPaused) for one in found) == 1
    assert Pause.objects.count() == 1
