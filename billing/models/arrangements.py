"""What payer and manager agreed on while money is owed: promises, claims, wishes, stops.

Each is a fact with its author and moment. What ends one is written once, beside it or in its own columns, so
that a past day can be told. None of them changes a figure: they only hold what would be sent.
"""

from django.db import models
from django.db.models import F, Q

from billing.models.queues import Message
from billing.models.schedule import Installment
from crm.models import Account, Deal


class Promise(models.Model):
    """ "I pay until then": reminders wait. `amount` is empty where all that is overdue was promised."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="promises")
    until = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # Received by the deal when it was given: kept when so much more has come.
    received_before = models.DecimalField(max_digits=14, decimal_places=2)
    comment = models.TextField(blank=True)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="promise_amount_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} until {self.until}"


class PromiseEnd(models.Model):
    """What became of a promise, once."""

    class Outcome(models.TextChoices):
        KEPT = "kept"
        BROKEN = "broken"
        REPLACED = "replaced"

    promise = models.OneToOneField(Promise, on_delete=models.PROTECT, related_name="end")
    outcome = models.CharField(max_length=10, choices=Outcome)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.promise_id}: {self.outcome}"


class TransferClaim(models.Model):
    """ "I paid by bank transfer": reminders wait until `held_until`, the accountant looks for the money."""

    class Outcome(models.TextChoices):
        FOUND = "found"
        MISSING = "missing"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="transfer_claims")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    paid_on = models.DateField()
    received_before = models.DecimalField(max_digits=14, decimal_places=2)
    # The last day on which reminders wait.
    held_until = models.DateField()
    comment = models.TextField(blank=True)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    closed_by = models.CharField(max_length=255, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="claim_amount_positive"),
            models.UniqueConstraint(
                fields=["deal"], condition=Q(closed_at__isnull=True), name="one_open_claim_per_deal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.amount} on {self.paid_on}"


class DateRequest(models.Model):
    """The payer asks to pay a row later; granted by itself within the account's policy, else by a manager.

    Lapsed: its row was paid, moved or replaced before anybody decided.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        GRANTED = "granted"
        REFUSED = "refused"
        LAPSED = "lapsed"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="date_requests")
    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="date_requests")
    was_on = models.DateField()
    wanted_on = models.DateField()
    comment = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    decided_by = models.CharField(max_length=255, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(wanted_on__gt=F("was_on")), name="date_request_is_later"),
            models.UniqueConstraint(
                fields=["installment"], condition=Q(state="waiting"), name="one_waiting_date_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.installment_id}: {self.was_on} to {self.wanted_on}"


class Preference(models.Model):
    """By which channel a payer of an account wants to be reminded; `none`: not at all.

    `payer` is the name that the channels know a payer by: the address of the mail, else the contact.
    """

    class Channel(models.TextChoices):
        EMAIL = "email"
        SALESBOT = "salesbot"
        SMS = "sms"
        NONE = "none"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="preferences")
    payer = models.CharField(max_length=254)
    channel = models.CharField(max_length=10, choices=Channel)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "payer"],
                condition=Q(ended_at__isnull=True),
                name="one_preference_a_payer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.channel}"


class Stop(models.Model):
    """A person stopped invoices or reminders of one deal, until `ended_at`."""

    class Of(models.TextChoices):
        INVOICES = "invoices"
        REMINDERS = "reminders"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="stops")
    of = models.CharField(max_length=10, choices=Of)
    reason = models.TextField(blank=True)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()
    ended_by = models.CharField(max_length=255, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "of"], condition=Q(ended_at__isnull=True), name="one_stop_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.of}"


class Escalation(models.Model):
    """The head was told of an overdue row, once."""

    installment = models.OneToOneField(Installment, on_delete=models.PROTECT, related_name="escalation")
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.installment_id}"


class DepositDeadline(models.Model):
    """The time to pay a deposit ran out, once for a row."""

    installment = models.OneToOneField(Installment, on_delete=models.PROTECT, related_name="deposit_deadline")
    passed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.installment_id} at {self.passed_at}"


class Bounce(models.Model):
    """A mail that was taken and came back: what the receiving server said. Once for a message."""

    message = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="bounce")
    reason = models.TextField()
    # A full mailbox may be empty tomorrow; an unknown one stays unknown.
    final = models.BooleanField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.message_id}: {self.reason}"
