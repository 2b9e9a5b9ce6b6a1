"""Which of its rarer parts a deal's card has, asked in one round trip, so that a card asks only for those.

Each answer is wide: the part itself says what of it is shown. Reads only; billing.deal_card puts the card
together.
"""

from dataclasses import dataclass

from django.db import connection

from crm.models import Deal

PARTS = """
SELECT EXISTS (SELECT 1 FROM billing_promise m WHERE m.deal_id = %(deal)s)
           OR EXISTS (SELECT 1 FROM billing_transferclaim c
                      WHERE c.deal_id = %(deal)s AND c.closed_at IS NULL)
           OR EXISTS (SELECT 1 FROM billing_daterequest q
                      WHERE q.deal_id = %(deal)s AND q.state = 'waiting')
           OR EXISTS (SELECT 1 FROM billing_stop t WHERE t.deal_id = %(deal)s AND t.ended_at IS NULL)
           OR EXISTS (SELECT 1 FROM billing_preference f
                      WHERE f.account_id = %(account)s AND f.ended_at IS NULL),
       EXISTS (SELECT 1 FROM billing_payment p JOIN billing_refundorder o ON o.payment_id = p.id
               WHERE p.deal_id = %(deal)s)
           OR EXISTS (SELECT 1 FROM billing_payment p JOIN billing_refund r ON r.payment_id = p.id
                      WHERE p.deal_id = %(deal)s),
       EXISTS (SELECT 1 FROM billing_event e
               WHERE e.deal_id = %(deal)s AND e.kind IN ('payment_opened', 'payment_declined')),
       EXISTS (SELECT 1 FROM documents_document d WHERE d.deal_id = %(deal)s),
       EXISTS (SELECT 1 FROM billing_payment p WHERE p.deal_id = %(deal)s AND NOT p.counted),
       EXISTS (SELECT 1 FROM billing_lostdeal l WHERE l.deal_id = %(deal)s AND l.ended_at IS NULL),
       EXISTS (SELECT 1 FROM billing_rendering g WHERE g.deal_id = %(deal)s)
"""


@dataclass(frozen=True)
class Parts:
    """True where the part may have something to show.

    `collecting`: promise, claimed transfer, asked date, stops, wishes; `refunds`: asked for or made;
    `attempts` to pay; `documents`; `uncounted` money of another currency; `loss`: in amoCRM; a service
    that was `rendered`.
    """

    collecting: bool
    refunds: bool
    attempts: bool
    documents: bool
    uncounted: bool
    loss: bool
    rendered: bool


def of(deal: Deal) -> Parts:
    """Ask for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(PARTS, {"deal": deal.pk, "account": deal.account_id})
        return Parts(*cursor.fetchone())
