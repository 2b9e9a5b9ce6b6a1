-- Received money, newest first; a page begins after the last row of the one before.
SELECT m.*, d.lead_id, d.deal, d.contact_name
FROM money m
JOIN deals d ON d.id = m.deal_id
WHERE (%(after_at)s::timestamptz IS NULL
       OR (m.at, m.kind, m.id) < (%(after_at)s::timestamptz, %(after_kind)s::text, %(after_id)s::bigint))
ORDER BY m.at DESC, m.kind DESC, m.id DESC
LIMIT %(limit)s
