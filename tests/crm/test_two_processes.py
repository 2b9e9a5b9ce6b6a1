"""Two processes that want a new token at once make one refresh; what they share is the database only."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database

from crm.models import Account, Connection
from tests.crm.school import NOW, Amocrm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race, pytest.mark.long]
ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, django
from datetime import datetime
django.setup()
from crm import connection
from crm.models import Account
account = Account.objects.get()
sys.stdin.readline()
print(connection.renew(account, failed=sys.argv[1], at=datetime.fromisoformat(sys.argv[2])))
"""


def start(failed: str) -> "subprocess.Popen[str]":
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + database.settings_dict["NAME"]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, failed, NOW.isoformat()],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "AMOCRM_URL": settings.AMOCRM_URL},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_make_one_refresh(amocrm: Amocrm, account: Account) -> None:
    pair = amocrm.pair()
    given = {"access_token": pair["access_token"], "refresh_token": pair["refresh_token"]}
    Connection.objects.update(**given, expires_at=NOW + timedelta(hours=24))
    processes = [start(pair["access_token"]) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].split()[-1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert told == [Connection.objects.get().access_token] * 2
    assert amocrm.calls() == ["POST oauth2/access_token"]
