-- Received money with everything an accountant matches it by; one line per operation, oldest first.
SELECT m.*, d.lead_id, d.deal, d.contact_name, e.inn AS legal_entity_inn, e.bank ->> 'account' AS bank_account,
       p.payer, p.comment, p.order_id, invoice.number AS invoice,
       receipt.state AS receipt_state, receipt.reason AS receipt_reason, receipt.fiscal AS receipt_fiscal,
       receipt.content AS receipt_content, receipt.registered_at AS receipt_at
FROM money m
JOIN deals d ON d.id = m.deal_id
JOIN billing_payment p ON p.id = m.payment_id
JOIN billing_legalentity e ON e.id = p.legal_entity_id
LEFT JOIN billing_providerorder o ON o.id = p.order_id
LEFT JOIN billing_invoice invoice ON invoice.id = o.invoice_id
LEFT JOIN LATERAL (
    SELECT r.* FROM billing_receipt r
    WHERE r.payment_id = m.payment_id
      AND CASE m.kind WHEN 'payment' THEN r.kind = 'income' WHEN 'refund' THEN r.refund_id = m.id ELSE false END
    ORDER BY r.id LIMIT 1
) receipt ON true
ORDER BY m.at, m.kind, m.id
