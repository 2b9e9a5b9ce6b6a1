-- The facts that every report reads, narrowed by analytics.filters.Filter; the reports' own texts follow.
--   deals   the account's deals with their location and the legal entity that owns them
--   money   received payments and, negative, refunds, each by its own moment; what was moved to another deal or
--           entered by mistake leaves on the day on which it came, so that a move changes no day's total
--   covered what the rows of schedules hold by then, and what of it came in time
--   given_up what of them was written off by then
--   plan    the rows of the schedules that stood then, with the part that is unpaid
WITH deals AS (
    SELECT d.id, d.external_id AS lead_id, d.name AS deal, d.contact_name, d.contact_email, d.contact_phone,
           d.programme, d.cohort, d.responsible_user_id AS manager,
           place.key AS location, place.name AS location_name,
           owner.key AS legal_entity, owner.name AS legal_entity_name
    FROM crm_deal d
    LEFT JOIN LATERAL (
        SELECT l.id, l.key, l.name FROM billing_location l
        WHERE l.account_id = d.account_id AND l.crm_value = d.location_value AND d.location_value <> ''
        ORDER BY l.id LIMIT 1
    ) place ON true
    LEFT JOIN LATERAL (
        -- The owner on the day of service where it is known, else on the day of view.
        SELECT o.legal_entity_id FROM billing_ownership o
        WHERE o.location_id = place.id AND o.valid_from <= coalesce(d.service_on, %(as_of)s::date)
        ORDER BY o.valid_from DESC LIMIT 1
    ) owned ON true
    LEFT JOIN billing_accountpolicy policy ON policy.account_id = d.account_id
    LEFT JOIN billing_legalentity owner ON owner.id =
        CASE WHEN d.location_value = '' THEN policy.legal_entity_id ELSE owned.legal_entity_id END
    WHERE d.account_id = %(account)s
),
money AS (
    SELECT fact.kind, fact.id, p.id AS payment_id, p.deal_id, fact.at, fact.recorded_at,
           (fact.at AT TIME ZONE %(zone)s)::date AS paid_on, fact.amount, p.programme, p.cohort, p.manager,
           d.location, d.location_name, e.key AS legal_entity, e.name AS legal_entity_name,
           coalesce(m.provider, 'offline') AS provider, coalesce(fact.way, p.method) AS method, fact.external_id
    FROM (
        SELECT 'payment' AS kind, id, id AS payment_id, received_at AS at, recorded_at, amount, external_id,
               merchant_id AS shop, method AS way
        FROM billing_payment
        WHERE received_at >= %(from_at)s::timestamptz AND received_at < %(till_at)s::timestamptz
        UNION ALL
        -- By the shop that gave back, or as the accountant paid it out, however the money came.
        SELECT 'refund', r.id, r.payment_id, r.refunded_at, r.recorded_at, -r.amount, r.external_id, r.merchant_id,
               nullif(asked.method, 'provider')
        FROM billing_refund r LEFT JOIN billing_refundorder asked ON asked.refund_id = r.id
        WHERE refunded_at >= %(from_at)s::timestamptz AND refunded_at < %(till_at)s::timestamptz
        UNION ALL
        SELECT c.kind, c.id, c.payment_id, p.received_at, c.recorded_at, c.amount, '', p.merchant_id, p.method
        FROM (
            SELECT 'moved' AS kind, id, source_id AS payment_id, recorded_at, -amount AS amount FROM billing_move
            UNION ALL
            SELECT 'returned', id, target_id, recorded_at, amount FROM billing_move WHERE amount < 0
            UNION ALL
            SELECT 'reversal', id, payment_id, recorded_at, -amount FROM billing_reversal
        ) c
        JOIN billing_payment p ON p.id = c.payment_id
        WHERE p.received_at >= %(from_at)s::timestamptz AND p.received_at < %(till_at)s::timestamptz
    ) fact
    JOIN billing_payment p ON p.id = fact.payment_id AND p.counted
    JOIN deals d ON d.id = p.deal_id
    JOIN billing_legalentity e ON e.id = p.legal_entity_id
    LEFT JOIN billing_merchantaccount m ON m.id = fact.shop
    WHERE fact.recorded_at <= %(known_at)s::timestamptz
      AND (%(known_now)s OR NOT EXISTS (
          SELECT 1 FROM billing_placement x
          WHERE x.payment_id = p.id AND x.deal_id IS NOT NULL AND x.recorded_at > %(known_at)s::timestamptz
      ))
      AND (%(programme)s::text IS NULL OR p.programme = %(programme)s)
      AND (%(cohort)s::text IS NULL OR p.cohort = %(cohort)s)
      AND (%(manager)s::bigint IS NULL OR p.manager = %(manager)s)
      AND (%(location)s::text IS NULL OR d.location = %(location)s)
      AND (%(legal_entity)s::text IS NULL OR e.key = %(legal_entity)s)
      AND (%(provider)s::text IS NULL OR coalesce(m.provider, 'offline') = %(provider)s)
),
covered AS (
    SELECT a.installment_id, sum(a.amount) AS known, max(a.id) AS last,
           coalesce(sum(a.amount) FILTER (WHERE p.received_at < %(as_of_till)s::timestamptz), 0) AS come,
           coalesce(sum(a.amount) FILTER (
               WHERE (p.received_at AT TIME ZONE %(zone)s)::date <= i.effective_due_on
                 AND p.received_at < %(as_of_till)s::timestamptz
           ), 0) AS in_time,
           max(p.received_at) FILTER (WHERE p.received_at < %(as_of_till)s::timestamptz) AS last_paid_at
    FROM billing_allocation a
    JOIN billing_payment p ON p.id = a.payment_id
    JOIN deals d ON d.id = p.deal_id
    JOIN billing_installment i ON i.id = a.installment_id
    WHERE a.recorded_at <= %(known_at)s::timestamptz
    GROUP BY a.installment_id
),
stood AS (
    SELECT i.id, i.number, i.due_on, i.effective_due_on, s.deal_id,
           CASE WHEN %(known_now)s THEN i.amount ELSE coalesce(closed.before, i.amount) END AS amount,
           CASE WHEN %(known_now)s THEN s.total ELSE version.total END AS total,
           coalesce(given_up.amount, 0) AS written_off,
           coalesce(c.known, 0) AS known, coalesce(c.come, 0) AS come, coalesce(c.last, 0) AS last,
           coalesce(c.in_time, 0) AS in_time, c.last_paid_at
    FROM billing_installment i
    JOIN billing_schedule s ON s.id = i.schedule_id
    JOIN deals d ON d.id = s.deal_id
    LEFT JOIN covered c ON c.installment_id = i.id
    LEFT JOIN (
        SELECT installment_id, greatest(sum(amount), 0) AS amount FROM billing_writeoff
        WHERE recorded_at <= %(known_at)s::timestamptz AND written_on <= %(as_of)s::date
        GROUP BY installment_id
    ) given_up ON given_up.installment_id = i.id
    LEFT JOIN LATERAL (
        SELECT v.number, v.total FROM billing_scheduleversion v
        WHERE NOT %(known_now)s AND v.schedule_id = s.id AND v.created_at <= %(known_at)s::timestamptz
        ORDER BY v.number DESC LIMIT 1
    ) version ON true
    LEFT JOIN LATERAL (
        -- What the row asked for before a later version closed it.
        SELECT x.before FROM billing_installmentclosing x
        WHERE NOT %(known_now)s AND x.installment_id = i.id AND x.version > version.number
        ORDER BY x.version LIMIT 1
    ) closed ON true
    WHERE ((%(known_now)s AND i.replaced_in IS NULL)
           OR (NOT %(known_now)s AND i.opened_in <= version.number
               AND coalesce(i.replaced_in > version.number, true)))
      AND (%(programme)s::text IS NULL OR d.programme = %(programme)s)
      AND (%(cohort)s::text IS NULL OR d.cohort = %(cohort)s)
      AND (%(manager)s::bigint IS NULL OR d.manager = %(manager)s)
      AND (%(location)s::text IS NULL OR d.location = %(location)s)
      AND (%(legal_entity)s::text IS NULL OR d.legal_entity = %(legal_entity)s)
),
came AS (
    SELECT p.id, p.deal_id, p.amount FROM billing_payment p JOIN deals d ON d.id = p.deal_id
    WHERE %(hindsight)s AND p.counted AND p.received_at < %(as_of_till)s::timestamptz
      AND p.recorded_at <= %(known_at)s::timestamptz
      AND NOT EXISTS (
          SELECT 1 FROM billing_placement x
          WHERE x.payment_id = p.id AND x.deal_id IS NOT NULL AND x.recorded_at > %(known_at)s::timestamptz
      )
),
for_rows AS (
    SELECT deal_id, greatest(sum(amount), 0) AS kept FROM (
        SELECT deal_id, amount FROM came
        UNION ALL
        SELECT came.deal_id, -m.amount FROM billing_move m JOIN came ON came.id = m.source_id
        WHERE m.recorded_at <= %(known_at)s::timestamptz
        UNION ALL
        SELECT came.deal_id, m.amount FROM billing_move m JOIN came ON came.id = m.target_id
        WHERE m.recorded_at <= %(known_at)s::timestamptz AND m.amount < 0
        UNION ALL
        SELECT came.deal_id, -v.amount FROM billing_reversal v JOIN came ON came.id = v.payment_id
        WHERE v.recorded_at <= %(known_at)s::timestamptz
        UNION ALL
        SELECT came.deal_id, -r.amount FROM billing_refund r JOIN came ON came.id = r.payment_id
        WHERE r.recorded_at <= %(known_at)s::timestamptz AND r.refunded_at < %(as_of_till)s::timestamptz
        UNION ALL
        -- Late fees took what had been charged by then, and no more.
        SELECT paid.deal_id, -least(greatest(paid.amount, 0), greatest(coalesce(charged.amount, 0), 0))
        FROM (
            SELECT came.deal_id, sum(f.amount) AS amount
            FROM billing_feeallocation f JOIN came ON came.id = f.payment_id
            WHERE f.recorded_at <= %(known_at)s::timestamptz GROUP BY came.deal_id
        ) paid
        LEFT JOIN (
            SELECT s.deal_id, sum(f.amount) AS amount FROM billing_latefee f
            JOIN billing_installment i ON i.id = f.installment_id JOIN billing_schedule s ON s.id = i.schedule_id
            -- The fee of a day is owed from the next day on.
            WHERE f.recorded_at <= %(known_at)s::timestamptz
              AND (f.until < %(as_of)s::date OR f.kind = 'waived' AND f.until = %(as_of)s::date)
            GROUP BY s.deal_id
        ) charged ON charged.deal_id = paid.deal_id
    ) every_way GROUP BY deal_id
),
reopened AS (
    SELECT DISTINCT s.deal_id FROM billing_allocation a
    JOIN billing_installment i ON i.id = a.installment_id JOIN billing_schedule s ON s.id = i.schedule_id
    WHERE %(hindsight)s AND a.amount < 0 AND a.recorded_at <= %(known_at)s::timestamptz
),
told AS (
    SELECT r.*, sum(r.base) OVER (PARTITION BY r.deal_id) - coalesce(k.kept, 0) AS too_much,
           sum(r.base) OVER (PARTITION BY r.deal_id ORDER BY r.last DESC, r.id ROWS UNBOUNDED PRECEDING) - r.base
               AS covered_later,
           greatest(r.amount - r.written_off - r.base, 0) AS gap
    FROM (
        SELECT stood.*,
               least(greatest(CASE WHEN reopened.deal_id IS NULL THEN known ELSE come END, 0), amount) AS base
        FROM stood LEFT JOIN reopened ON reopened.deal_id = stood.deal_id
        WHERE %(hindsight)s
    ) r
    LEFT JOIN for_rows k ON k.deal_id = r.deal_id
),
flowed AS (
    SELECT t.*, t.amount - t.base - t.gap AS given_up,
           sum(t.gap) OVER oldest_first - t.gap AS gaps_before,
           sum(t.amount - t.base - t.gap) OVER oldest_first - (t.amount - t.base - t.gap) AS given_up_before,
           sum(t.gap) OVER (PARTITION BY t.deal_id) AS gaps
    FROM told t
    WINDOW oldest_first AS (PARTITION BY t.deal_id ORDER BY t.due_on, t.number ROWS UNBOUNDED PRECEDING)
),
plan AS MATERIALIZED (  -- else a page's LIMIT makes the planner look into `covered` once a row
    SELECT r.id, r.number, r.due_on, r.effective_due_on, r.amount, r.paid,
           least(r.written_off, r.amount - r.paid) AS written_off,
           r.amount - r.paid - least(r.written_off, r.amount - r.paid) AS rest,
           least(greatest(r.in_time, 0), r.paid) AS in_time, r.last_paid_at, r.deal_id, r.total,
           d.programme, d.cohort, d.manager, d.location, d.location_name, d.legal_entity, d.legal_entity_name,
           r.effective_due_on < %(as_of)s::date AS late,
           r.due_on >= %(since)s::date AND r.due_on <= %(until)s::date AS asked
    FROM (
        SELECT id, number, due_on, effective_due_on, amount, written_off, in_time, last_paid_at, deal_id, total,
               least(greatest(known, 0), amount) AS paid
        FROM stood WHERE NOT %(hindsight)s
        UNION ALL
        SELECT id, number, due_on, effective_due_on, amount, written_off, in_time, last_paid_at, deal_id, total,
               base - least(base, greatest(too_much - covered_later, 0))
                   + least(gap, greatest(-too_much - gaps_before, 0))
                   + least(given_up, greatest(-too_much - gaps - given_up_before, 0))
        FROM flowed
    ) r
    JOIN deals d ON d.id = r.deal_id
)
