"""manage.py flag_overdue --on DATE: what became overdue, its tasks and stage moves, once a row."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import overdue


class Command(BaseCommand):
    help = "Flag what is overdue on a date and tell the managers; once for each installment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DATE", help="2026-12-11")

    def handle(self, *args: Any, on: date, **options: Any) -> None:
        self.stdout.write(f"{overdue.flag(on=on, at=timezone.now())} installments flagged")
