"""Guards of refunds on order and of rendered service.

1. What is asked back and not yet gone fits into what the payment still holds, checked when it is asked for.
2. A refund order never changes what it was asked for, and ends once.
3. Closed parts of a payment stay within the payment; renderings and offsets are append-only.
"""

from django.db import migrations

REFUND_ORDERS = """
CREATE FUNCTION grafik_check_refund_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid numeric;
    gone numeric;
    asked numeric;
BEGIN
    SELECT p.amount INTO paid FROM billing_payment p WHERE p.id = NEW.payment_id;
    SELECT (SELECT COALESCE(SUM(r.amount), 0) FROM billing_refund r WHERE r.payment_id = NEW.payment_id)
        + (SELECT COALESCE(SUM(v.amount), 0) FROM billing_reversal v WHERE v.payment_id = NEW.payment_id)
        + (SELECT COALESCE(SUM(m.amount), 0) FROM billing_move m WHERE m.source_id = NEW.payment_id)
        - (SELECT COALESCE(SUM(m.amount), 0) FROM billing_move m
           WHERE m.target_id = NEW.payment_id AND m.amount < 0)
        INTO gone;
    SELECT COALESCE(SUM(o.amount), 0) INTO asked FROM billing_refundorder o
        WHERE o.payment_id = NEW.payment_id AND o.state IN ('requested', 'sent');
    IF asked + gone > paid THEN
        RAISE EXCEPTION 'payment %: % asked back and % gone of %', NEW.payment_id, asked, gone, paid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_orders_within_payment';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER refund_orders_within_payment AFTER INSERT ON billing_refundorder
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_refund_order();

CREATE TRIGGER refund_order_keeps_its_demand
    BEFORE UPDATE OF payment_id, merchant_id, amount, method, reason, author, created_at OR DELETE
    ON billing_refundorder FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER refund_order_ends_once BEFORE UPDATE OF state, refund_id ON billing_refundorder FOR EACH ROW
    WHEN (OLD.state IN ('done', 'failed') AND (NEW.state <> OLD.state OR NEW.refund_id IS DISTINCT FROM OLD.refund_id))
    EXECUTE FUNCTION grafik_refuse_change();
"""

OFFSETS = """
CREATE FUNCTION grafik_check_offsets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid numeric;
    closed numeric;
BEGIN
    SELECT p.amount INTO paid FROM billing_payment p WHERE p.id = NEW.payment_id;
    SELECT COALESCE(SUM(o.amount), 0) INTO closed FROM billing_offset o WHERE o.payment_id = NEW.payment_id;
    IF closed < 0 OR closed > paid THEN
        RAISE EXCEPTION 'payment %: % closed of %', NEW.payment_id, closed, paid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'offsets_within_payment';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER offsets_within_payment AFTER INSERT ON billing_offset
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_offsets();

CREATE TRIGGER offset_append_only BEFORE UPDATE OR DELETE ON billing_offset
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER rendering_append_only BEFORE UPDATE OR DELETE ON billing_rendering
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
"""

UNDO = """
DROP TRIGGER rendering_append_only ON billing_rendering;
DROP TRIGGER offset_append_only ON billing_offset;
DROP TRIGGER offsets_within_payment ON billing_offset;
DROP FUNCTION grafik_check_offsets;
DROP TRIGGER refund_order_ends_once ON billing_refundorder;
DROP TRIGGER refund_order_keeps_its_demand ON billing_refundorder;
DROP TRIGGER refund_orders_within_payment ON billing_refundorder;
DROP FUNCTION grafik_check_refund_order;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0014_refunds_offsets_reconciliation")]
    operations = [migrations.RunSQL(REFUND_ORDERS + OFFSETS, UNDO)]
