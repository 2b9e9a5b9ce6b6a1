"""The doors of promises, stops and wishes: the card after the change, words for what cannot be."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing import date_requests, invoices
from crm.models import Deal
from tests.billing.test_api import call, deal
from tests.factories import make_schedule

__all__ = ["deal"]
pytestmark = pytest.mark.django_db


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


def post(deal: Deal, door: str, body: dict[str, Any]) -> Any:
    return call("POST", f"deals/{deal.external_id}/{door}/", body)


def test_a_promise_shows_in_the_card_with_its_history(deal: Deal) -> None:
    make_schedule(deal, first_due_on=timezone.localdate())
    answer = post(deal, "promise", {"until": day(3), "amount": "5000", "comment": "в пятницу"})
    assert answer.status_code == 200
    promise = answer.json()["promise"]
    assert (promise["until"], promise["amount"], promise["state"]) == (day(3), "5000.00", "open")
    assert "promise" in answer.json()["actions"]
    told = call("GET", f"deals/{deal.external_id}/history/").json()["results"][-1]
    assert told["what"] == "promise_given"
    assert "в пятницу" in told["text"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"until": day(-1)}, "until"),
        ({"until": day(91)}, "until"),
        ({"until": "soon"}, "until"),
        ({"until": day(2), "amount": "900000"}, "amount"),
        ({"until": day(2), "amount": "0"}, "amount"),
    ],
)
def test_what_cannot_be_promised_names_its_field(deal: Deal, body: dict[str, Any], field: str) -> None:
    make_schedule(deal)
    answer = post(deal, "promise", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_a_deal_without_debt_has_nothing_to_promise(deal: Deal) -> None:
    Deal.objects.filter(pk=deal.pk).update(price=0)
    answer = post(deal, "promise", {"until": day(2)})
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_owed")


def test_stops_channels_and_dates_are_decided_from_the_card(deal: Deal) -> None:
    make_schedule(deal, first_due_on=timezone.localdate() + timedelta(days=1))
    assert post(deal, "stop", {"of": "invoices", "reason": "спор"}).json()["stopped"] == ["invoices"]
    assert invoices.issue_due(on=timezone.localdate() + timedelta(days=1), at=timezone.now()) == 0
    assert post(deal, "go-on", {"of": "invoices"}).json()["stopped"] == []
    assert post(deal, "channel", {"channel": "none"}).json()["reminders_by"] == "none"
    assert post(deal, "channel", {"channel": None}).json()["reminders_by"] is None
    assert post(deal, "date-request", {"decision": "grant"}).status_code == 404
    wanted = timezone.localdate() + timedelta(days=5)
    date_requests.ask(deal=deal, number=1, wanted_on=wanted, comment="", at=timezone.now())
    answer = post(deal, "date-request", {"decision": "grant"})
    assert answer.status_code == 200
    assert answer.json()["installments"][0]["due_on"] == wanted.isoformat()
    assert answer.json()["date_request"] is None
