"""manage.py issue_invoices --on DATE: every invoice that is due to be issued up to that date, once."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import invoices, issuing
from billing.rules import money


class Command(BaseCommand):
    help = "Issue and send every invoice that is due up to a date; a second run issues nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DATE", help="2026-12-10")

        parser.add_argument("--dry-run", action="store_true", help="only list what would go out")

    def handle(self, *args: Any, on: date, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self._list(on)
            return
        self.stdout.write(f"{invoices.issue_due(on=on, at=timezone.now())} invoices issued")

    def _list(self, on: date) -> None:
        planned = list(issuing.plan(on=on))
        for one in planned:
            row = f"{one.deal.external_id} №{one.installment.number} {money.text(one.amount)}"
            self.stdout.write(f"{row} {one.to or '-'}{f' ({one.obstacle})' if one.obstacle else ''}")
        self.stdout.write(f"{len(planned)} invoices would be issued")
