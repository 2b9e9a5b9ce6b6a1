"""Doors for operators: /healthz, /readyz, /metrics.

/readyz is 503 only when the database (with every migration) or the broker is missing. A queue that does not
move is not a reason to stop the web server, so the age of its oldest waiting row is in the body and in the
metrics.
"""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from analytics.models import Export
from billing import refused_notices
from billing.models import CrmRequest, Message, Notice, ProviderCall
from crm.models import DealHint, OutboxRow, QueueRow

QUEUES: dict[str, type[QueueRow]] = {
    "amocrm_outbox": OutboxRow,
    "amocrm_hints": DealHint,
    "amocrm_requests": CrmRequest,
    "notices": Notice,
    "provider_calls": ProviderCall,
    "messages": Message,
    "workbooks": Export,
}


def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Database migrated and broker reachable; the body says how old the oldest waiting row of each
    queue is.
    """
    state = {"database": _database(), "broker": _broker()}
    waiting = _oldest_waiting() if state["database"] == "ok" else {}
    status = 200 if set(state.values()) == {"ok"} else 503
    return JsonResponse({**state, "oldest_waiting_seconds": waiting}, status=status)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: rows by queue and state, and the age of the oldest waiting row."""
    registry = CollectorRegistry()
    rows = Gauge("grafik_queue_rows", "Rows that wait or are parked", ["queue", "state"], registry=registry)
    age = Gauge("grafik_queue_oldest_seconds", "Age of the oldest waiting row", ["queue"], registry=registry)
    for name, model in QUEUES.items():
        for state in (QueueRow.State.WAITING, QueueRow.State.PARKED):
            rows.labels(name, state).set(model._default_manager.filter(state=state).count())
    for name, seconds in _oldest_waiting().items():
        age.labels(name).set(seconds)
    refused = Gauge(
        "grafik_refused_notices", "Notices refused within the last hour", ["merchant"], registry=registry
    )
    for merchant, count in refused_notices.repeating(at=timezone.now()).items():
        refused.labels(merchant).set(count)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unreachable"
    return "not migrated" if pending else "ok"


def _broker() -> str:
    try:
        redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1).ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"


def _oldest_waiting() -> dict[str, int]:
    now = timezone.now()
    found = {}
    for name, model in QUEUES.items():
        oldest = model._default_manager.filter(state=QueueRow.State.WAITING).order_by("id").first()
        found[name] = max(0, round((now - oldest.created_at).total_seconds())) if oldest else 0
    return found
