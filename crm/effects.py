"""What each kind of outbox row does in amoCRM.

`carry_out` may be called again for the same row (a killed worker, a lost answer). Field, price and stage
writes may be repeated; notes and tasks are looked up first when an earlier try may have made them; a file
that was uploaded is not uploaded again; a bot is never run twice. crm.batches does the same for many at once.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm import files, memory
from crm.client import Client, NoFileScope, Refused
from crm.models import Deal, OutboxRow
from crm.records import StoredFile
from crm.setup_fields import SPECS

WON, LOST = 142, 143
ACTIVE_SECONDS = 600
NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,4})?")
FIELD_PATH = re.compile(r"custom_fields_values\.(\d+)(?:\.|$)")


def bot_unknown() -> str:
    """Why a bot run is shown to a person instead of being repeated."""
    return _("It is not known whether the bot ran. Look into the chat before trying again.")


class NeedsPerson(Exception):
    """A person must decide; the text says why, in words."""


def carry_out(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """Make the effect exist.

    Raises NeedsPerson, or the client's Refused for a final no; what amoCRM named the new object is left in
    `row.external_id` (the caller saves it).
    """
    _EFFECTS[OutboxRow.Kind(row.kind)](amocrm, row, deal)


def _fields(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """All values in one write; what amoCRM refuses is left out until it takes the rest, and then named."""
    ids = deal.account.fields
    ours = [name for name in row.payload if name in ids]
    left = list(zip(ours, field_values(row, deal), strict=True))
    refused: list[str] = []
    while left:
        try:
            _patch(amocrm, deal, {"custom_fields_values": [item for _name, item in left]})
        except Refused as error:
            wrong = _wrong_fields(error, len(left))
            if not wrong:
                raise
            refused += [_in_words(row, left[index][0], ids, code) for index, code in wrong.items()]
            left = [pair for index, pair in enumerate(left) if index not in wrong]
        else:
            break
    if refused:
        raise NeedsPerson(
            _("amoCRM refuses the value of a field: %(fields)s") % {"fields": "; ".join(refused)}
        )


def _in_words(row: OutboxRow, ours: str, ids: Mapping[str, int], code: str) -> str:
    spec = SPECS.get(ours)
    return f"{spec.name if spec else ''} ({ours}, {ids[ours]}) = «{row.payload[ours]}»: {code}".strip()


def field_values(row: OutboxRow, deal: Deal) -> list[dict[str, Any]]:
    """`custom_fields_values` of a row, of the fields that the account has mapped."""
    ids = deal.account.fields
    return [_field_value(deal, name, ids[name], row.payload[name]) for name in row.payload if name in ids]


def _field_value(deal: Deal, ours: str, field_id: int, value: str | None) -> dict[str, Any]:
    if value is None or value == "":
        return {"field_id": field_id, "values": None}
    if ours.endswith("_on"):
        day = date.fromisoformat(value)
        midnight = datetime(day.year, day.month, day.day, tzinfo=deal.zone)
        return {"field_id": field_id, "values": [{"value": int(midnight.timestamp())}]}
    return {"field_id": field_id, "values": [{"value": value}]}


def is_shown(deal: Deal, ours: str, value: str | None) -> bool:
    """Does the field hold this in what amoCRM showed (Deal.shown)? It tidies numbers: 5000 is 5000.00."""
    field_id = deal.account.fields[ours]
    there = (deal.shown or {}).get(field_id)
    wanted = (_field_value(deal, ours, field_id, value)["values"] or [{"value": None}])[0]["value"]
    if wanted is None or there is None:
        return wanted is None and there in (None, "")
    return str(there) == str(wanted) or _number(there) == _number(wanted) is not None


def _number(value: Any) -> Decimal | None:
    text = str(value)
    return Decimal(text) if NUMBER.fullmatch(text) else None


def _wrong_fields(error: Refused, count: int) -> dict[int, str]:
    """Index in custom_fields_values -> amoCRM's code, for the faults that name one."""
    found = {}
    for code, path in error.faults:
        match = FIELD_PATH.match(path)
        if match and int(match[1]) < count:
            found[int(match[1])] = code
    return found


def _note(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    text = row.payload["text"]
    if row.uncertain:
        row.external_id = amocrm.find_note(deal.external_id, text=text, known=frozenset(known([row])))
    if row.external_id is None:
        try:
            row.external_id = amocrm.add_note(deal.external_id, text=text, request_id=row.key)
        except Refused as error:
            # A note on a lead that is gone is refused as a wrong choice of lead.
            if error.faults and amocrm.lead(deal.external_id) is None:
                raise NeedsPerson(_("The lead is deleted in amoCRM.")) from error
            raise


def _file(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """Upload, attach, show in the feed; each step is written down, so that a repeat goes on from there."""
    try:
        stored = _stored(amocrm, row)
        _attach(amocrm, deal, stored)
    except files.NoFile as error:
        raise NeedsPerson(str(error)) from error
    except Refused as error:
        if isinstance(error, NoFileScope) or error.status == 403:
            raise NeedsPerson(
                _("The integration may not store files: give it access to files in amoCRM and connect again.")
            ) from error
        raise
    if row.uncertain:
        row.external_id = amocrm.find_file_note(deal.external_id, file_uuid=stored.uuid)
    if row.external_id is None:
        row.external_id = amocrm.add_file_note(
            deal.external_id, file=stored, name=row.payload["name"], request_id=row.key
        )


def _stored(amocrm: Client, row: OutboxRow) -> StoredFile:
    """The file in the drive: the one of an earlier attempt, or a new one."""
    known = row.payload
    if "uuid" not in known:
        made = files.make(known["source"], known["id"])
        stored = amocrm.upload(made)
        row.payload = {**known, "name": made.name, "uuid": stored.uuid, "version": stored.version}
        OutboxRow.objects.filter(pk=row.pk).update(payload=row.payload)
    return StoredFile(uuid=row.payload["uuid"], version=row.payload["version"])


def _attach(amocrm: Client, deal: Deal, stored: StoredFile) -> None:
    try:
        amocrm.attach_file(deal.external_id, file_uuid=stored.uuid)
    except Refused as error:
        if error.status == 404:
            raise NeedsPerson(_("The lead is deleted in amoCRM.")) from error
        raise


def _task(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    text, till = row.payload["text"], datetime.fromisoformat(row.payload["till"])
    if row.uncertain:
        entity, number = _about(row, deal)
        row.external_id = amocrm.find_task(
            number, entity=entity, text=text, till=till, known=frozenset(known([row]))
        )
    if row.external_id is not None:
        return
    body = task_body(amocrm, row, deal)
    try:
        row.external_id = amocrm.add_tasks([body]).get(row.key)
    except Refused as error:
        if not any("responsible_user_id" in path for _code, path in error.faults):
            raise
        row.external_id = amocrm.add_tasks([body | _responsible(deal.account.fallback_user)]).get(row.key)


def task_body(amocrm: Client, row: OutboxRow, deal: Deal) -> dict[str, Any]:
    """A task as amoCRM wants it; for the account's fallback user where the wanted one is not active."""
    wanted = row.payload["responsible"] or deal.responsible_user_id
    if not _is_active(amocrm, deal, wanted):
        wanted = deal.account.fallback_user
    entity, number = _about(row, deal)
    return {
        "text": row.payload["text"],
        "complete_till": int(datetime.fromisoformat(row.payload["till"]).timestamp()),
        "entity_id": number,
        "entity_type": entity,
        "task_type_id": row.payload["type"],
        "request_id": row.key,
        **_responsible(wanted),
    }


def _about(row: OutboxRow, deal: Deal) -> tuple[str, int]:
    """What a task stands on: the lead, unless the row names something else."""
    entity, number = row.payload.get("about") or ("leads", deal.external_id)
    return entity, number


def _responsible(user_id: int | None) -> dict[str, int]:
    """Without a user amoCRM gives the task to the one who connected the account."""
    return {"responsible_user_id": user_id} if user_id else {}


def _complete_task(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """Close the task; one that was never made (its row is parked) needs nobody any more."""
    task = OutboxRow.objects.filter(account_id=row.account_id, key=row.payload["key"]).first()
    if task is None or task.external_id is None:
        parked = OutboxRow.objects.filter(
            account_id=row.account_id, key=row.payload["key"], state=OutboxRow.State.PARKED
        )
        parked.update(state=OutboxRow.State.DONE)
        return
    try:
        amocrm.complete_task(task.external_id, text=row.payload["text"])
    except Refused as error:
        if error.status != 404:  # a person deleted the task: it is as closed as it can be
            raise


def _stage(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """Move only within the pipeline that the move was meant for, never out of a closed stage."""
    lead = amocrm.lead(deal.external_id)
    if lead is None:
        raise NeedsPerson(_("The lead is deleted in amoCRM."))
    target, only_from = row.payload["status_id"], row.payload.get("only_from")
    if lead.status_id in (WON, LOST, target) or (only_from is not None and lead.status_id != only_from):
        return
    if lead.pipeline_id != row.payload["pipeline_id"]:
        raise NeedsPerson(_("The lead is in another pipeline than when its stage was to change."))
    try:
        _patch(amocrm, deal, {"status_id": target, "pipeline_id": lead.pipeline_id})
    except Refused as error:
        if any(path == "status_id" for _code, path in error.faults):
            text = _("The pipeline has no stage %(stage)s any more: choose another one on the page “Set up”.")
            raise NeedsPerson(text % {"stage": target}) from error
        raise
    Deal.objects.filter(pk=deal.pk).update(
        status_id=target, pipeline_id=lead.pipeline_id, previous_status_id=lead.status_id
    )


def _price(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    _patch(amocrm, deal, {"price": row.payload["price"]})
    Deal.objects.filter(pk=deal.pk).update(price=row.payload["price"])


def _salesbot(amocrm: Client, row: OutboxRow, deal: Deal) -> None:
    """A bot reads the link from a field: it must not run while that field could not be written."""
    if row.uncertain:
        raise NeedsPerson(bot_unknown())
    if _was_lost_since(row, deal):
        raise NeedsPerson(_("The bot was not run: the deal was lost or deleted meanwhile."))
    unwritten = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.FIELDS).exclude(
        state=OutboxRow.State.DONE
    )
    if unwritten.exists():
        raise NeedsPerson(_("The bot was not run: the fields with the link could not be written."))
    amocrm.run_salesbot(deal.external_id, bot_id=row.payload["bot_id"])


def _was_lost_since(row: OutboxRow, deal: Deal) -> bool:
    """Was the run asked for before the deal was lost? Who asks afterwards knows of that."""
    if deal.state != Deal.State.LOST:
        return deal.state == Deal.State.DELETED
    return deal.status_seen_at is not None and row.created_at < deal.status_seen_at


def _patch(amocrm: Client, deal: Deal, changes: dict[str, Any]) -> None:
    try:
        amocrm.patch_lead(deal.external_id, changes)
    except Refused as error:
        if error.status == 404 or any(code == "NotFound" for code, _path in error.faults):
            raise NeedsPerson(_("The lead is deleted in amoCRM.")) from error
        raise


def known(rows: Sequence[OutboxRow]) -> set[int]:
    """The objects that other rows of these deals have made: the same text there is not these rows' effect."""
    others = OutboxRow.objects.filter(
        deal_id__in={row.deal_id for row in rows}, kind=rows[0].kind, external_id__isnull=False
    ).exclude(pk__in=[row.pk for row in rows])
    return {number for number in others.values_list("external_id", flat=True) if number is not None}


def _is_active(amocrm: Client, deal: Deal, user_id: int) -> bool:
    """Can this user be given a task? A grant that may not ask about users is taken for a yes."""
    if not user_id:
        return False
    key = f"amocrm:active:{deal.account_id}:{user_id}"
    known = memory.recall(key)
    if known is None:
        try:
            user = amocrm.user(user_id)
            known = user is not None and user.is_active
        except Refused as error:
            known = error.status != 404
        memory.keep(key, known, seconds=ACTIVE_SECONDS)
    return bool(known)


_EFFECTS: dict[OutboxRow.Kind, Callable[[Client, OutboxRow, Deal], None]] = {
    OutboxRow.Kind.FIELDS: _fields,
    OutboxRow.Kind.NOTE: _note,
    OutboxRow.Kind.TASK: _task,
    OutboxRow.Kind.COMPLETE_TASK: _complete_task,
    OutboxRow.Kind.STAGE: _stage,
    OutboxRow.Kind.PRICE: _price,
    OutboxRow.Kind.SALESBOT: _salesbot,
    OutboxRow.Kind.FILE: _file,
}
