"""The second witness of the ledger: every money invariant recomputed from the stored facts by plain SQL.

Shares no code with the verbs on purpose, so a mistake there is seen here. The statements are in
billing/invariants, each named by what must hold. Reads only, and holds little however large the ledger is.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

FETCHED_AT_ONCE = 500
FOLDER = Path(__file__).with_name("invariants")
OF_DEAL = "(%(lead)s IS NULL OR d.external_id = %(lead)s)"
# What every statement may name. `gone`: what left a payment (refunds, reversals, moves) or paid late fees;
# `held`: what a row holds in money and write-offs. `least` is the smaller of the two kinds.
COMMON = """
    WITH gone AS (
        SELECT payment_id, SUM(amount) AS total, SUM(amount) FILTER (WHERE kind <> 'fee') AS but_fees,
               LEAST(SUM(amount) FILTER (WHERE kind = 'fee'),
                     SUM(amount) FILTER (WHERE kind <> 'fee')) AS least
        FROM (
            SELECT payment_id, amount, 'refund' AS kind FROM billing_refund
            UNION ALL SELECT payment_id, amount, 'reversal' FROM billing_reversal
            UNION ALL SELECT payment_id, amount, 'fee' FROM billing_feeallocation
            UNION ALL SELECT source_id, amount, 'move' FROM billing_move
            UNION ALL SELECT target_id, -amount, 'move' FROM billing_move WHERE amount < 0
        ) every_way GROUP BY payment_id
    ), held AS (
        SELECT installment_id, SUM(amount) AS total,
               LEAST(SUM(amount) FILTER (WHERE kind = 'money'),
                     SUM(amount) FILTER (WHERE kind = 'given up')) AS least
        FROM (
            SELECT installment_id, amount, 'money' AS kind FROM billing_allocation
            UNION ALL SELECT installment_id, amount, 'given up' FROM billing_writeoff
        ) both_kinds GROUP BY installment_id
    )
"""


@dataclass(frozen=True)
class Violation:
    """A broken invariant; `lead_id` is amoCRM's id, None when the fact has no deal."""

    invariant: str
    lead_id: int | None
    detail: str


def _read() -> dict[str, str]:
    """The statements by their names; a block begins with `-- : name`."""
    found: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.sql")):
        for block in re.split(r"^-- : ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, _newline, statement = block.partition("\n")
            found[name.strip()] = statement.replace("OF_DEAL", OF_DEAL)
    return found


INVARIANTS = _read()


def violations(*, lead_id: int | None = None) -> Iterator[Violation]:
    """Yield every broken invariant, of one deal or of all of them; nothing means that the ledger holds."""
    with transaction.atomic():
        for invariant, statement in INVARIANTS.items():
            # The rows stay with the server until they are wanted.
            with closing(connection.chunked_cursor()) as cursor:
                cursor.execute(COMMON + statement, {"lead": lead_id})
                while rows := cursor.fetchmany(FETCHED_AT_ONCE):
                    for lead, detail in rows:
                        yield Violation(invariant, lead, detail)
