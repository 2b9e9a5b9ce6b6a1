"""Doors for amoCRM's pipelines and bots: JSON or a form with brackets, stored at once, never a 500.

200 once the request is stored, 403 where nothing proves that amoCRM asks, 400 for what cannot be read, 413
for what is too long. amoCRM waits two seconds and may never ask again.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import crm_requests
from billing.models import CrmRequest
from crm import brackets

BODY_BYTES_MAX = 256 * 1024


@csrf_exempt
@require_POST
def pipeline(request: HttpRequest) -> HttpResponse:
    """`/webhooks/amocrm/pipeline/`: a trigger of the digital pipeline."""
    return _take(request, lambda told, at: crm_requests.take_trigger(told, at=at))


@csrf_exempt
@require_POST
def salesbot(request: HttpRequest) -> HttpResponse:
    """`/webhooks/amocrm/salesbot/`: the widget_request of a Salesbot's step."""
    return _take(request, lambda told, at: crm_requests.take_bot(told, at=at))


def _take(request: HttpRequest, take: Callable[[dict[str, Any], datetime], CrmRequest]) -> HttpResponse:
    try:
        told = _parsed(request.body)
        take(told, timezone.now())
    except RequestDataTooBig:
        return _answer(413, "too long")
    except crm_requests.Forged:
        return _answer(403, "forbidden")
    except (ValueError, UnreadablePostError, crm_requests.Unreadable):
        return _answer(400, "cannot be read")
    return _answer(200, "ok")


def _parsed(body: bytes) -> dict[str, Any]:
    """The documentation prints JSON, live accounts send forms: the first sign tells; raises ValueError."""
    if len(body) > BODY_BYTES_MAX:
        raise RequestDataTooBig
    if not body.lstrip().startswith(b"{"):
        return brackets.parse(body)
    try:
        told = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(told, dict):
        raise ValueError("no object")
    return told


def _answer(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
