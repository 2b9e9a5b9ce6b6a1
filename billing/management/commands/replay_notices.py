"""`manage.py replay_notices [--since …]`: run stored notices again; nothing changes when all were applied."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from billing import inbox


class Command(BaseCommand):
    help = "Run stored provider notices again; changes nothing when all were applied."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", help="a day or a moment, for example 2026-11-01T12:00:00+03:00")

    def handle(self, *args: Any, **options: Any) -> None:
        result = inbox.replay(since=_moment(options["since"]), at=timezone.now())
        self.stdout.write(f"{result.seen} notices, {result.changed} came to something new")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        day = parse_date(text)
    except ValueError as error:
        raise CommandError(f"--since: {error}") from error
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if moment is None:
        raise CommandError("--since takes a day or a moment, for example 2026-11-01")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
