"""The lead's budget against the total of the schedule: a changed budget changes no money.

Promises: one note for each new budget that no longer fits, with both ways out; the same two ways stand on the
card (change the total, or write the total back to the budget). In deposit mode before its first payment the
price leads instead (billing.deposits).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Ceil
from django.utils.translation import gettext as _

from billing import history, ledger, schedules, versions
from billing.models import AccountPolicy, Payment, Schedule
from billing.rules import money
from crm import outbox
from crm.models import Deal, OutboxRow

BATCH = 200


def warn(*, at: datetime) -> int:
    """Tell the managers of deals whose budget was changed in amoCRM; returns how many were told now."""
    told = 0
    for schedule in _differing():
        told += _warn(schedule.deal_id, at=at)
    return told


def restore(*, deal: Deal, author: str, at: datetime) -> None:
    """The schedule is right: write its total to the lead's budget; where they agree nothing happens.

    Raises versions.NoSchedule.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        schedule = Schedule.objects.filter(deal=deal).first()
        if schedule is None:
            raise versions.NoSchedule
        before = deal.price
        if before == money.whole_roubles(schedule.total):
            return
        schedules.tell_price(deal, schedule, at=at)
        data = {"before": money.text(before), "total": money.text(schedule.total)}
        history.record(deal=deal, kind="price_restored", at=at, recorded_at=at, author=author, data=data)


def _differing() -> list[Schedule]:
    """Newest reading first: who was told long ago does not stand before who was not."""
    on_its_way = OutboxRow.objects.filter(
        deal=OuterRef("deal"), kind=OutboxRow.Kind.PRICE, state=OutboxRow.State.WAITING
    )
    told = OutboxRow.objects.filter(deal=OuterRef("deal"), key__startswith="deal:price:")
    booking = AccountPolicy.objects.filter(account=OuterRef("deal__account"), mode=AccountPolicy.Mode.DEPOSIT)
    untouched = Exists(booking) & ~Exists(Payment.objects.filter(deal=OuterRef("deal")))
    rows = Schedule.objects.annotate(whole=Ceil("total"), told=Exists(told)).filter(
        ~Exists(on_its_way),
        ~untouched,
        closing=Schedule.Closing.OPEN,
        deal__state=Deal.State.LIVE,
    )
    found = rows.exclude(whole=F("deal__price")).order_by("told", "-deal__fetched_at")
    return list(found[:BATCH])


def _warn(deal_id: int, *, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        schedule = Schedule.objects.get(deal=deal)
        key = f"deal:price:{deal.pk}:{deal.price:.0f}:{schedule.version}"
        if OutboxRow.objects.filter(account=deal.account_id, key=key).exists():
            return 0
        words = {"price": money.words(deal.price), "total": money.words(schedule.total)}
        text = _(
            "The deal's budget is now %(price)s, but the schedule adds up to %(total)s. No money was "
            "changed. Either change the schedule's total in the card, or let the card write the schedule's "
            "total back to the budget."
        )
        outbox.note(deal=deal, key=key, text=text % words, at=at)
        data = {"before": money.text(schedule.total), "price": money.text(deal.price)}
        history.record(
            deal=deal, kind="price_differs", at=at, recorded_at=at, author=history.SYSTEM, data=data
        )
    return 1
