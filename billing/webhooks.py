"""Doors for the providers' notices. The body is read raw before anything else touches it: it is what was
signed.
"""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing import inbox
from billing.providers.base import Delivery, NoticeKind

BODY_BYTES_MAX = 64 * 1024
LENGTH_UNKNOWN = 2**31 - 1
CLOUDPAYMENTS_KINDS = frozenset(NoticeKind) - {NoticeKind.SIGNED_STATE}


@csrf_exempt
@require_http_methods(["GET", "POST"])
def cloudpayments(request: HttpRequest, merchant_key: str, kind: str) -> HttpResponse:
    """`/webhooks/cloudpayments/<merchant key>/<kind>/`: form or JSON body, or a query."""
    if kind not in CLOUDPAYMENTS_KINDS:
        raise Http404
    return _take(request, "cloudpayments", merchant_key, NoticeKind(kind))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def robokassa(request: HttpRequest, merchant_key: str) -> HttpResponse:
    """`/webhooks/robokassa/<merchant key>/result/`: ResultURL, by either method, answered in plain text."""
    return _take(request, "robokassa", merchant_key, NoticeKind.PAY)


@csrf_exempt
@require_http_methods(["POST"])
def robokassa_signed_state(request: HttpRequest, merchant_key: str) -> HttpResponse:
    """`/webhooks/robokassa/<merchant key>/result2/`: ResultUrl2, a JWS that only calls itself JSON."""
    return _take(request, "robokassa", merchant_key, NoticeKind.SIGNED_STATE)


def _take(request: HttpRequest, provider: str, merchant_key: str, kind: NoticeKind) -> HttpResponse:
    at = timezone.now()
    delivery = _delivery(request, at)
    try:
        if delivery.size:
            inbox.refuse_long(
                provider=provider, merchant_key=merchant_key, kind=kind, delivery=delivery, at=at
            )
            return HttpResponse(status=413)
        answer = inbox.take(provider=provider, merchant_key=merchant_key, kind=kind, delivery=delivery, at=at)
    except inbox.UnknownMerchant as error:
        raise Http404 from error
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _delivery(request: HttpRequest, at: datetime) -> Delivery:
    """The notice as it came; one that is longer than any notice has no body here, only its `size`."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    length = int(declared) if declared.isdecimal() and len(declared) < 10 else LENGTH_UNKNOWN
    too_long = max(length, len(query)) > BODY_BYTES_MAX
    return Delivery(
        method=request.method or "GET",
        body=b"" if too_long else request.body,
        query=b"" if too_long else query,
        headers=request.headers,
        content_type=request.content_type or "",
        received_at=at,
        address=request.META.get("REMOTE_ADDR", ""),
        size=max(length, len(query)) if too_long else 0,
    )
