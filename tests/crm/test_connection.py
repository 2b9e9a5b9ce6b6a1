"""Connecting, renewing, losing and regaining an account; one refresh whoever else wants one."""

import hashlib
import hmac
from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.db import connection as database
from django.test import Client

from crm import connection, grants, transport
from crm.client import Unavailable
from crm.models import Account, Connection, Integration
from sandbox.amocrm import oauth, tokens
from tests.crm.school import CLIENT_ID, MARIA, NOW, OLGA, REDIRECT, SECRET, Amocrm, make_account

pytestmark = pytest.mark.django_db


def give_pair(amocrm: Amocrm, *, lives: timedelta = timedelta(hours=24)) -> str:
    """Connect our side by OAuth; returns the access token."""
    pair = amocrm.pair()
    Connection.objects.update(
        access_token=pair["access_token"], refresh_token=pair["refresh_token"], expires_at=NOW + lives
    )
    return str(pair["access_token"])


def account_name(account: Account) -> str:
    return connection.run(account=account, at=NOW, work=lambda amo: amo.account().name)


def test_an_expired_token_is_renewed_before_use(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm, lives=timedelta(seconds=30))
    assert account_name(account)
    renewed = Connection.objects.get()
    assert renewed.access_token != old
    assert renewed.expires_at == NOW + timedelta(hours=24)
    assert amocrm.calls() == ["POST oauth2/access_token", "GET api/v4/account"]


def test_a_refused_token_is_renewed_once_and_the_call_repeated(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm)
    row = amocrm.crm.get("tokens", old)
    assert row is not None
    amocrm.crm.put("tokens", row | {"revoked": True})
    assert account_name(account)
    assert amocrm.calls() == ["GET api/v4/account", "POST oauth2/access_token", "GET api/v4/account"]


def test_a_token_that_another_process_renewed_is_simply_used(amocrm: Amocrm, account: Account) -> None:
    give_pair(amocrm)
    assert connection.renew(account, failed="an older token", at=NOW) == Connection.objects.get().access_token
    assert amocrm.calls() == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_refresh(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm)
    start, found = Barrier(4), list[str]()

    def renew() -> None:
        start.wait()
        found.append(connection.renew(account, failed=old, at=NOW))
        database.close()

    threads = [Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert set(found) == {Connection.objects.get().access_token}
    assert amocrm.calls() == ["POST oauth2/access_token"]


def test_a_claim_of_a_dead_process_runs_out(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm)
    Connection.objects.update(refreshing_until=NOW + timedelta(seconds=0.3))
    assert connection.renew(account, failed=old, at=NOW) != old


def test_the_new_pair_is_committed_before_it_is_used(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_pair(amocrm, lives=timedelta(seconds=30))
    call, stored = transport.Line.call, list[bool]()

    def watch(line: transport.Line, *args: object, **more: object) -> object:
        stored.append(Connection.objects.get().access_token == line.token)
        return call(line, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(transport.Line, "call", watch)
    account_name(account)
    assert stored == [True]


def test_no_database_transaction_is_open_while_tokens_are_exchanged(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = give_pair(amocrm)
    post, depth = transport.post_token, list[int]()
    outside = len(database.savepoint_ids)

    def watch(subdomain: str, body: dict[str, str]) -> dict[str, object]:
        depth.append(len(database.savepoint_ids) - outside)
        return post(subdomain, body)

    monkeypatch.setattr(transport, "post_token", watch)
    connection.renew(account, failed=old, at=NOW)
    assert depth == [0]


def test_a_used_up_refresh_token_needs_a_person_and_asks_no_more(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm)
    tokens.revoke_all(amocrm.crm, CLIENT_ID)
    with pytest.raises(connection.NeedsReconnect):
        connection.renew(account, failed=old, at=NOW)
    lost = Connection.objects.get()
    assert lost.state == Connection.State.NEEDS_RECONNECT
    assert "revoked" in lost.last_error
    for _ in range(3):
        with pytest.raises(connection.NeedsReconnect):
            account_name(account)
    assert amocrm.calls() == ["POST oauth2/access_token"]


def test_an_outage_during_the_refresh_loses_nothing(amocrm: Amocrm, account: Account) -> None:
    old = give_pair(amocrm)
    amocrm.spoil("down")
    with pytest.raises(Unavailable):
        connection.renew(account, failed=old, at=NOW)
    assert Connection.objects.get().state == Connection.State.CONNECTED
    assert connection.renew(account, failed=old, at=NOW) != old


def test_a_withdrawn_long_lived_token_needs_a_person(amocrm: Amocrm, account: Account) -> None:
    Connection.objects.update(access_token="withdrawn")
    with pytest.raises(connection.NeedsReconnect):
        account_name(account)
    assert Connection.objects.get().state == Connection.State.NEEDS_RECONNECT


@pytest.mark.parametrize(("left", "renewed"), [(4, 1), (6, 0)])
def test_tokens_are_renewed_early(amocrm: Amocrm, account: Account, left: int, renewed: int) -> None:
    old = give_pair(amocrm, lives=timedelta(hours=left))
    assert connection.refresh_early(at=NOW) == renewed
    assert (Connection.objects.get().access_token != old) is bool(renewed)


def test_long_lived_tokens_are_left_alone(amocrm: Amocrm, account: Account) -> None:
    assert connection.refresh_early(at=NOW) == 0
    assert amocrm.calls() == []


def test_a_renamed_account_is_found_by_its_refresh_token(amocrm: Amocrm, account: Account) -> None:
    give_pair(amocrm)
    amocrm.crm.world.rename(amocrm.crm, "renamedschool")
    assert account_name(account)
    account.refresh_from_db()
    assert account.subdomain == "renamedschool"
    assert Connection.objects.get().state == Connection.State.CONNECTED
    assert account_name(account)


def test_an_account_that_is_gone_is_not_taken_for_a_renamed_one(amocrm: Amocrm, account: Account) -> None:
    give_pair(amocrm)
    tokens.revoke_all(amocrm.crm, CLIENT_ID)
    amocrm.crm.world.rename(amocrm.crm, "renamedschool")
    with pytest.raises(connection.NeedsReconnect):
        account_name(account)
    account.refresh_from_db()
    assert account.subdomain == "demoschool"


# --- the redirect ---


def callback(**query: str | int) -> int:
    response = Client(raise_request_exception=False).get("/oauth/amocrm/callback/", query)
    assert b"Traceback" not in response.content
    return response.status_code


def code(amocrm: Amocrm, user_id: int = OLGA) -> str:
    return tokens.issue_code(amocrm.crm, CLIENT_ID, user_id)


def state_of(account: Account) -> str:
    address = grants.authorize_url(integration=account.integrations.get())
    return parse_qs(urlsplit(address).query)["state"][0]


def test_the_connect_button_connects(amocrm: Amocrm, account: Account) -> None:
    Connection.objects.all().delete()
    query: dict[str, str | int] = {
        "code": code(amocrm),
        "referer": "demoschool.amocrm.ru",
        "platform": 1,
        "state": state_of(account),
    }
    assert callback(**query) == 200
    made = Connection.objects.get()
    assert made.account == account
    assert made.state == Connection.State.CONNECTED
    assert made.expires_at is not None
    assert made.refresh_token
    assert account_name(account)


def test_a_widgets_install_connects_without_state(amocrm: Amocrm, account: Account) -> None:
    Connection.objects.all().delete()
    assert callback(code=code(amocrm), referer="demoschool.amocrm.ru", platform=1, from_widget=1) == 200
    assert Connection.objects.get().state == Connection.State.CONNECTED


def test_a_reconnect_revives_a_lost_account(amocrm: Amocrm, account: Account) -> None:
    Connection.objects.update(state=Connection.State.NEEDS_RECONNECT, last_error="revoked")
    query: dict[str, str | int] = {
        "code": code(amocrm),
        "referer": "demoschool.amocrm.ru",
        "state": state_of(account),
    }
    assert callback(**query) == 200
    made = Connection.objects.get()
    assert (made.state, made.last_error) == (Connection.State.CONNECTED, "")


def test_a_denied_grant_is_said_and_changes_nothing(amocrm: Amocrm, account: Account) -> None:
    assert callback(error="access_denied", state="x") == 200
    assert Connection.objects.get().access_token == "demo-amo-token-school"
    assert amocrm.calls() == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "x", "referer": "demoschool.amocrm.ru"},
        {"code": "x", "referer": "demoschool.amocrm.ru", "state": "forged"},
        {"code": "x", "referer": "demoschool.amocrm.ru", "state": signing.dumps(1, salt="another purpose")},
        {"code": "x", "referer": "stranger.amocrm.ru", "from_widget": 1},
        {"code": "x", "referer": "evil.example", "from_widget": 1, "client_id": CLIENT_ID},
        {
            "code": "x",
            "referer": "demoschool.amocrm.ru.evil.example",
            "from_widget": 1,
            "client_id": CLIENT_ID,
        },
        {
            "code": "x",
            "referer": "evil.example/demoschool.amocrm.ru",
            "from_widget": 1,
            "client_id": CLIENT_ID,
        },
        {"code": "x", "referer": "user@demoschool.amocrm.ru", "from_widget": 1, "client_id": CLIENT_ID},
        {"code": "x", "referer": "demoschool.amocrm.ru\n", "from_widget": 1, "client_id": CLIENT_ID},
        {"code": "x", "referer": "", "from_widget": 1, "client_id": CLIENT_ID},
        {"code": "x", "referer": "demoschool.amocrm.ru", "from_widget": 1, "client_id": "\x00"},
    ],
)
def test_a_forged_redirect_sends_no_secret_anywhere(
    amocrm: Amocrm, account: Account, query: dict[str, str | int]
) -> None:
    assert callback(**query) == 400
    assert amocrm.calls() == []


def test_a_used_code_is_refused(amocrm: Amocrm, account: Account) -> None:
    query: dict[str, str | int] = {
        "code": code(amocrm),
        "referer": "demoschool.amocrm.ru",
        "state": state_of(account),
    }
    assert callback(**query) == 200
    assert callback(**query) == 400


def test_a_grant_of_another_account_connects_nobody(amocrm: Amocrm) -> None:
    other = make_account(external_id=31000999)
    Connection.objects.all().delete()
    query: dict[str, str | int] = {
        "code": code(amocrm),
        "referer": "demoschool.amocrm.ru",
        "state": state_of(other),
    }
    assert callback(**query) == 403
    assert not Connection.objects.exists()


def test_a_widgets_own_integration_does_not_replace_the_api_tokens(amocrm: Amocrm, account: Account) -> None:
    amocrm.crm.put(
        "integrations",
        {
            "id": "widget-id",
            "client_secret": SECRET,
            "redirect_uri": REDIRECT,
            "installed": True,
            "name": "w",
        },
    )
    Integration.objects.create(
        account=account, purpose="widget", client_id="widget-id", client_secret=SECRET, redirect_uri=REDIRECT
    )
    given = tokens.issue_code(amocrm.crm, "widget-id", OLGA)
    assert callback(code=given, referer="demoschool.amocrm.ru", from_widget=1, client_id="widget-id") == 200
    assert Connection.objects.get().access_token == "demo-amo-token-school"


def test_amocrm_down_at_the_redirect_is_said(amocrm: Amocrm, account: Account) -> None:
    amocrm.spoil("down")
    query: dict[str, str | int] = {
        "code": code(amocrm),
        "referer": "demoschool.amocrm.ru",
        "state": state_of(account),
    }
    assert callback(**query) == 503


# --- the uninstall call ---


def uninstall_call(**changes: str) -> int:
    signature = hmac.digest(SECRET.encode(), f"{CLIENT_ID}|31000001".encode(), hashlib.sha256).hex()
    query = {"account_id": "31000001", "client_uuid": CLIENT_ID, "signature": signature} | changes
    response = Client(raise_request_exception=False).get("/oauth/amocrm/uninstalled/", query)
    return response.status_code


def test_an_uninstalled_integration_is_marked(amocrm: Amocrm, account: Account) -> None:
    owner = tokens.integration(amocrm.crm, CLIENT_ID)
    assert owner is not None
    oauth.uninstall(amocrm.crm, owner)
    assert uninstall_call() == 200
    assert Connection.objects.get().state == Connection.State.UNINSTALLED


def test_a_replayed_uninstall_of_a_living_integration_changes_nothing(
    amocrm: Amocrm, account: Account
) -> None:
    assert uninstall_call() == 200
    assert Connection.objects.get().state == Connection.State.CONNECTED


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
        {"account_id": "31000002"},
        {"client_uuid": "unknown"},
        {"client_uuid": ""},
        {"client_uuid": "\x00"},
    ],
)
def test_a_forged_uninstall_is_refused(amocrm: Amocrm, account: Account, changes: dict[str, str]) -> None:
    assert uninstall_call(**changes) == 403
    assert Connection.objects.get().state == Connection.State.CONNECTED
    assert amocrm.calls() == []


def test_secrets_are_unreadable_in_the_database(account: Account) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "select client_secret from crm_integration union all select access_token from crm_connection"
        )
        stored = [row[0] for row in cursor.fetchall()]
    assert len(stored) == 2
    assert not any(secret in value for value in stored for secret in (SECRET, "demo-amo-token-school"))
    assert account.integrations.get().client_secret == SECRET


def test_a_grant_by_a_manager_works_as_well(amocrm: Amocrm, account: Account) -> None:
    query: dict[str, str | int] = {
        "code": code(amocrm, MARIA),
        "referer": "demoschool.amocrm.ru",
        "state": state_of(account),
    }
    assert callback(**query) == 200
