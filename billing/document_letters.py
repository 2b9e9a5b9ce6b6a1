"""A document of a deal, mailed to its payer with the PDF; from then on he also finds it on his page.

An invoice goes by its own letter (billing.invoices): the paper alone would ask without the button.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from billing import ledger, links, messages, papers, payers
from billing.models import Act, Message
from documents.models import Document

SENT_MAX = 20


class IsInvoice(Exception):
    """The paper of an invoice is sent with the invoice."""


class IsVoid(Exception):
    """A void act is sent to nobody."""


class NoAddress(Exception):
    """Neither the caller nor the deal names an e-mail."""


class TooOften(Exception):
    """This document was sent so often that something is wrong."""


def send(*, document: Document, to: str, at: datetime) -> Message:
    """Put the document's mail into the queue, to `to` or else to the deal's payer.

    1. Under the deal's lock: the next number of the letter. 2. The payer may open the document on his page.
    3. The mail. Each call sends it once more. Raises IsInvoice, IsVoid, NoAddress, TooOften.
    """
    if document.kind == Document.Kind.INVOICE:
        raise IsInvoice
    with transaction.atomic():
        deal = ledger.lock(document.deal_id)
        if Act.objects.filter(document=document, state=Act.State.VOID).exists():
            raise IsVoid
        address = to.strip() or payers.of_deal(deal).of().email or deal.contact_email
        if not address:
            raise NoAddress
        prefix = papers.letter_key(document)
        sent = Message.objects.filter(deal=deal, key__startswith=prefix).count()
        if sent >= SENT_MAX:
            raise TooOften
        Document.objects.filter(pk=document.pk).update(visible_to_payer=True)
        text = _("%(document)s is attached. It also lies on your page: %(page)s") % {
            "document": document.name,
            "page": links.page_url(deal=deal, at=at),
        }
        return messages.queue_email(
            deal=deal,
            key=f"{prefix}{sent + 1}",
            to=address,
            subject=document.name,
            text=text,
            html="",
            at=at,
        )
