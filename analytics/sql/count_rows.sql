SELECT count(*) AS count FROM plan r
WHERE r.asked AND (%(late)s::boolean IS NULL OR (r.late = %(late)s AND r.rest > 0))
