"""Finished values to a PDF: a shipped Django template, laid out by WeasyPrint with the shipped fonts.

Reaches nothing but the shipped fonts, the style and the document's own QR: every other address is refused, so
a name with markup in it can make us fetch nothing. One FontConfiguration shared by threads hangs WeasyPrint,
so documents are rendered one at a time in a process. The same values always give the same bytes.
"""

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from documents import payment_qr
from documents.values import Stored

if TYPE_CHECKING:
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcherResponse

log = structlog.get_logger("grafik.documents")

FONTS = Path(__file__).parent / "fonts"
SCHEME = "grafik:"
QR = f"{SCHEME}qr.svg"
_one_at_a_time = threading.Lock()


class CannotRender(Exception):
    """A library of the system is missing; the text says which, in words."""


class _Refused(ValueError):
    """An address that is not ours."""


def pdf(*, template: str, values: Stored) -> bytes:
    """Return the document. Raises CannotRender where Pango is not installed."""
    markup = html(template=template, values=values)
    with _one_at_a_time:
        try:
            from weasyprint import CSS, HTML  # half a second and Pango: only for those who render
        except OSError as error:
            log.error("pango is missing", error=str(error))
            raise CannotRender(
                _("Documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")
            ) from error
        fetcher: Any = _fetcher(payment_qr.picture(values["qr"]) if values.get("qr") else b"")
        style = CSS(string=render_to_string("documents/style.css"), url_fetcher=fetcher, font_config=_fonts())
        page = HTML(string=markup, base_url=None, url_fetcher=fetcher)
        made = page.write_pdf(stylesheets=[style], font_config=_fonts(), pdf_identifier=b"grafik")
    if not isinstance(made, bytes):
        raise TypeError("WeasyPrint wrote no document")
    return made


def html(*, template: str, values: Stored) -> str:
    """Return the document's markup; names are escaped by the template engine."""
    with translation.override("ru"):
        return render_to_string(f"documents/{template}.html", {"values": values, "qr": QR})


@cache
def _fonts() -> "FontConfiguration":
    """The fonts of all documents, read once; used under the lock only."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def _fetcher(qr: bytes) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OursOnly(URLFetcher):  # type: ignore[misc]
        """Answers the shipped fonts and this document's QR; whatever else is asked for is refused."""

        def fetch(self, url: str, headers: Any = None) -> "URLFetcherResponse":
            if url == QR and qr:
                return URLFetcherResponse(url, qr, {"Content-Type": "image/svg+xml"})
            for font in FONTS.glob("*.ttf"):
                if url == f"{SCHEME}{font.name}":
                    return URLFetcherResponse(url, font.read_bytes(), {"Content-Type": "font/ttf"})
            log.warning("document asked for a foreign address", address=url[:200])
            raise _Refused(url)

    return OursOnly()
