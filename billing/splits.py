"""One transfer for several deals of a legal entity: all parts or none.

Owns Transfer. A bank's number tells a transfer among those of its payer to a legal entity in one year: the
same again, with its day and parts, returns the first one; another payer's is another transfer. What was
entered by mistake and reversed may be entered anew. The deals' locks are taken in one order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from billing import ledger, network, payments
from billing.models import LegalEntity, Transfer
from billing.payments import Offline
from billing.rules import money
from crm.models import Deal

PARTS_MAX = 50


class PartsDiffer(Exception):
    """The parts do not add up to the amount; `parts` is what they add up to."""

    def __init__(self, parts: Decimal) -> None:
        super().__init__()
        self.parts = parts


class PartNotPositive(payments.NotPositive):
    """A part of zero or less, or with parts of a kopeck."""


class DealTwice(Exception):
    """One deal stands in two parts."""


class SeveralEntities(Exception):
    """The deals belong to different legal entities: one transfer goes to one of them."""


class OtherTransfer(Exception):
    """The payer's number is known with another day or other parts."""


@dataclass(frozen=True)
class Part:
    """`amount` roubles of the transfer are for the deal."""

    deal: Deal
    amount: Decimal


def split(
    *,
    amount: Decimal,
    parts: Sequence[Part],
    external_id: str,
    offline: Offline,
    author: str,
    at: datetime,
) -> Transfer:
    """Record one transfer as a payment of each deal.

    1. The parts add up, each deal once, all sums and the day are possible. 2. Under the locks of all deals:
    one legal entity owns them on that day. 3. The transfer, its payments, and everything that follows.
    Raises PartsDiffer, PartNotPositive, DealTwice, SeveralEntities, OtherTransfer, and what
    payments.receive_offline raises.
    """
    payments.check_sum(amount)
    if any(not money.is_whole_kopecks(part.amount) or part.amount <= 0 for part in parts):
        raise PartNotPositive
    total = sum((part.amount for part in parts), money.ZERO)
    if total != amount:
        raise PartsDiffer(total)
    if len({part.deal.pk for part in parts}) != len(parts):
        raise DealTwice
    for part in parts:
        payments.check(deal=part.deal, amount=part.amount, offline=offline, at=at)
    with transaction.atomic():
        deals = ledger.lock_all(part.deal.pk for part in parts)
        entity = _entity(list(deals.values()), offline)
        wanted = [{"lead_id": part.deal.external_id, "amount": money.text(part.amount)} for part in parts]
        wish = Transfer(
            legal_entity=entity,
            external_id=external_id,
            payer_key=_key(offline.payer),
            paid_on=offline.paid_on,
            amount=amount,
            parts=wanted,
            author=author,
            recorded_at=at,
        )
        transfer, made = _once(wish)
        if made:
            for part in parts:
                payments.enter(
                    deal=deals[part.deal.pk],
                    amount=part.amount,
                    offline=offline,
                    author=author,
                    at=at,
                    transfer=transfer,
                )
    return transfer


def _entity(deals: list[Deal], offline: Offline) -> LegalEntity:
    owners = [network.receiver(deal=deal, on=offline.paid_on).legal_entity for deal in deals]
    if len({owner.pk for owner in owners}) != 1:
        raise SeveralEntities
    return owners[0]


def _key(payer: dict[str, Any]) -> str:
    """Who counts these numbers: a TIN tells a payer by itself, else it is the name."""
    return payer.get("inn") or " ".join(str(payer.get("name") or "").split()).lower()


def _once(wish: Transfer) -> tuple[Transfer, bool]:
    """The transfer, and whether it is new; the unique number decides between two at once."""
    known = _known(wish)
    if known is not None and not _stands(known):
        wish.entry, known = known.entry + 1, None
    if known is None:
        try:
            with transaction.atomic():
                wish.save(force_insert=True)
                return wish, True
        except IntegrityError:
            known = _known(wish)
            if known is None:
                raise
    if (known.paid_on, _plain(known.parts)) != (wish.paid_on, _plain(wish.parts)):
        raise OtherTransfer
    return known, False


def _known(wish: Transfer) -> Transfer | None:
    """What was entered last with this number of this payer in this year."""
    if not wish.external_id:
        return None
    same = Transfer.objects.filter(
        legal_entity=wish.legal_entity,
        external_id=wish.external_id,
        payer_key=wish.payer_key,
        paid_on__year=wish.paid_on.year,
    )
    return same.order_by("-entry").first()


def _stands(known: Transfer) -> bool:
    """Is a payment of it still in the books?"""
    return known.payments.filter(reversal=None).exists()


def _plain(parts: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The parts in an order of their own: who enters them again may enter them in another one."""
    return sorted((part["lead_id"], part["amount"]) for part in parts)
