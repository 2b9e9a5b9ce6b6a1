"""Which texts the product's sources, its templates and the panel's framework ask to be translated."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import django.contrib.admin
import rest_framework
import unfold
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
OURS = ("analytics", "billing", "config", "crm", "documents")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# (context or None, msgid, msgid_plural or None)
Asked = tuple[str | None, str, str | None]


def asked_by_us() -> set[Asked]:
    return {asked for app in OURS for asked in _asked_in(ROOT / app)}


def asked_by_the_panel() -> set[Asked]:
    return set(_asked_in(Path(unfold.__file__).parent))


def asked_by_the_admin() -> set[Asked]:
    """Texts of Django's admin: where its Russian disagrees with the gender of a name, ours goes before it."""
    return set(_asked_in(Path(django.contrib.admin.__file__).parent))


def asked_by_the_api() -> set[Asked]:
    """Texts of the API's framework: where its own Russian is half English, ours goes before it."""
    return set(_asked_in(Path(rest_framework.__file__).parent))


def _asked_in(folder: Path) -> Iterator[Asked]:
    for path in folder.rglob("*.py"):
        yield from _extract(path.read_bytes())
    for pattern in ("*.html", "*.txt"):
        for path in folder.glob(f"**/templates/**/{pattern}"):
            # Django turns a template into calls of gettext between filler; one line needs no indentation.
            text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield from _extract(text.replace("\n", " ").strip().encode())


def _extract(source: bytes) -> Iterator[Asked]:
    for _line, message, _comments, context in extract("python", BytesIO(source), KEYWORDS):
        one, many = (message[0], message[-1]) if isinstance(message, tuple) else (message, None)
        yield context, one, many
