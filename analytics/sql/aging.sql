-- Unpaid rows by days past their effective date, one line per deal; rows that are not due yet stand apart.
, own AS (
    SELECT deal_id, sum(paid) AS paid, sum(written_off) AS written_off, max(last_paid_at) AS last_paid_at
    FROM plan GROUP BY deal_id
)
SELECT d.lead_id, d.deal, d.contact_name, d.contact_email, d.contact_phone, d.legal_entity_name,
       max(r.total) AS total, own.paid, own.written_off,
       sum(r.rest) FILTER (WHERE NOT r.late) AS not_due,
       sum(r.rest) FILTER (WHERE r.late AND %(as_of)s::date - r.effective_due_on <= 30) AS to_30,
       sum(r.rest) FILTER (WHERE %(as_of)s::date - r.effective_due_on BETWEEN 31 AND 60) AS to_60,
       sum(r.rest) FILTER (WHERE %(as_of)s::date - r.effective_due_on BETWEEN 61 AND 90) AS to_90,
       sum(r.rest) FILTER (WHERE %(as_of)s::date - r.effective_due_on > 90) AS over_90,
       sum(r.rest) FILTER (WHERE r.late) AS overdue,
       max(%(as_of)s::date - r.effective_due_on) FILTER (WHERE r.late) AS days,
       (own.last_paid_at AT TIME ZONE %(zone)s)::date AS last_paid_on
FROM plan r
JOIN deals d ON d.id = r.deal_id
JOIN own ON own.deal_id = r.deal_id
WHERE r.asked AND r.rest > 0
GROUP BY d.lead_id, d.deal, d.contact_name, d.contact_email, d.contact_phone, d.legal_entity_name,
         own.paid, own.written_off, own.last_paid_at
HAVING bool_or(r.late)
ORDER BY overdue DESC, d.lead_id
