from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_rest_of_the_network_file")]

    operations = [
        migrations.AddField("providercall", "called_at", models.DateTimeField(blank=True, null=True)),
    ]
