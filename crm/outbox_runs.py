"""What one run wants changed in many deals: notes and files, written in one statement.

The same rows and keys as crm.outbox writes one by one, and a second call does as little.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm import kick
from crm.models import Deal, OutboxRow


@dataclass(frozen=True)
class Note:
    """A note for a deal, once per key."""

    deal: Deal
    key: str
    text: str


@dataclass(frozen=True)
class File:
    """A file for a deal, once per key; its source makes it (crm.files)."""

    deal: Deal
    key: str
    source: str
    file_id: int


def put(*, notes: Iterable[Note], files: Iterable[File], at: datetime) -> None:
    """Write the rows of a run; an account that has silenced what a note is about gets none."""
    rows = [
        _row(one.deal, OutboxRow.Kind.NOTE, one.key, {"text": one.text}, at)
        for one in notes
        if one.key.partition(":")[0] not in one.deal.account.silent_notes
    ]
    rows += [
        _row(one.deal, OutboxRow.Kind.FILE, one.key, {"source": one.source, "id": one.file_id}, at)
        for one in files
    ]
    with transaction.atomic(savepoint=False):
        OutboxRow.objects.bulk_create(rows, ignore_conflicts=True)
        kick.soon("crm.deliver_outbox")


def _row(deal: Deal, kind: OutboxRow.Kind, key: str, payload: dict[str, Any], at: datetime) -> OutboxRow:
    return OutboxRow(
        account_id=deal.account_id,
        deal=deal,
        kind=kind,
        key=key,
        payload=payload,
        not_before=at,
        created_at=at,
    )
