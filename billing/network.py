"""The network: who receives a deal's money, and under which taxes. Reads only; billing.network_file writes.

The owner of a deal is the owner of its location on the day of service where that is known, else on the day of
the order. A deal without a location belongs to the legal entity of its account. Nothing is ever guessed:
where no owner or no shop follows from the network, NoReceiver says what to do.
"""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from billing.models import AccountPolicy, LegalEntity, Location, MerchantAccount, Product, TaxSetting
from crm.models import Deal


class NoReceiver(Exception):
    """Nobody may take this deal's money; the message is the way out, in words for a manager."""


class NoTaxSetting(Exception):
    """The legal entity has no tax setting on that day; the message is the way out, in words."""


@dataclass(frozen=True)
class Receiver:
    """Who takes the money of a deal; without a location the legal entity is the account's own."""

    legal_entity: LegalEntity
    merchant: MerchantAccount
    location: Location | None


def receiver(*, deal: Deal, on: date) -> Receiver:
    """Who receives the deal's money when it is ordered on that day. Raises NoReceiver."""
    if not deal.location_value:
        return _of_account(deal)
    location = Location.objects.filter(account_id=deal.account_id, crm_value=deal.location_value).first()
    if location is None:
        raise NoReceiver(
            _("The network does not know the location “%(value)s”: choose another one in the deal or add it.")
            % {"value": deal.location_value}
        )
    day = deal.service_on or on
    owner = (
        location.ownerships.filter(valid_from__lte=day)
        .select_related("legal_entity", "merchant")
        .order_by("-valid_from")
        .first()
    )
    if owner is None:
        raise NoReceiver(
            _("The location “%(name)s” has no owner on %(day)s: add one to the network or change the day.")
            % {"name": location.name, "day": f"{day:%d.%m.%Y}"}
        )
    return Receiver(owner.legal_entity, owner.merchant, location)


def _of_account(deal: Deal) -> Receiver:
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
    return Receiver(policy.legal_entity, merchants[0], None)


def tax(*, legal_entity: LegalEntity, on: date) -> TaxSetting:
    """The entity's tax system and VAT on a day. Raises NoTaxSetting."""
    setting = legal_entity.tax_settings.filter(valid_from__lte=on).order_by("-valid_from").first()
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
