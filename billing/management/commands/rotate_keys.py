"""manage.py rotate_keys: write every stored secret anew by the first of FIELD_KEYS.

Put the new key first, restart, run this, then take the old key out. A second run changes nothing of meaning.
"""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from crm.models.encrypted import EncryptedBinaryField, EncryptedTextField


class Command(BaseCommand):
    help = "Encrypt every stored secret by the first of FIELD_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            columns = [
                column.name
                for column in model._meta.concrete_fields
                if isinstance(column, EncryptedTextField | EncryptedBinaryField)
            ]
            if not columns:
                continue
            count = 0
            for key in list(model._default_manager.values_list("pk", flat=True)):
                with transaction.atomic():
                    row = model._default_manager.select_for_update(of=("self",)).filter(pk=key).first()
                    # Of refused notices only the newest are kept, so one may be gone meanwhile.
                    if row is not None:
                        row.save(update_fields=columns)
                        count += 1
            self.stdout.write(f"{model._meta.label}: {count}")
