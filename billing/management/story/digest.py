"""A fingerprint of everything that was recorded, without the ids that a database happened to give."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db import models

from billing.models import (
    Allocation,
    Event,
    Installment,
    Invoice,
    Message,
    OverdueFlag,
    Payment,
    Receipt,
    Refund,
    Reminder,
    ScheduleVersion,
)
from crm.models import Deal, OutboxRow

# Each table with the values that make its facts; the deal is named by amoCRM's number.
_ROW = "installment__schedule__deal__external_id", "installment__number", "installment__opened_in"
_FACTS: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (
        Deal,
        ("external_id", "name", "price", "status_id", "state", "contact_name", "contact_email", "service_on"),
    ),
    (
        ScheduleVersion,
        (
            "schedule__deal__external_id",
            "number",
            "total",
            "terms",
            "changes",
            "author",
            "reason",
            "created_at",
        ),
    ),
    (
        Installment,
        (
            "schedule__deal__external_id",
            "number",
            "due_on",
            "effective_due_on",
            "amount",
            "opened_in",
            "replaced_in",
        ),
    ),
    (
        Payment,
        (
            "deal__external_id",
            "merchant__key",
            "amount",
            "method",
            "received_at",
            "recorded_at",
            "author",
            "payer",
        ),
    ),
    (Allocation, (*_ROW, "payment__received_at", "amount", "recorded_at")),
    (Refund, ("payment__deal__external_id", "payment__received_at", "amount", "refunded_at")),
    (
        Receipt,
        (
            "payment__deal__external_id",
            "kind",
            "state",
            "reason",
            "content",
            "fiscal",
            "created_at",
            "registered_at",
        ),
    ),
    (
        Invoice,
        ("deal__external_id", "number", "amount", "issued_on", "created_at", "voided_at", "void_reason"),
    ),
    (Message, ("deal__external_id", "channel", "to", "subject", "state", "created_at", "done_at")),
    (Reminder, (*_ROW, "days", "channel", "message__created_at")),
    (OverdueFlag, (*_ROW, "flagged_on", "returned_to", "cured_at")),
    (Event, ("deal__external_id", "kind", "at", "recorded_at", "author")),
    (OutboxRow, ("deal__external_id", "kind", "state", "created_at", "done_at")),
)


def of_facts() -> str:
    """The same history gives the same 64 letters, whoever told it and in whichever database."""
    digest = hashlib.sha256()
    for line in sorted(_lines()):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _lines() -> Iterator[str]:
    for model, names in _FACTS:
        for values in model._default_manager.values_list(*names).iterator(chunk_size=2000):
            yield f"{model.__name__}: {tuple(map(_text, values))}"


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, dict | list) else str(value)
