"""The door for amoCRM's hooks: hints for what is genuine, 400 or 403 for everything else, never a 500."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm import deals, hooks, queues
from crm.models import Account, Deal, DealHint
from tests.crm.school import LEAD, NOW, OTHER_LEAD, WEBHOOK_KEY, Amocrm, make_account, make_deal

PATH = f"/webhooks/amocrm/{WEBHOOK_KEY}/"
ACCOUNT = "account[id]=31000001&account[subdomain]=demoschool"
HINT_STATEMENTS = 3
FORM = "application/x-www-form-urlencoded"


def post(body: str | bytes, path: str = PATH, content_type: str = FORM) -> int:
    response = Client(raise_request_exception=False).post(path, body, content_type=content_type)
    assert b"Traceback" not in response.content
    return response.status_code


def hints() -> list[tuple[int, bool]]:
    return list(DealHint.objects.order_by("lead_id").values_list("lead_id", "deleted"))


def test_every_lead_of_a_body_becomes_one_hint(account: Account) -> None:
    body = (
        f"{ACCOUNT}&leads[update][0][id]={LEAD}&leads[status][2][id]={LEAD}&leads[delete][0][id]={OTHER_LEAD}"
    )
    assert post(body) == 200
    assert post(body) == 200
    assert hints() == [(LEAD, False), (OTHER_LEAD, True)]


def test_a_changed_contact_hints_at_its_deals(account: Account) -> None:
    make_deal(account, contact_id=990001)
    assert post(f"{ACCOUNT}&contacts[update][0][id]=990001&contacts[update][0][type]=contact") == 200
    assert hints() == [(LEAD, False)]


def test_the_old_form_names_the_subdomain_only(account: Account) -> None:
    assert post(f"account[subdomain]=demoschool&leads[add][0][id]={LEAD}") == 200
    assert hints() == [(LEAD, False)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/webhooks/amocrm/guess/", f"{ACCOUNT}&leads[add][0][id]=1", 403),
        (PATH.upper().lower().replace("3f", "3F"), f"{ACCOUNT}&leads[add][0][id]=1", 403),
        ("/webhooks/amocrm/%00/", f"{ACCOUNT}&leads[add][0][id]=1", 403),
        ("/webhooks/amocrm/%ED%A0%80/", f"{ACCOUNT}&leads[add][0][id]=1", 403),
        (PATH, "account[id]=31000002&leads[add][0][id]=1", 403),
        (PATH, "account[id]=31000002&account[subdomain]=demoschool&leads[add][0][id]=1", 403),
        (PATH, "account[subdomain]=other&leads[add][0][id]=1", 403),
        (PATH, "account[id][x]=31000001&leads[add][0][id]=1", 403),
        (PATH, "leads[add][0][id]=1", 400),
        (PATH, "account=31000001&leads[add][0][id]=1", 400),
        (PATH, b"", 400),
        (PATH, b"\xff\xfe\x00", 400),
        (PATH, f"{ACCOUNT}&leads[add][0][name]=%00&leads[add][0][id]=1", 400),
        (PATH, "&".join(f"a{number}=1" for number in range(10000)), 400),
        (PATH, "a=" + "x" * 3_000_000, 413),
    ],
)
def test_what_is_not_genuine_changes_nothing(
    account: Account, path: str, body: str | bytes, status: int
) -> None:
    assert post(body, path) == status
    assert hints() == []


@pytest.mark.parametrize(
    "events",
    [
        "leads=1",
        "leads[add]=1",
        "leads[add][0]=1",
        "leads[add][0][id]=",
        "leads[add][0][id]=0",
        "leads[add][0][id]=-5",
        "leads[add][0][id]=1e9",
        "leads[add][0][id]=%D9%A3",
        "leads[add][0][id]=" + "9" * 30,
        "leads[add][0][id][x]=1",
        "leads[note][0][note][element_id]=7700123",
        "task[add][0][element_id]=7700123",
        "contacts[add][0][id]=x",
    ],
)
def test_odd_events_are_answered_and_hint_at_nothing(account: Account, events: str) -> None:
    assert post(f"{ACCOUNT}&{events}") == 200
    assert hints() == []


def test_json_where_a_form_is_due_is_refused(account: Account) -> None:
    assert post('{"account": {"id": 31000001}, "leads": {}}', content_type="application/json") == 400


def test_a_get_is_refused(account: Account) -> None:
    assert Client().get(PATH).status_code == 405


def test_a_contact_hints_at_the_leads_that_it_took_over_from_another(account: Account) -> None:
    make_deal(account, contact_id=990001)
    survivor = "contacts[update][0][id]=990555&contacts[update][0][type]=contact"
    linked = "&".join(
        f"contacts[update][0][linked_leads_id][{lead}][ID]={lead}" for lead in (LEAD, OTHER_LEAD, "x")
    )
    assert post(f"{ACCOUNT}&{survivor}&{linked}") == 200
    assert hints() == [(LEAD, False)], "mirrored deals only"


def test_a_deleted_contact_hints_at_its_deals(account: Account) -> None:
    make_deal(account, contact_id=990001)
    assert "delete_contact" in hooks.EVENTS
    assert post(f"{ACCOUNT}&contacts[delete][0][id]=990001&contacts[delete][0][type]=contact") == 200
    assert hints() == [(LEAD, False)]


@pytest.mark.parametrize("leads", [1, 400])
def test_the_answer_asks_nobody_and_takes_the_same_few_statements_for_any_number_of_leads(
    account: Account, monkeypatch: pytest.MonkeyPatch, leads: int, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr("crm.transport._send", lambda *args: pytest.fail("amoCRM was asked"))
    body = f"{ACCOUNT}&" + "&".join(f"leads[update][{n}][id]={n + 1}" for n in range(leads))
    with django_assert_num_queries(HINT_STATEMENTS):
        assert post(body) == 200
    assert DealHint.objects.count() == leads


def test_hints_are_followed_for_mirrored_deals_only(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    deals.hint(account=account, leads={LEAD: False, OTHER_LEAD: False}, at=NOW)
    assert deals.refresh_hinted(at=NOW) == 2
    deal.refresh_from_db()
    assert deal.name == "Договор 14/26"
    assert not Deal.objects.filter(external_id=OTHER_LEAD).exists()
    assert hints() == []
    assert amocrm.calls() == [f"GET api/v4/leads/{LEAD}", "GET api/v4/contacts/990001"]


def test_a_hint_waits_while_amocrm_is_down(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    deals.hint(account=account, leads={LEAD: False}, at=NOW)
    amocrm.spoil("down")
    assert deals.refresh_hinted(at=NOW) == 0
    assert deals.refresh_hinted(at=NOW + timedelta(minutes=1)) == 1
    assert hints() == []


def test_a_change_during_the_fetch_is_fetched_again(amocrm: Amocrm, account: Account, deal: Deal) -> None:
    deals.hint(account=account, leads={LEAD: False}, at=NOW)
    (claimed,) = queues.claim(DealHint, at=NOW)
    deals.hint(account=account, leads={LEAD: False}, at=NOW)
    assert deals._follow(claimed, NOW) == 0
    assert hints() == [(LEAD, False)]
    assert deals.refresh_hinted(at=NOW) == 1
    assert hints() == []


def test_one_accounts_outage_does_not_hold_anothers_hints(
    amocrm: Amocrm, account: Account, deal: Deal
) -> None:
    lost = make_account(subdomain="nobody", external_id=5, client_id="nobody")
    make_deal(lost)
    deals.hint(account=lost, leads={LEAD: False}, at=NOW)
    deals.hint(account=account, leads={LEAD: False}, at=NOW)
    settled: Any = deals.refresh_hinted(at=NOW)
    assert settled == 1
    assert [hint.account for hint in DealHint.objects.all()] == [lost]


def test_a_fat_form_and_a_robots_change_are_hints_like_any_other(account: Account) -> None:
    """Five thousand fields; a robot's change has an empty name, no price and bare values (as captured)."""
    fat = "&".join(
        f"leads[update][0][custom_fields][{number}][values][0]={number}" for number in range(5_000)
    )
    robot = "leads[update][3][id]={}&leads[update][3][name]=&leads[update][3][responsible_user_id]=0"
    assert post(f"{ACCOUNT}&leads[update][0][id]={LEAD}&{fat}&{robot.format(OTHER_LEAD)}") == 200
    assert hints() == [(LEAD, False), (OTHER_LEAD, False)]


def test_json_where_a_form_is_due_changes_nothing(account: Account) -> None:
    body = '{"account": {"id": 31000001}, "leads": {"update": [{"id": 7700123}]}}'
    assert post(body, content_type="application/json") in (400, 403)
    assert hints() == []
