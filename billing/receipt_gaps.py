"""Money without a receipt: nobody makes it, it failed, or it is on its way for more than a day.

Reads only; a person works the list off (receipts.settle).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from billing import receipts
from billing.models import Receipt

LATE = timedelta(hours=24)


def open_at(at: datetime) -> Q:
    """Receipts that are not there, and those that should be there by now."""
    waiting = Q(state__in=(Receipt.State.PLANNED, Receipt.State.SENT), created_at__lt=at - LATE)
    # Printed by the shop with a refund, and nobody can be asked for it.
    untold = Q(state=Receipt.State.SENT, providercall__isnull=True)
    return Q(state__in=(Receipt.State.MISSING, Receipt.State.FAILED)) | (waiting & ~untold)


def oldest_first(*, at: datetime) -> Iterator[Receipt]:
    rows = Receipt.objects.filter(open_at(at)).order_by("created_at", "id")
    paid = ("payment__deal", "payment__legal_entity", "payment__merchant", "refund")
    related = (*paid, "rendering__deal", "rendering__legal_entity")
    return rows.select_related(*related).prefetch_related("offsets").iterator(chunk_size=500)


def amount_of(receipt: Receipt) -> Decimal:
    """What a receipt is about, planned or not: the money that came or went, or the service that it closes."""
    if receipt.rendering:
        return receipts.total(receipt) or receipt.rendering.amount
    if receipt.kind == Receipt.Kind.OFFSET:
        return sum((offset.amount for offset in receipt.offsets.all()), Decimal(0))
    if receipt.kind == Receipt.Kind.REFUND:
        return receipt.refund.amount if receipt.refund else receipts.total(receipt) or receipt.payment.amount
    return receipt.payment.amount
