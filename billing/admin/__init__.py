"""The admin panel of billing: the network is edited here, money and queues are looked at.

Importing registers the pages (Django's autodiscovery does it once).
"""

from billing.admin import (
    entities,
    merchants,
    money,
    notices,
    people,
    places,
    policies,
    queues,
    receipts,
    refunds,
)

__all__ = [
    "entities",
    "merchants",
    "money",
    "notices",
    "people",
    "places",
    "policies",
    "queues",
    "receipts",
    "refunds",
]
