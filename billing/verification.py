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


# What every statement may name: what left a payment (refunds, reversals, moves) or paid late fees, and what a
# row holds in money and in write-offs.
COMMON = """
    WITH gone AS (
        SELECT payment_id, SUM(amount) AS total FROM (
            SELECT payment_id, amount FROM billing_refund
            UNION ALL SELECT payment_id, amount FROM billing_reversal
            UNION ALL SELECT payment_id, amount FROM billing_feeallocation
            UNION ALL SELECT source_id, amount FROM billing_move
            UNION ALL SELECT target_id, -amount FROM billing_move WHERE amount < 0
        ) every_way GROUP BY payment_id
    ), held AS (
        SELECT installment_id, SUM(amount) AS total FROM (
            SELECT installment_id, amount FROM billing_allocation
            UNION ALL SELECT installment_id, amount FROM billing_writeoff
        ) both_kinds GROUP BY installment_id
    )
"""
# Each statement finds the facts that break one invariant, of one deal when `lead` is given.
INVARIANTS = {
    "installments add up to the total": """
        SELECT d.external_id, 'rows ' || COALESCE(SUM(i.amount), 0) || ', total ' || s.total
        FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
        LEFT JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
        GROUP BY d.external_id, s.id, s.total HAVING COALESCE(SUM(i.amount), 0) <> s.total""",
    "a row holds at most its amount, a replaced one nothing": """
        SELECT d.external_id, 'row ' || i.number || ' holds ' || held.total || ' of ' || i.amount
        FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
        JOIN crm_deal d ON d.id = s.deal_id JOIN held ON held.installment_id = i.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s) AND (held.total < 0
            OR held.total > CASE WHEN i.replaced_in IS NULL THEN i.amount ELSE 0 END)""",
    "write-offs and late fees never fall below zero": """
        SELECT d.external_id, 'row ' || i.number || ': written off ' || COALESCE(w.total, 0) || ', late fees '
            || COALESCE(f.total, 0) || ', paid of them ' || COALESCE(a.total, 0)
        FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
        JOIN crm_deal d ON d.id = s.deal_id
        LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_writeoff GROUP BY 1) w
            ON w.installment_id = i.id
        LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_latefee GROUP BY 1) f
            ON f.installment_id = i.id
        LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_feeallocation GROUP BY 1) a
            ON a.installment_id = i.id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s) AND (w.total < 0 OR f.total < 0 OR a.total < 0
            OR COALESCE(a.total, 0) > COALESCE(f.total, 0))""",
    "money is carried inside one legal entity, by one move, and back at most once": """
        SELECT d.external_id, 'payment ' || t.id || ' of payment ' || p.id
        FROM (SELECT source_id, target_id, SUM(amount) AS total,
                     COUNT(*) FILTER (WHERE amount > 0) AS times
              FROM billing_move GROUP BY 1, 2) m
        JOIN billing_payment p ON p.id = m.source_id JOIN billing_payment t ON t.id = m.target_id
        LEFT JOIN crm_deal d ON d.id = t.deal_id
        WHERE (%(lead)s IS NULL OR d.external_id = %(lead)s)
            AND (p.legal_entity_id <> t.legal_entity_id OR p.received_at <> t.received_at OR m.times <> 1
                 OR m.total < 0 OR m.total > t.amount OR p.deal_id IS NOT DISTINCT FROM t.deal_id)""",
    "a payment gives at most what it is and did not give back": """
        SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount || ': ' || COALESCE(a.total, 0)
            || ' allocated, ' || COALESCE(r.total, 0) || ' gone'
        FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
        LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
            ON a.payment_id = p.id
        LEFT JOIN gone r ON r.payment_id = p.id
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
              LEFT JOIN gone r ON r.payment_id = p.id
              LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
                  ON a.payment_id = p.id
              WHERE p.counted GROUP BY p.deal_id) m ON m.deal_id = d.id
        JOIN (SELECT s.deal_id, SUM(i.amount - COALESCE(a.total, 0)) AS missing
              FROM billing_schedule s
              JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
              LEFT JOIN held a ON a.installment_id = i.id
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
            cursor.execute(COMMON + statement, {"lead": lead_id})
            while rows := cursor.fetchmany(FETCHED_AT_ONCE):
                for lead, detail in rows:
                    yield Violation(invariant, lead, detail)
