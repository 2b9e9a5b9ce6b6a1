"""Open questions asked of an account, answers on a file; the support file says nothing of a person."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing import diagnostics
from crm import deals, limits, probe, queues
from crm.models import Account, Connection, Deal, OutboxRow
from tests.crm.school import LEAD, NEXT_DUE, NOW, SECRET, WEBHOOK_KEY, Amocrm

pytestmark = pytest.mark.django_db


def test_every_question_gets_an_answer_and_the_deal_is_as_before(
    amocrm: Amocrm,
    account: Account,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(probe, "HOOK_SECONDS", 0.3)
    before = amocrm.lead()["values"]
    out = StringIO()
    call_command("network", "check", account.key, "--probe", "--deal", str(LEAD), stdout=out)
    (file,) = (tmp_path / "probes").iterdir()
    told = json.loads(file.read_text(encoding="utf-8"))
    answers = {one["question"]: one["answer"] for one in told["answers"]}
    assert list(answers) == list(probe.QUESTIONS)
    assert answers["GET of an unknown lead"].startswith("204")
    assert answers["PATCH of an unknown lead"].startswith("404")
    assert answers["answer above the limit"].startswith("429 text/plain")
    assert "midnight), read" in answers["time zone of a date field"]
    assert answers["codes of web hooks of lists"].startswith("400")
    assert answers["a hook for our own write"].startswith("no hook came")
    assert answers["types of events"].endswith("entity_merged: yes, outgoing_chat_message: yes")
    assert amocrm.lead()["values"].get(str(NEXT_DUE)) == before.get(str(NEXT_DUE))
    assert "demo-amo-token" not in file.read_text(encoding="utf-8")
    assert WEBHOOK_KEY not in file.read_text(encoding="utf-8")
    assert str(file) in out.getvalue()
    assert limits.pause_left("demoschool") > 0


def test_a_hook_for_our_own_write_is_seen(
    amocrm: Amocrm, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "HOOK_SECONDS", 0.3)
    deals.hint(account=account, leads={LEAD: False}, at=NOW)
    for at, told in ((NOW, "a hook came"), (NOW + timedelta(seconds=1), "no hook came in 0.3 s")):
        answers = {one.question: one.answer for one in probe.ask(account=account, lead_id=LEAD, at=at)}
        assert answers["a hook for our own write"].startswith(told)


def test_a_refresh_token_is_used_twice_only_where_there_is_one(amocrm: Amocrm, account: Account) -> None:
    pair = amocrm.pair()
    Connection.objects.update(
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        expires_at=NOW + timedelta(days=1),
    )
    answers = {one.question: one.answer for one in probe.ask(account=account, lead_id=None, at=NOW)}
    assert "refused" in answers["second use of a refresh token"]
    assert answers["second use of a refresh token"].endswith("200")
    assert Connection.objects.get().access_token != pair["access_token"]
    assert "name a deal" in answers["price_with_minor_units"]


@pytest.mark.parametrize("keys", [[], ["demoschool", "other"], ["nobody"]])
def test_the_probe_wants_one_account(amocrm: Amocrm, account: Account, keys: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("network", "check", *keys, "--probe", stdout=StringIO())


def test_the_support_file_names_nobody(amocrm: Amocrm, account: Account, tmp_path: Path) -> None:
    deal = deals.refresh(account=account, lead_id=LEAD, at=NOW)
    row = OutboxRow.objects.create(
        account=account,
        deal=deal,
        kind="note",
        key="n",
        payload={"text": "x"},
        not_before=NOW,
        created_at=NOW,
    )
    person = f"{deal.contact_name} {deal.contact_email} {deal.contact_phone} «{deal.name}» +7 (916) 123-45-01"
    queues.park(row, error=f"не доставлено: {person}, demo-amo-token-school")
    Connection.objects.update(last_error=f"401 {deal.contact_email}")
    file = tmp_path / "support.json"
    call_command("diagnostics", str(file), stdout=StringIO())
    text = file.read_text(encoding="utf-8")
    told = json.loads(text)
    for word in (
        *deal.contact_name.split(),
        deal.contact_email,
        deal.contact_phone,
        deal.name,
        "123-45-01",
        SECRET,
        "demo-amo-token-school",
        account.webhook_key_hash,
    ):
        assert word not in text, word
    assert told["accounts"][0]["connection"]["state"] == "connected"
    queue = told["queues"]["crm.OutboxRow"]
    assert (queue["parked"], queue["waiting"]) == (1, 0)
    assert any("не доставлено" in error for error in queue["errors"])
    assert told["migrations_missing"] == []
    assert told["rows"]["crm.Deal"] == 1


@pytest.mark.parametrize(
    ("error", "cleaned"),
    [
        ("550 5.1.1 anna@example.org unknown", "550 5.1.1 …@… unknown"),
        ("payment_state = «Нет такого» (910023)", "payment_state = «…» (910023)"),
        ("Иванова Анна Петровна не найдена", "… не найдена"),
    ],
)
def test_an_error_keeps_its_words_and_loses_its_people(error: str, cleaned: str) -> None:
    assert diagnostics.clean(error) == cleaned


def test_secrets_are_written_anew_by_the_first_key(account: Account, settings: Settings) -> None:
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = (new, old)
    call_command("rotate_keys", stdout=StringIO())
    settings.FIELD_KEYS = (new,)
    assert account.integrations.get().client_secret == SECRET
    assert Connection.objects.get().access_token == "demo-amo-token-school"
    assert Deal.objects.count() == 0
