"""`manage.py demo_history --seed 7 --today 2026-11-22 --students 300 --out FILE`: a year in both businesses.

Two processes: the first lives the school's students who need the robots, the second those who always pay in
time and then the network. The file is what the sandbox is seeded with. It is for an installation that was
just made: an account with deals is refused.
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
from billing.management.story.year import Part, Story
from crm.models import Account


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
        parser.add_argument("--second", action="store_true", help="be the second process of the two")

    def handle(self, *args: Any, **options: Any) -> None:
        students, bookings = options["students"], options["bookings"]
        bookings = students * 2 // 3 if bookings is None else bookings
        story = Story(options["seed"], options["today"], students=students, bookings=bookings)
        if options["second"]:
            year.live(story, Part.CALM, after_day=self._say)
            year.live(story, Part.NETWORK)
            return
        try:
            year.begin(story)
        except year.AlreadyTold as error:
            raise CommandError(f"The account {error} has deals already.") from None
        except year.NoAccount as error:
            raise CommandError(f"There is no account {error}: apply the demo's network file first.") from None
        with _second(story) as calm:
            progress = self._progress if options["progress"] else lambda number: None
            year.live(story, Part.OTHERS, before_day=calm.wait, after_day=progress)
        if options["out"]:
            accounts = Account.objects.filter(key__in=(year.SCHOOL, year.NETWORK)).order_by("key")
            export.write(options["out"], accounts=accounts, today=story.today)
        self.stdout.write(f"History {digest.of_facts()}")

    def _progress(self, number: int) -> None:
        share, before = (day * 100 // (year.DAYS + 1) for day in (number, number - 1))
        if share > before:
            self._say(f"{share}%")

    def _say(self, what: object) -> None:
        self.stdout.write(str(what))
        self.stdout.flush()


class _Calm:
    """How far the second process is; it says each day that its calm students have lived."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child
        self._lived = 0

    def wait(self, number: int) -> None:
        """Return when the calm ones are through with a day, or through at all when the robots start."""
        wanted = year.DAYS + 1 if year.robots_start(number) else number
        while self._lived < wanted:
            said = self._child.stdout.readline() if self._child.stdout else ""
            if not said:
                raise CommandError("The second process ended by itself.")
            self._lived = int(said)


@contextmanager
def _second(story: Story) -> Iterator[_Calm]:
    """The second process of the two; CommandError when it failed."""
    given = [f"--seed={story.seed}", f"--today={story.today}"]
    given += [f"--students={story.students}", f"--bookings={story.bookings}"]
    command = [sys.executable, "manage.py", "demo_history", "--second", *given]
    child = subprocess.Popen(command, cwd=settings.ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    try:
        yield _Calm(child)
        if child.wait():
            raise CommandError("The second process did not work; its words are above.")
    finally:
        child.kill()
        child.wait()
