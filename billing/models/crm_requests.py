"""What amoCRM asks of us, what we ask of managers about lost deals, and tokens of other programs."""

from django.db import models
from django.db.models import Q

from crm.models import Account, Deal, QueueRow


class CrmRequest(QueueRow):
    """One call of a pipeline's trigger or of a waiting bot: stored before it is answered, done by a worker.

    `data` by kind: bot {return_url}; the others {} . `key` is what makes a repeated call the same one.
    """

    class Kind(models.TextChoices):
        SCHEDULE = "schedule"
        LINKS = "links"
        INVOICE = "invoice"
        STOP_REMINDERS = "stop_reminders"
        BOT = "bot"

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    lead_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    key = models.CharField(max_length=64, unique=True)
    data = models.JSONField(default=dict)
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="crm_request_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.lead_id}: {self.state}"


class LostDeal(models.Model):
    """A deal with open debt was lost or deleted in amoCRM; the manager is asked once what to do.

    It ends when the deal is live there again (`ended_at`), whatever was decided.
    """

    class Decision(models.TextChoices):
        NONE = ""
        SETTLE = "settle"
        PAUSE = "pause"
        GO_ON = "go_on"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="losses")
    state = models.CharField(max_length=10, choices=Deal.State)
    asked_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.NONE, blank=True)
    decided_by = models.CharField(max_length=255, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deal"], condition=Q(ended_at__isnull=True), name="one_loss_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="loss_decision_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.state}"


class ApiToken(models.Model):
    """A key of another program to the API; only its hash is kept. Without an account it opens all of them."""

    name = models.CharField(max_length=120)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=255, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
