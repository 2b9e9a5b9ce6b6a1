"""What becomes of a payer's wish for another date: granted, refused, or over because its row is.

Apart from billing.date_requests, which moves dates: every change of rows looks here (billing.consequences).
A wish whose row was paid, moved or replaced meanwhile asks for nothing any more.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from billing import history
from billing.ledger import Standing
from billing.models import DateRequest
from crm import outbox
from crm.models import Deal

State = DateRequest.State
DECIDED = {
    State.GRANTED: "date_granted",
    State.REFUSED: "date_refused",
    State.LAPSED: "date_lapsed",
}


def follow_rows(deal: Deal, *, standing: Standing, at: datetime) -> None:
    """End the wishes whose rows are open no more; the caller holds the deal's lock."""
    still_open = {row.installment.pk for row in standing.rows if row.rest > 0}
    waiting = DateRequest.objects.filter(deal=deal, state=State.WAITING).select_related("installment", "deal")
    for request in waiting.exclude(installment__in=still_open):
        decide(request, State.LAPSED, author=history.SYSTEM, at=at)


def decide(request: DateRequest, state: State, *, author: str, at: datetime) -> None:
    """Write the answer down and close the manager's task; the caller holds the deal's lock."""
    request.state, request.decided_by, request.decided_at = state, author, at
    request.save(update_fields=["state", "decided_by", "decided_at"])
    remember(request, DECIDED[state], author=author, at=at)
    if author != history.PAYER:
        key = f"date_request:{request.pk}"
        text = _("The payment is paid or was changed.") if state == State.LAPSED else _("Decided.")
        outbox.complete_task(deal=request.deal, key=f"{key}:done", task_key=key, text=text, at=at)


def remember(request: DateRequest, kind: str, *, author: str, at: datetime) -> None:
    """Write down in the history what was asked for or answered."""
    data = {
        "number": request.installment.number,
        "was_on": request.was_on.isoformat(),
        "due_on": request.wanted_on.isoformat(),
        "comment": request.comment,
    }
    history.record(deal=request.deal, kind=kind, at=at, recorded_at=at, author=author, data=data)
