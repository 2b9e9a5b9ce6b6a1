"""What a lead's budget was is a fact that reports show again: changes of it are never edited."""

from django.db import migrations

GUARD = """
CREATE TRIGGER price_change_append_only BEFORE UPDATE OR DELETE ON crm_pricechange
    FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();
"""
UNDO = "DROP TRIGGER price_change_append_only ON crm_pricechange;"


class Migration(migrations.Migration):
    dependencies = [("billing", "0027_issuing_over"), ("crm", "0006_price_changes")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
