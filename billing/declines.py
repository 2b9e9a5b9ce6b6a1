"""Why a payment did not go through, in words for a manager who talks to the payer, and in the history.

Codes are CloudPayments' ReasonCode; Robokassa tells of no declines. Each text says what happened and, where
anybody can do something, what.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from billing import history
from billing.models import Event, ProviderOrder
from billing.rules import money

# Texts are made when they are asked for, in the language of that moment.
WORDS: dict[tuple[str, ...], Callable[[], str]] = {
    ("5051",): lambda: _("not enough money on the card: top it up or take another card"),
    ("5054",): lambda: _("the card has expired or its date is wrong: check the date or take another card"),
    ("5014", "5082", "5055", "5006"): lambda: _(
        "wrong card data: check the number, the date and the code on the back"
    ),
    ("5206", "5207"): lambda: _(
        "the bank did not confirm the payment (3-D Secure): try again and enter the bank's code"
    ),
    ("5013",): lambda: _("the bank refused this sum: it is too small or too big for this card"),
    ("5061", "5065"): lambda: _(
        "the card's limit is used up: raise it in the bank's application or pay by the Faster Payments System"
    ),
    ("5012", "5036", "5057", "5058", "5062", "5113"): lambda: _(
        "this card cannot pay on the internet: take another card or the Faster Payments System"
    ),
    ("5004", "5007", "5033", "5041", "5043", "5063"): lambda: _("the card is blocked: take another card"),
    ("5034", "5059", "5300"): lambda: _(
        "the bank thinks it is fraud: the payer confirms the payment at the bank or takes another card"
    ),
    ("5015", "5031", "5091", "5092", "5096"): lambda: _(
        "the bank does not answer: try again later or take another card"
    ),
    ("5017", "6001"): lambda: _("the payer cancelled the payment"),
    ("5001", "5003", "5005", "5019", "5204"): lambda: _(
        "the bank refused without a reason: try another card or the Faster Payments System"
    ),
    ("refused",): lambda: _("the provider refused the request: see the merchant account's settings"),
    ("3001", "3002", "3003", "3004", "3005", "3006", "3007", "3008"): lambda: _(
        "the order is no longer valid: open the link again"
    ),
}
_BY_CODE = {code: words for codes, words in WORDS.items() for code in codes}


def words(code: str) -> str:
    """Return what a provider's code means and what to do; an unknown one is named."""
    known = _BY_CODE.get(code)
    if known is not None:
        return known()
    return _("The bank refused (code %(code)s)") % {"code": code} if code else _("The bank refused")


def record(
    *, order: ProviderOrder, external_id: str, code: str, said: str, when: datetime, at: datetime
) -> None:
    """An attempt failed: once in the history, by its number. The order stays open, save a charge, which is
    over. The caller holds the deal's lock.
    """
    charge = ProviderOrder.objects.filter(
        pk=order.pk,
        card__isnull=False,
        state__in=(ProviderOrder.State.CREATING, ProviderOrder.State.SUPERSEDED),
    )
    charge.update(state=ProviderOrder.State.REFUSED, decline_code=code[:10])
    known = Event.objects.filter(deal=order.deal, kind="payment_declined")
    if external_id and known.filter(data__external_id=external_id).exists():
        return
    history.record(
        deal=order.deal,
        kind="payment_declined",
        at=when,
        recorded_at=at,
        author=history.SYSTEM,
        data={
            "amount": money.text(order.amount),
            "reason": words(code),
            "reason_code": code,
            "said": said,
            "external_id": external_id,
        },
    )


def last_of(order: ProviderOrder) -> str:
    """Why the last attempt since the order was made did not go through; empty when nobody told."""
    told = Event.objects.filter(
        deal=order.deal_id, kind="payment_declined", recorded_at__gte=order.created_at
    )
    code = told.order_by("-id").values_list("data__reason_code", flat=True).first()
    return words(code) if code is not None else ""
