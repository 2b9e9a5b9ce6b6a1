"""What the card offers to put money right and to end prepayments: a transfer for several deals, a payment
that was entered by mistake, a service that was rendered.

Asks nothing of the database: the card has read everything.
"""

from collections.abc import Iterable

from billing import moves
from billing.ledger import Standing
from billing.models import Payment


def actions(standing: Standing, payments: Iterable[Payment]) -> list[str]:
    """What a manager may do; which payments can be taken out their own lines say."""
    found = ["split"] if standing.debt > 0 else []
    if any(_is_by_hand(payment) for payment in payments):
        found.append("reverse")
    if standing.schedule is not None and standing.received > standing.refunded:
        found.append("service_rendered")
    return found


def _is_by_hand(payment: Payment) -> bool:
    """What came by a provider or from another deal goes back as a refund or a move (billing.reversals)."""
    return payment.merchant_id is None and payment.method != moves.METHOD and not hasattr(payment, "reversal")
