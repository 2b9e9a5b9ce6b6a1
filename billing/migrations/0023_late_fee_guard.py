"""Late fees are paid by the deal's own money only: the guard looks at the payment where there is one."""

from django.db import migrations

FEES = """
CREATE OR REPLACE FUNCTION grafik_check_fees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charged numeric;
    paid numeric;
    own boolean;
BEGIN
    -- Two conditions, because a late fee has no payment and the expression of an IF is read as a whole.
    IF TG_TABLE_NAME = 'billing_feeallocation' THEN
        SELECT p.deal_id = s.deal_id AND p.counted INTO own
            FROM billing_payment p, billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id
            WHERE p.id = NEW.payment_id AND i.id = NEW.installment_id;
        IF own IS NOT TRUE THEN
            RAISE EXCEPTION 'payment % pays no late fee of installment %', NEW.payment_id, NEW.installment_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'fees_of_the_deal';
        END IF;
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
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0022_crm_requests")]
    operations = [migrations.RunSQL(FEES, migrations.RunSQL.noop)]
