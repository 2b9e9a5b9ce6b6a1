"""What pipelines and stages are called: heard of amoCRM, remembered while it is away."""

from typing import Any

import pytest
from pytest_django import Settings

from crm import setup, stage_names, tasks
from crm.models import Account, Connection
from tests.crm.school import NOW, PIPELINE, WON, Amocrm

pytestmark = pytest.mark.django_db


def test_names_are_heard_after_a_connection_and_remembered_while_amocrm_is_away(
    amocrm: Amocrm, account: Account, settings: Settings, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    assert stage_names.remembered(account=account) == {}
    tasks.check_connections()
    known = stage_names.remembered(account=account)
    stage = next(stage for stage in amocrm.crm.rows("pipelines")[0]["statuses"] if stage["id"] == WON)
    assert known[PIPELINE].stages[WON] == stage["name"]
    settings.AMOCRM_URL = "http://127.0.0.1:9/amocrm/{subdomain}"
    stage_names.ask_all(at=NOW)
    assert stage_names.remembered(account=account) == known


def test_set_up_tells_the_names_without_another_call(amocrm: Amocrm, account: Account) -> None:
    setup.survey(account=account, at=NOW)
    asked = [call for call in amocrm.calls() if "/pipelines" in call]
    assert PIPELINE in stage_names.remembered(account=account)
    assert len(asked) == 1


def test_one_account_does_not_see_the_names_of_another(amocrm: Amocrm, account: Account) -> None:
    stage_names.ask_all(at=NOW)
    other = Account.objects.create(key="other", external_id=31000099, subdomain="other")
    Connection.objects.create(account=other, access_token="no-such-token", state="connected")
    assert stage_names.remembered(account=other) == {}
