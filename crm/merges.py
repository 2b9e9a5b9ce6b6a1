"""Into which lead did a lead that is gone go? A guess that must be sure, or none.

amoCRM's event of a merge stands on the survivor and tells nothing else (its values are empty), so the
survivor is known by the people that came over with the lead: the one survivor of these days that has them.
Where two could be it, nobody is named: a wrong deal is worse than none. An event that does name a lead is
believed.
"""

from datetime import datetime, timedelta

import structlog

from crm import connection
from crm.client import Client, CrmError
from crm.models import Account, Deal
from crm.records import CrmEvent

log = structlog.get_logger("grafik.merges")

MERGED, SEEN = "entity_merged", timedelta(days=2)
SURVIVORS_MAX = 50
BUDGET_SECONDS = 5.0


def survivor(*, account: Account, gone: Deal, at: datetime) -> int | None:
    """The lead that `gone` went into as far as amoCRM shows it; None when nobody can tell."""
    people = {gone.contact_id, *(person["id"] for person in gone.contacts)} - {None}

    def ask(amocrm: Client) -> int | None:
        events = amocrm.events(types=(MERGED,), since=at - SEEN, until=at + SEEN, entity="lead")
        named = next((event.entity_id for event in events if gone.external_id in event.leads), None)
        return named or _by_people(amocrm, events, gone.external_id, people)

    try:
        return connection.run(account=account, at=at, work=ask, budget=BUDGET_SECONDS)
    except CrmError as error:
        log.warning("merges not asked", account=account.key, error=str(error))
        return None


def _by_people(amocrm: Client, events: list[CrmEvent], gone: int, people: set[int | None]) -> int | None:
    ids = [number for number in dict.fromkeys(event.entity_id for event in events) if number != gone]
    if not ids or not people:
        return None
    found = [lead.id for lead in amocrm.leads(ids[:SURVIVORS_MAX]) if people & set(lead.contact_ids)]
    return found[0] if len(found) == 1 else None
