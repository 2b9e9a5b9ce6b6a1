"""What a waiting Salesbot asks: a proven token gets the button of what is owed, any other nothing."""

import json
from typing import Any

import jwt
import pytest
from django.utils import timezone

from billing import payments
from billing.models import CrmRequest
from crm.models import Account
from tests.billing.crm_calls import BOT, FORM, as_form, post, run, token, waiting
from tests.billing.crm_calls import account as account
from tests.crm.conftest import amocrm as amocrm
from tests.crm.school import LEAD, LOST, SECRET, Amocrm, make_deal
from tests.factories import make_schedule, rub

pytestmark = pytest.mark.django_db


def test_a_bot_gets_the_button_of_what_is_owed(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000", count=4)
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": token(amocrm), "data": {"what": "full"}, "return_url": return_url}) == 200
    assert run() == [("done", "button")]
    (message,) = amocrm.crm.rows("messages")
    assert "160\xa0000" in message["text"]
    assert "/go/?what=full" in message["text"]
    assert amocrm.crm.rows("waiting_bots") == []


def test_a_bot_asks_by_a_form_too_and_only_once(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000", count=4)
    _bot, return_url = waiting(amocrm)
    body = {"token": token(amocrm), "data": {"lead": str(LEAD)}, "return_url": return_url}
    for _ in range(2):
        assert post(BOT, as_form(body), FORM) == 200
    run()
    (message,) = amocrm.crm.rows("messages")
    assert "40\xa0000" in message["text"]


def test_a_bot_of_a_contact_gets_the_deal_that_owes(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000, contact_id=990001), total="160000")
    make_deal(account, 7700199, price=0, contact_id=990001)
    _bot, return_url = waiting(amocrm)
    body = {"token": token(amocrm, entity_type="contact", entity_id=990001), "return_url": return_url}
    assert post(BOT, body) == 200
    assert CrmRequest.objects.get().lead_id == LEAD


def test_where_all_is_paid_the_bot_says_thanks(amocrm: Amocrm, account: Account) -> None:
    deal = make_deal(account, price=160000)
    make_schedule(deal, total="160000", count=4)
    today = deal.local_day(timezone.now())
    offline = payments.Offline(paid_on=today, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(
        deal=deal, amount=rub(160000), offline=offline, author="user:1", at=timezone.now()
    )
    _bot, return_url = waiting(amocrm)
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "nothing_owed")]
    assert "Спасибо" in amocrm.crm.rows("messages")[0]["text"]


def test_nobody_is_thanked_for_a_deal_without_a_sum(amocrm: Amocrm, account: Account) -> None:
    amocrm.change(price=0)
    _bot, return_url = waiting(amocrm)
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "no_sum")]
    assert "Спасибо" not in amocrm.crm.rows("messages")[0]["text"]


@pytest.mark.parametrize(
    ("price", "told"),
    [
        (160000, {"status": "success", "outcome": "button"}),
        (0, {"status": "fail", "outcome": "no_sum"}),
    ],
)
def test_a_bot_is_told_which_way_to_go(
    amocrm: Amocrm, account: Account, price: int, told: dict[str, str]
) -> None:
    amocrm.change(price=price)
    _bot, return_url = waiting(amocrm)
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    run()
    (line,) = amocrm.sandbox.journal.lines(path="/continue/", direction="in")
    assert json.loads(line["body"])["data"] == told


def test_a_lost_deal_s_bot_goes_on_without_a_button(amocrm: Amocrm, account: Account) -> None:
    make_schedule(make_deal(account, price=160000), total="160000", count=4)
    amocrm.change(status_id=LOST)
    _bot, return_url = waiting(amocrm)
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "deal_closed")]
    (message,) = amocrm.crm.rows("messages")
    assert "/go/" not in message["text"]
    assert amocrm.crm.rows("waiting_bots") == []


def test_a_bot_that_waits_no_longer_is_let_go(amocrm: Amocrm, account: Account) -> None:
    _bot, return_url = waiting(amocrm)
    amocrm.crm.drop("waiting_bots", return_url.rpartition("/")[2])
    post(BOT, {"token": token(amocrm), "return_url": return_url})
    assert run() == [("done", "waits_no_longer")]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/amocrm/demoschool/api/v4/salesbot/1/continue/2",
        "{url}/amocrm/other/api/v4/salesbot/1/continue/2",
        "{url}@evil.example/amocrm/demoschool/api/v4/x",
        "{url}.evil.example/amocrm/demoschool/api/v4/x",
        "{url}/amocrm/demoschool/api/../../other/api/v4/x",
        "{url}\\@evil.example/amocrm/demoschool/api/v4/x",
        "{url}/amocrm/demoschool/oauth2/access_token",
        "http://[/",
    ],
)
def test_the_account_s_token_goes_to_its_own_address_only(
    amocrm: Amocrm, account: Account, address: str
) -> None:
    body = {"token": token(amocrm), "return_url": address.replace("{url}", amocrm.url)}
    assert post(BOT, body) == 403
    assert not CrmRequest.objects.exists()
    assert amocrm.calls() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"aud": "https://other.example"},
        {"aud": ["http://127.0.0.1:8000"]},
        {"aud": None},
        {"account_id": 31000002},
        {"account_id": "31000001"},
        {"client_uuid": "unknown"},
        {"iss": "https://evil.example"},
        {"entity_type": "customer"},
        {"entity_id": 0},
        {"entity_id": "9" * 40},
        {"entity_id": None},
    ],
)
def test_every_claim_of_a_bots_token_counts(
    amocrm: Amocrm, account: Account, changes: dict[str, Any]
) -> None:
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": token(amocrm, **changes), "return_url": return_url}) == 403
    assert not CrmRequest.objects.exists()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "none"])
def test_a_bots_token_is_hs512_and_nothing_else(amocrm: Amocrm, account: Account, algorithm: str) -> None:
    claims = jwt.decode(token(amocrm), options={"verify_signature": False})
    forged = jwt.encode(claims, "" if algorithm == "none" else SECRET, algorithm=algorithm)
    _bot, return_url = waiting(amocrm)
    assert post(BOT, {"token": forged, "return_url": return_url}) == 403
    wrong = jwt.encode(claims, SECRET + "x", algorithm="HS512")
    assert post(BOT, {"token": wrong, "return_url": return_url}) == 403
