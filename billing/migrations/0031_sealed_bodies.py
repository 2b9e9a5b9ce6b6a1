"""Bodies of notices may hold the token of a card: from here on they are stored encrypted, the old ones too."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import migrations

import crm.models.encrypted
from crm.models.encrypted import seal, unseal

TABLES = ("billing_notice", "billing_refusednotice")
CHUNK = 500


def rewrite(how: Callable[[bytes], bytes], _apps: Any, editor: Any) -> None:
    """Plain SQL: the columns of both states read and write by themselves."""
    with editor.connection.cursor() as cursor:
        for table in TABLES:
            last = 0
            while True:
                cursor.execute(
                    f"SELECT id, body FROM {table} WHERE id > %s ORDER BY id LIMIT %s",  # noqa: S608
                    [last, CHUNK],
                )
                rows = cursor.fetchall()
                if not rows:
                    break
                for pk, body in rows:
                    cursor.execute(
                        f"UPDATE {table} SET body = %s WHERE id = %s",  # noqa: S608
                        [how(bytes(body)), pk],
                    )
                last = rows[-1][0]


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0030_rendered_by_itself"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="body",
            field=crm.models.encrypted.EncryptedBinaryField(),
        ),
        migrations.AlterField(
            model_name="refusednotice",
            name="body",
            field=crm.models.encrypted.EncryptedBinaryField(),
        ),
        migrations.RunPython(partial(rewrite, seal), partial(rewrite, unseal)),
    ]
