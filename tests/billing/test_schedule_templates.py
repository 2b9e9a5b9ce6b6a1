"""Templates of schedules: which fit, what they give, applied by a click or by a trigger."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import lead_terms, payments, schedule_templates, schedules
from billing.models import ScheduleTemplate, ScheduleVersion
from billing.payments import Offline
from billing.rules.schedule import InvalidTerms
from crm import auth
from crm.auth import Caller
from crm.models import Deal
from tests.billing.test_ledger_races import together
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rows_of, rub

pytestmark = pytest.mark.django_db

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)


def make_template(deal: Deal, **values: Any) -> ScheduleTemplate:
    given: dict[str, Any] = {"name": "Четыре платежа", "count": 4, "due_day": 10}
    return ScheduleTemplate.objects.create(account=deal.account, **given | values)


def names(deal: Deal, total: object) -> list[str]:
    return [one.name for one in schedule_templates.fitting(deal=deal, total=rub(total))]


def terms(template: ScheduleTemplate, total: object = 160000, *, held: object = 0, on: date = TODAY) -> Any:
    return schedule_templates.terms_of(template, total=rub(total), held=rub(held), on=on)


def test_templates_fit_by_programme_and_bracket_the_named_programme_first() -> None:
    deal = make_deal(programme="Нутрициолог")
    make_template(deal, name="Общий")
    make_template(deal, name="Нутрициолог", programme="нутрициолог ")
    make_template(deal, name="Психолог", programme="Психолог")
    make_template(deal, name="Дешёвый", total_to=rub(50000))
    make_template(deal, name="Дорогой", total_from=rub("50000.01"))
    make_template(deal, name="Старый", is_active=False)
    make_template(make_deal(make_account()), name="Чужой")
    assert names(deal, 50000) == ["Нутрициолог", "Дешёвый", "Общий"]
    assert names(deal, 160000) == ["Нутрициолог", "Дорогой", "Общий"]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ({"due_day": None}, "2026-11-22"),
        ({"due_day": None, "first_after_days": 14}, "2026-12-06"),
        ({"due_day": 10}, "2026-12-10"),
        ({"due_day": 22}, "2026-11-22"),
        ({"due_day": 25}, "2026-11-25"),
        ({"due_day": 25, "first_after_days": 7}, "2026-12-25"),
        ({"due_day": 31}, "2026-11-30"),
    ],
)
def test_the_first_payment_is_due_on_the_next_due_day(values: dict[str, Any], first: str) -> None:
    assert terms(make_template(make_deal(), **values)).first_due_on.isoformat() == first


@pytest.mark.parametrize(
    ("values", "held", "down"),
    [
        ({}, 0, None),
        ({"down_percent": Decimal("30")}, 0, rub(48000)),
        ({"down_percent": Decimal("33.33"), "round_to": "100"}, 0, rub(53300)),
        ({"down_amount": rub(20000)}, 0, rub(20000)),
        ({"down_amount": rub(20000)}, 5000, rub(15000)),
        ({"down_amount": rub(20000)}, 20000, None),
    ],
)
def test_the_down_payment_is_a_share_or_a_sum_less_what_came(
    values: dict[str, Any], held: object, down: Decimal | None
) -> None:
    assert terms(make_template(make_deal(), **values), held=held).down_payment == down


def test_a_down_payment_is_never_due_after_the_first_row() -> None:
    template = make_template(make_deal(), down_amount=rub(1000), down_after_days=90)
    assert terms(template).down_payment_on == date(2026, 12, 10)


def test_a_template_that_the_sum_does_not_bear_is_refused_and_nothing_is_saved() -> None:
    deal = make_deal(price=rub(1000))
    make_template(deal, count=None, monthly_amount=rub(5000))
    with pytest.raises(InvalidTerms):
        lead_terms.apply(deal=deal, at=NOW, author="trigger")
    assert not ScheduleVersion.objects.exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_triggers_at_once_make_one_schedule() -> None:
    deal = make_deal(price=rub(160000))
    make_template(deal)
    found = together(*[lambda: lead_terms.apply(deal=deal, at=NOW, author="trigger")] * 2)
    assert {schedule.version for schedule in found} == {1}
    assert ScheduleVersion.objects.count() == 1


@pytest.fixture
def deal(monkeypatch: pytest.MonkeyPatch) -> Deal:
    found = make_deal(fetched_at=timezone.now(), price=rub(160000))
    caller = Caller(account=found.account, user_id=8100002, is_admin=False)
    monkeypatch.setattr(auth, "verify", lambda token, at: caller)
    monkeypatch.setattr(auth, "may_read", lambda caller, lead_id, at: True)
    return found


def call(deal: Deal, method: str, path: str, body: Any = None) -> Any:
    return Client().generic(
        method,
        f"/api/v1/deals/{deal.external_id}/{path}",
        json.dumps(body),
        content_type="application/json",
        headers={"X-Auth-Token": "token"},
    )


def test_a_proposed_body_previews_and_saves_as_it_is(deal: Deal) -> None:
    template = make_template(deal, down_percent=Decimal(25), every_months=2)
    (found,) = call(deal, "GET", "schedule/templates/").json()["results"]
    assert (found["id"], found["name"], found["body"]["total"]) == (
        template.pk,
        "Четыре платежа",
        "160000.00",
    )
    previewed = call(deal, "POST", "schedule/preview/", found["body"]).json()["installments"]
    saved = call(deal, "PUT", "schedule/", {"template": template.pk, "version": None})
    assert saved.status_code == 200
    rows = saved.json()["installments"]
    assert [row["amount"] for row in rows] == ["40000.00"] + ["30000.00"] * 4
    assert [(row["due_on"], row["amount"]) for row in rows] == [
        (row["due_on"], row["amount"]) for row in previewed
    ]


def test_a_template_for_another_total(deal: Deal) -> None:
    make_template(deal)
    (found,) = call(deal, "GET", "schedule/templates/?total=80000.00").json()["results"]
    assert found["body"]["total"] == "80000.00"
    answer = call(deal, "GET", "schedule/templates/?total=мало")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["total"])


def test_a_rebuild_by_a_template_needs_version_and_reason(deal: Deal) -> None:
    template = make_template(deal)
    make_schedule(deal)
    payments.receive_offline(deal=deal, amount=rub(30000), offline=CASH, author="user:1", at=NOW)
    body = {"template": template.pk, "total": "90000.00"}
    for missing, status, field in (
        (body | {"version": 1}, 422, "reason"),
        (body | {"reason": "реже"}, 422, "version"),
        (body | {"reason": "реже", "version": 1, "template": 10**6}, 422, "template"),
    ):
        answer = call(deal, "PUT", "schedule/", missing)
        assert (answer.status_code, list(answer.json()["errors"])) == (status, [field])
    stale = call(deal, "PUT", "schedule/", body | {"reason": "реже", "version": 7})
    assert stale.json()["code"] == "stale_version"
    card = call(deal, "PUT", "schedule/", body | {"reason": "реже", "version": 1}).json()
    assert [row["amount"] for row in card["installments"]] == ["30000.00"] + ["15000.00"] * 4


def test_a_deal_without_a_budget_has_no_sum_to_propose(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(price=0)
    answer = call(deal, "GET", "schedule/templates/")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_price")


@pytest.fixture
def panel() -> Client:
    owner = get_user_model().objects.create(username="owner", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def filled(account: Any, **values: str) -> dict[str, Any]:
    return {
        "name": "Три платежа",
        "account": account.pk,
        "count": "3",
        "first_after_days": "0",
        "every_months": "1",
        "down_after_days": "0",
        "round_to": "1",
        "remainder": "last",
        "shift_weekends": "on",
        "is_active": "on",
    } | values


def test_a_template_is_made_in_the_panel(panel: Client) -> None:
    answer = panel.post(
        reverse("admin:billing_scheduletemplate_add"), filled(make_account(), total_to="90000")
    )
    assert answer.status_code == 302
    assert ScheduleTemplate.objects.get().total_to == rub(90000)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"count": ""}, "count"),
        ({"monthly_amount": "1000"}, "count"),
        ({"down_percent": "10", "down_amount": "1000"}, "down_amount"),
        ({"total_from": "2", "total_to": "1"}, "total_to"),
        ({"due_day": "32", "total_to": "90000"}, "due_day"),
        ({"due_day": "32"}, "due_day"),
        ({"every_days": "400", "total_to": "90000"}, "every_days"),
        ({"down_amount": "90000", "total_to": "90000"}, "down_percent"),
        ({"count": "", "monthly_amount": "1000", "total_from": "500"}, "monthly_amount"),
    ],
)
def test_a_template_that_cannot_be_laid_out_is_refused_at_its_field(
    panel: Client, values: dict[str, str], field: str
) -> None:
    answer = panel.post(reverse("admin:billing_scheduletemplate_add"), filled(make_account(), **values))
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ScheduleTemplate.objects.exists()


def test_saving_by_hand_and_by_template_are_one_verb(deal: Deal) -> None:
    template = make_template(deal)
    proposal = schedule_templates.proposals(deal=deal, total=rub(160000), on=TODAY)
    assert proposal[0][0] == template
    by_hand = schedules.preview(deal=deal, terms=proposal[0][1], on=TODAY)
    saved = schedule_templates.save(
        deal=deal, template=template.pk, total=None, version=None, author="user:1", reason="", at=NOW
    )
    assert [line.amount for line in by_hand.rows] == [row.amount for row in rows_of(saved)]
