"""Idempotency-Key: the same key and body gives the first answer again.

The key's row, the effect and the answer are one transaction. A second call with the key waits at the unique
index until the first has committed and then gets its answer; a killed or failed first call leaves nothing
behind.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.problems import Problem
from billing.models import FirstAnswer

KEY_MAX = 255
Answer = tuple[int, Any]


def once(request: Request, *, caller: str, at: datetime, act: Callable[[], Answer]) -> Response:
    """Run `act` in a transaction, or repeat its first answer; 409 for another body under the same key."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        with transaction.atomic():
            status, body = act()
        return Response(body, status)
    if len(key) > KEY_MAX:
        raise Problem(422, "idempotency_key", _("The Idempotency-Key is too long."))
    try:
        status, body = _first_answer(request, key, caller=caller, at=at, act=act)
    except OperationalError as error:
        if (
            getattr(error.__cause__, "pgcode", None) == "55P03"
        ):  # lock_not_available: the first call still runs
            raise Problem(409, "still_running", _("The same request is still being carried out.")) from error
        raise
    return Response(body, status)


def _first_answer(
    request: Request, key: str, *, caller: str, at: datetime, act: Callable[[], Answer]
) -> Answer:
    scope = f"{caller} {request.method} {request.path}"
    body_hash = hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        row = FirstAnswer(scope=scope, key=key, body_hash=body_hash, created_at=at)
        FirstAnswer.objects.bulk_create([row], ignore_conflicts=True)
        first = FirstAnswer.objects.select_for_update().get(scope=scope, key=key)
        if first.body_hash != body_hash:
            raise Problem(
                409, "idempotency_key_reused", _("This Idempotency-Key was used with another body.")
            )
        if first.status is not None:
            return first.status, first.answer
        status, body = act()
        plain = json.loads(json.dumps(body, cls=DjangoJSONEncoder))
        FirstAnswer.objects.filter(id=first.id).update(status=status, answer=plain)
        return status, plain
