"""Cards that payers let us keep, and refused notices kept as evidence."""

from django.db import models
from django.db.models import Q

from billing.models.network import MerchantAccount
from crm.models import Deal
from crm.models.encrypted import EncryptedBinaryField, EncryptedTextField


class SavedCard(models.Model):
    """A payer's consent that later payments of a deal are taken from a card, and that card.

    The consent comes first; the card follows with the next payment that brings its token, and without a
    consent no token is kept. The token works at one shop only and is all we have of the card; when the
    consent is withdrawn it is erased. `words` are the ones that the payer agreed to.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="saved_cards")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, null=True, blank=True)
    words = models.TextField()
    consented_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=255, blank=True)
    account_id = models.CharField(max_length=80, blank=True)
    token = EncryptedTextField(default="", blank=True)
    mask = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    expires = models.CharField(max_length=5, blank=True)
    saved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deal"], condition=Q(withdrawn_at__isnull=True), name="one_live_card_per_deal"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(token=""), name="no_token_after_withdrawal"
            ),
        ]

    def __str__(self) -> str:
        return self.mask or f"{self.deal_id}"


class RefusedNotice(models.Model):
    """Evidence of a notice that was refused: what came and why not. Only the newest are kept."""

    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    address = models.CharField(max_length=45, blank=True)
    # The beginning of the body; the whole length and a hash of it tell repeated bytes apart.
    body = EncryptedBinaryField()
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["merchant", "-id"], name="refused_notice_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"
