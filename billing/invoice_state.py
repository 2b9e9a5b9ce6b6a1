"""What has become of an invoice: open, paid or void, and what it still asks for. Computed, never stored."""

from decimal import Decimal

from billing.ledger import Standing
from billing.models import Invoice
from billing.rules import money


def state_of(invoice: Invoice, standing: Standing) -> str:
    """open | paid | void, computed: a row's invoice is paid with its row, a free one when so much more has
    come.
    """
    if invoice.voided_at:
        return "void"
    if invoice.installment_id:
        rest = {row.installment.id: row.rest for row in standing.rows}
        return "paid" if rest.get(invoice.installment_id, money.ZERO) <= 0 else "open"
    came = standing.received - standing.refunded - invoice.received_before
    return "paid" if came >= invoice.amount or standing.debt <= 0 else "open"


def open_rest(invoice: Invoice, standing: Standing) -> Decimal:
    """What the invoice still asks for in roubles, never more than the debt."""
    if state_of(invoice, standing) != "open":
        return money.ZERO
    if invoice.installment_id:
        rest = {row.installment.id: row.rest for row in standing.rows}
        return min(rest[invoice.installment_id], standing.debt)
    came = standing.received - standing.refunded - invoice.received_before
    return min(invoice.amount - max(came, money.ZERO), standing.debt)
