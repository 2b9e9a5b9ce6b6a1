from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_guards")]

    operations = [
        migrations.AddField("accountpolicy", "cohorts", models.JSONField(blank=True, default=list)),
        migrations.AddField("location", "deposit_due", models.JSONField(blank=True, default=dict)),
        migrations.AddField("product", "vat_dates", models.JSONField(blank=True, default=list)),
    ]
