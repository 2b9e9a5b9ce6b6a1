"""`manage.py demo_history --seed 7 --today 2026-11-22 --students 300 --out FILE`: a year in both businesses.

The network's year is lived by a second process beside the school's. The file is what the sandbox is seeded
with. It is for an installation that was just made: an account with deals is refused.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.management.story import digest, export, year
from crm.models import Account

SCHOOL, NETWORK = "school", "quests"


class Command(BaseCommand):
    help = "Live a year of two demo businesses; nothing is sent, and the sandbox's part is written to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--today", type=date.fromisoformat, required=True, metavar="DATE")
        parser.add_argument("--students", type=int, default=300, metavar="N", help="of the school")
        parser.add_argument(
            "--bookings", type=int, metavar="N", help="of the network (default: 2 for 3 students)"
        )
        parser.add_argument("--out", type=Path, metavar="FILE", help="the seed of the sandbox")
        parser.add_argument("--progress", action="store_true", help="print how much is done, in per cent")
        parser.add_argument("--only", choices=(SCHOOL, NETWORK), help="one of the two, and no file")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["bookings"] is None:
            options["bookings"] = options["students"] * 2 // 3
        if options["only"]:
            self._live(options["only"], options)
            return
        with _neighbour(options):
            self._live(SCHOOL, options)
        accounts = Account.objects.filter(key__in=(SCHOOL, NETWORK)).order_by("key")
        if options["out"]:
            export.write(options["out"], accounts=accounts, today=options["today"])
        self.stdout.write(f"History {digest.of_facts()}")

    def _live(self, key: str, options: dict[str, Any]) -> None:
        account = Account.objects.select_related("policy").filter(key=key).first()
        if account is None:
            raise CommandError(f"There is no account {key}: apply the demo's network file first.")

        def progress(done: int, days: int) -> None:
            share, before = done * 100 // days, (done - 1) * 100 // days
            if options["progress"] and share > before:
                self.stdout.write(f"{share}%")
                self.stdout.flush()

        try:
            year.tell(
                account=account,
                seed=options["seed"],
                today=options["today"],
                count=options["students"] if key == SCHOOL else options["bookings"],
                progress=progress,
            )
        except year.AlreadyTold:
            raise CommandError(f"The account {key} has deals already.") from None


@contextmanager
def _neighbour(options: dict[str, Any]) -> Iterator[None]:
    """The network's year in a process of its own; CommandError with its last words when it failed."""
    names = ("seed", "today", "students", "bookings")
    given = [word for name in names for word in (f"--{name}", str(options[name]))]
    command = [sys.executable, "manage.py", "demo_history", "--only", NETWORK, *given]
    child = subprocess.Popen(command, cwd=settings.ROOT, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    try:
        yield
    except BaseException:
        child.kill()
        child.wait()
        raise
    _, said = child.communicate()
    if child.returncode:
        raise CommandError(said.strip().rpartition("\n")[2] or f"The year of {NETWORK} ended by itself.")
