"""What is open on a deal besides its rows and may have to follow its money, asked in one round trip.

Every change of money asks it once under the deal's lock, and most deals have nothing: then nobody else need
look (billing.consequences). Each answer is wide: a follower that is called finds out by itself whether there
is something to do. Plain SQL, because every change reads it; reads only.
"""

from dataclasses import dataclass

from django.db import connection

from crm.models import Deal

OPEN_ENDS = """
WITH rows AS MATERIALIZED (
    SELECT i.id FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
    WHERE s.deal_id = %(deal)s
)
SELECT EXISTS (SELECT 1 FROM billing_payment p WHERE p.deal_id = %(deal)s),
       EXISTS (SELECT 1 FROM billing_accountpolicy y WHERE y.account_id = %(account)s AND y.late_fee <> '{}')
           OR EXISTS (SELECT 1 FROM rows JOIN billing_latefee f ON f.installment_id = rows.id),
       EXISTS (SELECT 1 FROM billing_providerorder o
               WHERE o.deal_id = %(deal)s AND o.state IN ('creating', 'open')),
       EXISTS (SELECT 1 FROM rows JOIN billing_overdueflag f ON f.installment_id = rows.id
               WHERE f.cured_at IS NULL),
       EXISTS (SELECT 1 FROM billing_promise m WHERE m.deal_id = %(deal)s
               AND NOT EXISTS (SELECT 1 FROM billing_promiseend e WHERE e.promise_id = m.id)),
       EXISTS (SELECT 1 FROM billing_transferclaim c WHERE c.deal_id = %(deal)s AND c.closed_at IS NULL),
       EXISTS (SELECT 1 FROM billing_daterequest w WHERE w.deal_id = %(deal)s AND w.state = 'waiting'),
       EXISTS (SELECT 1 FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id
               WHERE p.deal_id = %(deal)s)
"""


@dataclass(frozen=True)
class OpenEnds:
    """True where there may be something to do: money that came, late fees (charged or to be charged), live
    orders, flags of overdue rows, a promise, a claimed transfer, a date that was asked for, money that went
    back.
    """

    money: bool
    fees: bool
    orders: bool
    flags: bool
    promise: bool
    claim: bool
    wish: bool
    refunded: bool


def of(deal: Deal) -> OpenEnds:
    """Ask for all of them; the caller holds the deal's lock, so the answer stays true."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ENDS, {"deal": deal.pk, "account": deal.account_id})
        return OpenEnds(*cursor.fetchone())
