"""manage.py deliver [--until-empty]: drain every outgoing queue without Celery, for repair and for checks.

What amoCRM's pipelines and bots ask for is done too: its answers go out from here.

Rows are taken whatever their `not_before`; only limits are waited for. Ends with an error when a row was
parked meanwhile, or when what waits has not moved for a minute.
"""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import crm_requests, messages, provider_calls
from billing.models import CrmRequest, Message, ProviderCall
from crm import outbox
from crm.models import OutboxRow, QueueRow

QUEUES: tuple[type[QueueRow], ...] = (ProviderCall, CrmRequest, OutboxRow, Message)
STUCK_SECONDS = 60.0
PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = "Send what waits for the providers, for amoCRM and for the payers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="go on until nothing waits")

    def handle(self, *args: Any, until_empty: bool, **options: Any) -> None:
        parked = _count(QueueRow.State.PARKED)
        _pass()
        moved, waiting = time.monotonic(), _count(QueueRow.State.WAITING)
        while until_empty and waiting and time.monotonic() - moved < STUCK_SECONDS:
            time.sleep(PAUSE_SECONDS)
            _pass()
            before, waiting = waiting, _count(QueueRow.State.WAITING)
            if waiting != before:
                moved = time.monotonic()
        parked = _count(QueueRow.State.PARKED) - parked
        self.stdout.write(f"{waiting} rows wait, {parked} were parked")
        if parked > 0 or (until_empty and waiting):
            raise CommandError("A person must look: see the parked and waiting rows in the admin panel.")


def _pass() -> None:
    """Providers and what pipelines ask first: their ends make rows for amoCRM and for the payers."""
    provider_calls.deliver(at=timezone.now(), ignore_not_before=True)
    crm_requests.apply_waiting(at=timezone.now(), ignore_not_before=True)
    messages.deliver(at=timezone.now(), ignore_not_before=True)
    outbox.deliver(at=timezone.now(), ignore_not_before=True)


def _count(state: str) -> int:
    return sum(queue._default_manager.filter(state=state).count() for queue in QUEUES)
