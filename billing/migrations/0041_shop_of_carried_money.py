"""Money that was carried to another deal goes back by the shop that took it, whose payment it once was."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION grafik_check_refund_shop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.merchant_id IS NOT NULL AND NOT EXISTS (
        WITH RECURSIVE came AS (
            SELECT NEW.payment_id::bigint AS id
            UNION SELECT m.source_id FROM came JOIN billing_move m ON m.target_id = came.id AND m.amount > 0
        )
        SELECT 1 FROM came JOIN billing_payment p ON p.id = came.id WHERE p.merchant_id = NEW.merchant_id
    ) THEN
        RAISE EXCEPTION 'refund of payment %: shop % did not take it', NEW.payment_id, NEW.merchant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_by_the_payments_merchant';
    END IF;
    RETURN NEW;
END $$;
"""

BEFORE = """
CREATE OR REPLACE FUNCTION grafik_check_refund_shop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.merchant_id IS NOT NULL AND NEW.merchant_id IS DISTINCT FROM
            (SELECT p.merchant_id FROM billing_payment p WHERE p.id = NEW.payment_id) THEN
        RAISE EXCEPTION 'refund of payment %: shop % did not take it', NEW.payment_id, NEW.merchant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_by_the_payments_merchant';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0040_overpayment_decided")]
    operations = [migrations.RunSQL(GUARD, BEFORE)]
