"""manage.py reconcile --merchant KEY --day DATE: a provider's day against the ledger, healed where safe."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import reconciliation
from billing.models import Difference, MerchantAccount


class Command(BaseCommand):
    help = "Compare a provider's day with the ledger and the receipts, heal what is safe, print what is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="KEY")
        parser.add_argument(
            "--day", type=date.fromisoformat, required=True, metavar="DATE", help="2026-12-11"
        )

    def handle(self, *args: Any, merchant: str, day: date, **options: Any) -> None:
        shop = MerchantAccount.objects.filter(key=merchant).first()
        if shop is None:
            raise CommandError(f"There is no merchant account {merchant}.")
        done = reconciliation.run(merchant=shop, day=day, at=timezone.now())
        if done.error:
            raise CommandError(f"The provider did not answer: {done.error}")
        left = Difference.objects.filter(merchant=shop, day=day, state=Difference.State.OPEN).order_by("id")
        for one in left:
            self.stdout.write(
                f"{one.kind} {one.external_id} {one.reason} ours={one.ours} theirs={one.theirs}"
            )
        self.stdout.write(f"{done.rows} rows there, {done.healed} healed, {len(left)} differences")
