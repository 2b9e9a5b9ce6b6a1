"""Making documents: a number of the series, the finished values, once for what it is made of.

The file itself is made when it is first opened (documents.files).
"""

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from django.db import transaction

from crm.models import Deal
from documents import numbers
from documents.models import Document
from documents.values import Values


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a document is besides its values; `number` empty takes the next one of the series."""

    kind: Document.Kind
    series: str
    name: str
    source: str = ""
    number: str = ""
    visible_to_payer: bool = False


def number_of(*, series: str, year: int) -> str:
    """Take the next number of a series: '2026-00015'."""
    return f"{year}-{numbers.next_number(series=series, year=year):05d}"


def add_new(*, drafts: Sequence[tuple[Deal, Draft, Values]], author: str, at: datetime) -> list[Document]:
    """Store documents that were numbered and are made of something new, all in one statement."""
    return Document.objects.bulk_create(
        _row(deal, draft, values, number=draft.number, author=author, at=at) for deal, draft, values in drafts
    )


def add(*, deal: Deal, draft: Draft, values: Values, author: str, at: datetime) -> Document:
    """Store a document; for a `source` that has one already the first is returned and nothing changes."""
    year = deal.local_day(at).year
    number = draft.number or number_of(series=draft.series, year=year)
    row = _row(deal, draft, values, number=number, author=author, at=at)
    if not draft.source:
        row.save()
        return row
    with transaction.atomic():
        # The unique source decides between two who make the same document.
        Document.objects.bulk_create([row], ignore_conflicts=True)
        return Document.objects.get(deal=deal, source=draft.source)


def _row(deal: Deal, draft: Draft, values: Values, *, number: str, author: str, at: datetime) -> Document:
    return Document(
        deal=deal,
        kind=draft.kind,
        source=draft.source,
        series=draft.series,
        number=number,
        year=deal.local_day(at).year,
        name=draft.name,
        author=author,
        created_at=at,
        visible_to_payer=draft.visible_to_payer,
        values=_plain(values),
    )


def _plain(values: Values) -> dict[str, Any]:
    """The values as JSON holds them; parts that documents share (the seller, the bank) are turned once."""
    return {one.name: _part(getattr(values, one.name)) for one in fields(values)}


def _part(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_part(one) for one in value]
    return _shared(cast(Hashable, value)) if is_dataclass(value) else value


@lru_cache(maxsize=1000)
def _shared(value: Hashable) -> dict[str, Any]:
    return asdict(cast(Any, value))
