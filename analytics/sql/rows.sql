-- Rows of schedules by the day they are due; `late` null asks for all, open or not.
SELECT r.*, d.lead_id, d.deal, d.contact_name,
       greatest(%(as_of)s::date - r.effective_due_on, 0) AS days
FROM plan r
JOIN deals d ON d.id = r.deal_id
WHERE r.asked
  AND (%(late)s::boolean IS NULL OR (r.late = %(late)s AND r.rest > 0))
  AND (%(after_on)s::date IS NULL OR (r.due_on, r.id) > (%(after_on)s::date, %(after_id)s::bigint))
ORDER BY r.due_on, r.id
LIMIT %(limit)s
