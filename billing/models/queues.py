"""Queues and memories of billing: notices in, calls and messages out, history, first answers.

Every row that must cause something elsewhere is written in the transaction of its fact (crm.models.queue has
the vocabulary, crm.queues the steps of a worker).
"""

from django.db import models
from django.db.models import Q

from billing.models.collection import Invoice, ProviderOrder
from billing.models.money import Receipt
from billing.models.network import MerchantAccount
from billing.models.refunds import RefundOrder
from billing.models.schedule import Installment
from crm.models import Account, Deal, QueueRow
from crm.models.encrypted import EncryptedBinaryField


class Notice(QueueRow):
    """One genuine notice of a provider: stored once, applied in its own transaction.

    `fields` is the parsed notice in the adapter's words, `body` the raw bytes that were signed, which may
    hold the token of a card. `outcome` says in a word what it caused (payment, unplaced, declined, …).
    """

    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    external_id = models.CharField(max_length=80)
    body = EncryptedBinaryField()
    fields = models.JSONField()
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "external_id"], name="notice_once"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="notice_waiting")]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.kind} {self.external_id}: {self.state}"


class ProviderCall(QueueRow):
    """One call that a provider owes us an answer to; `key` is its idempotency key there."""

    class Kind(models.TextChoices):
        CANCEL_ORDER = "cancel_order"
        SEND_RECEIPT = "send_receipt"
        FOLLOW_RECEIPT = "follow_receipt"
        CHARGE_CARD = "charge_card"
        REFUND = "refund"
        FOLLOW_REFUND = "follow_refund"

    merchant = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=Kind)
    key = models.CharField(max_length=80, unique=True)
    order = models.ForeignKey(ProviderOrder, on_delete=models.PROTECT, null=True, blank=True)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, null=True, blank=True)
    refund_order = models.ForeignKey(RefundOrder, on_delete=models.PROTECT, null=True, blank=True)
    # Since when the provider may know `key`: a repeat is only safe while it remembers.
    called_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="provider_call_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.state}"


class Message(QueueRow):
    """One message to a payer or manager; `key` makes it happen once (invoice:51:email,
    reminder:77:1:email).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="messages")
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="messages"
    )
    # Further invoices of the same letter: what is caught up after missed days is one mail.
    also = models.ManyToManyField(Invoice, blank=True, related_name="shared_messages")
    channel = models.CharField(max_length=10)
    key = models.CharField(max_length=120, unique=True)
    to = models.TextField()
    # What a gateway calls the message, to ask what became of it.
    external_id = models.CharField(max_length=80, blank=True)
    subject = models.TextField(blank=True)
    text = models.TextField()
    html = models.TextField(blank=True)
    # A run queued it, so what its payer says meanwhile may keep it back (billing.letter_holds).
    by_run = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="message_waiting")]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}: {self.state}"


class Reminder(models.Model):
    """One step of the reminder policy that was done for an installment, once and by one channel.

    Several reminders may point at one message: what falls due for one payer on one day is said together.
    """

    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="reminders")
    days = models.SmallIntegerField()
    channel = models.CharField(max_length=10)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reminders")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["installment", "days", "channel"], name="reminder_step_once"),
        ]

    def __str__(self) -> str:
        return f"{self.installment_id} {self.days:+d} by {self.channel}"


class OverdueFlag(models.Model):
    """An installment that was found overdue, once; `returned_to` remembers the stage to go back to when
    cured.
    """

    installment = models.OneToOneField(Installment, on_delete=models.PROTECT, related_name="overdue_flag")
    flagged_on = models.DateField()
    returned_to = models.BigIntegerField(null=True, blank=True)
    cured_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.installment_id} on {self.flagged_on}"


class Event(models.Model):
    """History of a deal: who did what, when, before, after. Append-only; `data` holds the values for the
    words.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.CharField(max_length=255)
    kind = models.CharField(max_length=40)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["deal", "id"], name="event_of_deal")]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.kind}"


class FirstAnswer(models.Model):
    """The first answer to an Idempotency-Key, kept 24 hours; without a status the first call still runs."""

    scope = models.CharField(max_length=400)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="first_answer_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
