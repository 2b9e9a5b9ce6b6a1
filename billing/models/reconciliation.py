"""What a provider's registry and our books say differently, once a difference, until it is settled.

Reconciliation: one look at one day of one shop. Difference: what was found, how it ended. A difference that a
later look does not find any more is healed; what no program may heal waits for a person and a word why.
"""

from django.db import models
from django.db.models import Q

from billing.models.money import Payment
from billing.models.network import MerchantAccount


class Reconciliation(models.Model):
    """One comparison of a day; `rows` are the provider's, `error` says why it could not be made."""

    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, related_name="reconciliations")
    day = models.DateField()
    begun_at = models.DateTimeField()
    # When a worker last took it in hand.
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    healed = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["merchant", "day"], name="reconciliation_of_day")]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.day}"


class Difference(models.Model):
    """One thing that the two sides say differently; `ours` and `theirs` are the two sides as texts."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here"
        MISSING_THERE = "missing_there"
        AMOUNT = "amount"
        STATUS = "status"
        REFUND = "refund"
        CHARGEBACK = "chargeback"
        RECEIPT = "receipt"

    class State(models.TextChoices):
        OPEN = "open"
        HEALED = "healed"
        SETTLED = "settled"

    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, related_name="differences")
    day = models.DateField()
    kind = models.CharField(max_length=15, choices=Kind)
    external_id = models.CharField(max_length=80)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True)
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=255, blank=True)
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "external_id"], name="difference_once")
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="open"), name="difference_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}: {self.state}"
