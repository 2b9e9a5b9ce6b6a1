"""An account of the file as rows: account, integrations, connection, stages, policy."""

from decimal import Decimal
from hashlib import sha256
from typing import Any

from billing.models import AccountPolicy, LegalEntity, ScheduleTemplate
from billing.network_file.changes import Change, merged, only
from billing.network_file.shapes import Entry, plain
from crm import connection, hooks, setup
from crm.models import Account, Connection, Integration, Pipeline

# Columns of the policy that are stored as the file has them.
LISTS = (
    "reminders",
    "cohort_reminders",
    "cohorts",
    "rendered",
    "admin_only",
    "late_fee",
    "escalation",
    "payer_page",
    "texts",
)


def write(entry: Entry) -> Change:
    """Make or change the account and everything that hangs on it."""
    values = entry.values
    change = Change("account", values["key"])
    before = Account.objects.filter(key=values["key"]).first()
    columns = only(
        values,
        "subdomain",
        "time_zone",
        "fallback_user",
        "webhook_key",
        "silent_notes",
        "alert_email",
        account_id="external_id",
    )
    if "webhook_key" in values:
        columns["webhook_key_hash"] = hooks.hash_of(values["webhook_key"])
    if "fields" in values:
        columns["fields"] = merged(before.fields if before else {}, values["fields"].values)
    account = change.put(Account, {"key": values["key"]}, columns)
    if before is not None:
        setup.refill(account=account, before=before.fields)
    _integrations(change, account, values)
    _connection(change, account, values.get("access_token"))
    if before is not None and before.subdomain != account.subdomain:
        connection.try_stored(account=account)
    if before is not None and before.webhook_key != account.webhook_key:
        hooks.moved(account=account)
    for pipeline in values.get("pipelines", []) + [values[key] for key in ("pipeline",) if key in values]:
        stages = {key: value for key, value in pipeline.values.items() if key != "id"}
        external_id = pipeline.values["id"]
        change.put(
            Pipeline, {"account": account, "external_id": external_id}, stages, part=f"pipeline {external_id}"
        )
    _policy(change, account, values)
    for template in values.get("schedule_templates", []):
        name = template.values["name"]
        change.put(
            ScheduleTemplate,
            {"account": account, "name": name},
            _terms(template.values),
            part=f"schedule template {name}",
        )
    return change


def _integrations(change: Change, account: Account, values: dict[str, Any]) -> None:
    purpose = Integration.Purpose
    given = only(values, "client_id", "client_secret", "redirect_uri")
    if given:
        api = change.put(Integration, {"account": account, "purpose": purpose.API}, given, part="integration")
    if "widget" in values:
        widget = dict(values["widget"].values)
        if not account.integrations.filter(purpose=purpose.WIDGET).exists():
            api = account.integrations.get(purpose=purpose.API)
            widget.setdefault("redirect_uri", api.redirect_uri)
        change.put(Integration, {"account": account, "purpose": purpose.WIDGET}, widget, part="widget")


def _connection(change: Change, account: Account, token: str | None) -> None:
    """Give the token of the file to the connection, once: a refreshed token stays until the file's value
    changes.
    """
    values: dict[str, Any] = {}
    if token is not None:
        given_hash = sha256(token.encode()).hexdigest()
        if not Connection.objects.filter(account=account, given_hash=given_hash).exists():
            values = {
                "access_token": token,
                "refresh_token": "",
                "expires_at": None,
                "state": Connection.State.CONNECTED,
                "given_hash": given_hash,
                "last_error": "",
                "checked_at": None,
            }
    change.put(Connection, {"account": account}, values, part="connection")


def _terms(values: dict[str, Any]) -> dict[str, Any]:
    """The columns of a template: sums are numbers there, and one way of counting shuts the other out."""
    sums = ("total_from", "total_to", "monthly_amount", "down_percent", "down_amount")
    columns = {key: value for key, value in values.items() if key != "name"}
    columns |= {key: Decimal(columns[key]) for key in sums if columns.get(key) is not None}
    for one, other in (("count", "monthly_amount"), ("down_percent", "down_amount")):
        if columns.get(one) is not None:
            columns[other] = None
        elif columns.get(other) is not None:
            columns[one] = None
    return columns


def _policy(change: Change, account: Account, values: dict[str, Any]) -> None:
    before = AccountPolicy.objects.filter(account=account).first()
    columns = only(values, "mode", "starts_on", "salesbot_id", "grace_days")
    if "issue" in values:
        columns |= only(values["issue"].values, at="issue_at", days_before="issue_days_before")
    if "overdue_task" in values:
        start = before.overdue_task if before else {}
        columns["overdue_task"] = merged(
            {"type": 1, "responsible": "deal", **start}, values["overdue_task"].values
        )
    for key in LISTS:
        if key in values:
            columns[key] = plain(values[key])
    if "legal_entity" in values:
        key = values["legal_entity"]
        columns["legal_entity"] = LegalEntity.objects.get(key=key) if key else None
    change.put(AccountPolicy, {"account": account}, columns, part="policy")
