"""Money that is taken back from a row, or a larger sum, lets the row be issued by itself again.

A positive allocation or write-off costs nothing here. Rows are marked only under the
deal's lock (billing.issuing), which whoever takes money back holds too.
"""

from django.db import migrations

TRIGGERS = """
CREATE FUNCTION grafik_issue_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_installment SET issuing_over = false WHERE id = NEW.installment_id AND issuing_over;
    RETURN NULL;
END $$;

CREATE TRIGGER issue_again AFTER INSERT ON billing_allocation
    FOR EACH ROW WHEN (NEW.amount < 0) EXECUTE FUNCTION grafik_issue_again();
CREATE TRIGGER issue_again AFTER INSERT ON billing_writeoff
    FOR EACH ROW WHEN (NEW.amount < 0) EXECUTE FUNCTION grafik_issue_again();

CREATE FUNCTION grafik_issue_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.issuing_over := false;
    RETURN NEW;
END $$;

CREATE TRIGGER issue_more BEFORE UPDATE OF amount ON billing_installment
    FOR EACH ROW WHEN (NEW.amount > OLD.amount) EXECUTE FUNCTION grafik_issue_more();
"""
UNDO = """
DROP TRIGGER issue_more ON billing_installment;
DROP FUNCTION grafik_issue_more();
DROP TRIGGER issue_again ON billing_writeoff;
DROP TRIGGER issue_again ON billing_allocation;
DROP FUNCTION grafik_issue_again();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0028_price_changes_append_only")]

    operations = [migrations.RunSQL(TRIGGERS, UNDO)]
