"""Facts of money: append-only. Corrections are opposite rows, never edits.

Transfer: one bank transfer for several deals. Payment: money that came. Allocation: signed, which installment
it covers. Refund: money that went back. What corrects them is in billing.models.corrections. Receipt: the
fiscal document of a payment or refund, or the named reason why there is none.
Nothing here stores a total; billing.models.schedule and billing.ledger compute them.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import ExtractYear

from billing.models.collection import ProviderOrder
from billing.models.network import LegalEntity, MerchantAccount
from billing.models.schedule import Installment
from crm.models import Deal


class Transfer(models.Model):
    """One sum that came for several deals of a legal entity; its payments are the parts and add up to it.

    A bank's number tells it from the other transfers of its payer in that year: payers count for themselves
    and begin anew each January. `entry` counts how often it was entered anew after all of it was reversed.
    """

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    external_id = models.CharField(max_length=80, blank=True)
    payer_key = models.CharField(max_length=255, blank=True)
    paid_on = models.DateField()
    entry = models.PositiveSmallIntegerField(default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    # What was asked, so that a repetition with other parts is told from the same one.
    parts = models.JSONField()
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.UniqueConstraint(
                "legal_entity",
                "external_id",
                "payer_key",
                ExtractYear("paid_on"),
                "entry",
                condition=~Q(external_id=""),
                name="transfer_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.external_id}"


class Payment(models.Model):
    """Money that came to a legal entity.

    `received_at` is the date of the fact by the provider or the manager; `recorded_at` is when we learnt it.
    Without a deal the payment is unplaced and waits for a person. `manager`, `programme`, `cohort` are those
    of its moment. `counted` is false for money in another currency: recorded, shown, never allocated.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, null=True, blank=True)
    order = models.ForeignKey(
        ProviderOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, default="RUB")
    counted = models.BooleanField(default=True)
    method = models.CharField(max_length=20)
    external_id = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.CharField(max_length=255, blank=True)
    comment = models.TextField(blank=True)
    payer = models.JSONField(default=dict, blank=True)
    manager = models.BigIntegerField(default=0)
    programme = models.TextField(blank=True)
    cohort = models.TextField(blank=True)
    left: Decimal  # set by ledger.with_free()
    open_part: Decimal  # set by prepayments.with_open()
    free: Decimal  # set by ledger.with_free()
    moved: Decimal  # set by moves.with_moves()
    moved_from: int | None  # set by moves.with_moves()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.UniqueConstraint(
                fields=["merchant", "external_id"],
                condition=Q(merchant__isnull=False),
                name="provider_payment_once",
            ),
        ]
        indexes = [models.Index(fields=["received_at"], name="payment_received")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.external_id}"


class Allocation(models.Model):
    """Which installment a payment covers; negative rows take back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="allocations")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="allocation_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of payment {self.payment_id}"


class Refund(models.Model):
    """Money that went back to the payer of a payment, as the provider or an accountant confirmed it."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    external_id = models.CharField(max_length=80, blank=True)
    refunded_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    # The bank took it back past us: nobody here decided it.
    chargeback = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            models.UniqueConstraint(
                fields=["merchant", "external_id"],
                condition=Q(merchant__isnull=False),
                name="provider_refund_once",
            ),
        ]

    def __str__(self) -> str:
        return f"refund of {self.amount}"


class Receipt(models.Model):
    """One fiscal document (54-FZ), planned by billing.rules.receipts and sent through ProviderCall.

    `content` is the provider-neutral plan: {type, tax_system, lines: [{name, amount, vat, method, subject}],
    paid: {electronic | cash | advance | credit: amount}, email, phone, inn}. What is handed over on credit
    before any money (`credit`) and what of it nobody will pay any more (`credit_return`) is about a
    `rendering`, everything else about a payment.
    """

    class Kind(models.TextChoices):
        INCOME = "income"
        REFUND = "refund"
        OFFSET = "offset"
        CREDIT = "credit"
        CREDIT_RETURN = "credit_return"

    class State(models.TextChoices):
        PLANNED = "planned"
        SENT = "sent"
        REGISTERED = "registered"
        FAILED = "failed"
        NOT_REQUIRED = "not_required"
        MISSING = "missing"

    # There for every kind but the two of credit; who meets receipts of all kinds asks deal_of() and the like.
    payment: "models.ForeignKey[Payment, Payment]" = models.ForeignKey(  # type: ignore[misc]
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts"
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts"
    )
    rendering = models.ForeignKey(
        "billing.Rendering", on_delete=models.PROTECT, null=True, blank=True, related_name="receipts"
    )
    kind = models.CharField(max_length=15, choices=Kind)
    state = models.CharField(max_length=15, choices=State)
    reason = models.CharField(max_length=255, blank=True)
    content = models.JSONField(default=dict)
    external_id = models.CharField(max_length=80, blank=True)
    url = models.URLField(max_length=1000, blank=True)
    # {fn, fd, fpd} as the register printed them
    fiscal = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    registered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], condition=Q(kind="income"), name="one_income_receipt_per_payment"
            ),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(kind="refund"), name="one_receipt_per_refund"
            ),
            models.UniqueConstraint(
                fields=["rendering"], condition=Q(kind="credit"), name="one_credit_receipt_per_rendering"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=("credit", "credit_return"), payment__isnull=True, rendering__isnull=False
                )
                | ~Q(kind__in=("credit", "credit_return")) & Q(payment__isnull=False, rendering__isnull=True),
                name="receipt_of_money_or_of_a_rendering",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of payment {self.payment_id}: {self.state}"
