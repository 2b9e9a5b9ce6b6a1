"""Facts that correct other facts: append-only, never edits.

Move: money that was carried to another deal of the same legal entity, or (negative) back again. Transfer: one
bank transfer for several deals. Reversal: a payment that was entered by mistake. Placement: whose unplaced
money is. WriteOff: signed, what of an installment nobody hopes for any more.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing.models.money import Payment
from billing.models.schedule import Installment
from crm.models import Deal


class Move(models.Model):
    """`amount` roubles of `source` stand in the deal of `target`; a negative one brings them back.

    `target` is a payment of its own, made by the move: its amount is what came first, and the sum of its
    moves is what it still holds.
    """

    source = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="moves_out")
    target = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="moves_in")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    author = models.CharField(max_length=255)
    reason = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="move_not_zero"),
            models.UniqueConstraint(
                fields=["target"], condition=Q(amount__gt=0), name="moved_payment_has_one_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of payment {self.source_id}"


class Reversal(models.Model):
    """A payment past the providers that never was: what is left of it is taken out of the books.

    It counts on the payment's own day, because on that day nothing came; `recorded_at` is when that was
    known.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="reversal")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    author = models.CharField(max_length=255)
    reason = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_amount_positive")]

    def __str__(self) -> str:
        return f"reversal of payment {self.payment_id}"


class UnplacedManager(models.Manager["UnplacedMoney"]):
    def get_queryset(self) -> "models.QuerySet[UnplacedMoney]":
        return super().get_queryset().filter(Q(deal__isnull=True) | Q(counted=False))


class UnplacedMoney(Payment):
    """Money that is nobody's yet: a person says which deal it is for, or that it is none of ours."""

    objects: ClassVar[UnplacedManager] = UnplacedManager()

    class Meta:
        proxy = True


class Placement(models.Model):
    """What a person decided about money that was nobody's: its deal, or (without one) that it is none of
    ours. The second may be put right by the first, once.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="placements")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True)
    author = models.CharField(max_length=255)
    reason = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], condition=Q(deal__isnull=False), name="payment_placed_once"
            )
        ]

    def __str__(self) -> str:
        return f"payment {self.payment_id} to deal {self.deal_id}"


class WriteOff(models.Model):
    """What of an installment was given up; a negative row takes it back: by a person, or because money came.

    `written_on` is the day of the decision, `recorded_at` when we learnt it.
    """

    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="write_offs")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    author = models.CharField(max_length=255)
    reason = models.TextField()
    written_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="write_off_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.installment_id} written off"
