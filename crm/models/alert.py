"""What the owner of an installation must know at once: one open alert for each cause, told by one mail.

The row is the queue of its own mail (waiting -> done | parked); `closed_at` is when the cause was gone.
"""

from django.db import models
from django.db.models import Q

from crm.models.account import Account
from crm.models.queue import QueueRow


class Alert(QueueRow):
    """One cause at one account, from its first sight (`created_at`) to its end."""

    class Kind(models.TextChoices):
        RECONNECT = "reconnect"
        HOOKS_OFF = "hooks_off"
        BLOCKED = "blocked"
        TOKEN_ENDS = "token_ends"  # noqa: S105 - a word, no secret

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], condition=Q(closed_at=None), name="one_open_alert_of_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"
