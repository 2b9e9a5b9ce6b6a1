"""Tickets for documents: an address that opens one document, once, within a minute.

A browser's link carries no token, so whoever may see a document is given such an address for it. The ticket
is signed and needs no row; that it was used is remembered for as long as it could be used again.
"""

import secrets
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.core.cache import cache

from documents.models import Document

SECONDS = 60
SALT = "billing.tickets"


class Invalid(Exception):
    """The ticket is forged, too old or used."""


def url(document: Document, *, at: datetime) -> str:
    """A fresh address of the document."""
    ticket = [document.pk, int(at.timestamp()), secrets.token_urlsafe(9)]
    return f"{settings.PUBLIC_URL}/api/v1/documents/open/{_signer().sign_object(ticket)}/"


def redeem(ticket: str, *, at: datetime) -> Document:
    """The document of a ticket, which is used up by this. Raises Invalid, or RedisError: nobody can tell."""
    try:
        document_id, made, name = _signer().unsign_object(ticket)
    except (signing.BadSignature, ValueError) as error:
        raise Invalid from error
    if not 0 <= at.timestamp() - made <= SECONDS:
        raise Invalid
    # Only the first who adds the name gets True, whichever process asks.
    if not cache.add(f"ticket:{name}", 1, 2 * SECONDS):
        raise Invalid
    return Document.objects.get(pk=document_id)


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)
