"""A request id for every request, and one log line when it ends.

The line names the route, not the address: addresses of the payer's page hold a secret token.
"""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("grafik.requests")
GIVEN = re.compile(r"^[\w.-]{8,64}$")


class RequestLog:
    """Middleware: takes over a sane X-Request-Id or makes one, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if GIVEN.match(given) else uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        log.info(
            "request",
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            milliseconds=round((time.monotonic() - started) * 1000),
        )
        structlog.contextvars.clear_contextvars()
        response["X-Request-Id"] = request_id
        return response
