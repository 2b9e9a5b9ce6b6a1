"""Where a deal's credit could go: open deals of the same payer whose money the same legal entity takes.

Reads only; billing.moves carries it there. Two deals have one payer when amoCRM's contact, the e-mail or the
payer's ИНН is the same.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from billing import ledger, network
from billing.models import DealPayer, Payment
from crm.models import Deal

SHOWN_MAX = 20


@dataclass(frozen=True)
class Candidate:
    """A deal that owes `debt` roubles and may take the free money of `payments` (ids)."""

    deal: Deal
    debt: Decimal
    overdue: Decimal
    payments: tuple[int, ...]


@dataclass(frozen=True)
class Uses:
    """The credit in roubles, the payments that hold it (each with `free`), and who could use it."""

    credit: Decimal
    payments: tuple[Payment, ...]
    candidates: tuple[Candidate, ...]


def uses(deal: Deal, *, on: date) -> Uses:
    """Return what lies free in a deal and the deals that could use it, the most overdue first."""
    standing = ledger.standing(deal, on=on)
    found = ledger.unallocated(deal) if standing.credit > 0 else []
    candidates = [_candidate(other, found, on=on) for other in _of_payer(deal)] if found else []
    fitting = [one for one in candidates if one.debt > 0 and one.payments]
    fitting.sort(key=lambda one: (-one.overdue, -one.debt, one.deal.pk))
    return Uses(standing.credit, tuple(found), tuple(fitting))


def _of_payer(deal: Deal) -> list[Deal]:
    """Other living deals of the same payer in the account, newest first."""
    same = Q(pk__in=[])
    if deal.contact_id:
        same |= Q(contact_id=deal.contact_id)
    if deal.contact_email:
        same |= Q(contact_email__iexact=deal.contact_email)
    live = DealPayer.objects.filter(ended_at__isnull=True, number__isnull=True)
    inn = live.filter(deal=deal).exclude(inn="").values_list("inn", flat=True).first()
    if inn:
        same |= Q(pk__in=live.filter(inn=inn, deal__account=deal.account_id).values("deal"))
    others = Deal.objects.filter(same, account=deal.account_id, state=Deal.State.LIVE).exclude(pk=deal.pk)
    return list(others.select_related("account").order_by("-pk")[:SHOWN_MAX])


def _candidate(other: Deal, found: list[Payment], *, on: date) -> Candidate:
    standing = ledger.standing(other, on=on)
    fitting = tuple(payment.pk for payment in found if _takes(other, payment))
    return Candidate(other, standing.debt, standing.overdue, fitting)


def _takes(other: Deal, payment: Payment) -> bool:
    """Whether the other deal's owner on the payment's day is who received it."""
    try:
        owner = network.receiver(deal=other, on=other.local_day(payment.received_at)).legal_entity
    except network.NoReceiver:
        return False
    return owner.pk == payment.legal_entity_id
