"""Making the database match a network file: all of it in one transaction, or nothing and every reason why
not.
"""

from django.db import connection, transaction

from billing.network_file import accounts, checks, entities
from billing.network_file.changes import Change
from billing.network_file.content import Content, Known
from billing.network_file.nodes import Problem, Refused

# Two runs at one time would each plan against a database that the other is changing.
_LOCK = 0x67_72_61_66


def apply(text: str) -> list[Change]:
    """Read, check, write; the changes in the order of writing. A second call with the same text changes
    nothing.

    Raises Refused with every problem of the file; nothing is written then.
    """
    found: list[Problem] = []
    content = Content.read(text, found)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        found += checks.check(content, Known.load())
        if found:
            raise Refused(found)
        return _write(content)


def preview(text: str) -> list[Change]:
    """What `apply` would do; writes nothing. Raises Refused like it."""
    with transaction.atomic():
        changes = apply(text)
        transaction.set_rollback(True)
    return changes


def _write(content: Content) -> list[Change]:
    # In the order of reference: an account names a legal entity, a location names both.
    return [
        *(entities.write_entity(entity) for entity in content.legal_entities),
        *(
            entities.write_merchant(entity.values["key"], merchant)
            for entity, merchant in content.merchants()
        ),
        *(accounts.write(account) for account in content.accounts),
        *entities.write_locations(content.locations),
        *(entities.write_product(product) for product in content.products),
    ]
