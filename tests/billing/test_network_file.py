"""Applying a network file: what it makes, that a second run changes nothing, what it leaves."""

import json
from datetime import date, time
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from billing.models import (
    AccountPolicy,
    LegalEntity,
    Location,
    MerchantAccount,
    Ownership,
    Product,
    ScheduleTemplate,
    TaxSetting,
)
from billing.network_file.apply import apply, preview
from billing.network_file.changes import Action
from crm.models import Account, Connection, Integration, Pipeline
from tests.billing.network_files import ENVIRONMENT, WHOLE, changed
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with translation.override("en"):
        yield


def every_row() -> dict[str, list[tuple[Any, ...]]]:
    """The content of every table as PostgreSQL stores it, row versions (xmin) too: not even rewritten."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT ctid::text, t.* FROM {connection.ops.quote_name(table)} t ORDER BY 1")  # noqa: S608
            rows[table] = cursor.fetchall()
    return rows


def test_the_whole_file_is_stored() -> None:
    changes = apply(WHOLE)
    assert {change.action for change in changes} == {Action.CREATED}
    school = Account.objects.get(key="school")
    assert (school.external_id, school.subdomain, school.fallback_user) == (31000001, "demoschool", 8100002)
    assert school.fields["deposit_link"] == 910025
    assert len(school.fields) == 11
    pipeline = Pipeline.objects.get(account=school)
    assert (pipeline.external_id, pipeline.completed_status, pipeline.lost_statuses) == (6100001, 142, [143])
    assert (pipeline.paid_status, pipeline.deposit_status, pipeline.overdue_status) == (
        55000140,
        55000130,
        55000150,
    )
    policy = AccountPolicy.objects.get(account=school)
    assert (policy.mode, policy.issue_at, policy.issue_days_before) == ("installments", time(9, 30), 2)
    assert policy.starts_on == date(2026, 12, 1)
    assert policy.reminders[2] == {"days": 1, "channels": ["email", "salesbot"]}
    assert policy.overdue_task == {"type": 1, "responsible": "deal"}
    assert policy.cohorts == [
        {"cohort": "Поток 12", "starts_on": "2026-10-01", "ends_on": "2027-01-31", "rendered": "monthly"}
    ]
    assert (policy.salesbot_id, policy.legal_entity) == (3301, LegalEntity.objects.get(key="ooo-school"))
    assert AccountPolicy.objects.get(account__key="quests").mode == "deposit"


def test_integrations_and_token_are_stored() -> None:
    apply(WHOLE)
    api, widget = Integration.objects.filter(account__key="school").order_by("purpose")
    assert (api.purpose, api.client_secret) == ("api", "amo-secret")
    assert (widget.purpose, widget.client_secret, widget.redirect_uri) == (
        "widget",
        "widget-secret",
        api.redirect_uri,
    )
    school, quests = (Connection.objects.get(account__key=key) for key in ("school", "quests"))
    assert (school.access_token, school.state, school.expires_at) == ("amo-token", "connected", None)
    assert (quests.access_token, quests.state) == ("", "needs_reconnect")


def test_merchants_keep_settings_apart_from_secrets() -> None:
    apply(WHOLE)
    robokassa = MerchantAccount.objects.get(key="ivanov-robokassa")
    assert robokassa.settings == {
        "login": "ivanov",
        "algorithm": "sha256",
        "test": False,
        "receipts": "order",
        "inv_id_from": 1000000000,
    }
    assert json.loads(robokassa.secrets_json) == {
        "password1": "first-password",
        "password2": "second",
        "password3": "third",
        "test_password1": "test-first",
        "test_password2": "test-second",
    }
    assert robokassa.other_orders == "accept"
    cloud = MerchantAccount.objects.get(key="school-cloud")
    assert cloud.settings == {"public_id": "pk_demo_school", "receipts": True, "cash_receipts": False}
    assert cloud.other_orders == "refuse"


def test_secrets_are_encrypted_in_the_database() -> None:
    apply(WHOLE)
    stored = str(every_row())
    secrets = (
        "amo-secret",
        "amo-token",
        "first-password",
        "ivanov-old-secret",
        "3f0c9a4be1d24c55a7a0d7f0c1e2b3a4",
    )
    for secret in secrets:
        assert secret not in stored


def test_taxes_are_dated_by_both_keys() -> None:
    apply(WHOLE)
    rows = TaxSetting.objects.order_by("legal_entity__key", "valid_from")
    assert [(row.legal_entity.key, row.valid_from, row.tax_system, row.vat) for row in rows] == [
        ("ip-ivanov", date(2025, 1, 1), "osn", "vat20"),
        ("ip-ivanov", date(2026, 1, 1), "osn", "vat22"),
        ("ip-ivanov", date(2027, 1, 1), "usn_income", "vat22"),
        ("ooo-school", date(2000, 1, 1), "usn_income", "none"),
    ]


def test_leading_zeros_of_unquoted_numbers_survive() -> None:
    apply(WHOLE)
    assert LegalEntity.objects.get(key="ip-ivanov").bank["bic"] == "049805746"


def test_a_later_day_is_a_change_of_owner() -> None:
    apply(WHOLE)
    baumana = Location.objects.get(key="baumana")
    assert (baumana.name, baumana.time_zone) == ("Баумана, 44", "Asia/Yekaterinburg")
    assert baumana.deposit == {"percent": "30", "round_to": "100.00", "minimum": "1000.00"}
    assert baumana.deposit_due == {"minutes": 180, "same_day": 60, "then": "task"}
    owners = [
        (row.valid_from, row.legal_entity.key, row.merchant.key)
        for row in baumana.ownerships.order_by("valid_from")
    ]
    assert owners == [
        (date(2026, 1, 1), "ip-ivanov", "ivanov-robokassa"),
        (date(2026, 7, 1), "ooo-school", "school-cloud"),
    ]
    assert Location.objects.get(key="lenina").deposit == {"amount": "2000.00"}


def test_products_may_have_dated_vat() -> None:
    apply(WHOLE)
    plain, dated = Product.objects.order_by("programme")
    assert (plain.vat, plain.vat_dates) == ("none", [])
    assert (dated.vat, dated.vat_dates) == ("", [{"from": "2026-01-01", "vat": "vat5"}])


TEMPLATES = """\
    salesbot_id: 3301
    schedule_templates:
      - {name: Шесть, programme: Психолог, total_from: 50000, count: 6, due_day: 10, down_percent: 20}
      - {name: По 20 000, monthly_amount: 20000, down_amount: "5000.50", round_to: "100"}
"""


def test_schedule_templates_are_stored_and_changed_by_name() -> None:
    text = WHOLE.replace("    salesbot_id: 3301\n", TEMPLATES)
    apply(text)
    by_sum, by_count = ScheduleTemplate.objects.order_by("name")
    assert (by_sum.monthly_amount, by_sum.down_amount, by_sum.round_to) == (20000, Decimal("5000.50"), "100")
    assert (by_count.programme, by_count.count, by_count.due_day) == ("Психолог", 6, 10)
    assert (by_count.total_from, by_count.down_percent) == (50000, 20)
    before = every_row()
    assert {change.action for change in apply(text)} == {Action.LEFT}
    assert every_row() == before
    apply(text.replace("monthly_amount: 20000", "count: 3").replace("down_percent: 20", "down_amount: 100"))
    by_sum, by_count = ScheduleTemplate.objects.order_by("name")
    assert (by_sum.count, by_sum.monthly_amount) == (3, None)
    assert (by_count.down_percent, by_count.down_amount) == (None, 100)


def test_an_accounts_own_words_are_stored() -> None:
    own = "    salesbot_id: 3301\n    texts: {sms: {text: 'К оплате {amount}: {link}'}}\n"
    apply(changed("    salesbot_id: 3301\n", own))
    texts = AccountPolicy.objects.get(salesbot_id=3301).texts
    assert texts["sms"]["text"] == "К оплате {amount}: {link}"


def test_what_says_that_a_service_was_rendered_is_stored_as_written() -> None:
    rule = "    salesbot_id: 3301\n    rendered: {by: act, from: 2026-12-01}\n"
    apply(changed("    salesbot_id: 3301\n", rule))
    policy = AccountPolicy.objects.get(account__key="school")
    assert policy.rendered == {"by": "act", "from": "2026-12-01"}


def test_a_second_apply_changes_the_content_of_no_table() -> None:
    apply(WHOLE)
    before = every_row()
    changes = apply(WHOLE)
    assert {change.action for change in changes} == {Action.LEFT}
    assert every_row() == before


def test_preview_tells_the_same_and_writes_nothing() -> None:
    before = every_row()
    told = preview(WHOLE)
    assert every_row() == before
    assert told == apply(WHOLE)


def test_a_change_touches_only_what_differs() -> None:
    apply(WHOLE)
    changes = apply(changed("name: Ленина, 1", "name: Ленина, 1А"))
    told = {
        change.name: (change.action, change.fields) for change in changes if change.action is not Action.LEFT
    }
    assert told == {"quests/lenina": (Action.CHANGED, ["name"])}
    assert Location.objects.get(key="lenina").name == "Ленина, 1А"


def test_what_the_file_omits_is_left() -> None:
    apply(WHOLE)
    before = every_row()
    assert {change.action for change in apply("accounts: [{key: school}]")} == {Action.LEFT}
    assert apply("") == []
    assert every_row() == before


def test_an_empty_value_clears_an_optional_key() -> None:
    apply(WHOLE)
    apply("accounts: [{key: school, salesbot_id: null, reminders: [], fields: {cohort: null}}]")
    policy = AccountPolicy.objects.get(account__key="school")
    assert (policy.salesbot_id, policy.reminders) == (None, [])
    fields = Account.objects.get(key="school").fields
    assert "cohort" not in fields
    assert fields["programme"] == 910010


def test_a_refreshed_token_stays_until_the_file_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    apply(WHOLE)
    Connection.objects.filter(account__key="school").update(state="needs_reconnect")
    row = Connection.objects.get(account__key="school")
    row.access_token, row.refresh_token, row.state = "refreshed", "refresh", "connected"
    row.save()
    apply(WHOLE)
    row.refresh_from_db()
    assert (row.access_token, row.refresh_token) == ("refreshed", "refresh")
    monkeypatch.setenv("TEST_AMO_TOKEN", "new-token")
    (change,) = [change for change in apply(WHOLE) if change.action is not Action.LEFT]
    assert "connection.access_token" in change.fields
    row.refresh_from_db()
    assert (row.access_token, row.refresh_token, row.state) == ("new-token", "", "connected")


def test_another_key_of_the_hooks_is_told_to_amocrm_at_once() -> None:
    apply(WHOLE)
    Connection.objects.update(checked_at=NOW)
    apply(WHOLE)
    assert not Connection.objects.filter(checked_at=None).exists()
    school = Account.objects.get(key="school")
    apply(WHOLE.replace(school.webhook_key, "another-key-that-nobody-guesses"))
    assert [row.account.key for row in Connection.objects.filter(checked_at=None)] == ["school"]


def test_another_subdomain_is_tried_with_the_tokens_that_are_there() -> None:
    apply(WHOLE)
    Connection.objects.update(state=Connection.State.NEEDS_RECONNECT)
    school = Account.objects.get(key="school")
    apply(WHOLE.replace(f"subdomain: {school.subdomain}", "subdomain: renamed"))
    assert Connection.objects.get(account=school).state == Connection.State.CONNECTED


def test_a_rotated_secret_replaces_the_old_one_and_is_not_told() -> None:
    apply(WHOLE)
    changes = apply(changed("api_secret: demo-cp-secret-school", "api_secret: rotated-secret"))
    (change,) = [change for change in changes if change.action is not Action.LEFT]
    assert change.fields == ["secrets_json"]
    assert json.loads(MerchantAccount.objects.get(key="school-cloud").secrets_json) == {
        "api_secret": "rotated-secret"
    }


def test_a_file_may_refer_to_what_is_stored_already() -> None:
    apply(WHOLE)
    apply(
        "locations: [{key: mira, account: quests, name: Мира, crm_value: Мира, legal_entity: ip-ivanov,"
        " valid_from: 2026-02-01, merchant: ivanov-cloud}]"
    )
    assert Ownership.objects.get(location__key="mira").merchant.key == "ivanov-cloud"


def test_the_command_prints_what_it_does_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "network.yaml"
    file.write_text(WHOLE, encoding="utf-8")
    out = StringIO()
    call_command("network", "apply", str(file), stdout=out)
    call_command("network", "apply", str(file), "--dry-run", stdout=out)
    printed = out.getvalue()
    assert "+ amoCRM account school\n" in printed
    assert "= location quests/baumana\n" in printed
    assert "Created 11, changed 0, left 0.\n" in printed
    assert "Created 0, changed 0, left 11. This was a trial: nothing was written.\n" in printed
    for secret in (*ENVIRONMENT.values(), "demo-cp-secret-school"):
        assert secret not in printed


def test_the_command_names_file_line_and_reason_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "network.yaml"
    file.write_text("accounts: []\nlegal_entitys: []\n", encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        call_command("network", "apply", str(file))
    assert str(caught.value) == (
        f"{file}:2: legal_entitys: Unknown key; known are: accounts, legal_entities, locations, products.\n"
        "Nothing was written."
    )


def test_the_demo_file_is_a_good_file() -> None:
    demo = Path(__file__).parents[2] / "sandbox" / "demo" / "network.yaml"
    apply(demo.read_text(encoding="utf-8"))
    before = every_row()
    apply(demo.read_text(encoding="utf-8"))
    assert every_row() == before
    merchant = MerchantAccount.objects.get(key="school-cloud")
    assert (merchant.legal_entity.inn, merchant.settings["public_id"]) == ("7700000009", "pk_demo_school")
