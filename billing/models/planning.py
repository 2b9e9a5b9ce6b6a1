"""What schedules are planned by: templates of an account, and the years of the production calendar.

A template fits a deal by programme and amount; a CalendarYear replaces what the installation knows of that
year by itself, so that a new decree needs no new release.
"""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from crm.models import Account


class ScheduleTemplate(models.Model):
    """Terms for every deal of a programme whose sum lies in the bracket; empty bounds are open.

    `first_after_days` days after today, or on the first `due_day` after that, the first payment is due. The
    down payment is a share or a sum, and due `down_after_days` days after today.
    """

    class Remainder(models.TextChoices):
        LAST = "last"
        FIRST = "first"

    class Unit(models.TextChoices):
        KOPECK = "0.01"
        ROUBLE = "1"
        HUNDRED = "100"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="schedule_templates")
    name = models.CharField(max_length=120)
    programme = models.CharField(max_length=255, blank=True)
    total_from = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    total_to = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    count = models.PositiveSmallIntegerField(null=True, blank=True)
    monthly_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    first_after_days = models.PositiveSmallIntegerField(default=0)
    due_day = models.PositiveSmallIntegerField(null=True, blank=True)
    every_months = models.PositiveSmallIntegerField(default=1)
    every_days = models.PositiveSmallIntegerField(null=True, blank=True)
    down_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    down_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    down_after_days = models.PositiveSmallIntegerField(default=0)
    round_to = models.CharField(max_length=4, choices=Unit, default=Unit.KOPECK)
    remainder = models.CharField(max_length=5, choices=Remainder, default=Remainder.LAST)
    shift_weekends = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="schedule_template_name_once"),
            models.CheckConstraint(
                condition=Q(count__isnull=True, monthly_amount__gt=0)
                | Q(count__gte=1, count__lte=240, monthly_amount__isnull=True),
                name="schedule_template_count_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(total_from__isnull=True)
                | Q(total_to__isnull=True)
                | Q(total_from__lte=F("total_to")),
                name="schedule_template_bracket",
            ),
            models.CheckConstraint(
                condition=Q(due_day__isnull=True) | Q(due_day__gte=1, due_day__lte=31),
                name="schedule_template_due_day",
            ),
            models.CheckConstraint(
                condition=Q(down_percent__isnull=True)
                | Q(down_percent__gt=0, down_percent__lt=Decimal(100), down_amount__isnull=True),
                name="schedule_template_down_payment",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarYear(models.Model):
    """One year of the Russian production calendar as it was decreed: weekdays off, weekend days worked."""

    year = models.PositiveSmallIntegerField(unique=True)
    days_off = ArrayField(models.DateField(), default=list, blank=True)
    working_weekends = ArrayField(models.DateField(), default=list, blank=True)
    source = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(year__gte=2000, year__lte=2100), name="calendar_year_in_range")
        ]

    def __str__(self) -> str:
        return str(self.year)
