"""Acts of rendered services: what the paper says, who has signed it, and what counts as rendered by it."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing import (
    acts,
    auto_rendering,
    document_letters,
    papers,
    payers,
    service_rendered,
    settlements,
)
from billing.api import timeline
from billing.models import AccountPolicy, Act, Event, Receipt, Rendering
from crm.models import Deal, OutboxRow
from documents.models import Document
from tests.billing.refunding import paid_deal, pay
from tests.billing.rendered import offsets, render, vat
from tests.billing.test_papers import deal_of, make_entity, text_of
from tests.billing.test_papers_api import _amocrm, call  # noqa: F401  the fixture is used by its name
from tests.factories import NOW, TODAY, make_deal, make_schedule, rub

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_hold")]
WHO = "user:7"


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = storages


def by_act(deal: Deal, **changes: Any) -> None:
    given = {"by": "act", "from": "2026-11-01"} | changes
    AccountPolicy.objects.filter(account=deal.account).update(rendered=given)


def make(deal: Deal, amount: object | None = None, on: date | None = None) -> Act:
    given = None if amount is None else rub(amount)
    return acts.make(deal=deal, on=on, amount=given, author=WHO, at=NOW)


def accept(act: Act, on: date = TODAY) -> Rendering | None:
    return acts.accept(act=act, accepted_on=on, author=WHO, at=NOW)


def told(deal: Deal) -> list[str]:
    return [one["text"] for one in timeline.of(deal, names=defaultdict(str))]


# The paper


def test_an_act_names_both_sides_the_service_the_sum_and_its_vat() -> None:
    entity = make_entity()
    deal = deal_of(entity)
    vat(deal, "vat22")
    make_schedule(deal, total="122000", count=2)
    company = payers.Payer("company", "ООО «Ромашка»", inn="7707083893", kpp="770701001", address="Москва")
    payers.name(deal=deal, payer=company, author=WHO, at=NOW)
    text = text_of(make(deal).document)
    for part in (
        "Акт об оказании услуг № 2026-00001 от 22 ноября 2026 г.",
        "Исполнитель:",
        "ИНН 7700000009, КПП 770101001, 101000, Москва, Учебный переулок, 1",
        "Заказчик:",
        "ООО «Ромашка», ИНН 7707083893, КПП 770701001, Москва",
        "Курс «Нутрициолог», Поток 12",
        "В том числе НДС 22 %: 22 000,00",
        "Всего: 122 000,00",
        "Сто двадцать две тысячи рублей 00 копеек",
        "претензий по объему, качеству и срокам оказания услуг не имеет",
        "Р/с 40602810700000000025",
        "Руководитель / Демидова О. С.",
        "Заказчик / ООО «Ромашка»",
    ):
        assert part in text, part


def test_acts_are_numbered_by_legal_entity_and_go_into_the_deal_in_amocrm() -> None:
    deal, _paid = paid_deal(60000)
    first, second = make(deal, 30000), make(deal, 60000)
    assert [one.document.number for one in (first, second)] == ["2026-00001", "2026-00002"]
    assert first.document.series == f"act:{first.legal_entity.key}"
    assert OutboxRow.objects.filter(kind="file", key=f"document:{first.document_id}").count() == 1
    assert "Создан документ: Акт № 2026-00001 от 22.11.2026" in told(deal)


def test_without_a_sum_an_act_says_what_no_act_says_yet() -> None:
    deal, _paid = paid_deal(60000)
    make(deal, 30000)
    assert make(deal).amount == rub(60000)
    with pytest.raises(acts.Refused, match="2026-00001"):
        make(deal)


@pytest.mark.parametrize("amount", [90001, 0, "0.001", -1])
def test_an_act_says_a_sum_above_zero_and_at_most_what_the_deal_costs(amount: object) -> None:
    deal, _paid = paid_deal(60000)
    given = Decimal(str(amount))
    with pytest.raises(acts.AboveLeft):
        acts.make(deal=deal, on=None, amount=given, author=WHO, at=NOW)
    assert not Document.objects.exists()


@pytest.mark.parametrize("on", [TODAY + timedelta(days=1), date(1999, 12, 31)])
def test_an_act_is_of_a_day_that_has_come(on: date) -> None:
    deal, _paid = paid_deal(60000)
    with pytest.raises(service_rendered.NotThatDay):
        make(deal, on=on)


def test_a_deal_without_a_sum_says_what_to_do() -> None:
    deal = make_deal(price=rub(0))
    with pytest.raises(acts.Refused, match="бюджет"):
        make(deal)


# The fact


def test_a_signed_act_renders_its_sum_on_its_day_once_and_the_receipts_follow() -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    act = make(deal, 50000, on=date(2026, 11, 20))
    assert not Rendering.objects.exists()
    first, second = accept(act), accept(act)
    assert first == second
    [rendering] = Rendering.objects.all()
    assert (rendering.amount, rendering.rendered_on, rendering.author) == (
        rub(50000),
        date(2026, 11, 20),
        WHO,
    )
    [receipt] = offsets()
    assert receipt.content["paid"] == {"advance": "50000.00"}
    act.refresh_from_db()
    assert (act.state, act.accepted_on, act.closed_by) == ("accepted", TODAY, WHO)
    lines = told(deal)
    assert "Акт № 2026-00001 от 20.11.2026 подписан клиентом 22.11.2026" in lines
    assert "Услуга оказана: 50\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}₽, 20.11.2026" in lines
    assert Event.objects.filter(deal=deal, kind="act_accepted").count() == 1


def test_the_rate_of_the_receipt_is_that_of_the_act() -> None:
    deal, _none = paid_deal()
    vat(deal, "vat20", date(2025, 1, 1))
    vat(deal, "vat22", date(2026, 11, 20))
    by_act(deal)
    pay(deal, 30000, 1)
    act = make(deal, 12000, on=date(2026, 11, 19))
    assert "В том числе НДС 20 %:" in [one["label"] for one in act.document.values["totals"]]
    accept(act)
    assert offsets()[0].content["lines"][0]["vat"] == "vat20"


def test_money_that_comes_after_a_signed_act_pays_for_it() -> None:
    deal, _none = paid_deal()
    by_act(deal)
    accept(make(deal, 30000))
    receipt = Receipt.objects.get(payment=pay(deal, 30000, 1), kind="income")
    assert [line["method"] for line in receipt.content["lines"]] == ["full_payment"]


@pytest.mark.parametrize(
    "rule",
    [{}, {"by": "service_day", "from": "2026-11-01"}, {"by": "act", "from": "2026-11-23"}],
    ids=["a person says", "the day says", "from tomorrow on"],
)
def test_elsewhere_a_signed_act_renders_nothing(rule: dict[str, str]) -> None:
    deal, _paid = paid_deal(60000)
    AccountPolicy.objects.filter(account=deal.account).update(rendered=rule)
    act = make(deal)
    assert accept(act) is None
    act.refresh_from_db()
    assert act.state == "accepted"
    assert not Rendering.objects.exists()


def test_a_cohort_with_a_calendar_goes_by_it_whatever_is_signed() -> None:
    deal, _paid = paid_deal(60000)
    calendar = {
        "cohort": deal.cohort,
        "starts_on": "2026-10-01",
        "ends_on": "2027-01-31",
        "rendered": "monthly",
    }
    AccountPolicy.objects.filter(account=deal.account).update(cohorts=[calendar])
    by_act(deal)
    assert accept(make(deal)) is None
    assert not Rendering.objects.exists()


def test_an_act_without_a_signature_renders_nothing_by_itself() -> None:
    deal, _paid = paid_deal(60000)
    Deal.objects.filter(pk=deal.pk).update(service_on=TODAY - timedelta(days=3))
    by_act(deal)
    make(deal)
    assert auto_rendering.run(at=NOW + timedelta(days=30)) == 0


def test_what_a_person_has_said_already_is_not_rendered_again() -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    act = make(deal)
    render(deal, 30000)
    rendering = accept(act)
    assert rendering is not None
    assert rendering.amount == rub(60000)


def test_an_act_of_a_deal_that_costs_less_by_now_is_refused_and_made_anew() -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    act = make(deal)
    settlements.settle(deal=deal, total=rub(60000), reason="скидка", author=WHO, at=NOW)
    with pytest.raises(acts.Refused, match="60"):
        accept(act)
    act.refresh_from_db()
    assert act.state == "open"
    acts.void(act=act, reason="цена другая", author=WHO, at=NOW)
    again = accept(make(deal))
    assert again is not None
    assert again.amount == rub(60000)


@pytest.mark.parametrize("on", [TODAY + timedelta(days=1), date(2026, 11, 19)], ids=["tomorrow", "before it"])
def test_nobody_signs_an_act_before_its_day_or_in_the_future(on: date) -> None:
    deal, _paid = paid_deal(60000)
    act = make(deal, on=date(2026, 11, 20))
    with pytest.raises(acts.NotThatDay):
        accept(act, on)


# A mistaken act


def test_a_void_act_frees_its_sum_and_is_shown_and_sent_to_nobody() -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    act = make(deal)
    document_letters.send(document=act.document, to="", at=NOW)
    assert list(papers.for_payer(deal)) == [act.document]
    for _ in range(2):
        acts.void(act=act, reason="не та сумма", author=WHO, at=NOW)
    assert not papers.for_payer(deal).exists()
    with pytest.raises(document_letters.IsVoid):
        document_letters.send(document=act.document, to="", at=NOW)
    with pytest.raises(acts.Refused):
        accept(act)
    assert told(deal).count("Акт № 2026-00001 от 22.11.2026 аннулирован. не та сумма") == 1
    assert make(deal).amount == rub(90000)
    assert not Rendering.objects.exists()


def test_a_signed_act_is_not_void_any_more() -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    act = make(deal)
    accept(act)
    with pytest.raises(acts.Refused, match="бухгалтер"):
        acts.void(act=act, reason="ошибка", author=WHO, at=NOW)
    assert Rendering.objects.count() == 1


# The doors


def test_an_act_is_made_signed_and_listed_by_the_api(client: Client) -> None:
    deal, _paid = paid_deal(60000)
    by_act(deal)
    listed = call(client, deal, "GET", "templates/").json()["results"]
    assert [one["fields"] for one in listed if one["key"] == "act"] == [["on", "amount"]]
    body = {"template": "act", "on": "2026-11-20", "amount": "30000.00"}
    made = call(client, deal, "POST", f"deals/{deal.external_id}/documents/", body)
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json()["act"] == {
        "state": "open",
        "on": "2026-11-20",
        "amount": "30000.00",
        "accepted_on": None,
        "reason": None,
        "renders": True,
    }
    signed = call(client, deal, "POST", f"documents/{number}/accept/", {"on": "2026-11-21"})
    assert signed.status_code == 202
    rendered = signed.json()["rendered"]
    assert (rendered["amount"], rendered["on"]) == ("30000.00", "2026-11-20")
    assert [one["amount"] for one in rendered["receipts"]] == ["30000.00"]
    card = call(client, deal, "GET", f"deals/{deal.external_id}/").json()
    assert [(one["act"]["state"], one["act"]["accepted_on"]) for one in card["documents"]] == [
        ("accepted", "2026-11-21")
    ]
    refused = call(client, deal, "POST", f"documents/{number}/void/", {"reason": "ошибка"})
    assert (refused.status_code, refused.json()["code"]) == (422, "act_refused")


def test_a_mistaken_act_is_made_void_by_the_api(client: Client) -> None:
    deal, _paid = paid_deal(60000)
    number = call(client, deal, "POST", f"deals/{deal.external_id}/documents/", {"template": "act"}).json()[
        "id"
    ]
    assert call(client, deal, "POST", f"documents/{number}/void/", {"reason": " "}).status_code == 422
    void = call(client, deal, "POST", f"documents/{number}/void/", {"reason": "не та сумма"})
    assert (void.status_code, void.json()["act"]["state"], void.json()["act"]["reason"]) == (
        200,
        "void",
        "не та сумма",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"template": "act", "amount": "90000.01"}, "amount"),
        ({"template": "act", "on": "2999-01-01"}, "on"),
        ({"template": "offer", "amount": "100.00"}, "amount"),
        ({"template": "contract", "on": "2026-11-20"}, "on"),
    ],
)
def test_a_wrong_sum_or_day_is_an_error_of_its_field(
    client: Client, body: dict[str, str], field: str
) -> None:
    deal, _paid = paid_deal(60000)
    answer = call(client, deal, "POST", f"deals/{deal.external_id}/documents/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Document.objects.exists()


def test_only_an_act_of_ones_own_account_is_signed(client: Client) -> None:
    deal, _paid = paid_deal(60000)
    other = make_deal()
    act = make(deal)
    offer = papers.make(deal=deal, template="offer", author=WHO, at=NOW)
    assert call(client, other, "POST", f"documents/{act.document_id}/accept/", {}).status_code == 404
    assert call(client, deal, "POST", f"documents/{offer.pk}/accept/", {}).status_code == 404
