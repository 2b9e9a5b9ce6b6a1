"""Who pays a deal, or one row of it, when that is not the deal's main contact.

Each change makes a new row and ends the one before, so the payer of a past day is known.
"""

from django.db import models
from django.db.models import Q

from crm.models import Deal


class DealPayer(models.Model):
    """The payer of a deal, or with `number` of the schedule's row of that number, until `ended_at`."""

    class Kind(models.TextChoices):
        PERSON = "person"
        COMPANY = "company"
        THIRD_PARTY = "third_party"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="payers")
    number = models.PositiveIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=15, choices=Kind)
    name = models.CharField(max_length=255)
    inn = models.CharField(max_length=12, blank=True)
    kpp = models.CharField(max_length=9, blank=True)
    address = models.CharField(max_length=500, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "number"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="one_payer_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(kind="company") | ~Q(inn=""), name="company_payer_has_inn"),
        ]

    def __str__(self) -> str:
        return self.name
