"""What we want changed in amoCRM: rows written in the transaction of the fact that causes them.

Fields and price are last-value-wins: a put merges into the deal's row that still waits (or is parked), so at
most one such row per deal is open and an old value never overtakes a new one. Notes, files, tasks, stage
moves and bot runs carry a key: a second call with the same key does nothing. crm/delivery.py sends the rows,
in order for each deal. Nothing here calls amoCRM.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm import effects, kick, queues
from crm.delivery import deliver
from crm.models import Deal, OutboxRow

__all__ = [
    "NOTES",
    "come_back",
    "complete_task",
    "deliver",
    "file",
    "give_up",
    "is_coming",
    "move_stage",
    "note",
    "put_fields",
    "run_salesbot",
    "set_price",
    "task",
    "try_again",
]


# What a note may be about: the first word of its key. An account may silence any of them.
NOTES = (
    *("payment", "refund", "move", "reversal", "write_off", "late_fee"),
    *("schedule", "pause", "invoice", "message", "overdue", "deal"),
)


# Every change of money puts rows here, so they are written plainly.
ADD = """
INSERT INTO crm_outboxrow (account_id, deal_id, kind, key, payload, not_before, created_at,
    state, attempts, last_error, revision, uncertain)
VALUES (%(account)s, %(deal)s, %(kind)s, %(key)s, %(payload)s, %(at)s, %(at)s, 'waiting', 0, '', 1, false)
ON CONFLICT DO NOTHING
"""
# Two statements in one round trip: what the lock waited for is seen by the second.
LAST = """
SELECT 1 FROM crm_deal WHERE id = %(deal)s FOR NO KEY UPDATE;
SELECT id, key, state FROM crm_outboxrow WHERE deal_id = %(deal)s AND kind = %(kind)s
ORDER BY id DESC LIMIT 1 FOR UPDATE
"""
# What a lead's fields will show as soon as the next row is sent; nothing where none is due.
COMING = """
SELECT CASE WHEN state = 'waiting' AND not_before <= %(at)s THEN payload::text END FROM crm_outboxrow
WHERE deal_id = %(deal)s AND kind = 'fields' ORDER BY id DESC LIMIT 1
"""
# Is nothing about a lead's fields on its way?
SETTLED = """
SELECT NOT EXISTS (
    SELECT 1 FROM crm_outboxrow WHERE deal_id = %(deal)s AND kind = 'fields' AND state <> 'done'
)
"""
MERGE = """
UPDATE crm_outboxrow
SET payload = payload || %(payload)s::jsonb, revision = revision + 1, not_before = least(not_before, %(at)s),
    attempts = CASE state WHEN 'parked' THEN 0 ELSE attempts END,
    last_error = CASE state WHEN 'parked' THEN '' ELSE last_error END, state = 'waiting'
WHERE id = %(id)s
"""


# The same for several deals; the order of the rows is the order of the deals.
ADD_ALL = """
INSERT INTO crm_outboxrow (account_id, deal_id, kind, key, payload, not_before, created_at,
    state, attempts, last_error, revision, uncertain)
SELECT given.account, given.deal, %(kind)s, given.key, given.payload::jsonb, %(at)s, %(at)s,
    'waiting', 0, '', 1, false
FROM unnest(%(accounts)s::bigint[], %(deals)s::bigint[], %(keys)s::text[], %(payloads)s::text[])
    WITH ORDINALITY AS given (account, deal, key, payload, place)
ORDER BY given.place
ON CONFLICT DO NOTHING
"""
LAST_OF_ALL = """
SELECT o.id, o.deal_id, o.key, o.state FROM crm_outboxrow o
WHERE o.id IN (
    SELECT max(last.id) FROM crm_outboxrow last
    WHERE last.deal_id = ANY(%(deals)s::bigint[]) AND last.kind = %(kind)s GROUP BY last.deal_id
) ORDER BY o.id FOR UPDATE
"""
MERGE_ALL = """
UPDATE crm_outboxrow o
SET payload = o.payload || given.payload::jsonb, revision = o.revision + 1,
    not_before = least(o.not_before, %(at)s),
    attempts = CASE o.state WHEN 'parked' THEN 0 ELSE o.attempts END,
    last_error = CASE o.state WHEN 'parked' THEN '' ELSE o.last_error END, state = 'waiting'
FROM unnest(%(ids)s::bigint[], %(payloads)s::text[]) AS given (id, payload)
WHERE o.id = given.id
"""


def put_fields(*, deal: Deal, values: Mapping[str, str | date | None], at: datetime) -> None:
    """Write values into the account's custom fields of the lead.

    `values` is ours -> value ("120000.00", a date, a label of a select, an address, None clears the field).
    Fields that the account has not mapped are left out.
    """
    mapped = _mapped(deal, values)
    if mapped:
        _put_latest(deal, OutboxRow.Kind.FIELDS, mapped, at)


def is_coming(*, deal: Deal, values: Mapping[str, str | date | None], coming: str | None) -> bool:
    """Would put_fields() change nothing of what is COMING?"""
    waits = json.loads(coming or "{}")
    return all(ours in waits and waits[ours] == value for ours, value in _mapped(deal, values).items())


def is_shown(*, deal: Deal, values: Mapping[str, str | date | None]) -> bool:
    """Did amoCRM show just these values when the deal was read for this very click?"""
    if deal.shown is None:
        return False
    mapped = _mapped(deal, values)
    return all(effects.is_shown(deal, ours, value) for ours, value in mapped.items())


def put_fields_of_all(
    values: Sequence[tuple[Deal, Mapping[str, str | date | None]]], *, at: datetime
) -> None:
    """The same for several deals, each named once, whose locks the caller holds; three statements at most."""
    mapped = {deal.pk: _mapped(deal, of_deal) for deal, of_deal in values}
    mapped = {pk: payload for pk, payload in mapped.items() if payload}
    if not mapped:
        return
    kind = OutboxRow.Kind.FIELDS
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(LAST_OF_ALL, {"deals": list(mapped), "kind": kind})
        last = {deal: (pk, key, state) for pk, deal, key, state in cursor.fetchall()}
        waits = {pk: row for pk, row in last.items() if row[2] != OutboxRow.State.DONE}
        if waits:
            merged: dict[str, Any] = {
                "ids": [row[0] for row in waits.values()],
                "payloads": [json.dumps(mapped[pk]) for pk in waits],
                "at": at,
            }
            cursor.execute(MERGE_ALL, merged)
        opened = [
            (deal, f"{kind}:{deal.pk}:{_number(last.get(deal.pk)) + 1}", mapped[deal.pk])
            for deal, _of_deal in values
            if deal.pk in mapped and deal.pk not in waits
        ]
        _add_all(opened, kind, at)
        kick.soon("crm.deliver_outbox")


def notes(texts: Sequence[tuple[Deal, str, str]], *, at: datetime) -> None:
    """Add a note to each of several leads: (deal, key, text), as note() does."""
    heard = [
        (deal, key, {"text": text})
        for deal, key, text in texts
        if key.partition(":")[0] not in deal.account.silent_notes
    ]
    _add_all(heard, OutboxRow.Kind.NOTE, at)


def set_price(*, deal: Deal, price: int, at: datetime) -> None:
    """Write the lead's budget, whole roubles."""
    _put_latest(deal, OutboxRow.Kind.PRICE, {"price": price}, at)


def note(*, deal: Deal, key: str, text: str, at: datetime) -> None:
    """Add a note to the lead, once per key; not where the account has silenced what it is about."""
    if key.partition(":")[0] not in deal.account.silent_notes:
        _add(deal, OutboxRow.Kind.NOTE, key, {"text": text}, at)


def file(*, deal: Deal, key: str, source: str, file_id: int, at: datetime) -> None:
    """Put a file into the lead, once per key; it is made by its source (crm.files) when the row is sent."""
    _add(deal, OutboxRow.Kind.FILE, key, {"source": source, "id": file_id}, at)


def task(
    *,
    deal: Deal,
    key: str,
    text: str,
    till: datetime,
    type_id: int,
    responsible: int | None,
    at: datetime,
    about: tuple[str, int] | None = None,
) -> None:
    """Set a task on the lead, once per key; `responsible` None is the deal's responsible user.

    `about` names something else to set it on ("leads" or "contacts", number) where the lead is gone.
    """
    payload = {"text": text, "till": till.isoformat(), "type": type_id, "responsible": responsible}
    if about is not None:
        payload["about"] = list(about)
    _add(deal, OutboxRow.Kind.TASK, key, payload, at)


def complete_task(*, deal: Deal, key: str, task_key: str, text: str, at: datetime) -> None:
    """Close the task that was set under `task_key`, with `text` as its result."""
    _add(deal, OutboxRow.Kind.COMPLETE_TASK, key, {"key": task_key, "text": text}, at)


def move_stage(*, deal: Deal, key: str, status_id: int, at: datetime, only_from: int | None = None) -> None:
    """Move the lead inside the pipeline it is in now, never out of 142 or 143.

    With `only_from` it moves only when it still stands there at delivery.
    """
    payload = {"status_id": status_id, "pipeline_id": deal.pipeline_id, "only_from": only_from}
    _add(deal, OutboxRow.Kind.STAGE, key, payload, at)


def run_salesbot(*, deal: Deal, key: str, bot_id: int, at: datetime) -> None:
    """Run a bot on the lead, at most once per key, after everything that was put before."""
    _add(deal, OutboxRow.Kind.SALESBOT, key, {"bot_id": bot_id}, at)


def try_again(row: OutboxRow, *, at: datetime) -> None:
    """A person says so. Who repeats a bot run has looked into the chat, so it is not taken for done."""
    if row.kind == OutboxRow.Kind.SALESBOT:
        OutboxRow.objects.filter(pk=row.pk).update(uncertain=False)
    queues.wake(row, at=at)


def give_up(row: OutboxRow, *, at: datetime) -> bool:
    """A person says that a parked change is not needed any more; false where it is not parked (any more)."""
    parked = OutboxRow.objects.filter(pk=row.pk, state=OutboxRow.State.PARKED)
    words = _("Not needed any more, a person decided")
    return bool(parked.update(state=OutboxRow.State.DONE, done_at=at, last_error=words))


def come_back(*, deal_id: int, at: datetime) -> int:
    """The lead is out of the bin: what was parked goes again, but for a bot, which a person runs."""
    parked = OutboxRow.objects.filter(deal=deal_id, state=OutboxRow.State.PARKED)
    rows = list(parked.exclude(kind=OutboxRow.Kind.SALESBOT).order_by("id"))
    for row in rows:
        queues.wake(row, at=at)
    return len(rows)


def _mapped(deal: Deal, values: Mapping[str, str | date | None]) -> dict[str, str | None]:
    """What of it the account has a field for, as it is sent."""
    return {ours: _plain(value) for ours, value in values.items() if ours in deal.account.fields}


def _plain(value: str | date | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _add(deal: Deal, kind: OutboxRow.Kind, key: str, payload: dict[str, Any], at: datetime) -> None:
    values: dict[str, int | str | datetime] = {
        "account": deal.account_id,
        "deal": deal.id,
        "kind": kind,
        "key": key,
        "payload": json.dumps(payload),
        "at": at,
    }
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        # The unique key decides: whoever comes second leaves the first row as it is.
        cursor.execute(ADD, values)
        kick.soon("crm.deliver_outbox")


def _add_all(rows: Sequence[tuple[Deal, str, Mapping[str, Any]]], kind: OutboxRow.Kind, at: datetime) -> None:
    if not rows:
        return
    values: dict[str, Any] = {
        "accounts": [deal.account_id for deal, _key, _payload in rows],
        "deals": [deal.pk for deal, _key, _payload in rows],
        "keys": [key for _deal, key, _payload in rows],
        "payloads": [json.dumps(payload) for _deal, _key, payload in rows],
        "kind": kind,
        "at": at,
    }
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(ADD_ALL, values)
        kick.soon("crm.deliver_outbox")


def _number(last: tuple[int, str, str] | None) -> int:
    """The number at the end of the key of a deal's last row of a kind."""
    return int(last[1].rpartition(":")[2]) if last else 0


def _put_latest(deal: Deal, kind: OutboxRow.Kind, payload: dict[str, Any], at: datetime) -> None:
    """Merge into the deal's open row of this kind, or open the next one.

    The deal's lock makes "is there an open row" safe. A worker may be sending the row right now: the raised
    revision tells it that what it sent is no longer the last word.
    """
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(LAST, {"deal": deal.id, "kind": kind})
        # The next one opens only when the last one is done, so the last one is the open one.
        last, key, state = cursor.fetchone() or (None, f"{kind}:{deal.id}:0", OutboxRow.State.DONE)
        if state == OutboxRow.State.DONE:
            number = int(key.rpartition(":")[2]) + 1
            _add(deal, kind, f"{kind}:{deal.id}:{number}", payload, at)
            return
        cursor.execute(MERGE, {"id": last, "payload": json.dumps(payload), "at": at})
        kick.soon("crm.deliver_outbox")
