"""Who may use the API besides amoCRM's widget: programs with a key, staff with a session."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing import api_tokens
from billing.models import ApiToken, Event
from crm.models import Deal
from tests.factories import NOW, make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> Deal:
    """Known a moment ago, so that nobody asks amoCRM."""
    from django.utils import timezone

    deal = make_schedule().deal
    Deal.objects.filter(pk=deal.pk).update(fetched_at=timezone.now())
    return deal


def key(**more: Any) -> str:
    return api_tokens.make(name="Сайт", account=None, author="owner", at=NOW, **more)[1]


def get(deal: Deal, token: str, query: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return Client(raise_request_exception=False).get(
        f"/api/v1/deals/{deal.external_id}/{query}", headers=headers
    )


def test_a_key_opens_the_card(deal: Deal) -> None:
    answer = get(deal, key())
    assert answer.status_code == 200
    assert answer.json()["lead_id"] == deal.external_id


def test_a_key_is_stored_as_a_fingerprint_only(deal: Deal) -> None:
    made = key()
    row = ApiToken.objects.get()
    assert made not in str(vars(row))
    assert get(deal, made).status_code == 200
    row.refresh_from_db()
    assert row.used_at is not None


def test_where_there_are_several_accounts_one_is_named(deal: Deal) -> None:
    make_account()
    made = key()
    assert get(deal, made).status_code == 404
    assert get(deal, made, f"?account={deal.account.key}").status_code == 200
    assert get(deal, made, "?account=nobody").status_code == 404
    assert get(deal, made, "?account=%00").status_code == 404


def test_a_key_of_one_account_opens_no_other(deal: Deal) -> None:
    other = make_account()
    _row, made = api_tokens.make(name="x", account=other, author="owner", at=NOW)
    assert get(deal, made, f"?account={deal.account.key}").status_code == 404
    assert get(deal, made).status_code in (404, 503)  # that lead is not of its account


@pytest.mark.parametrize("token", ["", "x", "grafik_", "grafik_" + "x" * 5000, "grafik_é", "demo-amo-token"])
def test_a_wrong_key_is_401_and_never_500(deal: Deal, token: str) -> None:
    assert get(deal, token.encode("utf-8").decode("latin-1")).status_code == 401


def test_a_revoked_key_opens_nothing(deal: Deal) -> None:
    made = key()
    assert api_tokens.revoke(rows=ApiToken.objects.all(), at=NOW + timedelta(days=1)) == 1
    assert get(deal, made).status_code == 401


def test_nobody_is_401(deal: Deal) -> None:
    answer = Client().get(f"/api/v1/deals/{deal.external_id}/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_the_programs_name_stands_in_the_history(deal: Deal) -> None:
    Deal.objects.update(price=deal.price + 1000)
    answer = Client().post(
        f"/api/v1/deals/{deal.external_id}/price/restore/",
        "{}",
        content_type="application/json",
        headers={"Authorization": f"Bearer {key()}"},
    )
    assert answer.status_code == 200, answer.content
    assert Event.objects.get(kind="price_restored").author == "token:Сайт"


def test_staff_may_with_a_session_and_its_csrf_token_only(deal: Deal) -> None:
    staff = Client(enforce_csrf_checks=True)
    staff.force_login(get_user_model().objects.create_user("clerk", password="x", is_staff=True))
    path = f"/api/v1/deals/{deal.external_id}/"
    assert staff.get(path).status_code == 200
    answer = staff.post(f"{path}price/restore/", "{}", content_type="application/json")
    assert answer.status_code == 403
    stranger = Client()
    stranger.force_login(get_user_model().objects.create_user("stranger", password="x"))
    assert stranger.get(path).status_code == 401


def test_a_key_is_made_in_the_panel_and_shown_once(deal: Deal) -> None:
    panel = Client()
    panel.force_login(get_user_model().objects.create_superuser("owner", "o@example.org", "x"))
    page = panel.post("/admin/billing/apitoken/add/", {"name": "1С", "account": ""}, follow=True)
    text = page.content.decode()
    row = ApiToken.objects.get()
    shown = text[text.index(api_tokens.PREFIX) :][:50]
    assert get(deal, shown).status_code == 200
    assert row.created_by == "owner"
    assert api_tokens.PREFIX not in panel.get("/admin/billing/apitoken/").content.decode()
    panel.post("/admin/billing/apitoken/", {"action": "revoke", "_selected_action": [row.pk]})
    assert get(deal, shown).status_code == 401


def test_a_deal_of_another_account_is_not_found(deal: Deal) -> None:
    other = make_deal()
    answer = get(other, key(), f"?account={deal.account.key}")
    assert answer.status_code in (404, 503)


def test_the_api_s_document_names_every_way_in() -> None:
    schemes = Client().get("/api/schema/?format=json").json()["components"]["securitySchemes"]
    assert schemes["apiToken"] == {"type": "http", "scheme": "bearer"}
    assert schemes["oneTimeToken"]["name"] == "X-Auth-Token"
    assert "staffSession" in schemes
