"""Cards that payers let us keep: consent first, then the token, erased when the consent is withdrawn.

Owns SavedCard. A deal has one live consent at most; the card comes with the next payment that brings a token
and is replaced by the next one after it. Charging is billing.charges.
"""

from datetime import datetime

from django.db import transaction

from billing import history, ledger
from billing.models import MerchantAccount, ProviderOrder, SavedCard
from billing.providers import base
from billing.rules import charges
from crm.models import Deal


def live(deal: Deal) -> SavedCard | None:
    """The deal's consent that was not withdrawn; its `token` is empty until a payment brings one."""
    return SavedCard.objects.filter(deal=deal, withdrawn_at__isnull=True).select_related("merchant").first()


def consent(*, deal: Deal, words: str, at: datetime) -> SavedCard:
    """The payer agrees, in these words; a second call returns the first consent and changes nothing."""
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        known = live(locked)
        if known is not None:
            return known
        card = SavedCard.objects.create(deal=locked, words=words, consented_at=at)
        _tell(locked, "card_consented", author=history.PAYER, at=at, mask="")
        return card


def withdraw(*, deal: Deal, author: str, at: datetime) -> None:
    """Nothing is charged any more and the token is gone; a second call does nothing."""
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        card = live(locked)
        if card is None:
            return
        card.token, card.withdrawn_at, card.withdrawn_by = "", at, author
        card.save(update_fields=["token", "withdrawn_at", "withdrawn_by"])
        _tell(locked, "card_withdrawn", author=author, at=at, mask=card.mask)


def keep(
    *, deal: Deal, merchant: MerchantAccount, account_id: str, card: base.SavedCard, at: datetime
) -> bool:
    """Keep the card of a payment, where the payer agreed; true when that changed something."""
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        kept = live(locked)
        if kept is None or kept.token == card.token:
            return False
        kept.merchant, kept.account_id, kept.saved_at = merchant, account_id, at
        kept.token, kept.mask, kept.kind, kept.expires = card.token, card.mask, card.kind, card.expires
        kept.save(update_fields=["merchant", "account_id", "saved_at", "token", "mask", "kind", "expires"])
        _tell(locked, "card_saved", author=history.SYSTEM, at=at, mask=card.mask)
    return True


def chargeable_at(card: SavedCard) -> datetime | None:
    """From when the card may be charged, by its declines since it last paid; None: only its holder pays."""
    rows = ProviderOrder.objects.filter(card=card, created_at__gte=card.saved_at).order_by("-id")
    declines: list[charges.Decline] = []
    for order in rows[: charges.DECLINES_MAX + 1]:
        if order.state == ProviderOrder.State.PAID:
            break
        if order.decline_code:
            declines.append(charges.Decline(at=order.created_at, code=order.decline_code))
    return charges.next_at(declines, since=card.saved_at or card.consented_at)


def _tell(deal: Deal, kind: str, *, author: str, at: datetime, mask: str) -> None:
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=author, data={"card": mask})
