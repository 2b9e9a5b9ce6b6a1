"""The stored receipt of a payment, sent to its payer once more; never another receipt."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import messages, receipts
from billing.models import Message, Payment, Receipt
from billing.rules import money
from crm.models import Deal

SENT_MAX = 20


class NoReceipt(Exception):
    """The payment has no printed receipt whose copy could be sent."""


class NoAddress(Exception):
    """Neither the caller nor the receipt nor the deal names an e-mail."""


class TooOften(Exception):
    """This receipt was sent so often that something is wrong."""


def send(*, payment: Payment, channel: str, to: str, at: datetime) -> Message:
    """Put the copy of the payment's income receipt into the queue. Raises NoReceipt, NoAddress, TooOften."""
    root = receipts.root_of(payment)
    receipt = (
        Receipt.objects.filter(payment=root, kind=Receipt.Kind.INCOME).exclude(url="", fiscal={}).first()
    )
    deal = payment.deal
    if receipt is None or deal is None:
        raise NoReceipt
    sent = Message.objects.filter(key__startswith=f"receipt:{receipt.pk}:").count()
    if sent >= SENT_MAX:
        raise TooOften
    key, text = f"receipt:{receipt.pk}:{sent + 1}", _text(receipt, deal)
    if channel == messages.SALESBOT:
        return messages.queue_salesbot(deal=deal, key=key, to=deal.contact_name, text=text, at=at)
    address = to or receipt.content.get("email") or deal.contact_email
    if not address:
        raise NoAddress
    subject = _("Receipt for %(amount)s") % {"amount": money.words(receipt.payment.amount)}
    return messages.queue_email(deal=deal, key=key, to=address, subject=subject, text=text, html="", at=at)


def _text(receipt: Receipt, deal: Deal) -> str:
    day = date_format(deal.local_day(receipt.registered_at or receipt.payment.received_at), "d.m.Y")
    lines = [
        _("Receipt for %(amount)s of %(day)s.") % {"amount": money.words(receipt.payment.amount), "day": day}
    ]
    if receipt.url:
        lines.append(receipt.url)
    if receipt.fiscal:
        lines.append(_("FN %(fn)s, FD %(fd)s, FPD %(fpd)s") % receipt.fiscal)
    lines.append(receipt.payment.legal_entity.name)
    return "\n".join(lines)
