"""Which pages may call /api/ from a browser: those of connected amoCRM accounts, nobody else's.

The preflight is answered here, before any authentication, because a browser sends it without the token. No
credentials are ever allowed: the one-time token in X-Auth-Token is the only proof. The emulator's pages (the
host of AMOCRM_URL, when it is one fixed host) count as amoCRM's.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from crm.models import Connection

PATHS = "/api/"
ORIGIN = re.compile(r"https://([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.amocrm\.ru")
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
HEADERS = "X-Auth-Token, Idempotency-Key, Content-Type"
EXPOSED = "X-Request-Id, Retry-After, Content-Disposition"
PREFLIGHT_SECONDS = 600


class AccountCors:
    """Middleware: answers preflights of /api/ and marks its answers as readable for allowed origins."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PATHS):
            return self.get_response(request)
        origin = request.headers.get("Origin", "")
        allowed = bool(origin) and is_allowed(origin)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = _preflight(allowed)
        else:
            response = self.get_response(request)
        patch_vary_headers(response, ["Origin"])
        if allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED
        return response


def is_allowed(origin: str) -> bool:
    """Is this the address of a connected account's amoCRM, or of the emulator?"""
    if origin == _emulator_origin():
        return True
    match = ORIGIN.fullmatch(origin)
    if match is None:
        return False
    # An account that has lost its tokens keeps its card: the card is where people read that it must be
    # reconnected.
    seen = Connection.objects.exclude(state=Connection.State.UNINSTALLED).exclude(access_token="")
    return seen.filter(account__subdomain=match[1]).exists()


def _preflight(allowed: bool) -> HttpResponse:
    response = HttpResponse(status=204 if allowed else 403)
    if allowed:
        response["Access-Control-Allow-Methods"] = METHODS
        response["Access-Control-Allow-Headers"] = HEADERS
        response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


def _emulator_origin() -> str | None:
    parts = urlsplit(settings.AMOCRM_URL)
    return None if "{" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
