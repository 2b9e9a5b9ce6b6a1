"""Saving a schedule of twelve rows, against the bare SQL that it cannot do without.

The bare SQL, in one transaction of a raw cursor: take the deal's lock; read whether it has a schedule, its
money, the calendar, what is open on it, its sums and rows, its link and its open outbox rows, each in one
statement, where the verb has one in the verb's own words; insert what the verb leaves behind (schedule, rows,
version, event, outbox rows, link; one statement a table), taken from the tables after a save: it is the same
to the column. Locks, constraints, triggers, commit and connection are the same.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from psycopg2.extras import Json

from benches import school
from benches.measure import Benchmark, Figure, Size, measure

# Table, the condition that finds a save's rows, in the order of the inserts.
LEFT_BEHIND = {
    "billing_schedule": "id = %(schedule)s",
    "billing_installment": "schedule_id = %(schedule)s",
    "billing_scheduleversion": "schedule_id = %(schedule)s",
    "billing_event": "deal_id = %(deal)s",
    "crm_outboxrow": "deal_id = %(deal)s",
    "billing_paymentlink": "deal_id = %(deal)s",
}
LOCK = "SELECT * FROM crm_deal d JOIN crm_account a ON a.id = d.account_id WHERE d.id = %(deal)s"
BEFORE = (
    f"{LOCK} FOR NO KEY UPDATE OF d",
    "SELECT * FROM billing_schedule WHERE deal_id = %(deal)s",
    "SELECT year, days_off, working_weekends FROM billing_calendaryear",
)
AFTER = (
    "SELECT token FROM billing_paymentlink WHERE deal_id = %(deal)s AND revoked_at IS NULL",
    "SELECT id, kind, key, state FROM crm_outboxrow WHERE deal_id = %(deal)s"
    " AND kind IN ('fields', 'price') ORDER BY id FOR UPDATE",
)
Row = dict[str, Any]


def run(name: str, size: Size) -> Figure:
    times = size.times(60)
    fresh = [school.make_deal() for _ in range(2 * times * size.turns + 1)]
    pattern = fresh.pop()
    school.save_schedule(pattern)
    insert = _bare(pattern.pk)

    benchmark = Benchmark(
        "the bare SQL statements",
        work=lambda: school.save_schedule(fresh.pop()),
        least=lambda: insert(fresh.pop().pk),
        times=times,
        most_times=3,
    )
    return measure(name, benchmark, turns=size.turns)


def _bare(pattern: int) -> Callable[[int], None]:
    """Return what writes the pattern's rows for another deal."""
    from django.db import connection, transaction

    from billing import open_ends, sums
    from crm.models import Account

    reads = (*BEFORE, sums.FREE, open_ends.OPEN_ENDS, sums.TOTALS, sums.ROWS, *AFTER)
    account = Account.objects.get(key="school").pk
    ever = dict.fromkeys(("till", "fees_on", "known"), "infinity")
    left = {table: _rows(table, condition, pattern) for table, condition in LEFT_BEHIND.items()}
    # Above every id of this run.
    numbers = count(10**15)

    def insert(deal: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            schedule = next(numbers)
            for read in reads:
                cursor.execute(read, {"deal": deal, "account": account, "schedule": schedule, **ever})
                cursor.fetchall()
            for table, rows in left.items():
                columns = ", ".join(rows[0])
                group = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
                values = [
                    value
                    for row in rows
                    for value in _changed(row, table, deal=deal, schedule=schedule, number=next(numbers))
                ]
                cursor.execute(
                    f"INSERT INTO {table} ({columns}) VALUES {', '.join([group] * len(rows))}",  # noqa: S608
                    values,
                )

    return insert


def _rows(table: str, condition: str, deal: int) -> list[Row]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_schedule WHERE deal_id = %s", [deal])
        (schedule,) = cursor.fetchone()
        cursor.execute(
            f"SELECT * FROM {table} WHERE {condition} ORDER BY id",  # noqa: S608
            {"deal": deal, "schedule": schedule},
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _changed(row: Row, table: str, *, deal: int, schedule: int, number: int) -> list[Any]:
    """The row's values for another deal and schedule; what must be unique gets a number."""
    unique: dict[str, Any] = {"id": schedule if table == "billing_schedule" else number}
    unique |= {name: f"{row[name]}-{number}"[-64:] for name in ("key", "token") if name in row}
    own = {"deal_id": deal, "schedule_id": schedule, **unique}
    values = [own[name] if name in own and row[name] is not None else value for name, value in row.items()]
    return [Json(value) if isinstance(value, dict | list) else value for value in values]
