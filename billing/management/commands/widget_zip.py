"""manage.py widget_zip: the archive that is uploaded to amoCRM, made for the address of this installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm import widget_archive


class Command(BaseCommand):
    help = "Write the widget's archive for this installation's PUBLIC_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path)

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        try:
            content = widget_archive.content(address=settings.PUBLIC_URL)
        except widget_archive.NotBuilt as error:
            raise CommandError(str(error)) from error
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_name(out.name + ".unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(out)
        self.stdout.write(str(out))
