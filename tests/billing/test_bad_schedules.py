"""Bad input of a schedule through its doors: the field is named, the way out is Russian, nothing is saved."""

import json
import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import payments
from billing.models import Event, Installment, Schedule, ScheduleVersion
from billing.payments import Offline
from crm import auth
from crm.auth import Caller
from crm.models import Deal, OutboxRow
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)
GOOD = {"total": "90000.00", "count": 3, "first_due_on": "2026-12-10", "version": None}
ROWS = [{"due_on": "2026-12-10", "amount": "90000.00"}]


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch) -> Deal:
    found = make_deal(fetched_at=timezone.now())
    caller = Caller(account=found.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    return found


def call(deal: Deal, method: str, path: str, text: str) -> Any:
    return Client().generic(
        method,
        f"/api/v1/deals/{deal.external_id}/{path}",
        text,
        content_type="application/json",
        headers={"X-Auth-Token": "token"},
    )


def without(*names: str, **values: Any) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names} | values


def assert_words(texts: list[str]) -> None:
    """Russian from the first letter to the last, except names of formats and samples."""
    for text in texts:
        assert re.search("[а-яё]", text), text
        assert not re.search("[A-Za-z]{3,}", text.replace("true", "").replace("false", "")), text


BAD: list[tuple[dict[str, Any], list[str]]] = [
    (without(count=0), ["count"]),
    (without(count=-1), ["count"]),
    (without(count=1000), ["count"]),
    (without(count=10**40), ["count"]),
    (without(count="три"), ["count"]),
    (without(count=2.5), ["count"]),
    (without(count=[3]), ["count"]),
    (without("count"), ["count"]),
    (without(monthly_amount="30000.00"), ["count"]),
    (without(first_due_on="1900-01-01"), ["first_due_on"]),
    (without(first_due_on="2100-01-01"), ["first_due_on"]),
    (without(first_due_on="10.12.2026"), ["first_due_on"]),
    (without(first_due_on="2026-02-30"), ["first_due_on"]),
    (without(first_due_on="2026-12-10T10:00:00Z"), ["first_due_on"]),
    (without(first_due_on=20261210), ["first_due_on"]),
    (without(first_due_on="скоро"), ["first_due_on"]),
    (without("first_due_on"), ["first_due_on"]),
    (without(total="0.001"), ["total"]),
    (without(total="0"), ["total"]),
    (without(total="-5"), ["total"]),
    (without(total="много"), ["total"]),
    (without(total=None), ["total"]),
    (without("total"), ["total"]),
    (without(total="100000000.01"), ["total"]),
    (without(total="9" * 20), ["total"]),
    (without(total={"rub": 5}), ["total"]),
    (without("count", monthly_amount="0.01"), ["monthly_amount"]),
    (without("count", monthly_amount="90000.01"), ["monthly_amount"]),
    (without("count", monthly_amount="-1"), ["monthly_amount"]),
    (without("count", monthly_amount="0.001"), ["monthly_amount"]),
    (without(due_day=0), ["due_day"]),
    (without(due_day=32), ["due_day"]),
    (without(due_day="пятое"), ["due_day"]),
    (without(every={"months": 0}), ["every"]),
    (without(every={"months": 13}), ["every"]),
    (without(every={"days": 0}), ["every"]),
    (without(every={"days": 14, "months": 1}), ["every"]),
    (without(every={}), ["every"]),
    (without(every="month"), ["every"]),
    (without(down_payment="90000.00"), ["down_payment"]),
    (without(down_payment="-1"), ["down_payment"]),
    (without(down_payment="0.001"), ["down_payment"]),
    (without(down_payment="1000", down_payment_on="2027-01-01"), ["down_payment_on"]),
    (without(down_payment="1000", down_payment_on="1900-01-01"), ["down_payment_on"]),
    (without(round_to="3"), ["round_to"]),
    (without(remainder="middle"), ["remainder"]),
    (without(shift_weekends="иногда"), ["shift_weekends"]),
    (without("count", rows=[]), ["rows"]),
    (without("count", rows=ROWS * 241), ["rows"]),
    (without("count", rows=[{"due_on": "2026-12-10", "amount": "1.00"}]), ["rows"]),
    (without("count", rows=[{"due_on": "2026-12-10"}]), ["rows"]),
    (without("count", rows=[{"due_on": "завтра", "amount": "90000.00"}]), ["rows"]),
    (without("count", rows=[{"due_on": "2026-12-10", "amount": "0.00"}, *ROWS]), ["rows"]),
    (without("count", rows=[{"due_on": "1900-12-10", "amount": "90000.00"}]), ["rows"]),
    (without("count", rows="все"), ["rows"]),
    (without("count", rows=[5]), ["rows"]),
    (without(rows=ROWS), ["count"]),
    (without("count", rows=ROWS, monthly_amount="1000.00"), ["monthly_amount"]),
    (without("count", rows=ROWS, first_due_on="2027-01-10"), ["first_due_on"]),
    (without("count", rows=ROWS, every={"days": 14}), ["every"]),
    (without("count", rows=ROWS, down_payment="1.00", down_payment_on=None), ["down_payment"]),
    (without(due_day=10, every={"days": 14}), ["due_day"]),
    (without(down_payment_on="2026-12-01"), ["down_payment_on"]),
    (without("count", monthly_amount="1250.50", round_to="1"), ["round_to"]),
    (without("count", monthly_amount="12550.00", round_to="100"), ["round_to"]),
    (without("version"), ["version"]),
    (without(version="первая"), ["version"]),
    (without(version=0), ["version"]),
    (without(reason="я" * 2001), ["reason"]),
    (without(reason=["a"]), ["reason"]),
    (without(count=0, due_day=40, first_due_on="1900-01-01"), ["count", "due_day", "first_due_on"]),
]


@pytest.mark.parametrize(
    ("body", "fields"), BAD, ids=lambda value: json.dumps(value, ensure_ascii=False)[:60]
)
def test_a_bad_field_is_named_in_russian_by_save_and_preview_and_nothing_is_saved(
    deal: Deal, body: dict[str, Any], fields: list[str]
) -> None:
    answer = call(deal, "PUT", "schedule/", json.dumps(body))
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert sorted(problem["errors"]) == fields
    for texts in problem["errors"].values():
        assert_words(texts)
    assert_words([problem["detail"]])
    if not {"version", "reason"} & set(fields):
        preview = call(deal, "POST", "schedule/preview/", json.dumps(body)).json()
        assert preview["errors"] == problem["errors"]
    for table in (Schedule, Installment, ScheduleVersion, OutboxRow, Event):
        assert not table._default_manager.exists()


@pytest.mark.parametrize("text", ["[]", "5", "{", '{"total": NaN}', '{"total": 1, "total": 2}', '"\\u0000"'])
def test_what_is_no_body_is_refused_as_a_whole(deal: Deal, text: str) -> None:
    answer = call(deal, "PUT", "schedule/", text)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert_words([answer.json()["detail"]])
    assert not Schedule.objects.exists()


def test_a_total_below_what_was_paid_names_the_sum_and_keeps_the_rows(deal: Deal) -> None:
    schedule = make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(40000), offline=CASH, author="user:1", at=NOW)
    before = list(schedule.installments.values())
    body = without(total="39999.99", version=1, reason="скидка")
    answer = call(deal, "PUT", "schedule/", json.dumps(body))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["total"])
    assert "40\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽" in answer.json()["errors"]["total"][0]
    assert list(schedule.installments.values()) == before
    assert ScheduleVersion.objects.count() == 1


@pytest.mark.parametrize("version", [None, 2, 99])
def test_a_stale_version_is_a_conflict_that_says_what_to_do(deal: Deal, version: int | None) -> None:
    make_schedule(deal)
    body = without(total="80000.00", version=version, reason="иначе")
    answer = call(deal, "PUT", "schedule/", json.dumps(body))
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert_words([answer.json()["detail"]])
    assert (Schedule.objects.get().total, ScheduleVersion.objects.count()) == (rub(90000), 1)


def test_a_rebuild_without_a_reason_names_the_reason(deal: Deal) -> None:
    make_schedule(deal)
    for reason in ({}, {"reason": ""}, {"reason": "   "}):
        answer = call(deal, "PUT", "schedule/", json.dumps(without(version=1) | reason))
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["reason"])
        assert_words(answer.json()["errors"]["reason"])


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("schedule/move/", {}, ["due_on", "number", "reason", "version"]),
        ("schedule/move/", {"number": 9, "due_on": "2027-01-01", "reason": "а", "version": 1}, ["number"]),
        ("schedule/move/", {"number": 1, "due_on": "1900-01-01", "reason": "а", "version": 1}, ["due_on"]),
        ("schedule/move/", {"number": 1, "due_on": "завтра", "reason": "а", "version": 1}, ["due_on"]),
        ("schedule/move/", {"number": 1, "due_on": "2026-12-10", "reason": "а", "version": 1}, ["due_on"]),
        ("schedule/total/", {"total": "0.001", "reason": "а", "version": 1}, ["total"]),
        ("schedule/total/", {"total": "0", "reason": "а", "version": 1}, ["total"]),
        ("schedule/total/", {"total": "1", "reason": "а", "version": 1, "spread": "никак"}, ["spread"]),
        ("schedule/transfer/", {"reason": "а", "version": 1}, ["programme"]),
        ("schedule/transfer/", {"cohort": "я" * 300, "reason": "а", "version": 1}, ["cohort"]),
        (
            "schedule/transfer/",
            {"cohort": "13", "reason": "а", "version": 1, "terms": {"total": "1", "count": 0}},
            ["count", "first_due_on"],
        ),
        ("schedule/pause/", {}, ["reason"]),
        ("schedule/pause/", {"reason": "а", "until": "2026-01-01"}, ["until"]),
        ("schedule/pause/", {"reason": "а", "until": "скоро"}, ["until"]),
        ("schedule/resume/", {"shift": "да"}, ["shift"]),
        ("schedule/sign/", {}, ["version"]),
        ("schedule/sign/", {"version": 1, "signed_on": "9999-01-01"}, ["signed_on"]),
    ],
    ids=lambda value: json.dumps(value, ensure_ascii=False)[:60],
)
def test_every_other_change_names_its_fields_too(
    deal: Deal, path: str, body: dict[str, Any], fields: list[str]
) -> None:
    schedule = make_schedule(deal, first_due_on=date(2026, 12, 10))
    before = list(schedule.installments.values())
    events = Event.objects.count()
    answer = call(deal, "POST", path, json.dumps(body))
    assert (answer.status_code, sorted(answer.json().get("errors", {}))) == (422, fields)
    for texts in answer.json()["errors"].values():
        assert_words(texts)
    assert list(schedule.installments.values()) == before
    assert (Event.objects.count(), ScheduleVersion.objects.count()) == (events, 1)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"due_on": "1900-12-10", "amount": "1.00"}, "строка 2: Эта дата слишком давно."),
        (
            {"due_on": "2101-12-10", "amount": "1.00"},
            "строка 2: График уходит дальше чем на десять лет вперёд.",
        ),
        ({"due_on": "2027-01-10", "amount": "-1.00"}, "строка 2: Укажите значение больше нуля."),
    ],
)
def test_a_hand_made_row_that_cannot_be_is_named_by_its_number(
    deal: Deal, second: dict[str, str], words: str
) -> None:
    rows = [{"due_on": "2026-12-10", "amount": "89999.00"}, second]
    answer = call(deal, "POST", "schedule/preview/", json.dumps({"total": "90000.00", "rows": rows}))
    assert (answer.status_code, answer.json()["errors"]) == (422, {"rows": [words]})
