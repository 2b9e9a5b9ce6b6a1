"""manage.py network: apply a network file, try the stored credentials, list what a change of owner left."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import credentials, handovers
from billing.network_file import apply
from billing.network_file.changes import Action, Change
from billing.network_file.nodes import Refused
from crm import probe
from crm.client import CrmError
from crm.models import Account

_SIGNS = {Action.CREATED: "+", Action.CHANGED: "~", Action.LEFT: "="}


class Command(BaseCommand):
    help = (
        "Match a network file (apply), try the stored credentials (check), list a change's rest (handover)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        apply_parser = commands.add_parser("apply", help="make the database match the file")
        apply_parser.add_argument("file", type=Path)
        apply_parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        check_parser = commands.add_parser("check", help="try the credentials at amoCRM and the providers")
        check_parser.add_argument(
            "keys", nargs="*", metavar="KEY", help="accounts and merchant accounts; none means all"
        )
        check_parser.add_argument(
            "--probe",
            action="store_true",
            help="also ask what amoCRM's documentation leaves open: one KEY, of a technical account",
        )
        check_parser.add_argument("--deal", type=int, metavar="LEAD", help="a deal that --probe may write to")

        handover_parser = commands.add_parser("handover", help="bookings whose money lies with the old owner")
        handover_parser.add_argument("location", metavar="LOCATION", help="its key, or account/key")
        handover_parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="DATE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "apply":
            self._apply(options["file"], preview=options["dry_run"])
        elif options["command"] == "handover":
            self._handover(options["location"], options["on"])
        else:
            self._check(options["keys"])
            if options["probe"]:
                self._probe(options["keys"], options["deal"])

    def _apply(self, file: Path, *, preview: bool) -> None:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CommandError(_("%(file)s is not text in UTF-8.") % {"file": file}) from error
        try:
            changes = apply.preview(text) if preview else apply.apply(text)
        except Refused as refused:
            lines = [
                f"{file}:{problem.line}: {problem.path + ': ' if problem.path else ''}{problem.reason}"
                for problem in refused.problems
            ]
            raise CommandError("\n".join([*lines, _("Nothing was written.")])) from refused
        for change in changes:
            self.stdout.write(_line(change))
        self.stdout.write(_summary(changes, preview=preview))

    def _handover(self, key: str, on: date) -> None:
        try:
            location = handovers.find(key=key)
        except handovers.UnknownLocation as error:
            raise CommandError(_("There is no such location, or several: write account/key.")) from error
        found = list(handovers.left_behind(location=location, on=on))
        for left in found:
            self.stdout.write(
                _("%(lead)s %(name)s, %(day)s: %(amount)s at %(holder)s, served by %(owner)s.") % left.words()
            )
        if found:
            self.stdout.write(_(handovers.WAYS_OUT))
        else:
            self.stdout.write(_("No booking has its money with another owner."))

    def _check(self, keys: list[str]) -> None:
        try:
            results = credentials.check(keys=keys, at=timezone.now())
        except credentials.UnknownKey as error:
            raise CommandError(str(error)) from error
        for result in results:
            self.stdout.write(f"{_sign(result)} {_words(result.what)} {result.key}: {result.words}")
        if not all(result.works for result in results if result.is_key):
            raise CommandError(_("Not every key works."))

    def _probe(self, keys: list[str], lead_id: int | None) -> None:
        account = Account.objects.filter(key__in=keys).first() if len(keys) == 1 else None
        if account is None:
            raise CommandError(_("--probe asks one technical account: name its key, and nothing else."))
        at = timezone.now()
        try:
            answers = probe.ask(account=account, lead_id=lead_id, at=at)
        except CrmError as error:
            raise CommandError(str(error)) from error
        for one in answers:
            self.stdout.write(f"?? {one.question}: {one.answer}")
        self.stdout.write(str(probe.write(_probe_folder(), account=account, answers=answers, at=at)))


def _probe_folder() -> Path:
    return Path(settings.DATA_DIR) / "probes"


def _sign(result: credentials.Result) -> str:
    """A dead key stops everything, a setting that does not fit stops what needs it."""
    return "ok" if result.works else "!!" if result.is_key else "--"


def _words(what: str) -> str:
    return {
        "account": _("amoCRM account"),
        "legal_entity": _("legal entity"),
        "merchant": _("merchant account"),
        "location": _("location"),
        "product": _("product"),
    }[what]


def _line(change: Change) -> str:
    fields = f": {', '.join(change.fields)}" if change.fields else ""
    return f"{_SIGNS[change.action]} {_words(change.what)} {change.name}{fields}"


def _summary(changes: list[Change], *, preview: bool) -> str:
    counts = {action.value: sum(change.action is action for change in changes) for action in Action}
    text = _("Created %(created)s, changed %(changed)s, left %(left)s.") % counts
    trial = _("This was a trial: nothing was written.")
    return f"{text} {trial}" if preview else text
