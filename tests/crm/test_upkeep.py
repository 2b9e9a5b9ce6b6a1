"""A connection that never dies silently: hooks made and kept alive, one alert for each cause, no storm."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection as database
from django.test import Client
from pytest_django import Settings

from crm import alerts, connection, deals, delivery, hooks, outbox, upkeep
from crm.client import Client as Amo
from crm.models import Account, Alert, Connection, OutboxRow
from sandbox.amocrm import tokens
from tests.crm.school import CLIENT_ID, NOW, WEBHOOK_KEY, Amocrm, make_deal

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ADDRESS = f"http://127.0.0.1:8000/webhooks/amocrm/{WEBHOOK_KEY}/"


@pytest.fixture(autouse=True)
def letters(settings: Settings) -> list[mail.EmailMessage]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


@pytest.fixture
def owner(db: None) -> str:
    get_user_model().objects.create_superuser("owner", "owner@example.org", "x")
    return "owner@example.org"


@pytest.fixture(autouse=True)
def _no_hooks(amocrm: Amocrm) -> None:
    for row in amocrm.crm.rows("hooks"):
        amocrm.crm.drop("hooks", row["id"])


def own_hooks(amocrm: Amocrm) -> list[dict[str, Any]]:
    return [row for row in amocrm.crm.rows("hooks") if "/webhooks/amocrm/" in row["destination"]]


def test_hooks_are_made_where_there_are_none_and_only_once(amocrm: Amocrm, account: Account) -> None:
    assert upkeep.check_due(at=NOW) == 1
    (hook,) = own_hooks(amocrm)
    account.refresh_from_db()
    assert hook["destination"] == hooks.address(account.webhook_key)
    assert set(hook["settings"]) == set(hooks.EVENTS)
    assert upkeep.check_due(at=NOW + timedelta(hours=23)) == 0
    assert upkeep.check_due(at=NOW + DAY) == 1
    assert own_hooks(amocrm) == [hook]


def test_the_key_of_the_network_file_is_kept(amocrm: Amocrm, account: Account) -> None:
    account.webhook_key = WEBHOOK_KEY
    account.save()
    assert hooks.ensure(account=account, at=NOW)
    assert not hooks.ensure(account=account, at=NOW)
    account.refresh_from_db()
    assert account.webhook_key == WEBHOOK_KEY
    assert [row["destination"] for row in own_hooks(amocrm)] == [ADDRESS]


def test_a_made_hook_reaches_its_account(amocrm: Amocrm, account: Account) -> None:
    hooks.ensure(account=account, at=NOW)
    path = str(own_hooks(amocrm)[0]["destination"]).removeprefix("http://127.0.0.1:8000")
    form = "account[id]=31000001&leads[update][0][id]=1"
    told = Client().post(path, form, content_type="application/x-www-form-urlencoded")
    assert told.status_code == 200


def test_a_disabled_hook_is_made_anew(amocrm: Amocrm, account: Account) -> None:
    hooks.ensure(account=account, at=NOW)
    (hook,) = own_hooks(amocrm)
    amocrm.crm.put("hooks", hook | {"disabled": True})
    upkeep.check_due(at=NOW)
    (made,) = own_hooks(amocrm)
    assert made["id"] != hook["id"]
    assert made["disabled"] is False


def test_an_older_address_of_ours_goes_and_a_strangers_hook_stays(amocrm: Amocrm, account: Account) -> None:
    for destination in (ADDRESS, "https://other.example/hook/"):
        connection.run(
            account=account,
            at=NOW,
            work=partial(Amo.subscribe, destination=destination, events=hooks.EVENTS),
        )
    hooks.ensure(account=account, at=NOW)
    account.refresh_from_db()
    assert {row["destination"] for row in amocrm.crm.rows("hooks")} == {
        "https://other.example/hook/",
        hooks.address(account.webhook_key),
    }


def test_a_grant_without_rights_is_told_once_and_the_connection_lives(
    amocrm: Amocrm, account: Account, owner: str, letters: list[mail.EmailMessage]
) -> None:
    user = amocrm.crm.get("users", 8100001)
    assert user is not None
    amocrm.crm.put("users", user | {"rights": user["rights"] | {"is_admin": False}})
    for day in range(3):
        upkeep.check_due(at=NOW + day * DAY)
        alerts.deliver(at=NOW + day * DAY)
    assert [(alert.kind, alert.closed_at) for alert in Alert.objects.all()] == [("hooks_off", None)]
    assert [letter.to for letter in letters] == [[owner]]
    amocrm.crm.put("users", user)
    upkeep.check_due(at=NOW + 3 * DAY)
    assert Alert.objects.get().closed_at == NOW + 3 * DAY
    assert Connection.objects.get().state == Connection.State.CONNECTED


def test_an_outage_is_no_alert_and_is_tried_again_soon(amocrm: Amocrm, account: Account) -> None:
    amocrm.spoil("down")
    upkeep.check_due(at=NOW)
    assert not Alert.objects.exists()
    assert upkeep.check_due(at=NOW + timedelta(minutes=1)) == 0
    assert upkeep.check_due(at=NOW + timedelta(minutes=15)) == 1


def test_a_revoked_token_is_one_alert_and_one_mail_however_many_find_out(
    amocrm: Amocrm, account: Account, owner: str, letters: list[mail.EmailMessage]
) -> None:
    pair = amocrm.pair()
    Connection.objects.update(
        access_token=pair["access_token"], refresh_token=pair["refresh_token"], expires_at=NOW + DAY
    )
    tokens.revoke_all(amocrm.crm, CLIENT_ID)
    deal = make_deal(account)
    for key in ("payment:1", "payment:2"):
        outbox.note(deal=deal, key=key, text="Получено", at=NOW)
    for _ in range(3):
        delivery.deliver(at=NOW)
        with pytest.raises(connection.NeedsReconnect):
            deals.refresh(account=account, lead_id=deal.external_id, at=NOW)
        upkeep.check_due(at=NOW)
        connection.refresh_early(at=NOW)
        alerts.deliver(at=NOW + timedelta(seconds=30))

    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.closed_at, alert.state) == ("reconnect", None, "done")
    assert "demoschool" in alert.text
    assert [letter.to for letter in letters] == [[owner]]
    assert len(amocrm.calls()) == 2  # the refused call and the refused refresh, then nothing more
    assert OutboxRow.objects.filter(state="waiting").count() == 2

    connection.keep(account, connection.Pair(*_pair(amocrm)), NOW)
    assert delivery.deliver(at=NOW + timedelta(hours=1)) == 2
    assert Alert.objects.get().closed_at == NOW


def _pair(amocrm: Amocrm) -> tuple[str, str, int]:
    pair = amocrm.pair()
    return pair["access_token"], pair["refresh_token"], pair["expires_in"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_find_a_dead_token_at_once_and_say_it_once(amocrm: Amocrm, account: Account) -> None:
    Connection.objects.update(access_token="withdrawn")
    start = Barrier(4)

    def ask() -> None:
        start.wait()
        with pytest.raises(connection.NeedsReconnect):
            connection.run(account=account, at=NOW, work=lambda amo: amo.account())
        database.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Alert.objects.count() == 1


def test_a_token_that_was_replaced_meanwhile_is_not_lost(account: Account) -> None:
    connection.lose(account, reason="401", failed="an older token", at=NOW)
    assert Connection.objects.get().state == Connection.State.CONNECTED
    assert not Alert.objects.exists()


def test_the_accounts_own_address_is_told_before_the_owners(
    account: Account, owner: str, letters: list[mail.EmailMessage]
) -> None:
    account.alert_email = "boss@example.org"
    account.save()
    alerts.open_once(account=account, kind=Alert.Kind.RECONNECT, text="беда", at=NOW)
    assert alerts.deliver(at=NOW) == 1
    assert [letter.to for letter in letters] == [["boss@example.org"]]
    assert "беда" in letters[0].body
    assert alerts.deliver(at=NOW) == 0


def test_a_cause_that_was_gone_in_time_is_not_mailed(
    account: Account, owner: str, letters: list[mail.EmailMessage]
) -> None:
    alerts.open_once(account=account, kind=Alert.Kind.BLOCKED, text="беда", at=NOW)
    alerts.close(account=account, kinds=[Alert.Kind.BLOCKED], at=NOW)
    assert alerts.deliver(at=NOW) == 1
    assert letters == []


def test_a_mail_server_that_is_away_is_tried_again(account: Account, owner: str, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 9
    alerts.open_once(account=account, kind=Alert.Kind.BLOCKED, text="беда", at=NOW)
    assert alerts.deliver(at=NOW) == 1
    assert Alert.objects.get().state == "waiting"


def test_the_panel_says_it_on_every_page(account: Account, owner: str) -> None:
    alerts.open_once(account=account, kind=Alert.Kind.RECONNECT, text="беда", at=NOW)
    browser = Client()
    browser.force_login(get_user_model().objects.get())
    page = browser.get("/admin/").content.decode()
    assert "demoschool" in page
    alerts.close(account=account, kinds=[Alert.Kind.RECONNECT], at=NOW)
    assert "demoschool" not in browser.get("/admin/").content.decode()


def jwt_of(end: datetime) -> str:
    body = urlsafe_b64encode(json.dumps({"exp": int(end.timestamp())}).encode()).decode().rstrip("=")
    return f"e30.{body}.x"


@pytest.mark.parametrize(("days", "told"), [(29, 1), (31, 0)])
def test_a_long_lived_token_is_told_of_a_month_before_its_end(
    amocrm: Amocrm, account: Account, days: int, told: int
) -> None:
    token = jwt_of(NOW + days * DAY)
    row = amocrm.crm.get("tokens", "demo-amo-token-school")
    assert row is not None
    amocrm.crm.put("tokens", row | {"id": token})
    Connection.objects.update(access_token=token)
    upkeep.check_due(at=NOW)
    assert Alert.objects.filter(kind="token_ends", closed_at=None).count() == told


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.eyJleHAiOiAieCJ9.c"])
def test_a_token_that_says_nothing_never_ends(token: str) -> None:
    assert upkeep.token_end(token) is None
