"""Numbers of documents: per series and year, gap-tolerant, never given twice."""

from django.db import models


class NumberSeries(models.Model):
    """The last number given in a series (for example the invoices of one legal entity) in a year."""

    series = models.CharField(max_length=80)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="series_once_a_year")]

    def __str__(self) -> str:
        return f"{self.series} {self.year}: {self.last}"
