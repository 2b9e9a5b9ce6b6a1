"""The payer's link: one live, unguessable address per deal.

A link says nothing of money: it names the deal, and what is owed is found at the click (billing.orders). So a
link once sent stays right for as long as the deal lives, until a person revokes it. A revoked token is kept
and never valid again; unknown and revoked are the same answer.
"""

import secrets
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection, transaction

from billing import history, ledger, projection
from billing.models import Invoice, PaymentLink
from crm.models import Deal

# 16 random bytes, 128 bits: 22 characters of [A-Za-z0-9_-].
TOKEN_BYTES = 16
TOKEN_LIMIT = 64


class UnknownToken(Exception):
    """No live link has this token."""


# Every change of money and every card asks for the link, so it is asked for plainly.
LIVE = "SELECT token FROM billing_paymentlink WHERE deal_id = %(deal)s AND revoked_at IS NULL"
# The partial unique index decides between two first callers.
MAKE = """
INSERT INTO billing_paymentlink (deal_id, token, created_at) VALUES (%(deal)s, %(token)s, %(at)s)
ON CONFLICT DO NOTHING RETURNING token
"""


def token(*, deal: Deal, at: datetime) -> str:
    """Return the deal's live token; the first caller makes it, every other one gets the same."""
    found = _live(deal) or _make(deal, at=at) or _live(deal)
    if found is None:
        raise RuntimeError("a link was revoked while it was being made")
    return found


def page_url(*, deal: Deal, at: datetime) -> str:
    """Return the address of the payer's page."""
    return page_of(token(deal=deal, at=at))


def page_of(token: str) -> str:
    """The same by the token, for callers that have it already."""
    return f"{settings.PUBLIC_URL}/pay/{token}/"


def go_url(*, deal: Deal, what: str, at: datetime, invoice: Invoice | None = None) -> str:
    """Return the address that asks at the click for `what`: a value of billing.asking.What."""
    return address(page_url(deal=deal, at=at), what=what, invoice=invoice)


def address(page: str, *, what: str, invoice: Invoice | None = None) -> str:
    """The same below the address of the deal's page, for callers that have it already."""
    query = {"what": what} if invoice is None else {"what": what, "n": str(invoice.pk)}
    return f"{page}go/?{urlencode(query)}"


def deal_of(*, token: str) -> Deal:
    """Return the deal of a live token. Raises UnknownToken for unknown and revoked ones alike."""
    # The database refuses even to compare with a zero byte.
    if len(token) > TOKEN_LIMIT or "\0" in token:
        raise UnknownToken
    links = PaymentLink.objects.filter(token=token, revoked_at__isnull=True)
    link = links.select_related("deal__account").first()
    if link is None:
        raise UnknownToken
    return link.deal


def revoke(*, deal: Deal, at: datetime, author: str) -> str:
    """Make every address sent so far invalid and return the deal's new token."""
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        PaymentLink.objects.filter(deal=locked, revoked_at__isnull=True).update(revoked_at=at)
        history.record(deal=locked, kind="link_revoked", at=at, recorded_at=at, author=author, data={})
        made = token(deal=locked, at=at)
        # amoCRM's field holds the old address.
        projection.push(locked, standing=ledger.standing(locked, on=locked.local_day(at)), at=at)
        return made


def _make(deal: Deal, *, at: datetime) -> str | None:
    """The token of the new link; None when another caller has made one in the meantime."""
    values: dict[str, int | str | datetime] = {
        "deal": deal.pk,
        "token": secrets.token_urlsafe(TOKEN_BYTES),
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(MAKE, values)
        made: tuple[str] | None = cursor.fetchone()
    return made[0] if made else None


def _live(deal: Deal) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(LIVE, {"deal": deal.pk})
        found: tuple[str] | None = cursor.fetchone()
    return found[0] if found else None
