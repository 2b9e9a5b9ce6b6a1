"""Names of amoCRM's users: asked once, never in the way."""

import pytest
from pytest_django import Settings

from crm import users
from crm.models import Account, Connection
from tests.crm.school import ANTON, MARIA, NOW, Amocrm

pytestmark = pytest.mark.django_db


def test_people_are_called_by_their_names_and_amocrm_is_asked_once(amocrm: Amocrm, account: Account) -> None:
    names = users.names(account=account, at=NOW)
    assert (names[MARIA], names[ANTON]) == ("Мария Кузнецова", "Антон Белов")
    asked = len(amocrm.calls())
    assert users.names(account=account, at=NOW)[MARIA] == "Мария Кузнецова"
    assert len(amocrm.calls()) == asked


def test_who_is_unknown_is_called_by_the_number_and_nobody_has_no_name(
    amocrm: Amocrm, account: Account
) -> None:
    names = users.names(account=account, at=NOW)
    assert (names[8199999], names[0]) == ("Пользователь 8199999", "")


def test_without_amocrm_everybody_has_a_number_and_it_is_left_alone_for_a_while(
    account: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AMOCRM_URL = "http://127.0.0.1:9/amocrm/{subdomain}"
    assert users.names(account=account, at=NOW)[MARIA] == "Пользователь 8100002"
    monkeypatch.setattr(users, "_asked", lambda *_given: pytest.fail("asked again at once"))
    assert users.names(account=account, at=NOW)[MARIA] == "Пользователь 8100002"


def test_one_account_does_not_see_the_names_of_another(amocrm: Amocrm, account: Account) -> None:
    users.names(account=account, at=NOW)
    other = Account.objects.create(key="other", external_id=31000099, subdomain="other")
    Connection.objects.create(account=other, access_token="no-such-token", state="connected")
    assert users.names(account=other, at=NOW)[MARIA] == "Пользователь 8100002"


def test_names_are_remembered_for_pages_that_must_not_wait(
    amocrm: Amocrm, account: Account, settings: Settings
) -> None:
    assert users.remembered(account=account) == {}
    users.ask_all(at=NOW)
    settings.AMOCRM_URL = "http://127.0.0.1:9/amocrm/{subdomain}"
    asked = len(amocrm.calls())
    assert users.remembered(account=account)[MARIA] == "Мария Кузнецова"
    assert len(amocrm.calls()) == asked
