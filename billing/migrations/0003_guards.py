"""The database's own guards of money: the second witness beside the checks in Python.

1. Current installments add up to the schedule's total, checked when a transaction commits.
2. Allocations of a payment stay within payment - refunds; allocations of an installment within its amount.
3. A merchant account takes money only for its own legal entity (composite keys).
4. Payments, allocations, refunds and events are append-only: their sums and owners are never updated or deleted.
"""

from django.db import migrations

SUMS = """
CREATE FUNCTION grafik_check_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject bigint;
    total numeric;
    rows_total numeric;
BEGIN
    IF TG_TABLE_NAME = 'billing_schedule' THEN
        subject := COALESCE(NEW.id, OLD.id);
    ELSE
        subject := COALESCE(NEW.schedule_id, OLD.schedule_id);
    END IF;
    SELECT s.total INTO total FROM billing_schedule s WHERE s.id = subject;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT COALESCE(SUM(i.amount), 0) INTO rows_total
        FROM billing_installment i WHERE i.schedule_id = subject AND i.replaced_in IS NULL;
    IF rows_total <> total THEN
        RAISE EXCEPTION 'schedule %: installments add up to %, the total is %', subject, rows_total, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_adds_up';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER schedule_adds_up AFTER INSERT OR UPDATE OF total ON billing_schedule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_schedule();
CREATE CONSTRAINT TRIGGER installments_add_up AFTER INSERT OR UPDATE OF amount, replaced_in, schedule_id OR DELETE
    ON billing_installment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_schedule();

CREATE FUNCTION grafik_check_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid numeric;
    refunded numeric;
    allocated numeric;
BEGIN
    SELECT p.amount INTO paid FROM billing_payment p WHERE p.id = NEW.payment_id;
    SELECT COALESCE(SUM(r.amount), 0) INTO refunded FROM billing_refund r WHERE r.payment_id = NEW.payment_id;
    SELECT COALESCE(SUM(a.amount), 0) INTO allocated FROM billing_allocation a WHERE a.payment_id = NEW.payment_id;
    IF refunded > paid OR allocated > paid - refunded OR allocated < 0 THEN
        RAISE EXCEPTION 'payment %: % allocated and % refunded of %', NEW.payment_id, allocated, refunded, paid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_covers_allocations';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER allocations_within_payment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment();
CREATE CONSTRAINT TRIGGER refunds_within_payment AFTER INSERT ON billing_refund
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment();

CREATE FUNCTION grafik_check_installment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject bigint;
    asked numeric;
    allocated numeric;
    gone boolean;
BEGIN
    IF TG_TABLE_NAME = 'billing_installment' THEN
        subject := NEW.id;
    ELSE
        subject := NEW.installment_id;
    END IF;
    SELECT i.amount, i.replaced_in IS NOT NULL INTO asked, gone FROM billing_installment i WHERE i.id = subject;
    SELECT COALESCE(SUM(a.amount), 0) INTO allocated FROM billing_allocation a WHERE a.installment_id = subject;
    IF allocated > asked OR allocated < 0 OR (gone AND allocated <> 0) THEN
        RAISE EXCEPTION 'installment %: % allocated of %', subject, allocated, asked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'installment_covers_allocations';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER allocations_within_installment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_installment();
CREATE CONSTRAINT TRIGGER installment_above_allocations AFTER UPDATE OF amount, replaced_in ON billing_installment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_installment();
"""

OWNERS = """
ALTER TABLE billing_providerorder ADD CONSTRAINT order_by_the_entitys_merchant
    FOREIGN KEY (merchant_id, legal_entity_id) REFERENCES billing_merchantaccount (id, legal_entity_id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_payment ADD CONSTRAINT payment_by_the_entitys_merchant
    FOREIGN KEY (merchant_id, legal_entity_id) REFERENCES billing_merchantaccount (id, legal_entity_id)
    DEFERRABLE INITIALLY DEFERRED;
"""

APPEND_ONLY = """
CREATE FUNCTION grafik_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE TRIGGER allocation_append_only BEFORE UPDATE OR DELETE ON billing_allocation
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER refund_append_only BEFORE UPDATE OR DELETE ON billing_refund
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON billing_event
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER payment_append_only BEFORE DELETE OR UPDATE OF
    amount, currency, legal_entity_id, merchant_id, external_id, received_at, recorded_at ON billing_payment
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
"""

UNDO = """
DROP TRIGGER payment_append_only ON billing_payment;
DROP TRIGGER event_append_only ON billing_event;
DROP TRIGGER refund_append_only ON billing_refund;
DROP TRIGGER allocation_append_only ON billing_allocation;
DROP FUNCTION grafik_refuse_change;
ALTER TABLE billing_payment DROP CONSTRAINT payment_by_the_entitys_merchant;
ALTER TABLE billing_providerorder DROP CONSTRAINT order_by_the_entitys_merchant;
DROP TRIGGER installment_above_allocations ON billing_installment;
DROP TRIGGER allocations_within_installment ON billing_allocation;
DROP FUNCTION grafik_check_installment;
DROP TRIGGER refunds_within_payment ON billing_refund;
DROP TRIGGER allocations_within_payment ON billing_allocation;
DROP FUNCTION grafik_check_payment;
DROP TRIGGER installments_add_up ON billing_installment;
DROP TRIGGER schedule_adds_up ON billing_schedule;
DROP FUNCTION grafik_check_schedule;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_order_calls_and_reminders")]
    operations = [migrations.RunSQL(SUMS + OWNERS + APPEND_ONLY, UNDO)]
