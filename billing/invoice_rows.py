"""The rows that an invoice leaves behind: itself, its paper, history, the deal's note and file in amoCRM.

For one invoice of a click and for the many of a morning, in the same few statements: what a run asks of the
network again and again (owner, tax, product) is asked once. The caller holds the deals' locks and knows what
each invoice may ask for. Letters are billing.invoices' own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from billing import history, papers
from billing.models import Installment, Invoice, LegalEntity
from billing.rules import money
from crm import outbox_runs
from crm.models import Deal
from documents import numbers

# What came to a deal less what went back, as billing.sums tells it of one deal.
KEPT = """
SELECT p.deal_id, sum(p.amount
    - coalesce((SELECT sum(r.amount) FROM billing_refund r WHERE r.payment_id = p.id), 0)
    - coalesce((SELECT sum(v.amount) FROM billing_reversal v WHERE v.payment_id = p.id), 0)
    - coalesce((SELECT sum(m.amount) FROM billing_move m WHERE m.source_id = p.id), 0)
    + coalesce((SELECT sum(m.amount) FROM billing_move m WHERE m.target_id = p.id AND m.amount < 0), 0))
FROM billing_payment p WHERE p.deal_id = ANY(%(deals)s) AND p.counted
GROUP BY p.deal_id
"""


@dataclass(frozen=True)
class Ask:
    """What one invoice is to ask for; `row` is None for a sum of its own, `received` is the deal's by now,
    `letter_waits` when its letter is held (billing.letter_holds).
    """

    deal: Deal
    row: Installment | None
    amount: Decimal
    entity: LegalEntity
    payer: dict[str, Any]
    received: Decimal
    on: date
    letter_waits: bool = False


def make(asks: Sequence[Ask], *, author: str, at: datetime) -> list[Invoice]:
    """Make the invoices in the order in which they are asked for; each asks for more than nothing."""
    made = Invoice.objects.bulk_create(
        Invoice(
            deal=ask.deal,
            legal_entity=ask.entity,
            installment=ask.row,
            number=number,
            amount=ask.amount,
            received_before=ask.received,
            payer=ask.payer,
            issued_on=ask.on,
            created_at=at,
            letter_waits=ask.letter_waits,
        )
        for ask, number in zip(asks, _numbers(asks), strict=True)
    )
    history.record_each(
        [(invoice.deal, _event(invoice)) for invoice in made],
        kind="invoice_issued",
        at=at,
        recorded_at=at,
        author=author,
    )
    notes = [outbox_runs.Note(one.deal, f"invoice:{one.pk}", _note(one)) for one in made]
    outbox_runs.put(notes=notes, files=papers.of_invoices(made, author=author, at=at), at=at)
    return made


def void(deal: Deal, invoice: Invoice, *, reason: str, author: str, at: datetime) -> None:
    """Make an invoice void, once; the caller holds the deal's lock."""
    live = Invoice.objects.filter(id=invoice.id, voided_at__isnull=True)
    if live.update(voided_at=at, void_reason=reason, letter_waits=False):
        data = {"invoice": invoice.number, "amount": money.text(invoice.amount), "reason": reason}
        history.record(deal=deal, kind="invoice_void", at=at, recorded_at=at, author=author, data=data)


def kept_of(deals: Iterable[int]) -> dict[int, Decimal]:
    """What came less what went back, by deal; a deal to which nothing came is missing."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"deals": list(deals)})
        return dict(cursor.fetchall())


def _numbers(asks: Sequence[Ask]) -> list[str]:
    """The next numbers of each legal entity's series; the series are taken in one order by everybody."""

    def series(place: int) -> tuple[str, int]:
        return asks[place].entity.key, asks[place].on.year

    found: dict[int, str] = {}
    for (key, year), group in groupby(sorted(range(len(asks)), key=series), key=series):
        places = list(group)
        taken = numbers.take(series=f"invoice:{key}", year=year, count=len(places))
        found |= {place: f"{year}-{serial:05d}" for place, serial in zip(places, taken, strict=True)}
    return [found[place] for place in range(len(asks))]


def _event(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice": invoice.number,
        "amount": money.text(invoice.amount),
        "installment": invoice.installment.number if invoice.installment else None,
    }


def _note(invoice: Invoice) -> str:
    words = {"number": invoice.number, "amount": money.words(invoice.amount)}
    return _("Invoice %(number)s for %(amount)s issued.") % words
