"""The tables of crm."""

from crm.models.account import Account, Connection, Integration, Pipeline
from crm.models.alert import Alert
from crm.models.deal import Deal, DealQuerySet, PriceChange
from crm.models.outbox import DealHint, OutboxRow
from crm.models.queue import QueueRow

__all__ = [
    "Account",
    "Alert",
    "Connection",
    "Deal",
    "DealHint",
    "DealQuerySet",
    "Integration",
    "OutboxRow",
    "Pipeline",
    "PriceChange",
    "QueueRow",
]
