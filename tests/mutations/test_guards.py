"""Two witnesses: the database refuses each attack, and without its guard verify_ledger names the break."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import Error, connection, transaction

from billing import verification
from tests.mutations import world
from tests.mutations.attacks import ATTACKS, Again, Attack

pytestmark = pytest.mark.django_db

# Django's own checks that a number is not negative stand beside the columns and need no second witness.
GUARDS = """
SELECT c.conname FROM pg_constraint c WHERE c.conrelid = %(table)s::regclass
    AND (c.contype IN ('c', 'u') OR (c.contype = 'f' AND cardinality(c.conkey) > 1))
    AND c.conname NOT LIKE %(django)s
UNION ALL
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid = %(table)s::regclass AND x.indisunique AND NOT x.indisprimary
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)
UNION ALL
SELECT g.tgname FROM pg_trigger g WHERE g.tgrelid = %(table)s::regclass AND NOT g.tgisinternal
    AND g.tgname <> ALL(%(marks)s)
"""
# Triggers that refuse nothing: they let a row be issued and collected again (test_past_rows.py).
MARKS = ["issue_again", "issue_more"]


@pytest.fixture(scope="module")
def ledger(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One ledger for all attacks; each is undone, and at the end the ledger itself."""
    with django_db_blocker.unblock(), transaction.atomic():
        world.make()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def undone(ledger: None) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_the_ledger_under_attack_holds(undone: None) -> None:
    assert list(verification.violations()) == []


def test_every_guard_of_the_money_tables_is_attacked(undone: None) -> None:
    tables = {attack.table for attack in ATTACKS}
    found = {(table, name) for table in tables for name in guards_of(table)}
    assert found == {(attack.table, attack.guard) for attack in ATTACKS}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.guard)
def test_the_database_refuses(attack: Attack, undone: None) -> None:
    with pytest.raises(Error) as caught, transaction.atomic():
        run(attack.sql)
    refused: Any = caught.value.__cause__
    assert refused.diag.constraint_name == (attack.says or attack.guard)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.guard)
def test_without_the_guard_verify_ledger_names_it(attack: Attack, undone: None) -> None:
    drop(attack)
    # The other triggers would refuse much of it too; what counts here is the second witness.
    run(attack.sql, role="replica")
    assert attack.names in {violation.invariant for violation in verification.violations()}


def guards_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(GUARDS, {"table": f"billing_{table}", "django": "billing\\_%\\_check", "marks": MARKS})
        return {name for (name,) in cursor.fetchall()}


def run(sql: str | Again, *, role: str = "origin") -> None:
    """Attack, and let the deferred guards speak as at a commit."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = {role}")
        cursor.execute(sql if isinstance(sql, str) else insert(sql, cursor))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = origin")


def insert(again: Again, cursor: Any) -> str:
    """The statement that copies a row to the column, under a new id."""
    cursor.execute(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attname <> 'id'",
        [f"billing_{again.table}"],
    )
    columns = [name for (name,) in cursor.fetchall()]
    values = [again.changes.get(name, f"t.{name}") for name in columns]
    return (
        f"INSERT INTO billing_{again.table} ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608
        f" FROM (SELECT * FROM billing_{again.table} WHERE {again.where} ORDER BY id LIMIT 1) t,"
        f" generate_series(1, {again.times}) AS n"
    )


def drop(attack: Attack) -> None:
    table = f"billing_{attack.table}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s AND contype <> 't'", [attack.guard])
        if cursor.fetchone():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {attack.guard} CASCADE")
            return
        cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = %s", [attack.guard])
        if cursor.fetchone():
            cursor.execute(f"DROP TRIGGER {attack.guard} ON {table}")
        else:
            cursor.execute(f"DROP INDEX {attack.guard}")
