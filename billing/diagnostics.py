"""The support file: what an engineer needs to see of an installation, and nothing of a person.

Settings, connections, queues and their errors, counts. No names, addresses, phones, texts of messages, keys
or tokens: errors are cut to their words, with everything that could name somebody taken out.
"""

import platform
import re
from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from billing.models import MerchantAccount
from crm.models import Account, Alert, Connection, QueueRow

ERRORS_MAX = 20
ERROR_LENGTH = 200
# What could name somebody: quoted words, addresses, long numbers, tokens.
TAKEN_OUT = (
    (re.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"|'[^']*'"), "«…»"),
    (re.compile(r"[^\s@<>]+@[^\s@<>]+"), "…@…"),
    (re.compile(r"https?://\S+"), "https://…"),
    (re.compile(r"\+?\d[\d\s()-]{5,}\d"), "…"),
    (re.compile(r"\b[A-Za-z0-9_-]{16,}\b"), "…"),
    (re.compile(r"\b[А-ЯЁ][а-яё]+\s+[А-ЯЁ][а-яё]+(?:\s+[А-ЯЁ][а-яё]+)?"), "…"),
)


def collect(*, at: datetime) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "at": at.isoformat(),
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": _database(),
        "migrations_missing": _missing_migrations(),
        "settings": _settings(),
        "accounts": [_account(account) for account in Account.objects.order_by("id")],
        "merchants": [
            {"key": row.key, "provider": row.provider, "settings": sorted(row.settings)}
            for row in MerchantAccount.objects.order_by("id")
        ],
        "queues": {model._meta.label: _queue(model, at) for model in _queues()},
        "rows": _counts(),
    }


def clean(text: str) -> str:
    """The words of an error without anybody's name, address, number or key."""
    for pattern, instead in TAKEN_OUT:
        text = pattern.sub(instead, text)
    return text[:ERROR_LENGTH]


def _settings() -> dict[str, Any]:
    return {
        "debug": settings.DEBUG,
        "public_host": urlsplit(settings.PUBLIC_URL).hostname,
        "public_scheme": urlsplit(settings.PUBLIC_URL).scheme,
        "amocrm": urlsplit(settings.AMOCRM_URL).netloc,
        "time_zone": settings.DEFAULT_TIME_ZONE,
        "field_keys": len(settings.FIELD_KEYS),
    }


def _account(account: Account) -> dict[str, Any]:
    row = Connection.objects.filter(account=account).first()
    return {
        "key": account.key,
        "time_zone": account.time_zone,
        "fields": dict(sorted(account.fields.items())),
        "has_webhook_key": bool(account.webhook_key_hash),
        "has_fallback_user": account.fallback_user is not None,
        "integrations": sorted(account.integrations.values_list("purpose", flat=True)),
        "pipelines": sorted(account.pipelines.values_list("external_id", flat=True)),
        "connection": _connection(row) if row else None,
        "alerts": sorted(
            Alert.objects.filter(account=account, closed_at=None).values_list("kind", flat=True)
        ),
    }


def _connection(row: Connection) -> dict[str, Any]:
    return {
        "state": row.state,
        "is_long_lived": not row.refresh_token,
        "expires_at": _moment(row.expires_at),
        "checked_at": _moment(row.checked_at),
        "events_until": _moment(row.events_until),
        "last_error": clean(row.last_error),
    }


def _queues() -> list[type[QueueRow]]:
    return [model for model in apps.get_models() if issubclass(model, QueueRow)]


def _queue(model: type[QueueRow], at: datetime) -> dict[str, Any]:
    rows = model._default_manager
    oldest = rows.filter(state=QueueRow.State.WAITING).order_by("created_at").first()
    errors = rows.exclude(last_error="").exclude(state=QueueRow.State.DONE).order_by("-id")
    told = Counter(clean(text) for text in errors.values_list("last_error", flat=True)[:500])
    return {
        **{str(state): rows.filter(state=state).count() for state in QueueRow.State},
        "oldest_waiting_seconds": round((at - oldest.created_at).total_seconds()) if oldest else 0,
        "errors": dict(told.most_common(ERRORS_MAX)),
    }


def _counts() -> dict[str, int]:
    ours = [app.get_models() for app in apps.get_app_configs() if app.name in ("crm", "billing", "documents")]
    return {model._meta.label: model._default_manager.count() for models in ours for model in models}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _missing_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _backwards in plan]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
