"""The invoices of one morning, against the bare inserts of the rows that issuing must leave behind.

Rendering and sending are apart: letter and PDF are made when a mail leaves. Each turn issues deals of their
own, a row and a payer each. `more`: what the memory grew by while issuing, how many times longer a morning
takes beside many stored installments (half of them past, paid and never invoiced) than in a small
database, and what a letter with its PDF takes.
"""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg2.extras import Json, execute_values

from benches import large, school
from benches.measure import Benchmark, Figure, Size, measure

USUAL = 10_000
MOST_TIMES = 4
MOST_BESIDE = 1.2
# The demo's own rows and the student's are due much later or paid.
FIRST_DUE = date(2020, 3, 1)
# After the paid rows of the stored students, before their open ones.
LATER = date(2026, 12, 15)
LETTERS = 20
# The rows of the reference are numbered from here on.
COPIES = 10**15
# Table, and the condition that finds what one invoice leaves behind.
LEFT_BEHIND = {
    "billing_invoice": "deal_id = %(deal)s",
    "documents_document": "deal_id = %(deal)s",
    "billing_event": "deal_id = %(deal)s",
    "billing_message": "deal_id = %(deal)s",
    "crm_outboxrow": "deal_id = %(deal)s",
}
UNIQUE = ("key", "number", "source")


def run(name: str, size: Size) -> Figure:
    rows = size.times(USUAL)
    days = count()
    mornings: list[date] = []

    def prepare() -> None:
        _forget()
        mornings.append(FIRST_DUE + timedelta(days=next(days)))
        _fill(mornings[-1], rows)

    def work() -> None:
        _issue(mornings[-1], rows)

    prepare()
    before = _memory()
    work()
    grown = _memory() - before
    insert = _bare(rows)
    benchmark = Benchmark(
        f"bare inserts of the same rows, {rows} invoices at once",
        work,
        insert,
        times=1,
        before_work=prepare,
        most_times=MOST_TIMES,
    )
    # A morning is long enough to be measured few times.
    figure = measure(name, benchmark, turns=max(1, size.turns // 3))
    _forget()
    letter = _letter_seconds()
    beside = _beside(size, max(1, rows // 4))
    figure.more.update(
        {
            "invoices per second": round(rows * figure.rate),
            "memory grown, MB": round(grown, 1),
            "times beside stored rows": beside,
            "a letter with its PDF, ms": round(1000 * letter),
        }
    )
    return replace(
        figure,
        goal=f"{figure.goal}, at most {MOST_BESIDE:g} times as long beside stored rows",
        met=figure.met and beside <= MOST_BESIDE,
    )


def _fill(due_on: date, rows: int) -> None:
    """So many deals with one row due on a day, each of a payer of its own: one by the verbs, then copies."""
    from django.db import connection

    from billing import schedules
    from billing.rules.schedule import Terms

    deal = school.make_deal()
    terms = Terms(Decimal("13000"), first_due_on=due_on, count=1, shift_weekends=False)
    schedules.save(deal=deal, terms=terms, version=None, author="user:8100002", reason="", at=school.AT)
    connection.close()
    school.fill(large.url(connection.settings_dict["NAME"]), deal=deal.pk, installments=rows * school.ROWS)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_deal SET contact_email = 'payer' || id || '@example.org'"
            " WHERE id IN (SELECT s.deal_id FROM billing_schedule s JOIN billing_installment i"
            " ON i.schedule_id = s.id WHERE i.due_on = %s)",
            [due_on],
        )


def _bare(rows: int) -> Callable[[], None]:
    """Return what writes the rows of so many invoices, table by table, as one issued deal has them."""
    from django.db import connection, transaction

    from billing.models import Invoice

    last = Invoice.objects.order_by("-id").first()
    if last is None:
        raise AssertionError("nothing was issued")
    left = {table: _rows(table, condition, last.deal_id) for table, condition in LEFT_BEHIND.items()}
    numbers = count(COPIES)

    def insert() -> None:
        ids = [next(numbers) for _ in range(rows)]
        with transaction.atomic(), connection.cursor() as cursor:
            for table, found in left.items():
                for row in found:
                    values = [_changed(row, number, numbers, table) for number in ids]
                    names = ", ".join(f'"{name}"' for name in row)
                    insertion = f"INSERT INTO {table} ({names}) VALUES %s"  # noqa: S608
                    execute_values(cursor.cursor, insertion, values, page_size=500)

    return insert


def _forget() -> None:
    """Take away what the bare inserts left: the guards let nobody delete, so they are asked to look away."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in LEFT_BEHIND:
            cursor.execute(f"DELETE FROM {table} WHERE id >= %s", [COPIES])  # noqa: S608


def _rows(table: str, condition: str, deal: int) -> list[dict[str, Any]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {condition} ORDER BY id", {"deal": deal})  # noqa: S608
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _changed(row: dict[str, Any], number: int, numbers: "count[int]", table: str) -> list[Any]:
    """The row of another invoice: what must be unique gets a number, no row or link is shared."""
    own: dict[str, Any] = {"id": number if table == "billing_invoice" else next(numbers)}
    own |= {name: f"{number}-{row[name]}"[:40] for name in UNIQUE if row.get(name)}
    own |= {name: number for name in ("invoice_id",) if row.get(name)}
    own |= {"installment_id": None} if table == "billing_invoice" else {}
    values = [own.get(name, value) for name, value in row.items()]
    return [Json(value) if isinstance(value, dict | list) else value for value in values]


def _beside(size: Size, rows: int) -> float:
    """How many times longer a morning takes beside a large number of stored rows: the median of mornings in
    turns, so that a slow minute of the machine is slow for both.
    """
    from django.db import connection

    small = connection.settings_dict["NAME"]
    large.make(size.installments)
    mornings = [LATER + timedelta(days=turn) for turn in range(size.turns)]
    ratios: list[float] = []
    for on in mornings:
        seconds = []
        for database in (small, large.NAME):
            connection.close()
            connection.settings_dict["NAME"] = database
            _fill(on, rows)
            _settle(on)
            begun = time.perf_counter()
            _issue(on, rows)
            seconds.append(time.perf_counter() - begun)
        ratios.append(seconds[1] / seconds[0])
    connection.close()
    connection.settings_dict["NAME"] = small
    return round(statistics.median(ratios), 2)


def _settle(on: date) -> None:
    """The days before have been lived, and the server's own housekeeping after so many rows is done."""
    from django.db import connection

    _morning(on - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) billing_installment")
        cursor.execute("CHECKPOINT")


def _issue(on: date, rows: int) -> None:
    made = _morning(on)
    if made != rows:
        raise AssertionError(f"{made} invoices of {rows}")


def _morning(on: date) -> int:
    from billing import invoices
    from crm import kick

    with kick.held():
        return invoices.issue_due(on=on, at=school.AT)


def _letter_seconds() -> float:
    """What one letter takes: written, given its PDF and handed to a server which takes it at once."""
    from django.test.utils import override_settings

    from billing import messages
    from billing.models import Message

    Message.objects.exclude(pk__in=Message.objects.order_by("-id")[:LETTERS]).update(state="done")
    begun = time.perf_counter()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        sent = messages.deliver(at=school.AT, ignore_not_before=True)
    return (time.perf_counter() - begun) / sent


def _memory() -> float:
    """The peak of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
