"""Saving a schedule of twelve rows, against the bare SQL that it cannot do without.

The bare SQL, in one transaction of a raw cursor: take the deal's lock and read what may hang on it (schedule,
rows, money, orders, flags, promises, fees, link, outbox rows) and the account's rules; insert what the verb
leaves behind (schedule, rows, version, event, link, outbox rows), taken from the tables after a save: it is
the same to the column.
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
READS = (
    "SELECT * FROM crm_deal WHERE id = %(deal)s FOR NO KEY UPDATE",
    "SELECT * FROM billing_schedule WHERE deal_id = %(deal)s",
    "SELECT * FROM billing_calendaryear",
    "SELECT y.* FROM billing_accountpolicy y JOIN crm_deal d USING (account_id) WHERE d.id = %(deal)s",
    "SELECT y.* FROM crm_pipeline y JOIN crm_deal d USING (account_id) WHERE d.id = %(deal)s",
    "SELECT sum(amount) FROM billing_payment WHERE deal_id = %(deal)s",
    "SELECT sum(r.amount) FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id"
    " WHERE p.deal_id = %(deal)s",
    "SELECT p.id, sum(a.amount) FROM billing_payment p LEFT JOIN billing_allocation a ON a.payment_id = p.id"
    " WHERE p.deal_id = %(deal)s GROUP BY p.id",
    "SELECT i.id, sum(a.amount) FROM billing_installment i JOIN billing_schedule s ON s.id = i.schedule_id"
    " LEFT JOIN billing_allocation a ON a.installment_id = i.id WHERE s.deal_id = %(deal)s GROUP BY i.id",
    "SELECT f.* FROM billing_overdueflag f JOIN billing_installment i ON i.id = f.installment_id"
    " JOIN billing_schedule s ON s.id = i.schedule_id WHERE s.deal_id = %(deal)s",
    "SELECT f.* FROM billing_latefee f JOIN billing_installment i ON i.id = f.installment_id"
    " JOIN billing_schedule s ON s.id = i.schedule_id WHERE s.deal_id = %(deal)s",
    "SELECT * FROM billing_promise WHERE deal_id = %(deal)s",
    "SELECT * FROM billing_transferclaim WHERE deal_id = %(deal)s",
    "SELECT * FROM billing_paymentlink WHERE deal_id = %(deal)s",
    "SELECT * FROM billing_providerorder WHERE deal_id = %(deal)s AND state IN ('creating', 'open')",
    "SELECT * FROM crm_outboxrow WHERE deal_id = %(deal)s AND state <> 'done'",
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

    left = {table: _rows(table, condition, pattern) for table, condition in LEFT_BEHIND.items()}
    # Above every id of this run.
    numbers = count(10**15)

    def insert(deal: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for read in READS:
                cursor.execute(read, {"deal": deal})
                cursor.fetchall()
            schedule = next(numbers)
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
