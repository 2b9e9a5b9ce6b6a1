"""The network: who receives a deal's money, and under which taxes. Reads only; billing.network_file writes.

The owner of a deal is the owner of its location on the day of service where that is known, else on the day of
the order. A deal without a location belongs to the legal entity of its account. Nothing is ever guessed:
where no owner or no shop follows from the network, NoReceiver says what to do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from billing.models import (
    AccountPolicy,
    LegalEntity,
    Location,
    MerchantAccount,
    Ownership,
    Payment,
    Product,
    ProviderOrder,
    ReceiptPolicy,
    TaxSetting,
)
from billing.rules import money
from crm.models import Deal, plain

# Nearly never; who asks for money asks this first, so it is asked plainly.
OTHERS = "SELECT EXISTS (SELECT 1 FROM billing_payment WHERE deal_id = %s AND legal_entity_id <> %s)"
# Every click asks whose the money will be. The last column: nothing stands against asking for it.
OWNER = f"""
SELECT {plain.columns(Location, "l")}, {plain.columns(LegalEntity, "e")},
    {plain.columns(MerchantAccount, "m")},
    EXISTS (SELECT 1 FROM billing_taxsetting t WHERE t.legal_entity_id = e.id AND t.valid_from <= %(on)s)
    AND NOT EXISTS (SELECT 1 FROM billing_payment p WHERE p.deal_id = %(deal)s AND p.legal_entity_id <> e.id)
FROM (
    SELECT * FROM billing_location WHERE account_id = %(account)s AND crm_value = %(value)s
    ORDER BY id LIMIT 1
) l JOIN billing_ownership o ON o.location_id = l.id AND o.valid_from <= %(day)s
JOIN billing_legalentity e ON e.id = o.legal_entity_id
JOIN billing_merchantaccount m ON m.id = o.merchant_id
ORDER BY o.valid_from DESC LIMIT 1
"""  # noqa: S608 - of constants


class NoReceiver(Exception):
    """Nobody may take this deal's money; the message is the way out, in words for a manager."""


class OwnerDiffers(NoReceiver):
    """The deal's money lies with another legal entity than its owner now: a person must choose."""


class NoTaxSetting(NoReceiver):
    """The legal entity has no tax setting on that day; the message is the way out, in words."""


@dataclass(frozen=True)
class Receiver:
    """Who takes the money of a deal; without a location the legal entity is the account's own.

    `owned_on` is the day that decided: of service where it is known, else of the order.
    """

    legal_entity: LegalEntity
    merchant: MerchantAccount
    location: Location | None
    owned_on: date


def receiver(*, deal: Deal, on: date) -> Receiver:
    """Who receives the deal's money when it is ordered on that day. Raises NoReceiver."""
    return _receiver(deal, on)[0]


def asker(*, deal: Deal, on: date) -> Receiver:
    """Who may ask for more of the deal's money. Raises NoReceiver, OwnerDiffers, NoTaxSetting.

    A shop that makes receipts asks for nothing while nobody has said under which taxes. Money never leaves
    the legal entity that received it, so a booking that was moved to another owner's place asks for nothing
    until a person has settled whose the first money is.
    """
    found, is_clear = _receiver(deal, on)
    if not is_clear:
        check_asker(found, deal=deal, on=on)
    return found


def biller(*, deal: Deal, on: date) -> Receiver:
    """Who may bill for more of the deal's money: as asker(), but a paper needs no word on taxes. Raises
    NoReceiver, OwnerDiffers.
    """
    found, is_clear = _receiver(deal, on)
    if not is_clear:
        _check_holder(found, deal=deal)
    return found


def holders_of(deals: Iterable[int]) -> dict[int, set[int]]:
    """The legal entities to which money came, by deal; for the many deals of a run at once."""
    found: dict[int, set[int]] = {}
    came = Payment.objects.filter(deal__in=list(deals)).order_by().values_list("deal", "legal_entity")
    for deal, entity in came.distinct():
        if deal is not None:
            found.setdefault(deal, set()).add(entity)
    return found


def may_bill(entity: LegalEntity, *, deal: Deal, on: date, holders: Mapping[int, set[int]]) -> bool:
    """Whether the deal's receiver may bill for more of it, as biller() says; nearly always seen at once."""
    if holders.get(deal.pk, set()) <= {entity.pk}:
        return True
    try:
        biller(deal=deal, on=on)
    except OwnerDiffers:
        return False
    return True


def check_asker(found: Receiver, *, deal: Deal, on: date) -> None:
    """May the receiver of the deal's money ask for more of it? Raises OwnerDiffers, NoTaxSetting."""
    if _makes_receipts(found):
        tax(legal_entity=found.legal_entity, on=on)
    _check_holder(found, deal=deal)


def _check_holder(found: Receiver, *, deal: Deal) -> None:
    """Does the deal's money lie with nobody but its owner? Raises OwnerDiffers."""
    if found.location is None:
        return
    holder = _other_holder(deal, found.legal_entity)
    if holder is not None:
        words = {
            "holder": holder.name,
            "owner": found.legal_entity.name,
            "location": found.location.name,
        }
        raise OwnerDiffers(
            _(
                "The money of this booking lies with %(holder)s, but “%(location)s” belongs to %(owner)s. "
                "Put the former location or day back, or refund the money there; then the links work again."
            )
            % words
        )


def owner_of(*, location: Location, on: date) -> Ownership | None:
    """The ownership that holds on a day."""
    owners = location.ownerships.filter(valid_from__lte=on).select_related("legal_entity", "merchant")
    return owners.order_by("-valid_from").first()


def has_orders(ownership: Ownership) -> bool:
    """Were orders made while it held? Then it is history: a change of owner is another row."""
    if ownership.pk is None:
        return False
    before = Ownership.objects.get(pk=ownership.pk)
    orders = ProviderOrder.objects.filter(
        location=before.location_id, legal_entity=before.legal_entity_id, owned_on__gte=before.valid_from
    )
    later = Ownership.objects.filter(location=before.location_id, valid_from__gt=before.valid_from)
    end = later.order_by("valid_from").values_list("valid_from", flat=True).first()
    return (orders.filter(owned_on__lt=end) if end else orders).exists()


def next_change(*, deal: Deal, receiver: Receiver, on: date) -> date | None:
    """The first day after `on` that changes the taxes, the receipt or the owner of an order made on it."""
    entity = receiver.legal_entity
    days = list(entity.tax_settings.filter(valid_from__gt=on).values_list("valid_from", flat=True))
    days += entity.receipt_policies.filter(valid_from__gt=on).values_list("valid_from", flat=True)
    if receiver.location is not None and deal.service_on is None:
        days += receiver.location.ownerships.filter(valid_from__gt=on).values_list("valid_from", flat=True)
    sold = product(programme=deal.programme)
    if sold is not None:
        days += [day for day in (date.fromisoformat(row["from"]) for row in sold.vat_dates) if day > on]
    return min(days, default=None)


def changed_since_ordered(*, by: date) -> Q:
    """The orders with a change of their taxes, receipt or place's owner after the day they were made.

    Rough: next_change() says whether it is one for them.
    """
    later: dict[str, Any] = {"valid_from__gt": OuterRef("ordered_on"), "valid_from__lte": by}
    return Q(
        Exists(TaxSetting.objects.filter(legal_entity=OuterRef("legal_entity"), **later))
        | Exists(ReceiptPolicy.objects.filter(legal_entity=OuterRef("legal_entity"), **later))
        | Exists(Ownership.objects.filter(location=OuterRef("location"), **later))
    )


def _receiver(deal: Deal, on: date) -> tuple[Receiver, bool]:
    """The receiver, and whether it may plainly ask for more; where it may not, check_asker() says why."""
    if not deal.location_value:
        return _of_account(deal, on), False
    day = deal.service_on or on
    asked: dict[str, Any] = {"deal": deal.pk, "account": deal.account_id, "value": deal.location_value}
    with connection.cursor() as cursor:
        cursor.execute(OWNER, asked | {"day": day, "on": on})
        found = cursor.fetchone()
    if found is None:
        raise _nobody(deal, day)
    location, rest = plain.built(Location, found)
    entity, rest = plain.built(LegalEntity, rest)
    merchant, rest = plain.built(MerchantAccount, rest)
    merchant.legal_entity = entity
    return Receiver(entity, merchant, location, day), rest[0]


def _nobody(deal: Deal, day: date) -> NoReceiver:
    named = Location.objects.filter(account_id=deal.account_id, crm_value=deal.location_value)
    location = named.order_by("id").first()
    if location is None:
        words = _(
            "The network does not know the location “%(value)s”: choose another one in the deal or add it."
        )
        return NoReceiver(words % {"value": deal.location_value})
    words = _("The location “%(name)s” has no owner on %(day)s: add one to the network or change the day.")
    return NoReceiver(words % {"name": location.name, "day": f"{day:%d.%m.%Y}"})


def _makes_receipts(found: Receiver) -> bool:
    if found.legal_entity.kind == LegalEntity.Kind.SELF_EMPLOYED:
        return False
    return found.merchant.settings.get("receipts") in (True, "order")


def _other_holder(deal: Deal, owner: LegalEntity) -> LegalEntity | None:
    """Another legal entity that holds money of the deal, nothing of which went back in full."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [deal.pk, owner.pk])
        if not cursor.fetchone()[0]:
            return None
    theirs = Payment.objects.filter(deal=deal).exclude(legal_entity=owner).select_related("legal_entity")
    kept = theirs.annotate(kept=F("amount") - Coalesce(Sum("refunds__amount"), money.ZERO)).filter(kept__gt=0)
    found = kept.order_by("id").first()
    return found.legal_entity if found else None


def _of_account(deal: Deal, on: date) -> Receiver:
    policy = AccountPolicy.objects.select_related("legal_entity").filter(account_id=deal.account_id).first()
    if policy is None or policy.legal_entity is None:
        raise NoReceiver(
            _("The deal has no location and the account has no legal entity: choose the location.")
        )
    merchants = list(policy.legal_entity.merchants.all()[:2])
    if len(merchants) != 1:
        name = policy.legal_entity.name
        if merchants:
            raise NoReceiver(
                _("%(name)s has several merchant accounts: choose the deal's location.") % {"name": name}
            )
        raise NoReceiver(_("%(name)s has no merchant account: add one to the network.") % {"name": name})
    return Receiver(policy.legal_entity, merchants[0], None, on)


def tax(*, legal_entity: LegalEntity, on: date) -> TaxSetting:
    """The entity's tax system and VAT on a day. Raises NoTaxSetting."""
    # A few rows, read whole: who handles much money of one entity has them at hand.
    settings = (row for row in legal_entity.tax_settings.all() if row.valid_from <= on)
    setting = max(settings, key=lambda row: row.valid_from, default=None)
    if setting is None:
        raise NoTaxSetting(
            _("%(name)s has no tax regime on %(day)s: add it to the network.")
            % {"name": legal_entity.name, "day": f"{on:%d.%m.%Y}"}
        )
    return setting


def product(*, programme: str) -> Product | None:
    """How the programme is called in receipts and documents, where the network says so."""
    return Product.objects.filter(programme=programme).first() if programme else None


def vat(*, product: Product | None, setting: TaxSetting, on: date) -> str:
    """The rate of a line: the product's own on that day, else the legal entity's."""
    if product is None:
        return setting.vat
    dated = [row for row in product.vat_dates if row["from"] <= on.isoformat()]
    own: str = max(dated, key=lambda row: row["from"])["vat"] if dated else product.vat
    return own or setting.vat
