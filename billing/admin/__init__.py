"""The admin panel of billing: the network is edited here, money and queues are looked at.

Importing registers the pages (Django's autodiscovery does it once).
"""

from django.contrib import admin

from billing.admin import (
    acts,
    cards,
    collecting,
    entities,
    leads,
    merchants,
    money,
    notices,
    people,
    places,
    planning,
    policies,
    queues,
    receipts,
    reconciliation,
    refunds,
    row_words,
    tokens,
    unplaced,
)

__all__ = [
    "acts",
    "cards",
    "collecting",
    "entities",
    "leads",
    "merchants",
    "money",
    "notices",
    "people",
    "places",
    "planning",
    "policies",
    "queues",
    "receipts",
    "reconciliation",
    "refunds",
    "row_words",
    "tokens",
    "unplaced",
]

admin.site.index_template = "admin/billing/front.html"
