"""Did the client get what a bot was to say? Handed over is not delivered.

A bot run that amoCRM took is "handed over"; it has arrived when an outgoing chat message of its deal (or of
its contact, for a deal that is gone) stands in amoCRM's list of events. A run that nothing followed within an
hour is told on the deal, once: the client may have no messenger there. Nothing is run again by itself.
"""

from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from django.utils.translation import gettext as _

from crm import connection, outbox
from crm.client import CrmError
from crm.models import Account, Connection, Deal, OutboxRow
from crm.records import CrmEvent

log = structlog.get_logger("grafik.chats")

MESSAGE = "outgoing_chat_message"
# The two clocks need not agree, and a bot may speak before our call has come back.
BEFORE = timedelta(minutes=5)
TOLD_AFTER = timedelta(hours=1)
GIVEN_UP = timedelta(days=2)
BATCH = 500


def look(*, at: datetime) -> int:
    """Find the messages of runs that were handed over; returns how many arrived since the last look."""
    unseen = OutboxRow.objects.filter(
        kind=OutboxRow.Kind.SALESBOT,
        state=OutboxRow.State.DONE,
        seen_at=None,
        done_at__gt=at - GIVEN_UP,
        account__connection__state=Connection.State.CONNECTED,
    )
    by_account: dict[Account, list[OutboxRow]] = defaultdict(list)
    for row in unseen.select_related("account", "deal__account").order_by("done_at", "id")[:BATCH]:
        by_account[row.account].append(row)
    return sum(_look(account, rows, at) for account, rows in by_account.items())


def arrived(*, deal: Deal) -> frozenset[str]:
    """The keys of the deal's runs whose message was seen in the chat."""
    seen = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.SALESBOT, seen_at__isnull=False)
    return frozenset(seen.values_list("key", flat=True))


def _look(account: Account, rows: list[OutboxRow], at: datetime) -> int:
    since = min(row.done_at for row in rows if row.done_at) - BEFORE
    try:
        events = connection.run(
            account=account,
            at=at,
            work=lambda amocrm: amocrm.events(types=(MESSAGE,), since=since, until=at + BEFORE),
        )
    except CrmError as error:
        log.warning("chats not asked", account=account.key, error=str(error))
        return 0
    arrived, used = 0, set[str]()
    for row in rows:
        event = next((one for one in reversed(events) if one.id not in used and _is_of(one, row)), None)
        if event is not None:
            used.add(event.id)
            arrived += OutboxRow.objects.filter(pk=row.pk, seen_at=None).update(seen_at=at)
        elif row.done_at and at - row.done_at > TOLD_AFTER:
            text = _(
                "The bot was run, but no message to the client is seen in the chat: perhaps there is no "
                "messenger in this deal. Send the link in another way."
            )
            outbox.note(deal=row.deal, key=f"message:unseen:{row.pk}", text=text, at=at)
    return arrived


def _is_of(event: CrmEvent, row: OutboxRow) -> bool:
    if row.done_at is None or event.at < (row.done_at - BEFORE).timestamp():
        return False
    if event.entity == "contact":
        return event.entity_id == row.deal.contact_id
    return event.entity == "lead" and event.entity_id == row.deal.external_id
