"""Several outbox rows of one account in one call: field values, prices, notes and tasks.

Rows of a batch keep their order, and no row of a deal overtakes an earlier one (crm.delivery sees to that).
What may have happened already is looked up for the whole batch first. A batch that amoCRM refuses because of
some rows is sent again without them, and those are tried one by one, so that each gets its own reason. Kinds
without a batch call, and single rows, go through crm.effects.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crm import effects
from crm.batch_calls import BATCH
from crm.client import Client, Refused
from crm.models import Deal, OutboxRow

Kind = OutboxRow.Kind
# Which kinds may stand in one call together.
GROUPS = {Kind.FIELDS: "patch", Kind.PRICE: "patch", Kind.NOTE: "note", Kind.TASK: "task"}
__all__ = ["BATCH", "carry_out", "group_of"]


def group_of(row: OutboxRow) -> str:
    """Rows of one group may share a call; a kind without a batch call is alone in its group."""
    alone = f"alone:{row.pk}"
    return alone if row.payload.get("about") else GROUPS.get(Kind(row.kind), alone)


def carry_out(amocrm: Client, rows: Sequence[OutboxRow], ended: dict[int, str]) -> None:
    """Make the effects exist; `ended` gets for each settled row why a person must look ("" = done).

    Rows that stand in `ended` already are left alone, so it may be called again after a lost answer. Raises
    Unavailable with the rest of the rows not in `ended`.
    """
    group = group_of(rows[0])
    left = [row for row in rows if row.pk not in ended]
    if len(left) > 1:
        if group in _LOOKUPS:
            _LOOKUPS[group](amocrm, left)
            _end(ended, [row for row in left if row.external_id is not None])
        left = _together(amocrm, [row for row in left if row.pk not in ended], _BATCHES[group], ended)
    for row in left:
        _alone(amocrm, row, ended)


def _together(
    amocrm: Client,
    rows: list[OutboxRow],
    send: Callable[[Client, list[OutboxRow]], None],
    ended: dict[int, str],
) -> list[OutboxRow]:
    """Send what amoCRM takes in one call and return the rows that must be tried one by one."""
    wrong: list[OutboxRow] = []
    while len(rows) > 1:
        try:
            send(amocrm, rows)
        except Refused as error:
            named = [row for row in rows if row.key in error.objects]
            if not named:
                return wrong + rows
            wrong += named
            rows = [row for row in rows if row.key not in error.objects]
        else:
            _end(ended, rows)
            return wrong
    return wrong + rows


def _alone(amocrm: Client, row: OutboxRow, ended: dict[int, str]) -> None:
    try:
        effects.carry_out(amocrm, row, row.deal)
    except (Refused, effects.NeedsPerson) as error:
        ended[row.pk] = str(error)
    else:
        ended[row.pk] = ""


def _end(ended: dict[int, str], rows: Sequence[OutboxRow]) -> None:
    ended.update({row.pk: "" for row in rows})


def _patch(amocrm: Client, rows: list[OutboxRow]) -> None:
    """Fields and prices; one object for a deal, whatever is to be changed of it."""
    changes: dict[int, dict[str, Any]] = {}
    for row in rows:
        lead = row.deal.external_id
        change = changes.setdefault(lead, {"id": lead, "request_id": row.key})
        if row.kind == Kind.PRICE:
            change["price"] = row.payload["price"]
        else:
            change["custom_fields_values"] = effects.field_values(row, row.deal)
    told = [change for change in changes.values() if change.get("custom_fields_values") or "price" in change]
    if told:
        amocrm.patch_leads(told)
    for row in rows:
        if row.kind == Kind.PRICE:
            Deal.objects.filter(pk=row.deal_id).update(price=row.payload["price"])


def _notes(amocrm: Client, rows: list[OutboxRow]) -> None:
    made = amocrm.add_notes([(row.deal.external_id, row.payload["text"], row.key) for row in rows])
    for row in rows:
        row.external_id = made.get(row.key)


def _tasks(amocrm: Client, rows: list[OutboxRow]) -> None:
    made = amocrm.add_tasks([effects.task_body(amocrm, row, row.deal) for row in rows])
    for row in rows:
        row.external_id = made.get(row.key)


def _find_notes(amocrm: Client, rows: list[OutboxRow]) -> None:
    """Give each row that may have happened the note that is its effect, no note to two rows.

    Whoever finds none is certain now: nothing was written.
    """
    unsure = [row for row in rows if row.uncertain]
    if not unsure:
        return
    taken = effects.known(unsure)
    notes = amocrm.notes_of(sorted({row.deal.external_id for row in unsure}))
    for row in unsure:
        row.uncertain = False
        words = row.payload["text"].split()
        for note in notes:
            if note.lead_id == row.deal.external_id and note.text.split() == words and note.id not in taken:
                row.external_id = note.id
                taken.add(note.id)
                break


def _find_tasks(amocrm: Client, rows: list[OutboxRow]) -> None:
    unsure = [row for row in rows if row.uncertain]
    if not unsure:
        return
    taken = effects.known(unsure)
    tasks = amocrm.tasks_of(sorted({row.deal.external_id for row in unsure}))
    for row in unsure:
        row.uncertain = False
        words, till = row.payload["text"].split(), datetime.fromisoformat(row.payload["till"]).timestamp()
        for task in tasks:
            fits = task.lead_id == row.deal.external_id and task.till == int(till)
            if fits and task.text.split() == words and task.id not in taken:
                row.external_id = task.id
                taken.add(task.id)
                break


_BATCHES: dict[str, Callable[[Client, list[OutboxRow]], None]] = {
    "patch": _patch,
    "note": _notes,
    "task": _tasks,
}
_LOOKUPS: dict[str, Callable[[Client, list[OutboxRow]], None]] = {"note": _find_notes, "task": _find_tasks}
