"""manage.py send_reminders --at DATETIME: the reminders due at that moment under the accounts' policies."""

from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import reminders


class Command(BaseCommand):
    help = "Send the reminders that are due at a moment; each step of a row goes out once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at", type=_moment, required=True, metavar="DATETIME", help="2026-12-11T10:00:00+03:00"
        )

    def handle(self, *args: Any, at: datetime, **options: Any) -> None:
        self.stdout.write(f"{reminders.send_due(at=at)} messages queued")


def _moment(text: str) -> datetime:
    """A moment; without an offset it is one of TIME_ZONE."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("takes a moment, for example 2026-12-11T10:00:00+03:00") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
