"""The links of a deal as a manager sends them: what each asks today, its state, the ready message.

A link is open, paid or closed. Closed: nobody may ask for this money now (a booking whose money lies with
another owner), so the address shows a page in words instead of a provider's.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from billing import asking, deposits, ledger, links, network
from billing.asking import What
from billing.ledger import Standing
from billing.rules import money
from crm import outbox
from crm.models import Deal


def make(*, deal: Deal, author: str, at: datetime) -> dict[str, Any]:
    """Make the links of a deal as it is known now: what of() returns, and whose money it will be.

    Raises network.NoReceiver, network.OwnerDiffers; for a booking deposits.NoPrice.
    """
    is_deposit, token, coming, settled = _asked(deal, at)
    page = links.page_of(token) if token else links.page_url(deal=deal, at=at)
    if is_deposit:
        known = deposits.prepared(deal=deal, page=page, coming=coming, settled=settled, at=at)
        receiver, standing = known or deposits.prepare(deal=deal, author=author, at=at)
    else:
        on = deal.local_day(at)
        receiver, standing = network.asker(deal=deal, on=on), ledger.standing(deal, on=on)
    entity, location = receiver.legal_entity, receiver.location
    return {
        **of(page, standing, closed=False),
        "legal_entity": {"key": entity.key, "name": entity.name},
        "location": {"key": location.key, "name": location.name} if location else None,
        "merchant": receiver.merchant.key,
    }


def _asked(deal: Deal, at: datetime) -> tuple[bool, str | None, str | None, bool]:
    """Is it a booking, its live link, what amoCRM is about to be told, is that nothing: what a click must
    know first.
    """
    given: dict[str, Any] = {"deal": deal.pk, "account": deal.account_id, "at": at}
    parts = (deposits.IS_DEPOSIT, links.LIVE, outbox.COMING, outbox.SETTLED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"({part})" for part in parts), given)
        found: tuple[bool, str | None, str | None, bool] = cursor.fetchone()
    return found


def of(page: str, standing: Standing, *, closed: bool) -> dict[str, Any]:
    """Return {"deposit": …, "full": …} below the deal's page; None for a link that it does not have (yet)."""
    has_deposit = standing.schedule is not None and standing.deposit is not None
    return {
        "deposit": _link(page, standing, What.DEPOSIT, closed=closed) if has_deposit else None,
        "full": _link(page, standing, What.FULL, closed=closed) if standing.schedule else None,
    }


def _link(page: str, standing: Standing, what: What, *, closed: bool) -> dict[str, Any]:
    amount = asking.amount(standing, what=what)
    url = links.address(page, what=what)
    asking_state = "closed" if closed else "open"
    return {
        "amount": money.text(amount),
        "url": url,
        "state": asking_state if amount > 0 else "paid",
        "text": _message(what, amount, standing, url),
    }


def _message(what: What, amount: Decimal, standing: Standing, url: str) -> str:
    """In the payer's language, whoever looks at the card."""
    with translation.override(settings.LANGUAGE_CODE):
        return _text(what, amount, standing, url)


def _text(what: What, amount: Decimal, standing: Standing, url: str) -> str:
    words = {"amount": money.words(amount), "url": url}
    if amount <= 0:
        return _("Nothing is left to pay by the link %(url)s") % words
    if what == What.DEPOSIT:
        return _("To book, pay the deposit of %(amount)s by the link: %(url)s") % words
    if standing.deposit is not None and standing.paid > 0:
        return _("To pay the rest, %(amount)s, open the link: %(url)s") % words
    return _("To pay %(amount)s, open the link: %(url)s") % words
