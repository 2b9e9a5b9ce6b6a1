"""A document as an HTTP answer, for every door that has checked who asks."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from documents import files, rendering
from documents.models import Document

HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


def shown(document: Document) -> HttpResponse:
    """The document's file as a browser shows it, or in words why there is none."""
    try:
        content = files.read(document)
    except rendering.CannotRender as error:
        return words(str(error), status=503)
    disposition = content_disposition_header(as_attachment=False, filename=files.file_name(document))
    headers = {**HEADERS, "Content-Disposition": str(disposition)}
    return HttpResponse(content, content_type=files.CONTENT_TYPE, headers=headers)


def words(text: str, *, status: int) -> HttpResponse:
    """A sentence instead of a document."""
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8", headers=HEADERS)
