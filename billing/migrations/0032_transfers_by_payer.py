"""A bank's number tells a transfer among those of its payer and year; another payer's is another transfer.

The table is append-only: its guard rests while what stands is told its payer and its day by its payments.
"""

from django.db import migrations, models
from django.db.models.functions import ExtractYear

BACKFILL = r"""
ALTER TABLE billing_transfer DISABLE TRIGGER transfer_append_only;
UPDATE billing_transfer t SET paid_on = p.day, payer_key = p.key
FROM (
    SELECT DISTINCT ON (transfer_id) transfer_id, (received_at AT TIME ZONE 'UTC')::date AS day,
        COALESCE(
            NULLIF(payer->>'inn', ''),
            lower(regexp_replace(btrim(COALESCE(payer->>'name', '')), '\s+', ' ', 'g'))
        ) AS key
    FROM billing_payment WHERE transfer_id IS NOT NULL ORDER BY transfer_id, id
) p
WHERE p.transfer_id = t.id;
UPDATE billing_transfer SET paid_on = (recorded_at AT TIME ZONE 'UTC')::date WHERE paid_on IS NULL;
ALTER TABLE billing_transfer ENABLE TRIGGER transfer_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0031_sealed_bodies")]

    operations = [
        migrations.RemoveConstraint(model_name="transfer", name="transfer_once"),
        migrations.AddField(
            model_name="transfer",
            name="payer_key",
            field=models.CharField(blank=True, max_length=255, default=""),
            preserve_default=False,
        ),
        migrations.AddField(model_name="transfer", name="paid_on", field=models.DateField(null=True)),
        migrations.AddField(
            model_name="transfer", name="entry", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AlterField(model_name="transfer", name="paid_on", field=models.DateField()),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                "legal_entity",
                "external_id",
                "payer_key",
                ExtractYear("paid_on"),
                "entry",
                condition=~models.Q(external_id=""),
                name="transfer_once",
            ),
        ),
    ]
