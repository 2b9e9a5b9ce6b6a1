"""The rows that the benchmarks stand on: deals of the demo school, and copies of one student's whole life.

Plain SQL copies it until there are as many installments as wanted. It is made by the verbs and copied to the
column, so a copy is what the verbs would have made; verify_ledger must find nothing in it.
"""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import psycopg2

if TYPE_CHECKING:
    # Django is not set up yet when this module is read.
    from crm.models import Deal

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ROWS = 12
PAID_ROWS = 6
PAYMENT = Decimal("13333.33")
PAID = PAID_ROWS * PAYMENT
# Ids of the student's rows stay below it, so copies never meet.
STRIDE = 1_000_000
_SCHEDULE = "schedule_id = (SELECT id FROM billing_schedule WHERE deal_id = %(deal)s)"
_PAYMENTS = "payment_id IN (SELECT id FROM billing_payment WHERE deal_id = %(deal)s)"
# An event names its payment by number.
_EVENT = (
    "CASE WHEN t.data ? 'payment' THEN jsonb_set(t.data, '{payment}',"
    f" to_jsonb((t.data ->> 'payment')::bigint + k.n * {STRIDE}::bigint)) ELSE t.data END"
)
# Table: which rows are the student's, and where a copy must differ beyond its ids and those it points at.
COPIED = {
    "crm_deal": ("id = %(deal)s", {"external_id": "t.external_id * 1000000 + k.n"}),
    "billing_schedule": ("deal_id = %(deal)s", {}),
    "billing_scheduleversion": (_SCHEDULE, {}),
    "billing_installment": (_SCHEDULE, {}),
    "billing_payment": ("deal_id = %(deal)s", {"external_id": "t.external_id || '-' || k.n"}),
    "billing_allocation": (_PAYMENTS, {}),
    "billing_receipt": (_PAYMENTS, {}),
    "billing_event": ("deal_id = %(deal)s", {"data": _EVENT}),
    "billing_paymentlink": ("deal_id = %(deal)s", {"token": "t.token || '-' || k.n"}),
}
_LEADS = count(9_000_000)


def make_deal() -> "Deal":
    """A deal of the demo school that nobody has touched."""
    from crm.models import Account, Deal

    number = next(_LEADS)
    return Deal.objects.create(
        account=Account.objects.get(key="school"),
        external_id=number,
        name=f"Договор {number}",
        price=Decimal("160000"),
        pipeline_id=6100001,
        status_id=55000140,
        responsible_user_id=8100002,
        programme="Нутрициолог",
        cohort="Поток 12",
        contact_id=number,
        contact_name="Анна Смирнова",
        contact_email=f"payer{number}@example.org",
        fetched_at=AT,
    )


def save_schedule(deal: "Deal") -> None:
    """The first schedule of a deal: twelve rows."""
    from billing import schedules
    from billing.rules.schedule import Terms

    terms = Terms(Decimal("160000"), first_due_on=date(2026, 6, 30), count=ROWS)
    schedules.save(deal=deal, terms=terms, version=None, author="user:8100002", reason="", at=AT)


def make_student() -> "Deal":
    """A deal with twelve rows, half of them paid, one in cash and the rest by transfer."""
    from billing import payments
    from crm import kick
    from crm.models import Deal

    with kick.held():
        deal = make_deal()
        save_schedule(deal)
        for number in range(PAID_ROWS):
            offline = payments.Offline(
                paid_on=date(2026, 6, 10) + timedelta(days=30 * number),
                method="bank_transfer" if number else "cash",
                payer={},
                comment="",
                receipt=None,
            )
            payments.receive_offline(deal=deal, amount=PAYMENT, offline=offline, author="user:8100002", at=AT)
    return Deal.objects.select_related("account").get(pk=deal.pk)


def fill(url: str, *, deal: int, installments: int) -> None:
    """Copy the student in the database at `url` until it holds so many installments."""
    copies = max(1, round(installments / ROWS) - 1)
    with closing(psycopg2.connect(url)) as connection:
        with connection.cursor() as cursor:
            # Copies of what the guards have let through need not be guarded one by one.
            cursor.execute("SET session_replication_role = replica")
            pointers = _pointers(cursor)
            for table, (where, own) in COPIED.items():
                changed = {**pointers.get(table, {}), **own}
                cursor.execute(_copy(cursor, table, where, changed), {"deal": deal, "copies": copies})
        connection.commit()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _pointers(cursor: "psycopg2.extensions.cursor") -> dict[str, dict[str, str]]:
    """Columns that point at copied tables: they point at the copy."""
    cursor.execute(
        """SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY(%(tables)s)
            AND c.confrelid::regclass::text = ANY(%(tables)s) AND cardinality(c.conkey) = 1""",
        {"tables": list(COPIED)},
    )
    found: dict[str, dict[str, str]] = {}
    for table, column in cursor.fetchall():
        found.setdefault(table, {})[column] = f"t.{column} + k.n * {STRIDE}::bigint"
    return found


def _copy(cursor: "psycopg2.extensions.cursor", table: str, where: str, changed: dict[str, str]) -> str:
    """The statement that copies the rows of one table, every column of them."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    columns = [name for (name,) in cursor.fetchall()]
    values = [changed.get(name, f"t.{name}") for name in columns]
    values[columns.index("id")] = f"t.id + k.n * {STRIDE}::bigint"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608
        f"FROM (SELECT * FROM {table} WHERE {where}) t, generate_series(1, %(copies)s) AS k(n)"
    )
