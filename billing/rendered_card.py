"""The receipts of a rendered service, and what of it none has closed yet, with the reason in words.

Reads only. What is to be closed and how is decided by billing.service_rendered.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing import service_rendered
from billing.models import LegalEntity, Receipt, Rendering
from billing.rules import money
from billing.service_rendered import Waiting
from crm.models import Deal

WORDS: dict[str, Callable[[], str]] = {
    service_rendered.WHOLE_ONLY: lambda: _(
        "the shop closes a payment as a whole only, when all that it paid for is rendered"
    ),
    service_rendered.GOING_BACK: lambda: _(
        "a refund of this payment is on its way, what stays is closed after it"
    ),
    service_rendered.UNPAID: lambda: _(
        "no money has come for it yet: the receipt of that money will close it"
    ),
}


def receipts_of(rendering: Rendering) -> QuerySet[Receipt]:
    """What was planned when it was rendered: receipts that close prepayments, and the one on credit."""
    planned = {"payment__deal": rendering.deal_id, "created_at": rendering.recorded_at}
    closing = Q(kind=Receipt.Kind.OFFSET, **planned)
    return Receipt.objects.filter(closing | Q(rendering=rendering)).order_by("id")


def waiting_of(rendering: Rendering) -> list[dict[str, Any]]:
    """What waits after a rendering: {payment, amount, reason, text}; `payment` is null for money to come."""
    found = service_rendered.waiting(deal=rendering.deal, entity=rendering.legal_entity)
    return [_line(one) for one in found]


def sentence(rendering: Rendering) -> str:
    """Both for the person who said that it was rendered."""
    found = service_rendered.waiting(deal=rendering.deal, entity=rendering.legal_entity)
    parts = "; ".join(f"{money.words(one.amount)} – {_why(one)}" for one in found)
    on_their_way = receipts_of(rendering).filter(state=Receipt.State.PLANNED).exists()
    said = (
        _("The receipts are on their way.") if on_their_way else "",
        _("No receipt yet: %(parts)s.") % {"parts": parts} if parts else "",
    )
    return " ".join(filter(None, said))


def warnings(deal: Deal) -> list[dict[str, str]]:
    """Money of the deal that no receipt can close yet; what nobody has paid is the debt, and no warning."""
    entities = LegalEntity.objects.filter(rendering__deal=deal).distinct()
    found = [one for entity in entities for one in service_rendered.waiting(deal=deal, entity=entity)]
    stuck = [one for one in found if one.payment is not None]
    if not stuck:
        return []
    words = {"amount": money.words(sum((one.amount for one in stuck), money.ZERO)), "why": _why(stuck[0])}
    text = _("The closing receipt for %(amount)s waits: %(why)s.") % words
    return [{"code": "offset_waits", "text": text}]


def _line(one: Waiting) -> dict[str, Any]:
    return {
        "payment": one.payment.pk if one.payment else None,
        "amount": money.text(one.amount),
        "reason": one.reason,
        "text": _why(one),
    }


def _why(one: Waiting) -> str:
    return WORDS[one.reason]()
