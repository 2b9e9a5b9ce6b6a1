"""Payment schedules: what a deal's payer has agreed to pay, and every version of it.

A schedule belongs to one deal. Each change makes a version; installments are never copied between versions: a
row is current while `replaced_in` is null. Rows that have money are kept as they are; one that was closed at
less than it asked for leaves an InstallmentClosing. Pauses and signatures are append-only facts. The database
checks at commit that the current rows add up to the schedule's total (migrations, "guards").
"""

from decimal import Decimal
from typing import Self

from django.apps import apps
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from crm.models import Deal


class Schedule(models.Model):
    """The current terms of a deal. `version` grows by one with each change and is the optimistic lock.

    `closing` says why nothing is owed although not everything was paid; the next rebuild opens it again.
    """

    class Closing(models.TextChoices):
        OPEN = ""
        SETTLED = "settled", "Closed At A Sum"
        CANCELLED = "cancelled"

    deal = models.OneToOneField(Deal, on_delete=models.PROTECT, related_name="schedule")
    version = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    due_day = models.PositiveSmallIntegerField(null=True, blank=True)
    closing = models.CharField(max_length=10, choices=Closing, default=Closing.OPEN, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0), name="schedule_total_not_negative"),
            models.CheckConstraint(
                condition=Q(closing__in=["", "settled", "cancelled"]), name="schedule_closing_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} v{self.version}"


class ScheduleVersion(models.Model):
    """Who made which terms, when, why, and what it changed. Append-only.

    `retained` is the reason code of money that is kept although the deal was closed early.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        REBUILT = "rebuilt"
        MOVED = "moved"
        SHIFTED = "shifted"
        TOTAL = "total"
        TRANSFERRED = "transferred"
        SETTLED = "settled", "Closed At A Sum"
        CANCELLED = "cancelled"

    class Retained(models.TextChoices):
        """Why part of the money stays after a withdrawal."""

        RENDERED_PART = "rendered_part"
        ACTUAL_COSTS = "actual_costs"
        LATE_CANCELLATION = "late_cancellation"
        NO_SHOW = "no_show"
        SECURITY_DEPOSIT = "security_deposit"

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.REBUILT)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    terms = models.JSONField()
    changes = models.JSONField(default=list)
    author = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    retained = models.CharField(max_length=20, choices=Retained, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} v{self.number}"


class InstallmentQuerySet(models.QuerySet["Installment"]):
    def current(self) -> Self:
        """Rows of the schedule as it stands, in the order of their numbers."""
        return self.filter(replaced_in__isnull=True).order_by("number")

    def with_paid(self) -> Self:
        """Add `paid` and `written_off`: the signed sums of the row's allocations and write-offs."""
        column: models.DecimalField[Decimal, Decimal] = models.DecimalField(max_digits=14, decimal_places=2)
        given_up = apps.get_model("billing", "WriteOff").objects.filter(installment=OuterRef("pk"))
        total = given_up.order_by().values("installment").annotate(total=Sum("amount")).values("total")
        return self.annotate(
            paid=Coalesce(Sum("allocations__amount"), Decimal(0), output_field=column),
            written_off=Coalesce(Subquery(total), Decimal(0), output_field=column),
        )

    def uncovered(self) -> Self:
        """Rows of which something is still asked: neither covered by money nor written off in full."""
        # The first condition is the cheap one: it spares the second for what money covers.
        return self.with_paid().filter(paid__lt=F("amount")).filter(paid__lt=F("amount") - F("written_off"))

    def given_up(self) -> Self:
        """Current rows of which something was written off, oldest due first."""
        return self.current().with_paid().filter(written_off__gt=0).order_by("due_on", "number")

    def open(self) -> Self:
        """Current rows that are not covered yet, oldest due first: the order in which money covers them."""
        return self.current().uncovered().order_by("due_on", "number")


class Installment(models.Model):
    """One row of a schedule. `due_on` is the contract's date, `effective_due_on` moves off a non-
    working day.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="installments")
    number = models.PositiveIntegerField()
    due_on = models.DateField()
    effective_due_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    opened_in = models.PositiveIntegerField()
    replaced_in = models.PositiveIntegerField(null=True, blank=True)
    # Nothing is left to issue by itself: the row had an invoice, or was covered when its day came. What takes
    # money back asks again (a trigger). So a morning reads what is due, not what is stored.
    issuing_over = models.BooleanField(default=False)
    # Covered, as a run found: nobody is reminded of it, it becomes overdue no more. Cleared likewise.
    collecting_over = models.BooleanField(default=False, db_default=False)
    paid: Decimal  # set by with_paid()
    written_off: Decimal  # set by with_paid()
    live_invoice: int | None  # set by ledger.standing()

    objects = InstallmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="installment_amount_positive"),
            models.CheckConstraint(
                condition=Q(effective_due_on__gte=F("due_on")), name="installment_never_due_earlier"
            ),
            models.UniqueConstraint(
                fields=["schedule", "number"],
                condition=Q(replaced_in__isnull=True),
                name="installment_number_once",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(replaced_in__isnull=True), name="installment_due"),
            models.Index(
                fields=["effective_due_on"], condition=Q(replaced_in__isnull=True), name="installment_overdue"
            ),
            # With its numbers in it, it is read alone (billing.issuing).
            models.Index(
                fields=["due_on", "id"],
                condition=Q(replaced_in__isnull=True, issuing_over=False),
                name="installment_to_issue",
            ),
            models.Index(
                fields=["effective_due_on", "id"],
                condition=Q(replaced_in__isnull=True, collecting_over=False),
                name="installment_to_collect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} №{self.number}: {self.amount} to {self.due_on}"

    @property
    def rest(self) -> Decimal:
        """What is still asked of a row that was read with_paid()."""
        return self.amount - self.paid - self.written_off


class InstallmentClosing(models.Model):
    """A row that stayed with less than it asked for: its amounts before and after a version. Append-only."""

    installment = models.ForeignKey(Installment, on_delete=models.PROTECT, related_name="closings")
    version = models.PositiveIntegerField()
    before = models.DecimalField(max_digits=14, decimal_places=2)
    after = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["installment", "version"], name="closing_once_per_version"),
            models.CheckConstraint(condition=Q(after__gt=0, after__lt=F("before")), name="closing_lowers"),
        ]

    def __str__(self) -> str:
        return f"{self.installment_id}: {self.before} to {self.after}"


class Pause(models.Model):
    """A stop of collecting by agreement, from `begun_on` until it is ended or `until` comes. Append-only."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="pauses")
    begun_on = models.DateField()
    until = models.DateField(null=True, blank=True)
    reason = models.TextField()
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("begun_on")), name="pause_ends_after_begin"
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} from {self.begun_on}"


class PauseEnd(models.Model):
    """The end of a pause by a person; `shifted` when the rows it covered were moved. Append-only."""

    pause = models.OneToOneField(Pause, on_delete=models.PROTECT, related_name="end")
    ended_on = models.DateField()
    shifted = models.BooleanField(default=False)
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.pause_id} until {self.ended_on}"


class Signature(models.Model):
    """The payer has signed this version on paper: from then on only the rightful change it. Append-only."""

    version = models.OneToOneField(ScheduleVersion, on_delete=models.PROTECT, related_name="signature")
    signed_on = models.DateField()
    author = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.version_id} signed on {self.signed_on}"
