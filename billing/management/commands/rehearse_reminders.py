"""manage.py rehearse_reminders: what the reminder policy of an account would have sent; sends nothing."""

import json
from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import rehearsal
from crm.models import Account


class Command(BaseCommand):
    help = "Show on real data what a reminder policy would have sent in a span of days; writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", metavar="ACCOUNT", help="key of the account")
        parser.add_argument("--from", dest="since", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument("--till", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument(
            "--steps",
            type=_steps,
            metavar="JSON",
            help='instead of the policy: [{"days": 1, "channels": ["email"]}]',
        )

    def handle(self, *args: Any, account: str, since: date, till: date, **options: Any) -> None:
        found = Account.objects.filter(key=account, policy__isnull=False).first()
        if found is None:
            raise CommandError(f"there is no account {account}")
        try:
            letters = rehearsal.run(account=found, since=since, until=till, steps=options["steps"])
        except rehearsal.TooLong:
            raise CommandError(f"at most {rehearsal.DAYS_MAX} days and {rehearsal.ROWS_MAX} rows") from None
        for letter in letters:
            rows = ", ".join(
                f"{said.deal.external_id} №{said.installment.number} {said.days:+d}" for said in letter.said
            )
            held = " (put off by a limit)" if letter.held else ""
            held += "" if letter.reached else " (no address for this channel)"
            self.stdout.write(f"{letter.on} {letter.channel} {letter.payer}: {rows}{held}")
        sent = sum(letter.reached and not letter.held for letter in letters)
        payers = len({letter.payer for letter in letters})
        self.stdout.write(f"{sent} messages to {payers} payers, {len(letters) - sent} put off by limits")


def _steps(text: str) -> list[dict[str, Any]]:
    try:
        steps = [{"days": int(step["days"]), "channels": list(step["channels"])} for step in json.loads(text)]
    except (ValueError, TypeError, KeyError):
        raise ArgumentTypeError('takes steps, for example [{"days": 1, "channels": ["email"]}]') from None
    return steps
