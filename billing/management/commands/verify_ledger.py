"""`manage.py verify_ledger [--deal LEAD_ID]`: recompute every money invariant from the stored facts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import verification
from crm.models import Deal


class Command(BaseCommand):
    help = "Recompute every money invariant from the stored facts; print each violation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deal", type=int, metavar="LEAD_ID", help="only this deal of amoCRM")

    def handle(self, *args: Any, **options: Any) -> None:
        lead_id = options["deal"]
        if lead_id is not None and not Deal.objects.filter(external_id=lead_id).exists():
            raise CommandError(f"The deal {lead_id} is not known here: nothing was verified.")
        found = 0
        for violation in verification.violations(lead_id=lead_id):
            found += 1
            self.stdout.write(f"deal {violation.lead_id}: {violation.invariant}: {violation.detail}")
        if found:
            raise CommandError(f"{found} violations")
        self.stdout.write("The ledger holds.")
