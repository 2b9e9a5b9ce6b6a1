-- The facts that every report reads, narrowed by analytics.filters.Filter; the reports' own texts follow.
--   deals   the account's deals with their location and the legal entity that owns them
--   money   received payments and, negative, refunds; each by its own moment
--   covered what the rows of schedules hold by then, and what of it came in time
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
           coalesce(m.provider, 'offline') AS provider, p.method, fact.external_id
    FROM (
        SELECT 'payment' AS kind, id, id AS payment_id, received_at AS at, recorded_at, amount, external_id
        FROM billing_payment
        WHERE received_at >= %(from_at)s::timestamptz AND received_at < %(till_at)s::timestamptz
          AND recorded_at <= %(known_at)s::timestamptz
        UNION ALL
        SELECT 'refund', id, payment_id, refunded_at, recorded_at, -amount, external_id
        FROM billing_refund
        WHERE refunded_at >= %(from_at)s::timestamptz AND refunded_at < %(till_at)s::timestamptz
          AND recorded_at <= %(known_at)s::timestamptz
    ) fact
    JOIN billing_payment p ON p.id = fact.payment_id AND p.counted
    JOIN deals d ON d.id = p.deal_id
    JOIN billing_legalentity e ON e.id = p.legal_entity_id
    LEFT JOIN billing_merchantaccount m ON m.id = p.merchant_id
    WHERE (%(programme)s::text IS NULL OR p.programme = %(programme)s)
      AND (%(cohort)s::text IS NULL OR p.cohort = %(cohort)s)
      AND (%(manager)s::bigint IS NULL OR p.manager = %(manager)s)
      AND (%(location)s::text IS NULL OR d.location = %(location)s)
      AND (%(legal_entity)s::text IS NULL OR e.key = %(legal_entity)s)
      AND (%(provider)s::text IS NULL OR coalesce(m.provider, 'offline') = %(provider)s)
),
covered AS (
    SELECT a.installment_id, sum(a.amount) AS paid,
           coalesce(sum(a.amount) FILTER (
               WHERE (p.received_at AT TIME ZONE %(zone)s)::date <= i.effective_due_on
           ), 0) AS in_time,
           max(p.received_at) AS last_paid_at
    FROM billing_allocation a
    JOIN billing_payment p ON p.id = a.payment_id
    JOIN deals d ON d.id = p.deal_id
    JOIN billing_installment i ON i.id = a.installment_id
    WHERE p.received_at < %(as_of_till)s::timestamptz
      AND a.recorded_at <= %(known_at)s::timestamptz
      -- A refund moves money between rows when it is recorded; a day before it does not know of that.
      AND (NOT %(past)s OR (a.amount > 0 AND a.recorded_at = p.recorded_at) OR NOT EXISTS (
          SELECT 1 FROM billing_refund r JOIN billing_payment rp ON rp.id = r.payment_id
          WHERE rp.deal_id = p.deal_id AND r.recorded_at = a.recorded_at
            AND r.refunded_at >= %(as_of_till)s::timestamptz
      ))
    GROUP BY a.installment_id
),
plan AS MATERIALIZED (  -- else a page's LIMIT makes the planner look into `covered` once a row
    SELECT i.id, i.number, i.due_on, i.effective_due_on, i.amount,
           least(greatest(coalesce(c.paid, 0), 0), i.amount) AS paid,
           i.amount - least(greatest(coalesce(c.paid, 0), 0), i.amount) AS rest,
           least(greatest(coalesce(c.in_time, 0), 0), i.amount) AS in_time,
           c.last_paid_at, s.deal_id, s.total,
           d.programme, d.cohort, d.manager, d.location, d.location_name, d.legal_entity, d.legal_entity_name,
           i.effective_due_on < %(as_of)s::date AS late,
           i.due_on >= %(since)s::date AND i.due_on <= %(until)s::date AS asked
    FROM billing_installment i
    JOIN billing_schedule s ON s.id = i.schedule_id
    JOIN deals d ON d.id = s.deal_id
    LEFT JOIN covered c ON c.installment_id = i.id
    WHERE ((%(known_now)s AND i.replaced_in IS NULL) OR (NOT %(known_now)s AND EXISTS (
              SELECT 1 FROM (
                  SELECT max(number) AS number FROM billing_scheduleversion v
                  WHERE v.schedule_id = s.id AND v.created_at <= %(known_at)s::timestamptz
              ) stood
              WHERE i.opened_in <= stood.number AND coalesce(i.replaced_in > stood.number, true)
          )))
      AND (%(programme)s::text IS NULL OR d.programme = %(programme)s)
      AND (%(cohort)s::text IS NULL OR d.cohort = %(cohort)s)
      AND (%(manager)s::bigint IS NULL OR d.manager = %(manager)s)
      AND (%(location)s::text IS NULL OR d.location = %(location)s)
      AND (%(legal_entity)s::text IS NULL OR d.legal_entity = %(legal_entity)s)
)
