"""What holds the reminders of a deal: money that waits for a person, a stop, a promise, a claimed transfer.

One condition for everybody who reminds or charges; it changes no figure. Reads only.
"""

from datetime import date

from django.db.models import Exists, OuterRef, Q

from billing import pause_state, unplaced
from billing.models import Promise, Stop, TransferClaim


def of_deal(path: str, *, on: date) -> Q:
    """For exclude(): the deal at `path` ("schedule__deal" from a row) is held on the day."""
    deal = OuterRef(path)
    uncounted = unplaced.uncounted().filter(deal=deal)
    stopped = Stop.objects.filter(deal=deal, of=Stop.Of.REMINDERS, ended_at=None)
    promised = Promise.objects.filter(deal=deal, end=None, until__gte=on)
    claimed = TransferClaim.objects.filter(deal=deal, closed_at=None, held_until__gte=on)
    held = Q(Exists(uncounted)) | Q(Exists(stopped)) | Q(Exists(promised)) | Q(Exists(claimed))
    return held | Q(**{f"{path}__in": unplaced.held_deals()})


def of_rows(*, on: date) -> Q:
    """For exclude() on installments: nobody is to be reminded of the row on the day."""
    return of_deal("schedule__deal", on=on) | Q(pause_state.of_rows(on=on))
