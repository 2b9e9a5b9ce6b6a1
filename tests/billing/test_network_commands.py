"""Commands around the network: credentials, the owner of the panel, the widget's archive."""

import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import responses
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import translation

from crm import widget_archive
from tests.billing.network_files import ENVIRONMENT, WHOLE

AMOCRM, CLOUD = "http://amocrm.test/{subdomain}", "http://cloud.test"


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch, settings: Any, db: None, tmp_path: Path) -> Any:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.AMOCRM_URL, settings.CLOUDPAYMENTS_URL = AMOCRM, CLOUD
    file = tmp_path / "network.yaml"
    file.write_text(WHOLE, encoding="utf-8")
    with translation.override("en"):
        call_command("network", "apply", str(file), stdout=StringIO())
        yield


def account_answers(calls: responses.RequestsMock, **answer: Any) -> None:
    calls.get("http://amocrm.test/demoschool/api/v4/account", **answer)


def shop_answers(calls: responses.RequestsMock, **answer: Any) -> None:
    calls.post(f"{CLOUD}/test", **answer)


def settings_answer(calls: responses.RequestsMock, fields: tuple[int, ...]) -> None:
    """An account as the network file describes it, with these fields; every one is a text."""
    api = "http://amocrm.test/demoschool/api/v4"
    stages = [{"id": number} for number in (142, 143, 55000130, 55000140, 55000150)]
    pipeline = {"id": 6100001, "_embedded": {"statuses": stages}}
    calls.get(f"{api}/leads/pipelines", json={"_embedded": {"pipelines": [pipeline]}})
    listed = [{"id": number, "name": f"Поле {number}", "type": "text"} for number in fields]
    calls.get(f"{api}/leads/custom_fields", json={"_embedded": {"custom_fields": listed}})
    user = {"id": 8100002, "rights": {"is_active": True}}
    calls.get(f"{api}/users", json={"_embedded": {"users": [user]}})
    calls.get(f"{api}/webhooks", status=204)
    calls.get(f"{api}/bots", status=404, json={})


GOOD_ACCOUNT = {"id": 31000001, "subdomain": "demoschool", "name": "Школа"}


@pytest.mark.usefixtures("applied")
def test_check_tells_which_keys_work() -> None:
    out = StringIO()
    with responses.RequestsMock() as calls:
        account_answers(calls, json=GOOD_ACCOUNT)
        settings_answer(calls, fields=(910010, 910011, 910012, 910020, 910022, 910023, 910024, 910025))
        shop_answers(calls, json={"Success": True, "Message": "ok"})
        call_command("network", "check", "school", "school-cloud", stdout=out)
    lacking = {
        910013: "День услуги (service_on)",
        910021: "Следующий платёж (next_due_on)",
        910026: "Ссылка на полную оплату (full_link)",
    }
    assert out.getvalue().splitlines() == [
        "ok amoCRM account school: The token works.",
        "ok amoCRM account school: The grant is an administrator's.",
        *(
            f"-- amoCRM account school: There is no field {number} for {name}: choose or make another."
            for number, name in lacking.items()
        ),
        "ok amoCRM account school: Not mapped, so neither read nor written: Текст для чата (payment_text), "
        "Количество платежей (schedule_count), Платёж в месяц (schedule_monthly), "
        "Первый платёж (schedule_first_on).",
        "ok amoCRM account school: The stages of pipeline 6100001 are there.",
        "ok amoCRM account school: The web hooks are missing or disabled: they will be made within a minute.",
        "ok merchant account school-cloud: The keys work.",
    ]


@pytest.mark.usefixtures("applied")
def test_check_fails_when_one_key_does_not_work() -> None:
    out = StringIO()
    with responses.RequestsMock() as calls:
        account_answers(calls, json=GOOD_ACCOUNT)
        settings_answer(calls, fields=())
        shop_answers(calls, status=401)
        with pytest.raises(CommandError):
            call_command("network", "check", "school", "school-cloud", stdout=out)
    good, *_settings, bad = out.getvalue().splitlines()
    assert good.startswith("ok amoCRM account school")
    assert bad.startswith("!! merchant account school-cloud: The provider refuses the keys")
    assert "demo-cp-secret-school" not in out.getvalue()


@pytest.mark.usefixtures("applied")
def test_a_token_of_another_account_does_not_work() -> None:
    out = StringIO()
    with responses.RequestsMock() as calls:
        account_answers(calls, json={**GOOD_ACCOUNT, "id": 5})
        with pytest.raises(CommandError):
            call_command("network", "check", "school", stdout=out)
    assert "belongs to the account 5, the network file says 31000001" in out.getvalue()


@pytest.mark.usefixtures("applied")
def test_an_unknown_key_is_told_before_any_call() -> None:
    with responses.RequestsMock(), pytest.raises(CommandError, match="“nobody”"):
        call_command("network", "check", "school", "nobody")


@pytest.mark.django_db
def test_the_owner_is_made_once_and_stays_logged_in() -> None:
    call_command("ensure_owner", "--username", "owner", "--password", "grafik-demo")
    first = get_user_model().objects.get()
    call_command("ensure_owner", "--username", "owner", "--password", "grafik-demo")
    second = get_user_model().objects.get()
    assert (second.is_superuser, second.is_staff, second.is_active) == (True, True, True)
    assert first.password == second.password
    call_command("ensure_owner", "--username", "owner", "--password", "another-one")
    assert get_user_model().objects.get().check_password("another-one")


def test_the_archive_knows_this_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    built = tmp_path / "dist"
    (built / "i18n").mkdir(parents=True)
    (built / "manifest.json").write_text('{"url": "https://grafik.invalid"}')
    (built / "i18n" / "ru.json").write_text("{}")
    (built / "logo.png").write_bytes(b"\x89PNG https://grafik.invalid")
    monkeypatch.setattr(widget_archive, "SOURCE", built)
    settings.PUBLIC_URL = "https://pay.example.ru"
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    call_command("widget_zip", str(first), stdout=StringIO())
    call_command("widget_zip", str(second), stdout=StringIO())
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == ["i18n/ru.json", "logo.png", "manifest.json"]
        assert archive.read("manifest.json") == b'{"url": "https://pay.example.ru"}'
        assert archive.read("logo.png") == b"\x89PNG https://grafik.invalid"


def test_without_a_built_widget_there_is_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widget_archive, "SOURCE", tmp_path / "dist")
    with pytest.raises(CommandError, match="no built widget"):
        call_command("widget_zip", str(tmp_path / "a.zip"))
    assert not (tmp_path / "a.zip").exists()
