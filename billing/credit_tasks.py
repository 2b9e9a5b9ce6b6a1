"""The manager's task about an overpayment: the payer's page says that the manager will contact him.

Once for the payment that left the credit, however often its notice comes. It closes by itself when the credit
is gone: given back, moved to another deal or needed by a dearer one.
"""

from datetime import datetime, time, timedelta

from django.utils.translation import gettext as _

from billing import workdays
from billing.ledger import Standing
from billing.models import Payment
from billing.rules import money
from crm import outbox
from crm.models import Deal, OutboxRow

# amoCRM's built-in task type "follow up", due at the end of the next working day.
FOLLOW_UP = 1
TASK_TILL = time(18)


def close(deal: Deal, *, standing: Standing, at: datetime) -> None:
    """Close the tasks where nothing is overpaid any more; the caller holds the deal's lock."""
    if standing.credit > 0:
        return
    tasks = OutboxRow.objects.filter(deal=deal, kind=OutboxRow.Kind.TASK, key__startswith="credit:")
    for key in tasks.order_by("id").values_list("key", flat=True):
        text = _("Nothing is overpaid any more.")
        outbox.complete_task(deal=deal, key=f"{key}:done", task_key=key, text=text, at=at)


def follow_payment(deal: Deal, payment: Payment, *, standing: Standing, at: datetime) -> None:
    """Ask the manager where a payment left more than was owed; the caller is in the payment's transaction."""
    if standing.debt > 0 or standing.credit <= 0 or deal.state == Deal.State.DELETED:
        return
    if standing.schedule is None and not standing.total:
        # Nobody knows yet what the deal costs.
        return
    day = workdays.calendar().next_working(deal.local_day(at) + timedelta(days=1))
    words = {"credit": money.words(standing.credit), "payer": deal.contact_name}
    outbox.task(
        deal=deal,
        key=f"credit:{payment.pk}",
        text=_(
            "Overpaid by %(credit)s. Contact the client (%(payer)s): keep it for the next payments, "
            "move it to another deal or give it back."
        )
        % words,
        till=datetime.combine(day, TASK_TILL, tzinfo=deal.zone),
        type_id=FOLLOW_UP,
        responsible=None,
        at=at,
    )
