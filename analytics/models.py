"""The queue of workbooks that a worker makes."""

from django.db import models
from django.db.models import Q

from crm.models import Account, QueueRow


class Export(QueueRow):
    """One workbook: asked by a query, made by a worker, opened by a ticket.

    `query` is the address's query as it was asked, with its `as_of` and `known_at` fixed at that moment, so
    that the workbook shows what the screen showed. `rows` counts what is written so far, of `rows_expected`.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="exports")
    author = models.CharField(max_length=255)
    report = models.CharField(max_length=20)
    query = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(state="waiting"), name="export_waiting"),
            models.Index(fields=["created_at"], name="export_created"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.report}: {self.state}"
