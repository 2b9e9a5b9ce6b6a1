"""manage.py widget_zip: the archive that is uploaded to amoCRM, made for the address of this installation."""

import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SOURCE = Path(settings.ROOT) / "widget_js" / "dist"
# The built widget does not know where it will be installed; this name, which can never resolve, stands for
# that.
PLACEHOLDER = "https://grafik.invalid"
TEXTS = {".js", ".json", ".css", ".html", ".svg", ".twig", ".txt"}
# The earliest day that a zip can hold: the same content gives the same bytes.
_DAY = (1980, 1, 1, 0, 0, 0)


class Command(BaseCommand):
    help = "Write the widget's archive for this installation's PUBLIC_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path)

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        files = sorted(path for path in SOURCE.rglob("*") if path.is_file())
        if not files:
            raise CommandError(f"There is no built widget in {SOURCE}: run the build of widget_js first.")
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_name(out.name + ".unfinished")
        with zipfile.ZipFile(unfinished, "w") as archive:
            for path in files:
                entry = zipfile.ZipInfo(path.relative_to(SOURCE).as_posix(), _DAY)
                entry.external_attr = 0o644 << 16
                entry.create_system = 3
                archive.writestr(entry, _content(path), zipfile.ZIP_DEFLATED, 9)
        unfinished.replace(out)
        self.stdout.write(str(out))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix in TEXTS:
        return content.replace(PLACEHOLDER.encode(), settings.PUBLIC_URL.encode())
    return content
