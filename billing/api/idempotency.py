"""Idempotency-Key: the same key and body gives the first answer again.

The key's row, the effect and the answer are one transaction. A second call with the key waits at the unique
index until the first has committed and then gets its answer; a killed or failed first call leaves nothing
behind.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.problems import PROBLEM_TYPE, Problem, of
from billing.models import FirstAnswer

KEY_MAX = 255
REUSED = "idempotency_key_reused"
# Problems of the key itself are no answers to remember.
OUR_CODES = (REUSED, "still_running")
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
    row = FirstAnswer(
        scope=f"{caller} {request.method} {request.path}",
        key=key,
        body_hash=hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest(),
        created_at=at,
    )
    try:
        return _answer(_first_answer(row, act))
    except OperationalError as error:
        # lock_not_available: the first call still runs
        if getattr(error.__cause__, "pgcode", None) == "55P03":
            raise Problem(409, "still_running", _("The same request is still being carried out.")) from error
        raise
    except Exception as error:
        problem = of(error)
        if problem is None or problem.code in OUR_CODES:
            raise
        # The effect was rolled back with its key; the refusal is the first answer all the same.
        return _answer(_first_answer(row, lambda: (problem.status, problem.body())))


def _first_answer(row: FirstAnswer, act: Callable[[], Answer]) -> Answer:
    with transaction.atomic():
        FirstAnswer.objects.bulk_create([row], ignore_conflicts=True)
        first = FirstAnswer.objects.select_for_update().get(scope=row.scope, key=row.key)
        if first.body_hash != row.body_hash:
            raise Problem(409, REUSED, _("This Idempotency-Key was used with another body."))
        if first.status is not None:
            return first.status, json.loads(first.answer or "null")
        status, body = act()
        # Kept as a text: a JSON column would give the keys back in another order.
        text = json.dumps(body, cls=DjangoJSONEncoder)
        FirstAnswer.objects.filter(id=first.id).update(status=status, answer=text)
        return status, json.loads(text)


def _answer(first: Answer) -> Response:
    status, body = first
    return Response(body, status, content_type=PROBLEM_TYPE if status >= HTTPStatus.BAD_REQUEST else None)
