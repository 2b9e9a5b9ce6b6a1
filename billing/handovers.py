"""After a location changed hands: bookings that the new owner serves while their money lies with the old one.

Reads only. Money never moves by itself between legal entities: for each booking a person chooses a way out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from billing import network
from billing.models import LegalEntity, Location, Payment
from billing.rules import money
from crm.models import Deal

WAYS_OUT = gettext_noop(
    "Ways out: refund at the old owner and let the client pay again; move the booking to a "
    "day or place of the old owner; or leave the money there and settle between the owners."
)


class UnknownLocation(Exception):
    """No location, or more than one, has this key."""


@dataclass(frozen=True)
class Left:
    """One booking: `amount` roubles lie with `holder`, `owner` serves it."""

    deal: Deal
    amount: Decimal
    holder: LegalEntity
    owner: LegalEntity

    def words(self) -> dict[str, str | int]:
        """What a sentence about it is made of."""
        day = self.deal.service_on
        return {
            "lead": self.deal.external_id,
            "name": self.deal.name,
            "day": f"{day:%d.%m.%Y}" if day else "—",
            "amount": money.words(self.amount),
            "holder": self.holder.name,
            "owner": self.owner.name,
        }


def find(*, key: str) -> Location:
    """A location by its key, or by account/key where several accounts have it. Raises UnknownLocation."""
    account, _, own = key.rpartition("/")
    found = Location.objects.filter(key=own)
    if account:
        found = found.filter(account__key=account)
    places = list(found.select_related("account")[:2])
    if len(places) != 1:
        raise UnknownLocation
    return places[0]


def left_behind(*, location: Location, on: date) -> Iterator[Left]:
    """The bookings served on `on` or later (or on an unknown day), in the order of their days."""
    deals = Deal.objects.filter(
        Q(service_on__gte=on) | Q(service_on__isnull=True),
        account_id=location.account_id,
        location_value=location.crm_value,
    )
    for deal in deals.select_related("account").order_by("service_on", "external_id"):
        owner = network.owner_of(location=location, on=deal.service_on or on)
        if owner is not None:
            for holder, amount in _elsewhere(deal, owner.legal_entity):
                yield Left(deal, amount, holder, owner.legal_entity)


def _elsewhere(deal: Deal, owner: LegalEntity) -> list[tuple[LegalEntity, Decimal]]:
    payments = Payment.objects.filter(deal=deal).exclude(legal_entity=owner).select_related("legal_entity")
    kept = payments.annotate(kept=F("amount") - Coalesce(Sum("refunds__amount"), money.ZERO))
    sums: dict[LegalEntity, Decimal] = {}
    for payment in kept.filter(kept__gt=0).order_by("id"):
        sums[payment.legal_entity] = sums.get(payment.legal_entity, money.ZERO) + payment.kept
    return list(sums.items())
