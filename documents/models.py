"""Numbers of documents, and the documents themselves as finished values.

A document remembers every word and sum it was made of, so it looks the same whenever it is rendered: its file
is made when somebody opens it first (documents.files). Nothing here is ever renumbered or rewritten.
"""

from typing import Self

from django.db import models
from django.db.models import Q

from crm.models import Deal


class NumberSeries(models.Model):
    """The last number given in a series (for example the invoices of one legal entity) in a year."""

    series = models.CharField(max_length=80)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="series_once_a_year")]

    def __str__(self) -> str:
        return f"{self.series} {self.year}: {self.last}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def of(self, deal: Deal) -> Self:
        """The deal's documents in the order in which they were made."""
        return self.filter(deal=deal).order_by("id")


class Document(models.Model):
    """One numbered document of a deal.

    `source` names what it was made of ("invoice:51"), once per deal. `values` are documents.values as JSON.
    `path` (below DATA_DIR/files) and `sha256` are empty until the file is made.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CONTRACT = "contract"
        OFFER = "offer"
        ACT = "act"

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=15, choices=Kind)
    source = models.CharField(max_length=60, blank=True)
    series = models.CharField(max_length=80)
    number = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    author = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    visible_to_payer = models.BooleanField(default=False)
    values = models.JSONField()
    path = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="document_number_once_in_its_series"),
            models.UniqueConstraint(
                fields=["deal", "source"], condition=~Q(source=""), name="document_once_per_source"
            ),
        ]

    def __str__(self) -> str:
        return self.name
