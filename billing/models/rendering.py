"""When the service was rendered, and which prepayments it closed (54-FZ).

Rendering: so much of the deal's service was rendered on a day. Act: the paper that says so, and whether the
payer has signed it. Offset: signed, which part of a payment is closed by which receipt; what is left of a
payment is a prepayment that is still open. ReceiptPolicy: what only an accountant can decide about receipts,
dated and signed. Renderings and offsets are append-only, an act ends once.
"""

from django.db import models
from django.db.models import Q

from billing.models.money import Payment, Receipt
from billing.models.network import LegalEntity
from crm.models import Deal


class Rendering(models.Model):
    """`amount` roubles worth of the service were rendered on `rendered_on`; `key` makes it happen once."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="renderings")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    rendered_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    key = models.CharField(max_length=120)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="rendering_amount_positive"),
            models.UniqueConstraint(fields=["deal", "key"], name="rendering_once"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.rendered_on}"


class Act(models.Model):
    """A document that says: `amount` roubles worth were rendered on `rendered_on`. Nothing of that changes.

    Accepted: the payer has signed it, `accepted_on` by the paper. Void: a mistake, `reason` says which.
    """

    class State(models.TextChoices):
        OPEN = "open", "Not Signed"
        ACCEPTED = "accepted", "Signed"
        VOID = "void"

    document = models.OneToOneField("documents.Document", on_delete=models.PROTECT, related_name="act")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    rendered_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    accepted_on = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True)
    closed_by = models.CharField(max_length=255, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="act_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="accepted", accepted_on__isnull=False)
                | ~Q(state="accepted") & Q(accepted_on__isnull=True),
                name="act_accepted_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.rendered_on}: {self.state}"


class Offset(models.Model):
    """A part of a payment that is money for a rendered service; a negative row where such money went
    back or was carried to another deal, whose payment then has it.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="offsets")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="offsets")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="offset_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of payment {self.payment_id}"


class ReceiptPolicy(models.Model):
    """What an accountant decided about the receipts of an entity (of one programme, or of all) from a day on.

    `scheme`: money is a prepayment until the service is rendered, or access is given at once and the rest is
    a credit. `credit_subject` and `credit_vat`: the line of a later payment of such a credit.
    `refund_after_offset`: how money for a rendered service goes back in a return receipt. `overpayment`: what
    money above the deal's total is.
    """

    class Scheme(models.TextChoices):
        PREPAYMENT = "prepayment"
        CREDIT = "credit"

    class CreditSubject(models.TextChoices):
        PAYMENT = "payment"
        SERVICE = "service"

    class CreditVat(models.TextChoices):
        NONE = "none"
        CALCULATED = "calculated"
        STRAIGHT = "straight"

    class RefundAfterOffset(models.TextChoices):
        ELECTRONIC = "electronic"
        ADVANCE = "advance"

    class Overpayment(models.TextChoices):
        ADVANCE = "advance"
        PREPAYMENT = "prepayment"

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="receipt_policies")
    programme = models.CharField(max_length=255, blank=True)
    valid_from = models.DateField()
    scheme = models.CharField(max_length=12, choices=Scheme, default=Scheme.PREPAYMENT)
    credit_subject = models.CharField(max_length=12, choices=CreditSubject, default=CreditSubject.PAYMENT)
    credit_vat = models.CharField(max_length=12, choices=CreditVat, default=CreditVat.NONE)
    refund_after_offset = models.CharField(
        max_length=12, choices=RefundAfterOffset, default=RefundAfterOffset.ELECTRONIC
    )
    overpayment = models.CharField(max_length=12, choices=Overpayment, default=Overpayment.ADVANCE)
    decided_by = models.CharField(max_length=255)
    decided_on = models.DateField()
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["legal_entity", "programme", "valid_from"], name="one_receipt_policy_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.legal_entity_id} {self.valid_from}: {self.scheme}"
