"""Shops as their providers know them: registered once, and told where their notices go."""

from django.conf import settings
from django.db.models import TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext as _

from billing.models import MerchantAccount

CLOUDPAYMENTS_KINDS = ("check", "pay", "fail", "confirm", "refund", "cancel", "receipt", "recurrent")


def registered(*, provider: str, name: str) -> MerchantAccount | None:
    """The account of a shop by its login or public id, in any case; the database keeps it single."""
    named = MerchantAccount.objects.annotate(
        login=Lower(Coalesce(KT("settings__login"), KT("settings__public_id"), output_field=TextField()))
    )
    found = named.filter(provider=provider, login=name.lower()) if name else named.none()
    return found.select_related("legal_entity").order_by("id").first()


def addresses(*, merchant: MerchantAccount) -> dict[str, str]:
    """What is entered in the provider's cabinet: the name of its field and the address."""
    base = f"{settings.PUBLIC_URL}/webhooks/{merchant.provider}/{merchant.key}"
    if merchant.provider == MerchantAccount.Provider.CLOUDPAYMENTS:
        return {kind.capitalize(): f"{base}/{kind}/" for kind in CLOUDPAYMENTS_KINDS}
    return {_("ResultURL, method POST"): f"{base}/result/"}
