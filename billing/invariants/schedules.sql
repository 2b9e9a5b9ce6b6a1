-- Schedules: rows, versions, closings, pauses. Blocks are named by what must hold and find what breaks it:
-- (lead, detail). OF_DEAL narrows crm_deal d to one deal where only one is asked for.

-- : installments add up to the total
SELECT d.external_id, 'rows ' || COALESCE(SUM(i.amount), 0) || ', total ' || s.total
FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
WHERE OF_DEAL
GROUP BY d.external_id, s.id, s.total HAVING COALESCE(SUM(i.amount), 0) <> s.total

-- : a row asks for something, never earlier than its contract says
SELECT d.external_id, 'row ' || i.number || ' of ' || i.amount || ' due ' || i.due_on || ', ' || i.effective_due_on
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND (i.amount <= 0 OR i.effective_due_on < i.due_on)

-- : a number stands once in a schedule
SELECT d.external_id, 'row ' || i.number || ' stands ' || COUNT(*) || ' times'
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND i.replaced_in IS NULL
GROUP BY d.external_id, s.id, i.number HAVING COUNT(*) > 1

-- : rows come and go with versions that were
SELECT d.external_id, 'row ' || i.number || ' of versions ' || i.opened_in || ' to ' || i.replaced_in
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND (i.opened_in NOT BETWEEN 1 AND s.version
                   OR i.replaced_in NOT BETWEEN i.opened_in + 1 AND s.version)

-- : every version is remembered
SELECT d.external_id, 'version ' || s.version || ', remembered ' || COUNT(v.id)
FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN billing_scheduleversion v ON v.schedule_id = s.id
WHERE OF_DEAL
GROUP BY d.external_id, s.id
HAVING COUNT(v.id) <> s.version OR MAX(v.number) <> s.version OR COUNT(DISTINCT v.number) <> s.version

-- : the last version has the schedule's total and closing
SELECT d.external_id, 'version ' || v.number || ': ' || v.kind || ' at ' || v.total || ', schedule '
    || s.closing || ' at ' || s.total
FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
JOIN billing_scheduleversion v ON v.schedule_id = s.id AND v.number = s.version
WHERE OF_DEAL AND (v.total <> s.total OR v.total < 0
    OR s.closing <> CASE WHEN v.kind IN ('settled', 'cancelled') THEN v.kind ELSE '' END)

-- : a closed schedule owes nothing
SELECT d.external_id, s.closing || ' at ' || s.total || ', held ' || COALESCE(SUM(a.amount), 0)
FROM billing_schedule s JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
LEFT JOIN billing_allocation a ON a.installment_id = i.id
WHERE OF_DEAL AND s.closing <> ''
GROUP BY d.external_id, s.id HAVING COALESCE(SUM(a.amount), 0) <> s.total

-- : a row that was closed at less remembers each step down
SELECT d.external_id, 'row ' || c.number || ' of ' || c.amount || ', closed from ' || c.before || ' to ' || c.after
FROM (
    SELECT i.schedule_id, i.number, i.amount, i.opened_in, x.version, x.before, x.after,
           lead(x.before) OVER steps AS next_before
    FROM billing_installmentclosing x JOIN billing_installment i ON i.id = x.installment_id
    WINDOW steps AS (PARTITION BY x.installment_id ORDER BY x.version, x.id)
) c
JOIN billing_schedule s ON s.id = c.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND (c.after <> COALESCE(c.next_before, c.amount) OR c.after >= c.before OR c.after <= 0
                   OR c.version NOT BETWEEN c.opened_in + 1 AND s.version)

-- : a schedule is paused once at a time, and a pause ends after it began
SELECT d.external_id, 'pause ' || p.id
FROM billing_pause p JOIN billing_schedule s ON s.id = p.schedule_id JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN billing_pauseend e ON e.pause_id = p.id
WHERE OF_DEAL AND (p.until <= p.begun_on OR e.ended_on < p.begun_on OR EXISTS (
    SELECT 1 FROM billing_pause o LEFT JOIN billing_pauseend oe ON oe.pause_id = o.id
    WHERE o.schedule_id = p.schedule_id AND o.id > p.id AND e.id IS NULL))

-- : a version is told in the history
SELECT d.external_id, 'version ' || v.number
FROM billing_scheduleversion v JOIN billing_schedule s ON s.id = v.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND NOT EXISTS (
    SELECT 1 FROM billing_event e
    WHERE e.deal_id = s.deal_id AND starts_with(e.kind, 'schedule_')
        AND e.data ->> 'version' = v.number::text AND e.data ->> 'total' = v.total::text)

-- : a version that closed rows has their closings
SELECT d.external_id, 'version ' || v.number || ' closed ' || v.closed || ' rows, ' || COUNT(x.id) || ' closings'
FROM (
    SELECT id, schedule_id, number,
           jsonb_array_length(jsonb_path_query_array(changes, '$[*] ? (@.kind == "closed")')) AS closed
    FROM billing_scheduleversion
) v
JOIN billing_schedule s ON s.id = v.schedule_id JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN billing_installment i ON i.schedule_id = s.id AND v.number > 1
LEFT JOIN billing_installmentclosing x ON x.installment_id = i.id AND x.version = v.number
WHERE OF_DEAL
GROUP BY d.external_id, s.id, v.id, v.number, v.closed HAVING COUNT(x.id) <> v.closed

-- : a row that is passed over when invoices are made was asked for or is covered
SELECT d.external_id, 'row ' || i.number || ' of ' || i.amount || ', held ' || COALESCE(h.total, 0)
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN held h ON h.installment_id = i.id
WHERE OF_DEAL AND i.issuing_over AND i.replaced_in IS NULL AND COALESCE(h.total, 0) < i.amount
    AND NOT EXISTS (SELECT 1 FROM billing_invoice v WHERE v.installment_id = i.id)

-- : a row that is passed over when payers are reminded is covered
SELECT d.external_id, 'row ' || i.number || ' of ' || i.amount || ', held ' || COALESCE(h.total, 0)
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
LEFT JOIN held h ON h.installment_id = i.id
WHERE OF_DEAL AND i.collecting_over AND i.replaced_in IS NULL AND COALESCE(h.total, 0) < i.amount
