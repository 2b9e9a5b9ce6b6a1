"""Many objects in one call: an outbox that waited through an outage is sent in a fraction of the calls.

amoCRM takes at most 250 objects and recommends 50; it names each by the `request_id` we gave. A batch with a
wrong object is refused as a whole.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crm import records
from crm.calls import Calls
from crm.records import CrmEvent, Note, Task

BATCH = 50
EVENTS_PAGE = 100


class BatchCalls(Calls):
    def patch_leads(self, changes: Sequence[dict[str, Any]]) -> None:
        """Merge each change ({id, …}) into its lead."""
        self._line.call("PATCH", "/api/v4/leads", body=list(changes))

    def add_notes(self, notes: Sequence[tuple[int, str, str]]) -> dict[str, int]:
        """Add common notes (lead, text, request_id) in this order; returns request_id -> the new id."""
        body = [
            {
                "entity_id": lead_id,
                "note_type": "common",
                "params": {"text": text},
                "request_id": request_id,
                "is_need_to_trigger_digital_pipeline": False,
            }
            for lead_id, text, request_id in notes
        ]
        return _created(self._line.call("POST", "/api/v4/leads/notes", body=body), "notes")

    def add_tasks(self, tasks: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Set tasks (as amoCRM wants them, each with its request_id); returns request_id -> the new id."""
        return _created(self._line.call("POST", "/api/v4/tasks", body=list(tasks)), "tasks")

    def notes_of(self, lead_ids: Sequence[int]) -> list[Note]:
        """The common notes of these leads, newest first."""
        query = {
            "filter[entity_id][]": list(lead_ids),
            "filter[note_type]": "common",
            "order[updated_at]": "desc",
        }
        return [records.note(item) for item in self._pages("/api/v4/leads/notes", "notes", query)]

    def tasks_of(self, lead_ids: Sequence[int]) -> list[Task]:
        """The tasks of these leads."""
        query = {"filter[entity_type]": "leads", "filter[entity_id][]": list(lead_ids)}
        return [records.task(item) for item in self._pages("/api/v4/tasks", "tasks", query)]

    def events(
        self, *, types: Sequence[str], since: datetime, until: datetime, **filters: Any
    ) -> list[CrmEvent]:
        """What happened in the account, newest first; filters as amoCRM names them."""
        query: Mapping[str, Any] = {
            "filter[type]": ",".join(types),
            "filter[created_at][from]": int(since.timestamp()),
            "filter[created_at][to]": int(until.timestamp()),
            **{f"filter[{name}]": value for name, value in filters.items()},
        }
        found = self._pages("/api/v4/events", "events", query, limit=EVENTS_PAGE)
        return [records.event(item) for item in found]

    def changed_contacts(self, *, since: datetime, until: datetime) -> dict[int, list[int]]:
        """The people that were changed in this span -> the leads that they have now."""
        query: Mapping[str, Any] = {
            "with": "leads",
            "filter[updated_at][from]": int(since.timestamp()),
            "filter[updated_at][to]": int(until.timestamp()),
        }
        return {
            records.number(item.get("id")): [
                records.number(lead.get("id")) for lead in records.embedded(item, "leads")
            ]
            for item in self._pages("/api/v4/contacts", "contacts", query)
        }


def _created(document: Any, name: str) -> dict[str, int]:
    return {
        records.text(item.get("request_id")): records.number(item.get("id"))
        for item in records.embedded(document, name)
    }
