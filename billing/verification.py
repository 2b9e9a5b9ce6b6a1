"""The second witness of the ledger: every money invariant recomputed from the stored facts by plain SQL.

Shares no code with the verbs on purpose, so a mistake there is seen here. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

FETCHED_AT_ONCE = 500


@dataclass(frozen=True)
class Violation:
    """A broken invariant; `lead_id` is amoCRM's id, None when the fact has no deal."""

    invariant: str
    lead_id: int | None
    detail: str


# Each statement finds the facts that break one invariant, of one deal when `lead` is given.
INVARIANTS = {
    "installments add up to the total": """
        SELECT d.external_id, 'rows ' || COALESCE(SUM(i.amount), 0) || ', total ' || s.total
        FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
        LEFT JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
        GROUP BY d.external_id, s.id, s.total HAVING COALESCE(SUM(i.amount), 0) <> s.total""",
    "a row holds at most its amount, a replaced one nothing": """
        SELECT d.external_id, 'row ' || i.number || ' holds ' || SUM(a.amount) || ' of ' || i.amount
        FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
        JOIN crm_deal d ON d.id = s.deal_id JOIN billing_allocation a ON a.installment_id = i.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
        GROUP BY d.external_id, i.id HAVING SUM(a.amount) < 0
            OR SUM(a.amount) > CASE WHEN i.replaced_in IS NULL THEN i.amount ELSE 0 END""",
    "a payment gives at most what it is and did not give back": """
        SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount || ': ' || COALESCE(a.total, 0)
            || ' allocated, ' || COALESCE(r.total, 0) || ' refunded'
        FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
        LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
            ON a.payment_id = p.id
        LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_refund GROUP BY 1) r
            ON r.payment_id = p.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
            AND (COALESCE(a.total, 0) < 0 OR COALESCE(a.total, 0) + COALESCE(r.total, 0) > p.amount)""",
    "money covers rows of its own deal only, and only when it counts": """
        SELECT d.external_id, 'allocation ' || a.id || ' of payment ' || p.id
        FROM billing_allocation a JOIN billing_payment p ON p.id = a.payment_id
        JOIN billing_installment i ON i.id = a.installment_id
        JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
            AND (p.deal_id IS DISTINCT FROM s.deal_id OR NOT p.counted)""",
    "no money lies idle while a row is open": """
        SELECT d.external_id, 'credit ' || (m.free) || ', missing ' || o.missing
        FROM crm_deal d
        JOIN (SELECT p.deal_id, SUM(p.amount) - COALESCE(SUM(r.total), 0) - COALESCE(SUM(a.total), 0) AS free
              FROM billing_payment p
              LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_refund GROUP BY 1) r
                  ON r.payment_id = p.id
              LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
                  ON a.payment_id = p.id
              WHERE p.counted GROUP BY p.deal_id) m ON m.deal_id = d.id
        JOIN (SELECT s.deal_id, SUM(i.amount - COALESCE(a.total, 0)) AS missing
              FROM billing_schedule s
              JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
              LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
                  ON a.installment_id = i.id
              GROUP BY s.deal_id) o ON o.deal_id = d.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s) AND m.free > 0 AND o.missing > 0""",
    "money went to the legal entity of the merchant and of the order": """
        SELECT d.external_id, 'payment ' || p.id
        FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
        LEFT JOIN billing_merchantaccount m ON m.id = p.merchant_id
        LEFT JOIN billing_providerorder o ON o.id = p.order_id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
            AND (m.legal_entity_id <> p.legal_entity_id OR o.legal_entity_id <> p.legal_entity_id
                 OR o.merchant_id <> p.merchant_id)""",
    "every payment has a receipt, or a reason why not": """
        SELECT d.external_id, 'payment ' || p.id
        FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s) AND NOT EXISTS (
            SELECT 1 FROM billing_receipt r WHERE r.payment_id = p.id AND r.kind = 'income'
                AND (r.state NOT IN ('not_required', 'missing', 'failed') OR r.reason <> ''))""",
    "every version is remembered": """
        SELECT d.external_id, 'version ' || s.version || ', remembered ' || COUNT(v.id)
        FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
        LEFT JOIN billing_scheduleversion v ON v.schedule_id = s.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
        GROUP BY d.external_id, s.id HAVING COUNT(v.id) <> s.version OR MAX(v.number) <> s.version""",
    "a live invoice asks for a current row": """
        SELECT d.external_id, 'invoice ' || n.number
        FROM billing_invoice n JOIN crm_deal d ON d.id = n.deal_id
        JOIN billing_installment i ON i.id = n.installment_id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
            AND n.voided_at IS NULL AND i.replaced_in IS NOT NULL""",
}


def violations(*, lead_id: int | None = None) -> Iterator[Violation]:
    """Yield every broken invariant, of one deal or of all of them; nothing means that the ledger holds."""
    for invariant, statement in INVARIANTS.items():
        with connection.cursor() as cursor:
            cursor.execute(statement, {"lead": lead_id})
            while rows := cursor.fetchmany(FETCHED_AT_ONCE):
                for lead, detail in rows:
                    yield Violation(invariant, lead, detail)
