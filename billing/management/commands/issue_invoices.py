"""manage.py issue_invoices --on DATE: every invoice that is due to be issued up to that date, once."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import invoices


class Command(BaseCommand):
    help = "Issue and send every invoice that is due up to a date; a second run issues nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DATE", help="2026-12-10")

    def handle(self, *args: Any, on: date, **options: Any) -> None:
        self.stdout.write(f"{invoices.issue_due(on=on, at=timezone.now())} invoices issued")
