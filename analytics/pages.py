"""Our two pages around the widget's scripts, the figures in a tab and the card on a phone, and the way in.

The pages are shells that hold nothing; a code lets a tab in.
"""

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET
from redis.exceptions import RedisError

from analytics import tabs

FIGURES = "/api/v1/analytics/"


@require_GET
def shell(request: HttpRequest) -> HttpResponse:
    """The empty page; its script asks for the figures with the tab's pass."""
    return _private(render(request, "analytics/page.html"))


@xframe_options_exempt
@csp_replace({"frame-ancestors": ["https://*.amocrm.ru"]})
@require_GET
def mobile(request: HttpRequest) -> HttpResponse:
    """The card inside amoCRM's mobile application: a shell too, its token comes from the application."""
    return _private(render(request, "analytics/mobile.html"))


@require_GET
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """Take a code and let the tab in."""
    with translation.override("ru"):
        try:
            given = tabs.redeem(code, at=timezone.now())
        except tabs.Invalid:
            words = _("This address opens the figures once and within a minute. Open them from amoCRM again.")
            return _words(words, 410)
        except RedisError:
            return _words(_("The figures cannot be opened right now. Try again in a minute."), 503)
    response = _private(redirect("/analytics/"))
    response.set_cookie(
        tabs.COOKIE,
        given,
        max_age=tabs.PASS_LIVES,
        path=FIGURES,
        secure=settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Strict",
    )
    return response


def _words(text: str, status: int) -> HttpResponse:
    return _private(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
