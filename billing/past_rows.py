"""Rows of the past that need nothing any more: marked once, so that no run reads them again.

Two marks on an installment: `issuing_over` (nothing left to issue: billing.issuing) and `collecting_over`
(covered: nobody is to be reminded, nothing becomes overdue). A partial index holds the few rows without the
mark. Marks are set here only, under the deals' locks; what takes money back from a row or makes it larger
clears them (triggers). A mark that is missing costs time and nothing else.
"""

from datetime import date
from itertools import islice
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import BooleanField, F, Func, Q, QuerySet

from billing import ledger
from billing.models import Installment
from crm.models import Account

# So many rows are marked in one transaction, so that no payment waits long for its deal.
MARKED_AT_ONCE = 200


class _IsAnyOf(Func):
    """value = ANY (array)"""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def any_of(numbers: QuerySet[Any]) -> Func:
    """For filter() on installments: those of these numbers, read first and by themselves.

    Most of what is past is done, and the planner, who takes the two for independent, expects a quarter of all
    rows: joined to anything, it would read whole tables. An array it cannot look into, and probes for each.
    """
    return _IsAnyOf(F("pk"), ArraySubquery(numbers))


def to_issue(*, until: date) -> Func:
    """For filter(): rows due by a day without the mark of issuing, found by their partial index alone."""
    rows = Installment.objects.filter(due_on__lte=until, issuing_over=False, replaced_in__isnull=True)
    return any_of(rows.order_by().values("pk"))


def to_collect(*, until: date) -> Func:
    """For filter(): rows effectively due by a day without the mark of collecting, likewise."""
    rows = Installment.objects.filter(
        effective_due_on__lte=until, collecting_over=False, replaced_in__isnull=True
    )
    return any_of(rows.order_by().values("pk"))


def pass_over_covered(*, until: date, account: Account) -> None:
    """Mark the covered rows up to a day, so that no reminder and no flag looks at them again."""
    rows = Installment.objects.filter(collecting_over=False, replaced_in__isnull=True)
    of_account = rows.filter(schedule__deal__account=account).with_paid()
    covered = of_account.filter(Q(paid__gte=F("amount") - F("written_off")))
    mark(covered, come=to_collect(until=until), flag="collecting_over")


def mark(rows: QuerySet[Installment], *, come: Func, flag: str) -> None:
    """Set a mark on the rows, each under its deal's lock, looked at again: whoever takes money back from a
    row holds the same lock. A deal in other hands is left for the next run.
    """
    found = rows.filter(come).values_list("id", "schedule__deal").iterator(MARKED_AT_ONCE)
    while part := dict(islice(found, MARKED_AT_ONCE)):
        with transaction.atomic():
            free = ledger.lock_free(part.values())
            still = rows.filter(pk__in=part, schedule__deal__in=free).values_list("id", flat=True)
            Installment.objects.filter(pk__in=list(still)).update(**{flag: True})
