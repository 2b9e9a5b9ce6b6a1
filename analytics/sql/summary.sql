-- One pass over the facts, summed by everything at once. `ahead` is what is expected from as_of on, whatever
-- period was asked; `due` and `in_time` are rows whose day has come and what of them was paid by then.
, flow AS (
    SELECT date_trunc('month', paid_on)::date AS month, programme, cohort, manager,
           location, location_name, legal_entity, legal_entity_name,
           amount AS received, 0 AS expected, 0 AS overdue, 0 AS ahead, 0 AS due, 0 AS in_time
    FROM money
    UNION ALL
    SELECT date_trunc('month', due_on)::date, programme, cohort, manager,
           location, location_name, legal_entity, legal_entity_name,
           0,
           CASE WHEN asked AND NOT late THEN rest ELSE 0 END,
           CASE WHEN asked AND late THEN rest ELSE 0 END,
           CASE WHEN NOT late THEN rest ELSE 0 END,
           CASE WHEN asked AND late THEN amount ELSE 0 END,
           CASE WHEN asked AND late THEN in_time ELSE 0 END
    FROM plan
)
SELECT CASE GROUPING(month, programme, cohort, manager, location, legal_entity)
           WHEN 63 THEN 'all' WHEN 31 THEN 'month' WHEN 47 THEN 'programme' WHEN 55 THEN 'cohort'
           WHEN 59 THEN 'manager' WHEN 61 THEN 'location' WHEN 62 THEN 'legal_entity'
       END AS what,
       month, programme, cohort, manager, location, legal_entity,
       min(location_name) AS location_name, min(legal_entity_name) AS legal_entity_name,
       coalesce(sum(received), 0) AS received, coalesce(sum(expected), 0) AS expected,
       coalesce(sum(overdue), 0) AS overdue, coalesce(sum(ahead), 0) AS ahead,
       coalesce(sum(due), 0) AS due, coalesce(sum(in_time), 0) AS in_time
FROM flow
GROUP BY GROUPING SETS ((), (month), (programme), (cohort), (manager), (location), (legal_entity))
