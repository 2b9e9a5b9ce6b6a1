"""Money that is to go back: asked for, on its way, gone or not.

A RefundOrder reserves its sum from the moment it is asked for; the Refund is written when the provider or the
accountant says that the money went. An order never changes what it was asked for, and ends once: done,
failed, or given up by a person.
"""

from django.db import models
from django.db.models import Q

from billing.models.money import Payment, Refund
from billing.models.network import MerchantAccount


class RefundOrder(models.Model):
    """One sum that a person wants back out of one payment.

    `merchant` is the shop that gives back, None for cash and transfers. `request` is what the provider is
    told (the return receipt that rides on the refund), `group` joins the orders of one request over several
    payments, `external_id` is the provider's name of the refund. `document` is what the accountant paid it
    out by.
    """

    class Method(models.TextChoices):
        PROVIDER = "provider"
        CASH = "cash"
        BANK_TRANSFER = "bank_transfer"

    class State(models.TextChoices):
        REQUESTED = "requested"
        SENT = "sent"
        DONE = "done"
        FAILED = "failed"
        GIVEN_UP = "given_up"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refund_orders")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    method = models.CharField(max_length=15, choices=Method)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    reason = models.TextField()
    author = models.CharField(max_length=255)
    group = models.CharField(max_length=40)
    request = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="ordered"
    )
    error = models.TextField(blank=True)
    document = models.CharField(max_length=255, blank=True)
    closed_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_order_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="done", refund__isnull=False) | (~Q(state="done") & Q(refund__isnull=True)),
                name="refund_order_done_with_its_refund",
            ),
            models.CheckConstraint(
                condition=Q(method="provider", merchant__isnull=False)
                | (~Q(method="provider") & Q(merchant__isnull=True)),
                name="refund_order_by_a_shop_or_by_hand",
            ),
            models.UniqueConstraint(
                fields=["merchant", "external_id"], condition=~Q(external_id=""), name="refund_order_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["payment"], condition=Q(state__in=["requested", "sent"]), name="refund_order_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} of payment {self.payment_id}: {self.state}"
