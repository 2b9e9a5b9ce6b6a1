"""manage.py charge_late_fees --on DATE: the late fees of every day before a date, each day once."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import late_fees


class Command(BaseCommand):
    help = "Charge the late fees of every day before a date where an account's policy has them; a day once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DATE", help="2026-12-11")

    def handle(self, *args: Any, on: date, **options: Any) -> None:
        self.stdout.write(f"{late_fees.charge(on=on, at=timezone.now())} deals charged")
