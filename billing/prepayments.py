"""What of the money that came waits for its service, and what of a rendered service is still unpaid.

Reads only. A rendering says how much was rendered, an offset which part of which payment that was.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, OuterRef, Q, QuerySet, Sum

from billing import ledger, sums
from billing.models import LegalEntity, Offset, Payment, Receipt, Rendering
from billing.rules import money
from billing.rules import receipts as rules
from crm.models import Deal


@dataclass(frozen=True)
class Prepayment:
    """A payment and the part of it that no receipt has closed."""

    payment: Payment
    open: Decimal


def rendered(deal: Deal, entity: LegalEntity) -> Decimal:
    """How much of the deal's service was rendered for this entity's money."""
    found = Rendering.objects.filter(deal=deal, legal_entity=entity).aggregate(sum=Sum("amount"))["sum"]
    return found or money.ZERO


def owed(deal: Deal, entity: LegalEntity) -> Decimal:
    """What was rendered and is closed by no money yet: the next money that comes pays for it."""
    given = rendered(deal, entity)
    if not given:
        return given
    offsets = Offset.objects.filter(payment__deal=deal, payment__legal_entity=entity)
    return max(given - (offsets.aggregate(sum=Sum("amount"))["sum"] or money.ZERO), money.ZERO)


def on_credit(deal: Deal, entity: LegalEntity) -> Decimal:
    """What receipts have handed over on credit, less what later receipts have paid of it or taken back."""
    ours = Q(payment__deal=deal, payment__legal_entity=entity)
    ours |= Q(rendering__deal=deal, rendering__legal_entity=entity)
    # What is not required was never said, unless another register has said it.
    said = Receipt.objects.filter(ours, content__has_key="lines").exclude(state="not_required", fiscal={})
    undecided = Q(kind=Receipt.Kind.CREDIT_RETURN, state=Receipt.State.MISSING)
    contents = said.exclude(undecided).values_list("content", flat=True)
    return max(sum((rules.credit_given(content) for content in contents), money.ZERO), money.ZERO)


def open_of(deal: Deal, entity: LegalEntity) -> list[Prepayment]:
    """The deal's payments with an open part, oldest first."""
    rows = with_open(Payment.objects.filter(deal=deal, legal_entity=entity, counted=True))
    found = rows.select_related("order", "merchant", "deal").order_by("received_at", "id")
    return [Prepayment(row, row.open_part) for row in found]


def with_open(payments: "QuerySet[Payment]") -> "QuerySet[Payment]":
    """The payments with an open part, as `open_part`: what they still hold less what receipts have closed."""
    closed = sums.total_of(Offset.objects.filter(payment=OuterRef("pk")), "payment")
    # The model declares what this sets, so the checker does not know it as an annotation.
    found = ledger.with_free(payments).annotate(open_part=F("left") - closed)  # type: ignore[no-redef]
    return found.filter(open_part__gt=0)  # type: ignore[misc]
