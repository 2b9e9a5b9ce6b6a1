"""manage.py diagnostics: a support file without personal data, keys or texts."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing import diagnostics


class Command(BaseCommand):
    help = "Write what support needs to see of this installation; no personal data, no keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, nargs="?", help="the file; without it the text is printed")

    def handle(self, *args: Any, out: Path | None, **options: Any) -> None:
        text = json.dumps(diagnostics.collect(at=timezone.now()), ensure_ascii=False, indent=2)
        if out is None:
            self.stdout.write(text)
            return
        out.write_text(text + "\n", encoding="utf-8")
        self.stdout.write(str(out))
