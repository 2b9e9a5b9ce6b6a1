"""The door of the panel that hands out the widget's archive, made for the address of this installation."""

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from crm import widget_archive


@require_GET
@staff_member_required
def download(request: HttpRequest) -> HttpResponse:
    """widget.zip, as amoCRM wants it called."""
    try:
        content = widget_archive.content(address=settings.PUBLIC_URL)
    except widget_archive.NotBuilt as error:
        return HttpResponse(str(error), status=503, content_type="text/plain; charset=utf-8")
    headers = {
        "Content-Disposition": f'attachment; filename="{widget_archive.NAME}"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type="application/zip", headers=headers)
