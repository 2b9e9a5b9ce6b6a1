"""How money is asked for: invoices, the payer's link, orders at the providers.

An invoice asks for one installment (or for a sum) and is sent once. The payer's link lives as long as the
deal and always asks for what is owed at the click; only the click makes an order at a provider. An order
remembers the location, the day and the owner for which it was made, and the database checks all three.
"""

from django.db import models
from django.db.models import Q

from billing.models.cards import SavedCard
from billing.models.network import LegalEntity, Location, MerchantAccount
from billing.models.schedule import Installment
from crm.models import Deal


class Invoice(models.Model):
    """A request for payment. Its state is computed: void, paid when what it asks for is covered, else
    open.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="invoices")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    installment = models.ForeignKey(
        Installment, on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    number = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    # Received by the deal when the invoice was made: an invoice without a row is paid when that much more has
    # come.
    received_before = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    payer = models.JSONField(default=dict, blank=True)
    issued_on = models.DateField()
    created_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.TextField(blank=True)
    # A run made it, and its letter waits for what the payer has said (billing.letter_holds).
    letter_waits = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [models.Index(fields=["deal"], condition=Q(letter_waits=True), name="invoice_letter_waits")]
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "number"], name="invoice_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="invoice_amount_positive"),
            models.UniqueConstraint(
                fields=["installment"],
                condition=Q(voided_at__isnull=True),
                name="one_live_invoice_per_installment",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentLink(models.Model):
    """The unguessable address of a deal's payer page; a revoked token is never valid again."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="payment_links")
    token = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deal"], condition=Q(revoked_at__isnull=True), name="one_live_link_per_deal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}"


class ProviderOrder(models.Model):
    """One order at a provider, committed before the provider hears of it.

    `purpose` says what the payer asked to pay (installment, overdue, full, deposit, invoice:<id>).
    `external_id` is the provider's name of the order, unknown while creating. An order that was replaced
    stays here: money that comes by it is recorded all the same.
    """

    class State(models.TextChoices):
        CREATING = "creating"
        OPEN = "open"
        PAID = "paid"
        SUPERSEDED = "superseded"
        CANCELLED = "cancelled"
        REFUSED = "refused"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="provider_orders")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, blank=True)
    purpose = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=12, choices=State, default=State.CREATING)
    # Our name of the order on the provider's wire, and the idempotency key of its creation.
    number = models.CharField(max_length=40)
    request_id = models.CharField(max_length=80, unique=True)
    request = models.JSONField(default=dict)
    external_id = models.CharField(max_length=80, blank=True)
    url = models.URLField(max_length=2000, blank=True)
    ordered_on = models.DateField()
    # Whose money it is: the owner of this location on this day (of service, else of the order).
    location = models.ForeignKey(Location, on_delete=models.PROTECT, null=True, blank=True)
    owned_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    # From then on its taxes or its owner may be others, or its page is closed by itself.
    expires_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    # When its creation was last sent: a second click waits for that call instead of making another.
    called_at = models.DateTimeField(null=True, blank=True)
    # A charge of a card that the payer let us keep, instead of a page.
    card = models.ForeignKey(
        SavedCard, on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    decline_code = models.CharField(max_length=10, blank=True)
    # When its state was last asked for, where a lost notice is only found by asking.
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_amount_positive"),
            models.UniqueConstraint(fields=["merchant", "number"], name="order_number_once_per_merchant"),
            models.UniqueConstraint(
                fields=["deal", "purpose"],
                condition=Q(state__in=["creating", "open"]),
                name="one_open_order_per_link",
            ),
        ]

    def __str__(self) -> str:
        return self.number
