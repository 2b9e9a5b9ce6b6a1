"""The database's guards of what corrects money: moves, reversals, placements, write-offs, late fees, transfers.

1. A payment gives at most what it is: allocations, late fees paid, refunds, moves and a reversal together.
2. A row holds at most its amount, money and write-offs together; a replaced row holds nothing.
3. A move stays inside one legal entity, comes from one source, and brings back at most what it carried.
4. Only money past the providers is reversed; unplaced money gets its deal once, and the deal's owner is its own.
5. Late fees of a row never fall below zero nor below what was paid of them, and only the deal's money pays them.
6. The parts of a transfer belong to one legal entity and add up to it.
7. All of it is append-only; of a payer only its end is written later.
"""

from django.db import migrations

PAYMENTS = """
DROP TRIGGER allocations_within_payment ON billing_allocation;
DROP TRIGGER refunds_within_payment ON billing_refund;

CREATE FUNCTION grafik_check_uses_of(subject bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    paid numeric;
    allocated numeric;
    fees numeric;
    gone numeric;
BEGIN
    SELECT p.amount INTO paid FROM billing_payment p WHERE p.id = subject;
    SELECT COALESCE(SUM(a.amount), 0) INTO allocated FROM billing_allocation a WHERE a.payment_id = subject;
    SELECT COALESCE(SUM(f.amount), 0) INTO fees FROM billing_feeallocation f WHERE f.payment_id = subject;
    SELECT (SELECT COALESCE(SUM(r.amount), 0) FROM billing_refund r WHERE r.payment_id = subject)
        + (SELECT COALESCE(SUM(v.amount), 0) FROM billing_reversal v WHERE v.payment_id = subject)
        + (SELECT COALESCE(SUM(m.amount), 0) FROM billing_move m WHERE m.source_id = subject)
        - (SELECT COALESCE(SUM(m.amount), 0) FROM billing_move m WHERE m.target_id = subject AND m.amount < 0)
        INTO gone;
    IF allocated < 0 OR fees < 0 OR gone < 0 OR allocated + fees + gone > paid THEN
        RAISE EXCEPTION 'payment %: % allocated, % for fees and % gone of %', subject, allocated, fees, gone, paid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_covers_allocations';
    END IF;
END $$;

CREATE FUNCTION grafik_check_payment_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grafik_check_uses_of(NEW.payment_id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER allocations_within_payment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment_uses();
CREATE CONSTRAINT TRIGGER refunds_within_payment AFTER INSERT ON billing_refund
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment_uses();
CREATE CONSTRAINT TRIGGER fees_within_payment AFTER INSERT ON billing_feeallocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment_uses();
CREATE CONSTRAINT TRIGGER reversal_within_payment AFTER INSERT ON billing_reversal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment_uses();
"""

MOVES = """
CREATE FUNCTION grafik_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source billing_payment;
    target billing_payment;
    carried numeric;
BEGIN
    SELECT * INTO source FROM billing_payment WHERE id = NEW.source_id;
    SELECT * INTO target FROM billing_payment WHERE id = NEW.target_id;
    IF source.legal_entity_id <> target.legal_entity_id OR NOT source.counted OR NOT target.counted
        OR source.received_at <> target.received_at OR target.merchant_id IS NOT NULL
        OR source.deal_id IS NOT DISTINCT FROM target.deal_id
        OR (NEW.amount > 0 AND NEW.amount <> target.amount) THEN
        RAISE EXCEPTION 'payment % cannot be carried to payment %', NEW.source_id, NEW.target_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'move_inside_the_entity';
    END IF;
    SELECT SUM(m.amount) INTO carried FROM billing_move m
        WHERE m.source_id = NEW.source_id AND m.target_id = NEW.target_id;
    IF carried < 0 OR carried > target.amount THEN
        RAISE EXCEPTION 'payment % brings back more than it carried to payment %', NEW.source_id, NEW.target_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'move_inside_the_entity';
    END IF;
    PERFORM grafik_check_uses_of(NEW.source_id);
    PERFORM grafik_check_uses_of(NEW.target_id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER move_inside_the_entity AFTER INSERT ON billing_move
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_move();

CREATE FUNCTION grafik_check_moved_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM billing_move m WHERE m.target_id = NEW.id AND m.amount > 0) THEN
        RAISE EXCEPTION 'payment % says it was carried here, but no move did it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'moved_payment_has_a_move';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER moved_payment_has_a_move AFTER INSERT ON billing_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.method = 'transfer')
    EXECUTE FUNCTION grafik_check_moved_payment();

CREATE FUNCTION grafik_check_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_payment p WHERE p.id = NEW.payment_id
               AND (p.merchant_id IS NOT NULL OR p.method = 'transfer')) THEN
        RAISE EXCEPTION 'payment % came by a provider or was carried: it is not reversed', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_of_offline_money';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER reversal_of_offline_money BEFORE INSERT ON billing_reversal
    FOR EACH ROW EXECUTE FUNCTION grafik_check_reversal();

CREATE TRIGGER payment_changes_no_deal BEFORE UPDATE OF deal_id ON billing_payment
    FOR EACH ROW WHEN (OLD.deal_id IS NOT NULL AND NEW.deal_id IS DISTINCT FROM OLD.deal_id)
    EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER payment_placed_with_its_owner BEFORE UPDATE OF deal_id ON billing_payment
    FOR EACH ROW WHEN (OLD.deal_id IS NULL AND NEW.deal_id IS NOT NULL)
    EXECUTE FUNCTION grafik_check_payment_owner();
"""

ROWS = """
DROP TRIGGER allocations_within_installment ON billing_allocation;
DROP TRIGGER installment_above_allocations ON billing_installment;

CREATE FUNCTION grafik_check_row_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject bigint;
    asked numeric;
    allocated numeric;
    given_up numeric;
    gone boolean;
BEGIN
    IF TG_TABLE_NAME = 'billing_installment' THEN
        subject := NEW.id;
    ELSE
        subject := NEW.installment_id;
    END IF;
    SELECT i.amount, i.replaced_in IS NOT NULL INTO asked, gone FROM billing_installment i WHERE i.id = subject;
    SELECT COALESCE(SUM(a.amount), 0) INTO allocated FROM billing_allocation a WHERE a.installment_id = subject;
    SELECT COALESCE(SUM(w.amount), 0) INTO given_up FROM billing_writeoff w WHERE w.installment_id = subject;
    IF allocated < 0 OR given_up < 0 OR allocated + given_up > asked
        OR (gone AND (allocated <> 0 OR given_up <> 0)) THEN
        RAISE EXCEPTION 'installment %: % allocated and % written off of %', subject, allocated, given_up, asked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'installment_covers_allocations';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER allocations_within_installment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_row_holds();
CREATE CONSTRAINT TRIGGER write_offs_within_installment AFTER INSERT ON billing_writeoff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_row_holds();
CREATE CONSTRAINT TRIGGER installment_above_allocations AFTER UPDATE OF amount, replaced_in ON billing_installment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_row_holds();
"""

FEES = """
CREATE FUNCTION grafik_check_fees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charged numeric;
    paid numeric;
BEGIN
    IF TG_TABLE_NAME = 'billing_feeallocation' AND NOT EXISTS (
        SELECT 1 FROM billing_payment p, billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
        WHERE p.id = NEW.payment_id AND i.id = NEW.installment_id AND p.deal_id = s.deal_id AND p.counted
    ) THEN
        RAISE EXCEPTION 'payment % pays no late fee of installment %', NEW.payment_id, NEW.installment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_of_the_deal';
    END IF;
    SELECT COALESCE(SUM(f.amount), 0) INTO charged FROM billing_latefee f
        WHERE f.installment_id = NEW.installment_id;
    SELECT COALESCE(SUM(a.amount), 0) INTO paid FROM billing_feeallocation a
        WHERE a.installment_id = NEW.installment_id;
    IF charged < 0 OR paid < 0 OR paid > charged THEN
        RAISE EXCEPTION 'installment %: % of % late fees are paid', NEW.installment_id, paid, charged
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_cover_payments';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER fees_above_payments AFTER INSERT ON billing_latefee
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_fees();
CREATE CONSTRAINT TRIGGER payments_within_fees AFTER INSERT ON billing_feeallocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_fees();
"""

TRANSFERS = """
CREATE FUNCTION grafik_check_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject bigint;
    whole billing_transfer;
    parts numeric;
    strangers bigint;
BEGIN
    IF TG_TABLE_NAME = 'billing_transfer' THEN
        subject := NEW.id;
    ELSE
        subject := NEW.transfer_id;
    END IF;
    SELECT * INTO whole FROM billing_transfer WHERE id = subject;
    SELECT COALESCE(SUM(p.amount), 0), COUNT(*) FILTER (WHERE p.legal_entity_id <> whole.legal_entity_id)
        INTO parts, strangers FROM billing_payment p WHERE p.transfer_id = subject;
    IF parts <> whole.amount OR strangers > 0 THEN
        RAISE EXCEPTION 'transfer %: its parts add up to % of %', subject, parts, whole.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_adds_up';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER transfer_adds_up AFTER INSERT ON billing_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_transfer();
CREATE CONSTRAINT TRIGGER transfer_parts_add_up AFTER INSERT ON billing_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.transfer_id IS NOT NULL)
    EXECUTE FUNCTION grafik_check_transfer();
"""

APPEND_ONLY = """
CREATE TRIGGER move_append_only BEFORE UPDATE OR DELETE ON billing_move
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER reversal_append_only BEFORE UPDATE OR DELETE ON billing_reversal
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER placement_append_only BEFORE UPDATE OR DELETE ON billing_placement
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER write_off_append_only BEFORE UPDATE OR DELETE ON billing_writeoff
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER late_fee_append_only BEFORE UPDATE OR DELETE ON billing_latefee
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER fee_allocation_append_only BEFORE UPDATE OR DELETE ON billing_feeallocation
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE ON billing_transfer
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER payment_keeps_its_transfer BEFORE UPDATE OF transfer_id ON billing_payment
    FOR EACH ROW WHEN (NEW.transfer_id IS DISTINCT FROM OLD.transfer_id)
    EXECUTE FUNCTION grafik_refuse_change();
CREATE TRIGGER payer_append_only BEFORE DELETE OR UPDATE OF
    deal_id, number, kind, name, inn, kpp, address, email, phone, author, recorded_at ON billing_dealpayer
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
"""

UNDO = """
DROP TRIGGER payer_append_only ON billing_dealpayer;
DROP TRIGGER payment_keeps_its_transfer ON billing_payment;
DROP TRIGGER transfer_append_only ON billing_transfer;
DROP TRIGGER fee_allocation_append_only ON billing_feeallocation;
DROP TRIGGER late_fee_append_only ON billing_latefee;
DROP TRIGGER write_off_append_only ON billing_writeoff;
DROP TRIGGER placement_append_only ON billing_placement;
DROP TRIGGER reversal_append_only ON billing_reversal;
DROP TRIGGER move_append_only ON billing_move;
DROP TRIGGER transfer_parts_add_up ON billing_payment;
DROP TRIGGER transfer_adds_up ON billing_transfer;
DROP FUNCTION grafik_check_transfer;
DROP TRIGGER payments_within_fees ON billing_feeallocation;
DROP TRIGGER fees_above_payments ON billing_latefee;
DROP FUNCTION grafik_check_fees;
DROP TRIGGER installment_above_allocations ON billing_installment;
DROP TRIGGER write_offs_within_installment ON billing_writeoff;
DROP TRIGGER allocations_within_installment ON billing_allocation;
DROP FUNCTION grafik_check_row_holds;
CREATE CONSTRAINT TRIGGER allocations_within_installment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_installment();
CREATE CONSTRAINT TRIGGER installment_above_allocations AFTER UPDATE OF amount, replaced_in ON billing_installment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_installment();
DROP TRIGGER payment_placed_with_its_owner ON billing_payment;
DROP TRIGGER payment_changes_no_deal ON billing_payment;
DROP TRIGGER reversal_of_offline_money ON billing_reversal;
DROP FUNCTION grafik_check_reversal;
DROP TRIGGER moved_payment_has_a_move ON billing_payment;
DROP FUNCTION grafik_check_moved_payment;
DROP TRIGGER move_inside_the_entity ON billing_move;
DROP FUNCTION grafik_check_move;
DROP TRIGGER reversal_within_payment ON billing_reversal;
DROP TRIGGER fees_within_payment ON billing_feeallocation;
DROP TRIGGER refunds_within_payment ON billing_refund;
DROP TRIGGER allocations_within_payment ON billing_allocation;
DROP FUNCTION grafik_check_payment_uses;
DROP FUNCTION grafik_check_uses_of;
CREATE CONSTRAINT TRIGGER allocations_within_payment AFTER INSERT ON billing_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment();
CREATE CONSTRAINT TRIGGER refunds_within_payment AFTER INSERT ON billing_refund
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_payment();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_corrections_fees_payers")]
    operations = [
        migrations.RunSQL(PAYMENTS + MOVES + ROWS + FEES + TRANSFERS + APPEND_ONLY, UNDO),
    ]
