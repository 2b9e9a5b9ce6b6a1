"""What every door of the payer does: open the link, answer in Russian, keep robots and caches away.

Unknown and revoked tokens are one and the same 404. No cookie is read or set.
"""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from billing import links

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "private, no-store",
}
DealView = Callable[..., HttpResponse]


def for_payer(view: DealView) -> Callable[..., HttpResponse]:
    """Open the link, answer in Russian, and keep the page away from robots, caches and other sites."""

    @wraps(view)
    def door(request: HttpRequest, token: str, **parts: int) -> HttpResponse:
        with translation.override("ru"):
            try:
                response = view(request, links.deal_of(token=token), **parts)
            except (links.UnknownToken, Http404):
                response = render(request, "pay/unknown.html", status=404)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return door
