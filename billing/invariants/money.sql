-- Money: what came, what it covers, what went back, and the papers of it.

-- : a row holds at most its amount, a replaced one nothing
SELECT d.external_id, 'row ' || i.number || ' holds ' || held.total || ' of ' || i.amount
FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
JOIN held ON held.installment_id = i.id
WHERE OF_DEAL AND (held.total < 0 OR held.least < 0
    OR held.total > CASE WHEN i.replaced_in IS NULL THEN i.amount ELSE 0 END)

-- : a payment gives at most what it is and did not give back
SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount || ': ' || COALESCE(a.total, 0) || ' allocated, '
    || COALESCE(gone.total, 0) || ' gone'
FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a ON a.payment_id = p.id
LEFT JOIN gone ON gone.payment_id = p.id
WHERE OF_DEAL AND (COALESCE(a.total, 0) < 0 OR COALESCE(gone.total, 0) < 0 OR gone.least < 0
    OR COALESCE(a.total, 0) + COALESCE(gone.total, 0) > p.amount)

-- : money covers rows and late fees of its own deal only, and only when it counts
SELECT d.external_id, a.what || ' ' || a.id || ' of payment ' || p.id
FROM (
    SELECT 'allocation' AS what, id, payment_id, installment_id FROM billing_allocation
    UNION ALL SELECT 'late fee paid', id, payment_id, installment_id FROM billing_feeallocation
) a
JOIN billing_payment p ON p.id = a.payment_id
JOIN billing_installment i ON i.id = a.installment_id
JOIN billing_schedule s ON s.id = i.schedule_id JOIN crm_deal d ON d.id = s.deal_id
WHERE OF_DEAL AND (p.deal_id IS DISTINCT FROM s.deal_id OR NOT p.counted)

-- : no money lies idle while a row is open
SELECT d.external_id, 'credit ' || m.free || ', missing ' || o.missing
FROM crm_deal d
JOIN (
    SELECT p.deal_id, SUM(p.amount - COALESCE(gone.total, 0) - COALESCE(a.total, 0)) AS free
    FROM billing_payment p LEFT JOIN gone ON gone.payment_id = p.id
    LEFT JOIN (SELECT payment_id, SUM(amount) AS total FROM billing_allocation GROUP BY 1) a
        ON a.payment_id = p.id
    WHERE p.counted GROUP BY p.deal_id
) m ON m.deal_id = d.id
JOIN (
    SELECT s.deal_id, SUM(i.amount - COALESCE(held.total, 0)) AS missing
    FROM billing_schedule s JOIN billing_installment i ON i.schedule_id = s.id AND i.replaced_in IS NULL
    LEFT JOIN held ON held.installment_id = i.id GROUP BY s.deal_id
) o ON o.deal_id = d.id
WHERE OF_DEAL AND m.free > 0 AND o.missing > 0

-- : what came and went is a sum above zero, and nothing is for nothing
SELECT d.external_id, f.what || ' ' || f.id || ' of ' || f.amount
FROM (
    SELECT 'payment' AS what, id, id AS payment_id, amount FROM billing_payment WHERE amount <= 0
    UNION ALL SELECT 'refund', id, payment_id, amount FROM billing_refund WHERE amount <= 0
    UNION ALL SELECT 'reversal', id, payment_id, amount FROM billing_reversal WHERE amount <= 0
    UNION ALL SELECT 'refund order', id, payment_id, amount FROM billing_refundorder WHERE amount <= 0
    UNION ALL SELECT 'allocation', id, payment_id, amount FROM billing_allocation WHERE amount = 0
    UNION ALL SELECT 'late fee paid', id, payment_id, amount FROM billing_feeallocation WHERE amount = 0
    UNION ALL SELECT 'offset', id, payment_id, amount FROM billing_offset WHERE amount = 0
    UNION ALL SELECT 'move', id, source_id, amount FROM billing_move WHERE amount = 0
) f
JOIN billing_payment p ON p.id = f.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL

-- : a provider's operation is known once
SELECT MIN(d.external_id), f.what || ' ' || f.external_id || ' stands ' || COUNT(*) || ' times'
FROM (
    SELECT 'payment' AS what, merchant_id, external_id, id AS payment_id FROM billing_payment
    UNION ALL SELECT 'refund', merchant_id, external_id, payment_id FROM billing_refund
) f
JOIN billing_payment p ON p.id = f.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND f.merchant_id IS NOT NULL
GROUP BY f.what, f.merchant_id, f.external_id HAVING COUNT(*) > 1

-- : money went to the legal entity of the merchant and of the order
SELECT d.external_id, 'payment ' || p.id
FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN billing_merchantaccount m ON m.id = p.merchant_id
LEFT JOIN billing_providerorder o ON o.id = p.order_id
WHERE OF_DEAL AND (m.legal_entity_id <> p.legal_entity_id OR o.legal_entity_id <> p.legal_entity_id
                   OR o.merchant_id <> p.merchant_id)

-- : an order was made for the owner of its location on its day
SELECT d.external_id, 'order ' || o.number || ' of ' || o.owned_on
FROM billing_providerorder o JOIN crm_deal d ON d.id = o.deal_id
LEFT JOIN LATERAL (
    SELECT w.legal_entity_id, w.merchant_id FROM billing_ownership w
    WHERE w.location_id = o.location_id AND w.valid_from <= o.owned_on ORDER BY w.valid_from DESC LIMIT 1
) owner ON true
LEFT JOIN billing_merchantaccount m ON m.id = o.merchant_id
WHERE OF_DEAL AND (m.legal_entity_id <> o.legal_entity_id
    OR (o.location_id IS NOT NULL AND owner.legal_entity_id IS DISTINCT FROM o.legal_entity_id))

-- : nobody knows of money before it comes
SELECT d.external_id, f.what || ' ' || f.id || ' of ' || f.at
FROM (
    SELECT 'payment' AS what, id, id AS payment_id, received_at AS at, recorded_at FROM billing_payment
    UNION ALL SELECT 'refund', id, payment_id, refunded_at, recorded_at FROM billing_refund
) f
JOIN billing_payment p ON p.id = f.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND f.at > f.recorded_at

-- : every payment has a receipt, or a reason why not
SELECT d.external_id, 'payment ' || p.id
FROM billing_payment p LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND NOT EXISTS (
    SELECT 1 FROM billing_receipt r WHERE r.payment_id = p.id AND r.kind = 'income'
        AND (r.state NOT IN ('not_required', 'missing', 'failed') OR r.reason <> ''))

-- : money that came or went has one receipt of its kind
SELECT MIN(d.external_id), r.kind || ' of payment ' || r.payment_id || ' stands ' || COUNT(*) || ' times'
FROM billing_receipt r JOIN billing_payment p ON p.id = r.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND r.kind IN ('income', 'refund')
GROUP BY r.kind, r.payment_id, r.refund_id HAVING COUNT(*) > 1

-- : a credit receipt is of one rendering, every other receipt of money
SELECT MIN(d.external_id), r.kind || ' receipt of ' ||
    COALESCE('rendering ' || r.rendering_id, 'payment ' || r.payment_id, 'nothing') || ' stands ' || COUNT(*) || ' times'
FROM billing_receipt r LEFT JOIN billing_rendering g ON g.id = r.rendering_id
LEFT JOIN billing_payment p ON p.id = r.payment_id LEFT JOIN crm_deal d ON d.id = COALESCE(g.deal_id, p.deal_id)
WHERE OF_DEAL AND (r.kind IN ('credit', 'credit_return') OR r.rendering_id IS NOT NULL OR r.payment_id IS NULL)
GROUP BY r.kind, r.rendering_id, r.payment_id
HAVING (r.kind = 'credit' AND COUNT(*) > 1) OR r.kind NOT IN ('credit', 'credit_return') OR r.rendering_id IS NULL OR r.payment_id IS NOT NULL

-- : what is closed by receipts is within the payment
SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount || ', closed ' || o.total
FROM (SELECT payment_id, SUM(amount) AS total FROM billing_offset GROUP BY 1) o
JOIN billing_payment p ON p.id = o.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND (o.total < 0 OR o.total > p.amount)

-- : what is asked back is still there, and ends by its refund
SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount || ', asked back ' || COALESCE(o.open, 0)
FROM (
    SELECT q.payment_id, SUM(q.amount) FILTER (WHERE q.state IN ('requested', 'sent')) AS open,
           bool_or((q.state = 'done') <> (q.refund_id IS NOT NULL)
                   OR r.payment_id <> q.payment_id OR r.amount <> q.amount
                   OR (q.method = 'provider') <> (q.merchant_id IS NOT NULL)) AS wrong
    FROM billing_refundorder q LEFT JOIN billing_refund r ON r.id = q.refund_id GROUP BY q.payment_id
) o
JOIN billing_payment p ON p.id = o.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN gone ON gone.payment_id = p.id
WHERE OF_DEAL AND (o.wrong OR (o.open > 0 AND o.open + COALESCE(gone.but_fees, 0) > p.amount))

-- : a provider's refund went by the shop that took the money
SELECT d.external_id, 'refund ' || r.id
FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN billing_merchantaccount m ON m.id = r.merchant_id
WHERE OF_DEAL AND r.merchant_id IS NOT NULL
    AND (m.legal_entity_id <> p.legal_entity_id OR (p.merchant_id IS NOT NULL AND p.merchant_id <> r.merchant_id))

-- : a live invoice asks for a current row of its deal, and a row is asked for once
SELECT d.external_id, 'invoice ' || n.number
FROM billing_invoice n JOIN crm_deal d ON d.id = n.deal_id
JOIN billing_installment i ON i.id = n.installment_id JOIN billing_schedule s ON s.id = i.schedule_id
WHERE OF_DEAL AND (s.deal_id <> n.deal_id OR (n.voided_at IS NULL AND (i.replaced_in IS NOT NULL OR EXISTS (
    SELECT 1 FROM billing_invoice o
    WHERE o.installment_id = n.installment_id AND o.voided_at IS NULL AND o.id <> n.id))))

-- : an invoice has a sum and a number of its own
SELECT MIN(d.external_id), 'invoice ' || n.number || ' of ' || MIN(n.amount)
FROM billing_invoice n JOIN crm_deal d ON d.id = n.deal_id
WHERE OF_DEAL
GROUP BY n.legal_entity_id, n.number HAVING COUNT(*) > 1 OR MIN(n.amount) <= 0

-- : payment, order, invoice and deal are of one account
SELECT d.external_id, 'order ' || o.number
FROM billing_providerorder o JOIN crm_deal d ON d.id = o.deal_id
LEFT JOIN billing_invoice n ON n.id = o.invoice_id
LEFT JOIN billing_payment p ON p.order_id = o.id
LEFT JOIN billing_location l ON l.id = o.location_id
WHERE OF_DEAL AND (n.deal_id <> o.deal_id OR (p.id IS NOT NULL AND p.deal_id IS DISTINCT FROM o.deal_id)
                   OR l.account_id <> d.account_id)

-- : a payment is told in the history with its sum
SELECT d.external_id, 'payment ' || p.id || ' of ' || p.amount
FROM billing_payment p JOIN crm_deal d ON d.id = p.deal_id
LEFT JOIN billing_event e ON e.deal_id = p.deal_id AND e.kind = 'payment_received'
    AND e.data ->> 'payment' = p.id::text AND e.data ->> 'amount' = p.amount::text
WHERE OF_DEAL AND e.id IS NULL AND p.counted AND p.method <> 'transfer'
    AND NOT EXISTS (SELECT 1 FROM billing_placement x WHERE x.payment_id = p.id)

-- : an order asks for a sum, under a number and a key of its own, once for a link
SELECT MIN(d.external_id), 'order ' || MIN(o.number) || ' of ' || MIN(o.amount)
FROM (
    SELECT id, deal_id, number, amount, merchant_id || ' ' || number AS key FROM billing_providerorder
    UNION ALL SELECT id, deal_id, number, amount, request_id FROM billing_providerorder
    UNION ALL SELECT id, deal_id, number, amount, deal_id || ' ' || purpose FROM billing_providerorder
    WHERE state IN ('creating', 'open')
) o
JOIN crm_deal d ON d.id = o.deal_id
WHERE OF_DEAL
GROUP BY o.key HAVING COUNT(*) > 1 OR MIN(o.amount) <= 0

-- : a provider's name of a refund belongs to one order
SELECT MIN(d.external_id), 'refund ' || q.external_id || ' stands ' || COUNT(*) || ' times'
FROM billing_refundorder q JOIN billing_payment p ON p.id = q.payment_id LEFT JOIN crm_deal d ON d.id = p.deal_id
WHERE OF_DEAL AND q.external_id <> ''
GROUP BY q.merchant_id, q.external_id HAVING COUNT(*) > 1
