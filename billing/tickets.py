"""Tickets for documents and workbooks: an address that opens one of them, once, within a minute.

A browser's link carries no token, so whoever may see the thing is given such an address for it. The ticket
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
    return address("documents/open", issue(document.pk, kind="document", at=at))


def redeem(ticket: str, *, at: datetime) -> Document:
    """The document of a ticket, which is used up by this. Raises what use() raises."""
    return Document.objects.get(pk=use(ticket, kind="document", at=at))


def issue(key: int, *, kind: str, at: datetime) -> str:
    """A fresh ticket for one thing of a kind."""
    return _signer(kind).sign_object([key, int(at.timestamp()), secrets.token_urlsafe(9)])


def use(ticket: str, *, kind: str, at: datetime) -> int:
    """The key of a ticket, which is used up by this. Raises Invalid, or RedisError: nobody can tell."""
    try:
        key, made, name = _signer(kind).unsign_object(ticket)
    except (signing.BadSignature, ValueError) as error:
        raise Invalid from error
    if not 0 <= at.timestamp() - made <= SECONDS:
        raise Invalid
    # Only the first who adds the name gets True, whichever process asks.
    if not cache.add(f"ticket:{name}", 1, 2 * SECONDS):
        raise Invalid
    return int(key)


def address(path: str, ticket: str) -> str:
    """Where a browser opens the ticket."""
    return f"{settings.PUBLIC_URL}/api/v1/{path}/{ticket}/"


def _signer(kind: str) -> signing.Signer:
    """A ticket of one kind opens nothing of another."""
    return signing.Signer(salt=f"{SALT}.{kind}")
