"""Celery and the beat table on one screen.

Tasks are kicks and sweeps: what must happen stands in a table row, so a lost task costs seconds, not money
(docs/architecture.md, "Nothing is lost").
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("grafik")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crm", "billing", "analytics"])

app.conf.beat_schedule = {
    "refetch deals that amoCRM hinted at": {"task": "crm.refresh_hinted_deals", "schedule": 5.0},
    "send what waits for amoCRM": {"task": "crm.deliver_outbox", "schedule": 5.0},
    "refresh amoCRM tokens early": {"task": "crm.refresh_tokens", "schedule": crontab(minute="*/15")},
    "look after amoCRM connections": {"task": "crm.check_connections", "schedule": crontab(minute="*")},
    "read amoCRM events for lost hooks": {"task": "crm.read_events", "schedule": crontab(minute="*")},
    "hear what managers are called": {"task": "crm.hear_names", "schedule": crontab(minute=11)},
    "see what bots have said": {"task": "crm.look_into_chats", "schedule": crontab(minute="*/5")},
    "mail alerts to the owners": {"task": "crm.send_alerts", "schedule": 30.0},
    "apply stored notices": {"task": "billing.apply_notices", "schedule": 5.0},
    "call the providers": {"task": "billing.deliver_provider_calls", "schedule": 5.0},
    "send messages": {"task": "billing.deliver_messages", "schedule": 5.0},
    "build workbooks": {"task": "analytics.build_exports", "schedule": 5.0},
    "issue due invoices": {"task": "billing.issue_due_invoices", "schedule": crontab(minute="*")},
    "flag overdue installments": {"task": "billing.flag_overdue", "schedule": crontab(minute="*/5")},
    "charge late fees": {"task": "billing.charge_late_fees", "schedule": crontab(hour=1, minute=25)},
    "end promises whose day is over": {"task": "billing.break_promises", "schedule": crontab(minute=7)},
    "release unpaid deposits": {"task": "billing.release_unpaid_deposits", "schedule": crontab(minute="*")},
    "charge saved cards": {"task": "billing.charge_saved_cards", "schedule": crontab(minute="*/10")},
    "send reminders": {"task": "billing.send_reminders", "schedule": crontab(minute="*/5")},
    "follow the prices of bookings": {"task": "billing.follow_prices", "schedule": 10.0},
    "do what pipelines and bots ask": {"task": "billing.apply_crm_requests", "schedule": 5.0},
    "fill fields that were mapped just now": {"task": "billing.refill_fields", "schedule": 10.0},
    "follow what became of leads": {"task": "billing.follow_leads", "schedule": 10.0},
    "ask about orders that nobody told of": {"task": "billing.watch_orders", "schedule": crontab(minute="*")},
    "close orders whose time is over": {"task": "billing.expire_orders", "schedule": crontab(minute="*")},
    "complete what was served": {"task": "billing.complete_served", "schedule": crontab(minute="*/10")},
    "find money whose notice was lost": {
        "task": "billing.watch_registries",
        "schedule": crontab(minute="*/4"),
    },
    "ask for yesterday's registries": {
        "task": "billing.request_reconciliations",
        "schedule": crontab(hour="4-9", minute="*/30"),
    },
    "compare registries": {"task": "billing.reconcile", "schedule": crontab(minute="*")},
    "close prepayments of rendered service": {
        "task": "billing.render_services",
        "schedule": crontab(hour=4, minute=10),
    },
    "close prepayments when a day or a stage says so": {
        "task": "billing.render_by_itself",
        "schedule": crontab(minute="*/10"),
    },
    "close money that came after its service": {
        "task": "billing.close_late_money",
        "schedule": crontab(hour=4, minute=25),
    },
    "list credit that nobody will pay": {
        "task": "billing.list_credit_returns",
        "schedule": crontab(minute="*/15"),
    },
    "forget old idempotency keys": {
        "task": "billing.forget_idempotency_keys",
        "schedule": crontab(hour=3, minute=17),
    },
}
