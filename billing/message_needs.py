"""What a message that waits in the queue still asks for when its turn comes.

What was paid, replaced or given up meanwhile is not said any more, nor what was queued before the deal was
lost or deleted: who sends something afterwards knows of that. Reads only; billing.messages sends.
"""

from datetime import datetime

from billing.models import Installment, Invoice, LostDeal, Message, Reminder
from crm.models import Deal


def invoices_of(row: Message) -> list[Invoice]:
    """The invoices of a letter that still ask for something."""
    found = [row.invoice, *row.also.select_related("legal_entity", "deal__account")] if row.invoice else []
    rows = [invoice.installment_id for invoice in found if invoice and invoice.installment_id]
    still_open = set(Installment.objects.filter(pk__in=rows).open().values_list("pk", flat=True))
    return [
        invoice
        for invoice in found
        if invoice.voided_at is None
        and (invoice.installment_id is None or invoice.installment_id in still_open)
        and not _is_stopped(invoice.deal, row.created_at)
    ]


def is_needed(row: Message, *, steps: list[Reminder], asked: list[Invoice]) -> bool:
    """False when nothing is left of what the message asks for: `steps` of a policy, invoices, or a charge."""
    if steps:
        rows = Installment.objects.filter(
            pk__in=[step.installment_id for step in steps], schedule__deal__state=Deal.State.LIVE
        )
        return rows.open().exists()
    kind, _colon, rest = row.key.partition(":")
    if kind == "charge":
        # What was to be charged from the saved card (billing.auto_charges).
        still_owed = Installment.objects.filter(pk=rest.partition(":")[0]).open().exists()
        return still_owed and not _is_stopped(row.deal, row.created_at)
    return row.invoice is None or bool(asked)


def _is_stopped(deal: Deal, queued_at: datetime) -> bool:
    if deal.state == Deal.State.LIVE:
        return False
    return not LostDeal.objects.filter(deal=deal, ended_at=None, asked_at__lt=queued_at).exists()
