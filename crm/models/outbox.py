"""What waits to be done in amoCRM, and hints from amoCRM that wait to be looked up.

Field updates are last-value-wins: one waiting row per deal collects them. Notes, tasks, stage moves and bot
runs have a key and happen once. Order is kept per deal.
"""

from django.db import models
from django.db.models import Q

from crm.models.account import Account
from crm.models.deal import Deal
from crm.models.queue import QueueRow


class OutboxRow(QueueRow):
    """One change for amoCRM.

    payload by kind: fields {ours: value}; note {text}; task {text, till (ISO moment), type, responsible};
    complete_task {key of the task row, text}; stage {status_id}; price {price}; salesbot {bot_id}; file
    {source, id, and what is known of the upload: name, uuid, version}. `external_id` is what amoCRM named the
    created object. `uncertain` says that an earlier try may have had its effect. A bot run is handed over
    when it is done, and has reached the client's chat at `seen_at`.
    """

    class Kind(models.TextChoices):
        FIELDS = "fields"
        NOTE = "note"
        TASK = "task"
        COMPLETE_TASK = "complete_task"
        STAGE = "stage"
        PRICE = "price"
        SALESBOT = "salesbot"
        FILE = "file"

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="outbox")
    kind = models.CharField(max_length=15, choices=Kind)
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    external_id = models.BigIntegerField(null=True, blank=True)
    uncertain = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="outbox_key_once"),
        ]
        indexes = [
            models.Index(
                fields=["account", "deal", "id"], condition=Q(state="waiting"), name="outbox_waiting"
            ),
            models.Index(fields=["account"], condition=Q(state="parked"), name="outbox_parked"),
            models.Index(
                fields=["account", "done_at"],
                condition=Q(kind="salesbot", state="done", seen_at=None),
                name="outbox_bot_unseen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.state}"


class DealHint(QueueRow):
    """amoCRM said that a lead changed: look it up. One waiting hint per lead, however often amoCRM says
    it.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    lead_id = models.BigIntegerField()
    deleted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "lead_id"], condition=Q(state="waiting"), name="one_waiting_hint"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.lead_id}: {self.state}"
