"""Late fees: an amount of its own beside the debt, charged by contract on overdue principal only.

LateFee: signed, what a row was charged for a span of days, and what was waived or put right. FeeAllocation:
signed, which money paid it. Append-only; billing.rules.late_fees computes, billing.late_fees writes.
"""

from datetime import date

from django.db import models
from django.db.models import F, Q

from billing.models.money import Payment
from billing.models.schedule import Installment


class LateFees(models.QuerySet["LateFee"]):
    def owed_on(self, on: date) -> "LateFees":
        """What counts on a day: fees of the days before it, and what was waived up to it."""
        return self.filter(Q(until__lt=on) | Q(kind=LateFee.Kind.WAIVED, until=on))


class LateFee(models.Model):
    """`amount` roubles for the days from `since` to `until` (both included) at `daily_percent`.

    charged: new days. corrected: a charged span that other facts (money with an earlier day) have changed.
    waived: given up by a person, negative.
    """

    class Kind(models.TextChoices):
        CHARGED = "charged"
        CORRECTED = "corrected"
        WAIVED = "waived"

    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="late_fees")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    since = models.DateField()
    until = models.DateField()
    daily_percent = models.DecimalField(max_digits=7, decimal_places=4)
    author = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    recorded_at = models.DateTimeField()

    objects = LateFees.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="late_fee_days_in_order"),
            models.CheckConstraint(condition=~Q(kind="waived") | Q(amount__lt=0), name="waived_fee_negative"),
            models.CheckConstraint(
                condition=~Q(kind="charged") | Q(amount__gte=0), name="charged_fee_positive"
            ),
            models.UniqueConstraint(
                fields=["installment", "since"], condition=Q(kind="charged"), name="day_charged_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} of {self.installment_id}"


class FeeAllocation(models.Model):
    """Which fees a payment paid, by the installment they were charged for; negative rows take back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="fee_allocations")
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="fee_allocations")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="fee_allocation_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of payment {self.payment_id} for a late fee"
