"""The account's page in the panel: what is left empty stays, and what cannot be a secret is not taken."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client

from crm.hooks import hash_of
from crm.models import Account, Connection, Integration
from tests.crm.school import NOW, WEBHOOK_KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("owner", "owner@example.org", "x"))
    return client


def save(panel: Client, account: Account, **values: Any) -> bool:
    """Press "Save" with everything else as the page shows it; was it taken?"""
    (api,) = Integration.objects.filter(account=account)
    shown = {
        "key": account.key,
        "external_id": account.external_id,
        "subdomain": account.subdomain,
        "time_zone": account.time_zone,
        "pipelines-TOTAL_FORMS": "0",
        "pipelines-INITIAL_FORMS": "0",
        "integrations-TOTAL_FORMS": "1",
        "integrations-INITIAL_FORMS": "1",
        "integrations-0-id": api.pk,
        "integrations-0-account": account.pk,
        "integrations-0-purpose": api.purpose,
        "integrations-0-client_id": api.client_id,
        "integrations-0-redirect_uri": api.redirect_uri,
    }
    answer = panel.post(f"/admin/crm/account/{account.pk}/change/", shown | values)
    account.refresh_from_db()
    return answer.status_code == 302


def test_the_key_of_the_hooks_outlives_a_save_that_leaves_it_empty(panel: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(webhook_key=WEBHOOK_KEY)
    assert save(panel, account, alert_email="owner@example.org")
    assert (account.webhook_key, account.webhook_key_hash) == (WEBHOOK_KEY, hash_of(WEBHOOK_KEY))
    assert "webhook" not in LogEntry.objects.latest("pk").change_message
    Connection.objects.update(checked_at=NOW)
    assert save(panel, account)
    assert not Connection.objects.filter(checked_at=None).exists()
    assert save(panel, account, webhook_key="an-unguessable-key")
    assert (account.webhook_key, account.webhook_key_hash) == (
        "an-unguessable-key",
        hash_of("an-unguessable-key"),
    )
    # amoCRM is told the new address at once.
    assert Connection.objects.get(account=account).checked_at is None


@pytest.mark.parametrize(
    "typed", ["ключ-который-никто-не-угадает", "two words of one key", "a/slash/in/the/key"]
)
def test_a_key_that_no_address_can_carry_is_not_taken(panel: Client, account: Account, typed: str) -> None:
    before = account.webhook_key_hash
    assert not save(panel, account, webhook_key=typed)
    assert account.webhook_key_hash == before


@pytest.mark.parametrize("typed", ["токен", "by hand", "by\u00a0hand"])
def test_what_cannot_be_a_token_is_not_taken(panel: Client, account: Account, typed: str) -> None:
    before = Connection.objects.get(account=account).access_token
    assert not save(panel, account, token=typed)
    assert Connection.objects.get(account=account).access_token == before


def test_a_token_is_taken_without_the_word_before_it(panel: Client, account: Account) -> None:
    assert save(panel, account, token="Bearer by-hand ")
    assert Connection.objects.get(account=account).access_token == "by-hand"


def test_a_renamed_account_is_tried_with_the_token_that_is_there(panel: Client, account: Account) -> None:
    """A long-lived token is shown once: nobody could type it again."""
    Connection.objects.update(state=Connection.State.NEEDS_RECONNECT, last_error="401", checked_at=NOW)
    assert save(panel, account, alert_email="owner@example.org")
    assert Connection.objects.get(account=account).state == Connection.State.NEEDS_RECONNECT
    assert save(panel, account, subdomain="newname")
    tried = Connection.objects.get(account=account)
    assert (tried.state, tried.last_error, tried.checked_at) == (Connection.State.CONNECTED, "", None)
    Connection.objects.update(state=Connection.State.NEEDS_RECONNECT, access_token="")
    assert save(panel, account, subdomain="othername")
    assert Connection.objects.get(account=account).state == Connection.State.NEEDS_RECONNECT
