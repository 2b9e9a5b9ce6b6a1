"""What web hooks did not tell: the account's own list of events is read again and again.

Each reading begins a little before the last one ended, and what it finds becomes the same hints that hooks
make, so nothing is done twice. Values of custom fields have an event type of their own, which amoCRM takes
only alone, hence one call for each field that we read. People that changed, or took another's place when two
became one, are read from the list of contacts, which also tells whose leads they have now: the event of such
a merge stands on the survivor, whom we may never have seen. An account that was away is read from where it
stood.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from crm import connection, deals, gates
from crm.client import Client, CrmError
from crm.models import Account, Connection, Deal
from crm.records import CrmEvent

log = structlog.get_logger("grafik.repair")

TYPES = (
    "lead_status_changed",
    "lead_deleted",
    "lead_restored",
    "sale_field_changed",
    "name_field_changed",
    "entity_responsible_changed",
    "lead_linked",
    "lead_unlinked",
    "entity_linked",
    "entity_unlinked",
    "contact_linked",
    "contact_unlinked",
    "company_linked",
    "company_unlinked",
    "entity_merged",
)
READ_FIELDS = (
    *("programme", "cohort", "location", "service_on"),
    *("schedule_count", "schedule_monthly", "schedule_first_on"),
)
EVERY = timedelta(minutes=15)
OVERLAP = timedelta(minutes=2)
# An account that is new here, or was away for long, is not read further back than amoCRM lists cheaply.
AT_MOST = timedelta(days=3)
# As many as the pages of one question can hold: above it the span is read in two halves.
FULL = 2000
BATCH = 50


def read_due(*, at: datetime) -> int:
    """Read the events of every account whose last reading is old; returns how many leads are hinted at."""
    due = Connection.objects.filter(
        Q(events_until=None) | Q(events_until__lte=at - EVERY), state=Connection.State.CONNECTED
    )
    hinted = 0
    for row in list(due.select_related("account").order_by("events_until", "id")[:BATCH]):
        try:
            hinted += _read(row, at)
        except CrmError as error:
            log.warning("events not read", account=row.account.key, error=str(error))
    return hinted


def _read(row: Connection, at: datetime) -> int:
    since = max((row.events_until or at) - OVERLAP, at - AT_MOST)
    account = row.account
    told, people = connection.run(account=account, at=at, work=_asking(account, since, at))
    leads = {lead for event in told for lead in _leads(account, event)}
    if people:
        theirs = {lead for of_one in people.values() for lead in of_one}
        leads |= set(deals.with_people(account=account, ids=people, leads=theirs))
    known = Deal.objects.filter(account=account, external_id__in=leads)
    changed = dict.fromkeys(known.values_list("external_id", flat=True), False)
    if gates.are_set(account):
        changed |= {event.entity_id: False for event in told if event.type == gates.MOVED}
    if changed:
        deals.hint(account=account, leads=changed, at=at)
    Connection.objects.filter(pk=row.pk, events_until=row.events_until).update(events_until=at)
    return len(changed)


def _asking(
    account: Account, since: datetime, until: datetime
) -> Callable[[Client], tuple[list[CrmEvent], dict[int, list[int]]]]:
    fields = [account.fields[ours] for ours in READ_FIELDS if ours in account.fields]
    kinds = [TYPES, *((f"custom_field_{field_id}_value_changed",) for field_id in fields)]

    def ask(amocrm: Client) -> tuple[list[CrmEvent], dict[int, list[int]]]:
        told = [event for types in kinds for event in _span(amocrm, types, since, until)]
        return told, amocrm.changed_contacts(since=since, until=until)

    return ask


def _span(amocrm: Client, types: tuple[str, ...], since: datetime, until: datetime) -> list[CrmEvent]:
    found = amocrm.events(types=types, since=since, until=until)
    if len(found) < FULL or until - since < timedelta(minutes=1):
        return found
    middle = since + (until - since) / 2
    return _span(amocrm, types, since, middle) + _span(amocrm, types, middle, until)


def _leads(account: Account, event: CrmEvent) -> list[int]:
    if event.entity == "lead":
        return [event.entity_id, *event.leads]
    if event.entity in ("contact", "company"):
        return [*event.leads, *deals.with_people(account=account, ids=[event.entity_id])]
    return list(event.leads)
