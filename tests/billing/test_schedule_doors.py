"""The doors of a schedule's life as a client sees them: what they answer, refuse, and show on the card."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import pauses, payments, versions
from billing.models import AccountPolicy, Pause, ScheduleVersion
from billing.payments import Offline
from crm import auth, client
from crm.auth import Caller
from crm.models import Deal
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch) -> Deal:
    """A deal whose manager is known: tokens and amoCRM's answers have tests of their own (tests/crm)."""
    found = make_deal(fetched_at=timezone.now())
    become(monkeypatch, found, is_admin=False)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    monkeypatch.setattr(auth, "may_see", lambda caller, lead_id, at: True)
    return found


def become(monkeypatch: pytest.MonkeyPatch, deal: Deal, *, is_admin: bool) -> None:
    caller = Caller(account=deal.account, user_id=8100002, is_admin=is_admin)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)


def call(deal: Deal, method: str, path: str, body: Any = None, key: str = "") -> Any:
    headers = {"X-Auth-Token": "token"} | ({"Idempotency-Key": key} if key else {})
    return Client().generic(
        method,
        f"/api/v1/deals/{deal.external_id}/{path}",
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def paid_deal(deal: Deal, amount: object = 40000) -> Deal:
    make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(amount), offline=CASH, author="user:1", at=NOW)
    return deal


def test_settling_answers_the_card_with_the_credit_to_refund(deal: Deal) -> None:
    paid_deal(deal)
    answer = call(
        deal, "POST", "settle/", {"total": "25000.00", "reason": "уходит", "retained": "actual_costs"}
    )
    card = answer.json()
    assert answer.status_code == 200
    assert [card[name] for name in ("total", "paid", "debt", "credit", "state", "version", "next")] == [
        "25000.00",
        "25000.00",
        "0.00",
        "15000.00",
        "paid",
        2,
        None,
    ]
    assert card["closing"] == {"kind": "settled", "reason": "уходит", "retained": "actual_costs"}
    assert {"rebuild", "settle"} <= set(card["actions"])
    assert not {"cancel", "pause", "move_date"} & set(card["actions"])


def test_settling_above_what_was_paid_is_refused_by_field(deal: Deal) -> None:
    paid_deal(deal)
    answer = call(deal, "POST", "settle/", {"total": "40000.01", "reason": "уходит"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["total"])
    assert "закрыть сделку можно на этой сумме" in answer.json()["errors"]["total"][0]
    assert ScheduleVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "уходит"}, "total"),
        ({"total": "1000.00"}, "reason"),
        ({"total": "1000.00", "reason": " "}, "reason"),
        ({"total": "ой", "reason": "уходит"}, "total"),
        ({"total": "0.001", "reason": "уходит"}, "total"),
        ({"total": "-1", "reason": "уходит"}, "total"),
        ({"total": "1", "reason": "уходит", "retained": "greed"}, "retained"),
        ({"total": "1", "reason": "уходит", "version": "два"}, "version"),
    ],
)
def test_a_refusal_of_settling_names_the_field(deal: Deal, body: dict[str, str], field: str) -> None:
    paid_deal(deal)
    answer = call(deal, "POST", "settle/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert ScheduleVersion.objects.count() == 1


def test_cancelling_answers_the_card_and_the_history_says_who_and_why(deal: Deal) -> None:
    paid_deal(deal)
    card = call(deal, "POST", "schedule/cancel/", {"reason": "Переезд"}).json()
    assert [card[name] for name in ("total", "paid", "debt", "credit", "state")] == [
        "40000.00",
        "40000.00",
        "0.00",
        "0.00",
        "cancelled",
    ]
    line = call(deal, "GET", "history/").json()["results"][-1]
    assert (line["what"], line["who"]) == ("schedule_cancelled", "user:8100002")
    assert (line["before"]["version"], line["before"]["total"]) == (1, "90000.00")
    assert line["text"].startswith("График отменён, оплаченными остаются 40")
    assert "Переезд" in line["text"]


def test_a_deal_without_schedule_and_money_has_nothing_to_cancel(deal: Deal) -> None:
    answer = call(deal, "POST", "schedule/cancel/", {"reason": "Переезд"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_schedule")


def test_cancelling_waits_for_amocrm(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    paid_deal(deal)

    def down(caller: Caller, lead_id: int, at: Any) -> bool:
        raise client.Unavailable("amoCRM is down")

    monkeypatch.setattr(auth, "may_see", down)
    answer = call(deal, "POST", "schedule/cancel/", {"reason": "Переезд"})
    assert (answer.status_code, answer.json()["code"]) == (503, "amocrm_unavailable")
    assert ScheduleVersion.objects.count() == 1


def test_a_repeated_key_settles_once(deal: Deal) -> None:
    paid_deal(deal)
    body = {"total": "25000.00", "reason": "уходит"}
    first, again = (call(deal, "POST", "settle/", body, key="k1") for _ in range(2))
    assert first.content == again.content
    assert ScheduleVersion.objects.count() == 2


def test_what_an_account_leaves_to_administrators_is_neither_offered_nor_done(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    AccountPolicy.objects.filter(account=deal.account).update(admin_only=["cancel"])
    paid_deal(deal)
    assert not {"cancel", "settle"} & set(call(deal, "GET", "").json()["actions"])
    answer = call(deal, "POST", "settle/", {"total": "1.00", "reason": "уходит"})
    assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
    become(monkeypatch, deal, is_admin=True)
    assert {"cancel", "settle"} <= set(call(deal, "GET", "").json()["actions"])


def test_a_signed_schedule_is_changed_by_an_administrator_only(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_deal(deal)
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=NOW)
    body = {
        "total": "90000.00",
        "count": 2,
        "first_due_on": "2027-01-10",
        "version": 1,
        "reason": "реже",
    }
    for method, path, given in (
        ("PUT", "schedule/", body),
        ("POST", "settle/", {"total": "1.00", "reason": "уходит"}),
        ("POST", "schedule/cancel/", {"reason": "уходит"}),
    ):
        answer = call(deal, method, path, given)
        assert (answer.status_code, answer.json()["code"]) == (403, "signed")
        assert "администратор amoCRM" in answer.json()["detail"]
    card = call(deal, "GET", "").json()
    assert card["signed"] == {"on": TODAY.isoformat(), "by": "user:1"}
    assert not {"rebuild", "settle", "cancel"} & set(card["actions"])
    become(monkeypatch, deal, is_admin=True)
    assert call(deal, "PUT", "schedule/", body).status_code == 200


def test_a_manager_ends_a_pause_of_a_signed_schedule_but_does_not_move_its_rows(deal: Deal) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    make_schedule(deal, at=long_ago, first_due_on=timezone.localdate() - timedelta(days=20))
    versions.sign(deal=deal, version=1, signed_on=TODAY, author="user:1", at=timezone.now())
    pauses.pause(deal=deal, reason="отпуск", until=None, author="user:1", at=long_ago)
    answer = call(deal, "POST", "schedule/resume/", {"shift": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "signed")
    assert call(deal, "GET", "").json()["state"] == "paused"
    answer = call(deal, "POST", "schedule/resume/", {"shift": False})
    assert (answer.status_code, answer.json()["version"], answer.json()["state"]) == (200, 1, "overdue")


def test_one_date_moves_by_the_card(deal: Deal) -> None:
    make_schedule(deal)
    body = {"number": 2, "due_on": "2027-01-25", "reason": "зарплата 25-го", "version": 1}
    card = call(deal, "POST", "schedule/move/", body).json()
    assert [row["due_on"] for row in card["installments"]] == ["2026-12-10", "2027-01-25", "2027-02-10"]
    line = call(deal, "GET", "history/").json()["results"][-1]
    assert line["text"] == "Платёж 2 перенесён с 10.01.2027 на 25.01.2027. зарплата 25-го"
    again = call(deal, "POST", "schedule/move/", body)
    assert (again.status_code, again.json()["code"]) == (409, "stale_version")


def test_a_discount_by_the_card(deal: Deal) -> None:
    make_schedule(deal)
    body = {"total": "80000.00", "reason": "скидка за отзыв", "version": 1, "spread": "at_the_end"}
    card = call(deal, "POST", "schedule/total/", body).json()
    assert [row["amount"] for row in card["installments"]] == ["30000.00", "30000.00", "20000.00"]
    assert (card["total"], card["version"]) == ("80000.00", 2)


@pytest.mark.parametrize(
    ("paid", "change", "field"),
    [
        (90000, {"total": "95000.00"}, "due_on"),
        (90000, {"total": "95000.00", "due_on": "1999-12-31"}, "due_on"),
        (90000, {"total": "95000.00", "due_on": "2100-01-01"}, "due_on"),
        (40000, {"total": "95000.00", "due_on": "2100-01-01"}, "due_on"),
        (40000, {"total": "39999.99"}, "total"),
    ],
)
def test_what_is_wrong_with_a_new_total_is_named_by_the_bodys_field(
    deal: Deal, paid: int, change: dict[str, str], field: str
) -> None:
    paid_deal(deal, paid)
    answer = call(deal, "POST", "schedule/total/", {"reason": "доплата", "version": 1} | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert ScheduleVersion.objects.count() == 1


def test_a_transfer_by_the_card(deal: Deal) -> None:
    paid_deal(deal)
    terms = {"total": "100000.00", "count": 3, "first_due_on": "2027-03-10"}
    body = {"cohort": "Поток 13", "terms": terms, "reason": "не успевает", "version": 1}
    card = call(deal, "POST", "schedule/transfer/", body).json()
    assert (card["cohort"], card["paid"], card["debt"]) == ("Поток 13", "40000.00", "60000.00")
    line = call(deal, "GET", "history/").json()["results"][-1]
    assert "Нутрициолог, Поток 13" in line["text"]
    assert line["before"]["cohort"] == "Поток 12"


def test_a_transfer_without_a_programme_leaves_no_gap_in_the_history(deal: Deal) -> None:
    type(deal).objects.filter(pk=deal.pk).update(programme="")
    make_schedule(deal)
    call(deal, "POST", "schedule/transfer/", {"cohort": "Поток 13", "reason": "не успевает", "version": 1})
    text = call(deal, "GET", "history/").json()["results"][-1]["text"]
    assert text.startswith("Сделка переведена: Поток 13; сумма ")
    call(deal, "POST", "schedule/pause/", {"reason": "отпуск"})
    text = call(deal, "GET", "history/").json()["results"][-1]["text"]
    assert text == "Сбор платежей на паузе. отпуск"


def test_pause_and_resume_by_the_card(deal: Deal) -> None:
    make_schedule(deal)
    card = call(deal, "POST", "schedule/pause/", {"reason": "отпуск", "until": "2099-01-01"})
    assert (card.status_code, list(card.json()["errors"])) == (422, ["until"])
    card = call(deal, "POST", "schedule/pause/", {"reason": "отпуск"}).json()
    assert (card["state"], card["pause"]["reason"], card["pause"]["until"]) == ("paused", "отпуск", None)
    assert "resume" in card["actions"]
    assert "pause" not in card["actions"]
    again = call(deal, "POST", "schedule/pause/", {"reason": "отпуск"})
    assert (again.status_code, again.json()["code"]) == (409, "paused_already")
    stale = call(deal, "POST", "schedule/resume/", {"version": 2})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    card = call(deal, "POST", "schedule/resume/", {"shift": False, "version": 1}).json()
    assert (card["state"], card["pause"], card["version"]) == ("on_schedule", None, 1)
    again = call(deal, "POST", "schedule/resume/", {})
    assert (again.status_code, again.json()["code"]) == (409, "not_paused")


def test_a_pause_that_is_over_waits_for_a_decision_on_the_card(deal: Deal) -> None:
    schedule = make_schedule(deal)
    yesterday = timezone.now().date() - timedelta(days=1)
    Pause.objects.create(
        schedule=schedule,
        begun_on=yesterday - timedelta(days=30),
        until=yesterday,
        reason="отпуск",
        author="user:1",
        recorded_at=NOW,
    )
    card = call(deal, "GET", "").json()
    assert card["state"] != "paused"
    assert "pause_over" in [warning["code"] for warning in card["warnings"]]
    assert "resume" in card["actions"]


def test_the_signed_mark_by_the_card(deal: Deal) -> None:
    make_schedule(deal)
    answer = call(deal, "POST", "schedule/sign/", {"version": 1, "signed_on": "2999-01-01"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["signed_on"])
    card = call(deal, "POST", "schedule/sign/", {"version": 1, "signed_on": "2026-11-20"}).json()
    assert card["signed"] == {"on": "2026-11-20", "by": "user:8100002"}
    again = call(deal, "POST", "schedule/sign/", {"version": 1})
    assert (again.status_code, again.json()["code"]) == (409, "signed_already")


def test_versions_say_who_why_and_what_changed(deal: Deal) -> None:
    make_schedule(deal)
    call(
        deal,
        "POST",
        "schedule/move/",
        {"number": 3, "due_on": "2027-03-15", "reason": "сессия", "version": 1},
    )
    call(deal, "POST", "schedule/sign/", {"version": 2})
    newest, first = call(deal, "GET", "schedule/versions/").json()["results"]
    assert (newest["version"], newest["kind"], newest["who"], newest["reason"]) == (
        2,
        "moved",
        "user:8100002",
        "сессия",
    )
    assert newest["signed_on"] is not None
    assert [line["text"] for line in newest["changes"]] == [
        "Платёж 3 на 30\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽ переносится с 10.02.2027 на 15.03.2027."
    ]
    assert (first["version"], first["kind"], first["changes"], first["terms"]["count"]) == (
        1,
        "created",
        [],
        3,
    )


def test_another_accounts_deal_has_no_doors(deal: Deal) -> None:
    other = make_deal(fetched_at=timezone.now())
    make_schedule(other)
    for method, path in (
        ("POST", "settle/"),
        ("POST", "schedule/cancel/"),
        ("POST", "schedule/move/"),
        ("POST", "schedule/total/"),
        ("POST", "schedule/transfer/"),
        ("POST", "schedule/pause/"),
        ("POST", "schedule/resume/"),
        ("POST", "schedule/sign/"),
        ("GET", "schedule/versions/"),
    ):
        assert call(other, method, path, {}).status_code in (404, 503)
    assert ScheduleVersion.objects.count() == 1
