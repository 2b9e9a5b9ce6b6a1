"""The calls that we make to amoCRM's API v4 (facts/amocrm: leads, contacts, notes, tasks, bots, web hooks).

An adapter: plain values in and out, no database. Every method may raise Unavailable (ask later), Unauthorized
(the token) or Refused (a final no with amoCRM's reason). crm.connection makes clients and looks after their
tokens.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm import records
from crm.batch_calls import BatchCalls
from crm.calls import PAGE
from crm.files import File
from crm.limits import Priority
from crm.records import Company, Contact, Lead, StoredFile
from crm.setup_calls import SetupCalls
from crm.transport import Blocked, CrmError, NoFileScope, Refused, Unauthorized, Unavailable, Unpaid

__all__ = [
    "Blocked",
    "Client",
    "CrmError",
    "NoFileScope",
    "Priority",
    "Refused",
    "Unauthorized",
    "Unavailable",
    "Unpaid",
]

# The part that amoCRM takes where it does not say (facts 4.7).
PART_BYTES = 524_288
LEAD = 2  # entity_type of a lead in the older addresses


class Client(SetupCalls, BatchCalls):
    """One account's API, for a person who waits or for a queue."""

    # --- reading
    # -----------------------------------------------------------------------------------------------

    def lead(self, lead_id: int, *, as_user: int | None = None) -> Lead | None:
        """The lead with its contacts; None when it is unknown, deleted, or hidden from `as_user`."""
        found = self._line.call(
            "GET", f"/api/v4/leads/{lead_id}", query={"with": "contacts"}, user_id=as_user
        )
        return records.lead(found) if found else None

    def leads(self, lead_ids: list[int]) -> list[Lead]:
        """Those of these leads that are live, with their contacts; at most one page of them."""
        query = {"filter[id][]": lead_ids, "with": "contacts", "limit": PAGE}
        found = self._line.call("GET", "/api/v4/leads", query=query)
        return [records.lead(item) for item in records.embedded(found, "leads")]

    def contact(self, contact_id: int) -> Contact | None:
        found = self._line.call("GET", f"/api/v4/contacts/{contact_id}")
        return records.contact(found) if found else None

    def contacts(self, contact_ids: list[int]) -> list[Contact]:
        """The contacts of these numbers, in amoCRM's order; at most one page of them."""
        query = {"filter[id][]": contact_ids, "limit": PAGE}
        found = self._line.call("GET", "/api/v4/contacts", query=query)
        return [records.contact(item) for item in records.embedded(found, "contacts")]

    def company(self, company_id: int) -> Company | None:
        found = self._line.call("GET", f"/api/v4/companies/{company_id}")
        return records.company(found) if found else None

    def find_note(self, lead_id: int, *, text: str, known: frozenset[int]) -> int | None:
        """The newest common note of the lead with exactly this text whose id is not among `known`."""
        query = {"filter[note_type]": "common", "order[updated_at]": "desc", "limit": PAGE}
        found = self._line.call("GET", f"/api/v4/leads/{lead_id}/notes", query=query)
        notes = [records.note(item) for item in records.embedded(found, "notes")]
        return next((note.id for note in notes if _same(note.text, text) and note.id not in known), None)

    def find_file_note(self, lead_id: int, *, file_uuid: str) -> int | None:
        """The note that shows this file in the lead's feed."""
        query = {"filter[note_type]": "attachment", "order[updated_at]": "desc", "limit": PAGE}
        found = self._line.call("GET", f"/api/v4/leads/{lead_id}/notes", query=query)
        notes = records.embedded(found, "notes")
        mine = (note for note in notes if records.mapping(note.get("params")).get("file_uuid") == file_uuid)
        return next((records.note(note).id for note in mine), None)

    def find_task(
        self, number: int, *, entity: str, text: str, till: datetime, known: frozenset[int]
    ) -> int | None:
        """A task of the lead or contact with exactly this text and deadline, its id not among `known`."""
        query = {"filter[entity_type]": entity, "filter[entity_id][]": number}
        tasks = [records.task(item) for item in self._pages("/api/v4/tasks", "tasks", query)]
        moment = int(till.timestamp())
        fits = (
            task.id
            for task in tasks
            if _same(task.text, text) and task.till == moment and task.id not in known
        )
        return next(fits, None)

    # --- writing
    # -----------------------------------------------------------------------------------------------

    def patch_lead(self, lead_id: int, changes: Mapping[str, Any]) -> None:
        """Merge `changes` into the lead (price, status_id with pipeline_id, custom_fields_values)."""
        self._line.call("PATCH", f"/api/v4/leads/{lead_id}", body=dict(changes))

    def add_note(self, lead_id: int, *, text: str, request_id: str) -> int | None:
        """The id of the new note; the customer's own automation is not started by it."""
        note = {
            "note_type": "common",
            "params": {"text": text},
            "request_id": request_id,
            "is_need_to_trigger_digital_pipeline": False,
        }
        return records.created_id(
            self._line.call("POST", f"/api/v4/leads/{lead_id}/notes", body=[note]), "notes"
        )

    def upload(self, file: File) -> StoredFile:
        """Put a file into the account's drive, part by part; a second call makes a second file there."""
        account = records.mapping(self._line.call("GET", "/api/v4/account", query={"with": "drive_url"}))
        session = self._line.drive(
            f"{records.text(account.get('drive_url'))}/v1.0/sessions",
            body={
                "file_name": file.name,
                "file_size": len(file.content),
                "content_type": file.content_type,
                "with_preview": True,
            },
        )
        url, size = str(session.get("upload_url")), records.number(session.get("max_part_size")) or PART_BYTES
        answer: dict[str, Any] = {}
        for start in range(0, len(file.content), size):
            answer = self._line.drive(url, content=file.content[start : start + size])
            url = str(answer.get("next_url"))
        stored = records.stored_file(answer)
        if not stored.uuid:
            raise Unavailable("drive", unknown=True)
        return stored

    def attach_file(self, lead_id: int, *, file_uuid: str) -> None:
        """Show the file among the lead's files; again is harmless."""
        self._line.call("PUT", f"/api/v4/leads/{lead_id}/files", body=[{"file_uuid": file_uuid}])

    def add_file_note(self, lead_id: int, *, file: StoredFile, name: str, request_id: str) -> int | None:
        """The id of the new note that shows the file in the lead's feed."""
        note = {
            "note_type": "attachment",
            "params": {"file_uuid": file.uuid, "version_uuid": file.version, "file_name": name},
            "request_id": request_id,
            "is_need_to_trigger_digital_pipeline": False,
        }
        return records.created_id(
            self._line.call("POST", f"/api/v4/leads/{lead_id}/notes", body=[note]), "notes"
        )

    def complete_task(self, task_id: int, *, text: str) -> None:
        self._line.call(
            "PATCH", f"/api/v4/tasks/{task_id}", body={"is_completed": True, "result": {"text": text}}
        )

    def run_salesbot(self, lead_id: int, *, bot_id: int) -> None:
        body = [{"bot_id": bot_id, "entity_id": lead_id, "entity_type": LEAD}]
        self._line.call("POST", "/api/v2/salesbot/run", body=body)

    def continue_bot(
        self, return_url: str, *, told: Mapping[str, str], handlers: list[dict[str, Any]]
    ) -> None:
        """Let a waiting bot go on with these steps; its conditions read `told` as {{json.…}}.

        `return_url` must lie below the account's own address.
        """
        body = {"data": dict(told), "execute_handlers": handlers}
        self._line.call_address(return_url, body=body)


def _same(left: str, right: str) -> bool:
    """amoCRM may tidy white space; the words decide."""
    return left.split() == right.split()
