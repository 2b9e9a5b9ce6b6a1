-- What corrects money: moves, reversals, placements, transfers, write-offs, late fees, payers.

-- : write-offs and late fees never fall below zero
SELECT d.external_id, 'row ' || i.number || ': written off ' || COALESCE(w.total, 0) || ', late fees '
    || COALESCE(f.total, 0) || ', paid of them ' || COALESCE(a.total, 0)
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN (SELECT installment_id, SUM(amount) AS total, bool_or(amount = 0) AS empty
           FROM billing_writeoff GROUP BY 1) w ON w.installment_id = i.id
LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_latefee GROUP BY 1) f
    ON f.installment_id = i.id
LEFT JOIN (SELECT installment_id, SUM(amount) AS total FROM billing_feeallocation GROUP BY 1) a
    ON a.installment_id = i.id
WHERE OF_DEAL AND (w.total < 0 OR w.empty OR f.total < 0 OR a.total < 0
                   OR COALESCE(a.total, 0) > COALESCE(f.total, 0))

-- : a late fee is charged once for a day, and waived only downwards
SELECT d.external_id, 'late fee ' || f.id || ' ' || f.kind || ' ' || f.amount
FROM billing_latefee f JOIN billing_installment i ON i.id = f.installment_id
JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND (f.until < f.since OR (f.kind = 'waived' AND f.amount >= 0)
    OR (f.kind = 'charged' AND (f.amount < 0 OR EXISTS (
        SELECT 1 FROM billing_latefee o WHERE o.installment_id = f.installment_id AND o.kind = 'charged'
            AND o.id <> f.id AND o.since <= f.until AND f.since <= o.until))))

-- : money is carried inside one legal entity, by one move, and back at most once
SELECT d.external_id, 'payment ' || t.id || ' of payment ' || p.id
FROM (SELECT source_id, target_id, SUM(amount) AS total, COUNT(*) FILTER (WHERE amount > 0) AS times
      FROM billing_move GROUP BY 1, 2) m
JOIN billing_payment p ON p.id = m.source_id JOIN billing_payment t ON t.id = m.target_id
LEFT JOIN crm_deal d ON d.id = t.deal_id
WHERE OF_DEAL AND (p.legal_entity_id <> t.legal_entity_id OR p.received_at <> t.received_at OR m.times <> 1
                   OR m.total < 0 OR m.total > t.amount OR p.deal_id IS NOT DISTINCT FROM t.deal_id)

-- : a carried payment has the one move that carried it
SELECT d.external_id, 'payment ' || p.id || ', carried by ' || COUNT(m.id)
FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN billing_move m ON m.target_id = p.id AND m.amount > 0
WHERE OF_DEAL
GROUP BY d.external_id, p.id, p.method, p.amount
HAVING (p.method = 'transfer') <> (COUNT(m.id) = 1) OR COUNT(m.id) > 1 OR MIN(m.amount) <> p.amount

-- : only money past the providers is taken out as a mistake, whole
SELECT d.external_id, 'reversal of payment ' || p.id
FROM billing_reversal v JOIN billing_payment p ON p.id = v.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND (p.merchant_id IS NOT NULL OR p.method = 'transfer')

-- : a placed payment stands where a person put it
SELECT d.external_id, 'payment ' || p.id
FROM billing_placement x JOIN billing_payment p ON p.id = x.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND x.deal_id IS NOT NULL AND x.deal_id IS DISTINCT FROM p.deal_id

-- : the parts of a transfer are of one legal entity and add up to it
SELECT MIN(d.external_id), 'transfer ' || t.id || ' of ' || t.amount || ', parts ' || COALESCE(SUM(p.amount), 0)
FROM billing_transfer t LEFT JOIN billing_payment p ON p.transfer_id = t.id
LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL OR t.id IN (SELECT q.transfer_id FROM billing_payment q JOIN crm_deal d ON d.id = q.deal_id
                          WHERE OF_DEAL)
GROUP BY t.id
HAVING COALESCE(SUM(p.amount), 0) <> t.amount OR bool_or(p.legal_entity_id <> t.legal_entity_id) OR t.amount <= 0

-- : a transfer of the bank is known once
SELECT NULL::bigint, 'transfer ' || t.external_id || ' stands ' || COUNT(*) || ' times'
FROM billing_transfer t WHERE t.external_id <> '' AND %(lead)s IS NULL
AND (NOT EXISTS (SELECT 1 FROM billing_payment p WHERE p.transfer_id = t.id)
     OR EXISTS (SELECT 1 FROM billing_payment p LEFT JOIN billing_reversal r ON r.payment_id = p.id
                WHERE p.transfer_id = t.id AND r.id IS NULL))
GROUP BY t.legal_entity_id, t.external_id, t.payer_key, EXTRACT(YEAR FROM t.paid_on) HAVING COUNT(*) > 1

-- : a deal and a row have one payer at a time
SELECT MIN(d.external_id), 'payer of row ' || COALESCE(y.number::text, 'every') || ' stands ' || COUNT(*) || ' times'
FROM billing_dealpayer y JOIN crm_deal d ON d.id = y.deal_id
WHERE OF_DEAL AND y.ended_at IS NULL
GROUP BY y.deal_id, y.number HAVING COUNT(*) > 1

-- : what happened to money and terms is told in the history, and what is told is there
SELECT d.external_id, f.kind || ': ' || SUM(f.facts) || ' facts, ' || SUM(f.told) || ' told'
FROM (
    SELECT deal_id, CASE kind WHEN 'chargeback' THEN 'refund' ELSE kind END AS kind, 0 AS facts,
           CASE kind WHEN 'debt_written_off' THEN (data ->> 'amount')::numeric ELSE 1 END AS told
    FROM billing_event
    WHERE kind IN ('refund', 'chargeback', 'payment_reversed', 'payment_moved_out', 'debt_written_off',
                   'schedule_paused', 'schedule_signed')
    UNION ALL
    SELECT p.deal_id, 'refund', 1, 0 FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id
    UNION ALL
    SELECT p.deal_id, 'payment_reversed', 1, 0
    FROM billing_reversal r JOIN billing_payment p ON p.id = r.payment_id
    UNION ALL
    SELECT p.deal_id, 'payment_moved_out', 1, 0
    FROM billing_move m JOIN billing_payment p
        ON p.id = CASE WHEN m.amount > 0 THEN m.source_id ELSE m.target_id END
    UNION ALL
    SELECT s.deal_id, 'debt_written_off', w.amount, 0
    FROM billing_writeoff w JOIN billing_installment i ON i.id = w.installment_id
    JOIN billing_schedule s ON s.id = i.schedule_id WHERE w.amount > 0
    UNION ALL
    SELECT s.deal_id, 'schedule_paused', 1, 0 FROM billing_pause p JOIN billing_schedule s ON s.id = p.schedule_id
    UNION ALL
    SELECT s.deal_id, 'schedule_signed', 1, 0
    FROM billing_signature g JOIN billing_scheduleversion v ON v.id = g.version_id
    JOIN billing_schedule s ON s.id = v.schedule_id
) f
JOIN crm_deal d ON d.id = f.deal_id
WHERE OF_DEAL
GROUP BY d.external_id, f.kind HAVING SUM(f.facts) <> SUM(f.told)

-- : what the history tells of ends and services is there
SELECT d.external_id, f.kind || ': ' || SUM(f.facts) || ' facts, ' || SUM(f.told) || ' told'
FROM (
    SELECT deal_id, kind, 0 AS facts, 1 AS told FROM billing_event
    WHERE kind IN ('schedule_resumed', 'service_rendered')
    UNION ALL
    SELECT s.deal_id, 'schedule_resumed', 1, 0
    FROM billing_pauseend e JOIN billing_pause p ON p.id = e.pause_id JOIN billing_schedule s ON s.id = p.schedule_id
    UNION ALL
    SELECT deal_id, 'service_rendered', 1, 0 FROM billing_rendering
) f
JOIN crm_deal d ON d.id = f.deal_id
WHERE OF_DEAL
GROUP BY d.external_id, f.kind HAVING SUM(f.facts) < SUM(f.told)

-- : a pause, a version and a payment have one end, signature, placement and reversal each
SELECT NULL::bigint, f.what || ' ' || f.id || ' stands ' || COUNT(*) || ' times'
FROM (
    SELECT 'end of pause' AS what, pause_id AS id FROM billing_pauseend
    UNION ALL SELECT 'signature of version', version_id FROM billing_signature
    UNION ALL SELECT 'placement of payment', payment_id FROM billing_placement WHERE deal_id IS NOT NULL
    UNION ALL SELECT 'reversal of payment', payment_id FROM billing_reversal
    UNION ALL SELECT 'order of refund', refund_id FROM billing_refundorder WHERE refund_id IS NOT NULL
    UNION ALL SELECT 'schedule of deal', deal_id FROM billing_schedule
) f
WHERE %(lead)s IS NULL
GROUP BY f.what, f.id HAVING COUNT(*) > 1

-- : money of a deal belongs to a legal entity of its account
SELECT d.external_id, 'payment ' || p.id || ' of entity ' || p.legal_entity_id
FROM billing_payment p JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND p.legal_entity_id NOT IN (
    SELECT y.legal_entity_id FROM billing_accountpolicy y
    WHERE y.account_id = d.account_id AND y.legal_entity_id IS NOT NULL
    UNION ALL
    SELECT o.legal_entity_id FROM billing_ownership o JOIN billing_location l ON l.id = o.location_id
    WHERE l.account_id = d.account_id)

-- : a service was rendered for a sum, once for a cause, and a company that pays has its number
SELECT MIN(d.external_id), f.what || ' ' || f.key || ' stands ' || COUNT(*) || ' times'
FROM (
    SELECT deal_id, 'service' AS what, key, amount <= 0 AS wrong FROM billing_rendering
    UNION ALL SELECT deal_id, 'payer', id::text, kind = 'company' AND inn = '' FROM billing_dealpayer
) f
JOIN crm_deal d ON d.id = f.deal_id
WHERE OF_DEAL
GROUP BY f.deal_id, f.what, f.key HAVING COUNT(*) > 1 OR bool_or(f.wrong)

-- : a payer is named in the history
SELECT d.external_id, 'payer ' || y.id
FROM billing_dealpayer y JOIN crm_deal d ON d.id = y.deal_id
WHERE OF_DEAL AND NOT EXISTS (
    SELECT 1 FROM billing_event e
    WHERE e.deal_id = y.deal_id AND e.kind IN ('payer_named', 'row_payer_named')
        AND e.recorded_at = y.recorded_at AND e.data -> 'payer' ->> 'name' = y.name)

-- : an act says a sum, its end is one, and what it rendered is what a signed one says
SELECT MIN(d.external_id), 'document ' || a.document_id || ' stands ' || COUNT(*) || ' times'
FROM billing_act a JOIN documents_document o ON o.id = a.document_id JOIN crm_deal d ON d.id = o.deal_id
LEFT JOIN billing_rendering g ON g.deal_id = d.id AND g.key = 'act:' || a.id
WHERE OF_DEAL
GROUP BY a.document_id
HAVING COUNT(*) > 1 OR bool_or(a.amount <= 0 OR (a.state = 'accepted') <> (a.accepted_on IS NOT NULL)
    OR (a.state = 'open') <> (a.closed_at IS NULL)
    OR (g.id IS NOT NULL AND (a.state <> 'accepted' OR g.amount > a.amount
        OR g.rendered_on <> a.rendered_on OR g.legal_entity_id <> a.legal_entity_id)))
