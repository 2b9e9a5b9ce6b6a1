"""What a click asks for: the amount that is owed for a purpose at this moment, and its words.

One place for the payer's page, the provider's order and the letters, so that a button, the page behind it and
the order behind that say the same number. Computes from a standing; stores nothing.
"""

from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _

from billing import invoice_state
from billing.ledger import RowStanding, Standing
from billing.models import Invoice
from billing.rules import money
from crm.models import Deal


class What(StrEnum):
    INSTALLMENT = "installment"
    OVERDUE = "overdue"
    FULL = "full"
    DEPOSIT = "deposit"
    INVOICE = "invoice"
    OWN = "own"


def amount(
    standing: Standing, *, what: What, invoice: Invoice | None = None, own: Decimal | None = None
) -> Decimal:
    """Return the roubles owed for `what`, 0.00 when nothing is; never more than the debt.

    `own` is the sum that the payer chose himself. A void invoice asks what the deal's first open row asks:
    its address stays right (interface.md 8, Schedule).
    """
    match what:
        case What.FULL:
            asked = standing.debt
        case What.OVERDUE:
            asked = standing.overdue
        case What.DEPOSIT:
            asked = standing.deposit or money.ZERO
        case What.OWN:
            asked = own or money.ZERO
        case What.INVOICE if invoice is not None and invoice.voided_at is None:
            asked = invoice_state.open_rest(invoice, standing)
        case _:
            asked = _first_open(standing)
    return max(money.ZERO, min(asked, standing.debt))


def is_covered(standing: Standing, *, what: What, invoice: Invoice | None) -> bool:
    """Where amount() is nothing: is what was asked for paid, or was there never anything to ask?"""
    if invoice is not None or standing.debt <= 0:
        return True
    return what == What.DEPOSIT and standing.deposit is not None


def number_of(standing: Standing, row: RowStanding) -> tuple[int, int]:
    """Return which row of how many this is, as people count them."""
    return row.installment.number, max(other.installment.number for other in standing.rows)


def description(deal: Deal, standing: Standing, *, what: What, invoice: Invoice | None) -> str:
    """Return the line that the payer reads at the provider and in the bank's statement."""
    return ", ".join(filter(None, [_subject(standing, what, invoice), deal.programme, deal.name]))


def purpose_of(what: What, invoice: Invoice | None, own: Decimal | None = None) -> str:
    """Return the stored name of the purpose: 'full', 'invoice:51', 'own:5000.00', …"""
    if own is not None:
        return f"{what}:{money.text(own)}"
    return f"{what}:{invoice.pk}" if invoice is not None else str(what)


def amount_of_purpose(standing: Standing, *, purpose: str, invoice: Invoice | None) -> Decimal:
    """Return what is owed now for a stored purpose."""
    name, _colon, detail = purpose.partition(":")
    what = What(name)
    own = Decimal(detail) if what == What.OWN else None
    return amount(standing, what=what, invoice=invoice, own=own)


def _first_open(standing: Standing) -> Decimal:
    if not standing.rows:
        return standing.debt
    return standing.next.rest if standing.next else money.ZERO


def _subject(standing: Standing, what: What, invoice: Invoice | None) -> str:
    if what == What.INVOICE and invoice is not None and invoice.voided_at is None:
        return _("Invoice %(number)s") % {"number": invoice.number}
    if what == What.OVERDUE:
        return _("Overdue payments")
    if what == What.DEPOSIT:
        return _("Prepayment")
    if what == What.OWN:
        return _("Payment")
    if what == What.FULL or standing.next is None:
        return _("Full payment")
    number, count = number_of(standing, standing.next)
    return _("Payment %(number)d of %(count)d") % {"number": number, "count": count}
