"""The widget's archive for this installation: the built files with our own address in them, as one zip.

The built widget does not know where it will be installed; a name that can never resolve stands for that. The
same content gives the same bytes, so that an upload can be compared with what is there.
"""

import io
import zipfile
from pathlib import Path

from django.conf import settings

SOURCE = Path(settings.ROOT) / "widget_js" / "dist"
NAME = "widget.zip"
PLACEHOLDER = "https://grafik.invalid"
TEXTS = {".js", ".json", ".css", ".html", ".svg", ".twig", ".txt"}
# The earliest day that a zip can hold.
_DAY = (1980, 1, 1, 0, 0, 0)


class NotBuilt(Exception):
    """There are no built files; the text says what to do."""


def content(*, address: str) -> bytes:
    """The zip whose script calls `address` (PUBLIC_URL)."""
    files = sorted(path for path in SOURCE.rglob("*") if path.is_file())
    if not files:
        raise NotBuilt(f"There is no built widget in {SOURCE}: run the build of widget_js first.")
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(SOURCE).as_posix(), _DAY)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, _read(path, address), zipfile.ZIP_DEFLATED, 9)
    return raw.getvalue()


def _read(path: Path, address: str) -> bytes:
    found = path.read_bytes()
    return found.replace(PLACEHOLDER.encode(), address.encode()) if path.suffix in TEXTS else found
