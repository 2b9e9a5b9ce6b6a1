"""The documents of a deal as its card lists them; an act says besides whether the payer has signed it."""

from datetime import datetime
from typing import Any

from billing import auto_rendering, tickets
from billing.models import Act
from billing.rules import money
from crm.models import Deal
from documents import files
from documents.models import Document


def documents(deal: Deal, *, at: datetime) -> list[dict[str, Any]]:
    """The deal's documents, newest last; each address is a ticket for one opening within a minute."""
    found = Document.objects.of(deal).defer("values").select_related("act")
    return [document(one, deal, at=at) for one in found]


def document(found: Document, deal: Deal, *, at: datetime) -> dict[str, Any]:
    """One document as interface.md, section 4, has it."""
    act = getattr(found, "act", None)
    return {
        "id": found.pk,
        "number": found.number,
        "name": found.name,
        "url": tickets.url(found, at=at),
        "format": files.FORMAT,
        "kind": found.kind,
        "created_at": found.created_at.astimezone(deal.zone).isoformat(timespec="seconds"),
        "act": _act(act, deal) if act else None,
    }


def _act(act: Act, deal: Deal) -> dict[str, Any]:
    """`renders`: to accept it makes its sum rendered, by the account's rules."""
    waits = act.state == Act.State.OPEN
    return {
        "state": act.state,
        "on": act.rendered_on.isoformat(),
        "amount": money.text(act.amount),
        "accepted_on": act.accepted_on.isoformat() if act.accepted_on else None,
        "reason": act.reason or None,
        "renders": waits and auto_rendering.by_act(deal, on=act.rendered_on),
    }
