"""Promises, their ends, escalations, deadlines and bounces are facts: written once, never changed."""

from django.db import migrations

TABLES = (
    "billing_promise",
    "billing_promiseend",
    "billing_escalation",
    "billing_depositdeadline",
    "billing_bounce",
)
GUARDS = "\n".join(
    f"CREATE TRIGGER {table[len('billing_') :]}_append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION grafik_refuse_change();"
    for table in TABLES
)
UNDO = "\n".join(f"DROP TRIGGER {table[len('billing_') :]}_append_only ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_schedule_planning")]
    operations = [migrations.RunSQL(GUARDS, UNDO)]
