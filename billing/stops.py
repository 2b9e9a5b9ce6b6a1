"""A person stops invoices or reminders of one deal, and lets them go on. Owns Stop; changes no figure."""

from datetime import datetime

from django.db import transaction

from billing import history, ledger
from billing.models import Stop
from crm.models import Deal

Of = Stop.Of
STOPPED = {Of.INVOICES: "invoices_stopped", Of.REMINDERS: "reminders_stopped"}
GOES_ON = {Of.INVOICES: "invoices_go_on", Of.REMINDERS: "reminders_go_on"}


def stop(*, deal: Deal, of: str, reason: str, author: str, at: datetime) -> None:
    """Nothing of this kind goes out for the deal any more; stopped stays stopped."""
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        if _live(deal, of) is None:
            Stop.objects.create(deal=deal, of=Of(of), reason=reason, author=author, recorded_at=at)
            _remember(deal, STOPPED[Of(of)], reason, author=author, at=at)


def go_on(*, deal: Deal, of: str, author: str, at: datetime) -> None:
    """End the stop; without one nothing happens."""
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        live = _live(deal, of)
        if live is not None:
            live.ended_by, live.ended_at = author, at
            live.save(update_fields=["ended_by", "ended_at"])
            _remember(deal, GOES_ON[Of(of)], "", author=author, at=at)


def of_deal(deal: Deal) -> list[str]:
    """What is stopped."""
    return sorted(Stop.objects.filter(deal=deal, ended_at=None).values_list("of", flat=True))


def _live(deal: Deal, of: str) -> Stop | None:
    return Stop.objects.filter(deal=deal, of=of, ended_at=None).first()


def _remember(deal: Deal, kind: str, reason: str, *, author: str, at: datetime) -> None:
    history.record(deal=deal, kind=kind, at=at, recorded_at=at, author=author, data={"reason": reason})
