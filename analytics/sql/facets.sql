-- What an account can be narrowed by.
SELECT 'programme' AS what, programme AS value, '' AS name FROM crm_deal
WHERE account_id = %(account)s AND programme <> '' GROUP BY programme
UNION ALL
SELECT 'cohort', cohort, '' FROM crm_deal WHERE account_id = %(account)s AND cohort <> '' GROUP BY cohort
UNION ALL
SELECT 'manager', responsible_user_id::text, '' FROM crm_deal
WHERE account_id = %(account)s AND responsible_user_id <> 0 GROUP BY responsible_user_id
UNION ALL
SELECT 'location', key, name FROM billing_location WHERE account_id = %(account)s
UNION ALL
SELECT 'legal_entity', e.key, e.name FROM billing_legalentity e
WHERE e.id IN (SELECT o.legal_entity_id FROM billing_ownership o
               JOIN billing_location l ON l.id = o.location_id WHERE l.account_id = %(account)s
               UNION SELECT legal_entity_id FROM billing_accountpolicy WHERE account_id = %(account)s)
ORDER BY 1, 3, 2
