"""Facts of a schedule's life are append-only: versions, closings of rows, pauses and their ends, signatures.

A closed schedule owes nothing: at commit its current rows hold exactly its total.
"""

from django.db import migrations

TABLES = (
    "billing_scheduleversion",
    "billing_installmentclosing",
    "billing_pause",
    "billing_pauseend",
    "billing_signature",
)
APPEND_ONLY = "\n".join(
    f"CREATE TRIGGER {table[len('billing_') :]}_append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();"
    for table in TABLES
)
CLOSED = """
CREATE FUNCTION grafik_check_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed_as text;
    total numeric;
    held numeric;
BEGIN
    SELECT s.closing, s.total INTO closed_as, total FROM billing_schedule s WHERE s.id = NEW.id;
    IF NOT FOUND OR closed_as = '' THEN
        RETURN NULL;
    END IF;
    SELECT COALESCE(SUM(a.amount), 0) INTO held FROM billing_allocation a
        JOIN billing_installment i ON i.id = a.installment_id
        WHERE i.schedule_id = NEW.id AND i.replaced_in IS NULL;
    IF held <> total THEN
        RAISE EXCEPTION 'schedule % is % at %, but money covers %', NEW.id, closed_as, total, held
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_schedule_owes_nothing';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER closed_schedule_owes_nothing AFTER INSERT OR UPDATE OF closing, total, version
    ON billing_schedule DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grafik_check_closed();
"""
UNDO = "\n".join(
    [
        "DROP TRIGGER closed_schedule_owes_nothing ON billing_schedule;",
        "DROP FUNCTION grafik_check_closed;",
        *(f"DROP TRIGGER {table[len('billing_') :]}_append_only ON {table};" for table in TABLES),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_schedule_life")]
    operations = [migrations.RunSQL(APPEND_ONLY + CLOSED, UNDO)]
