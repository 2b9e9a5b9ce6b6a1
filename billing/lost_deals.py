"""Deals that owe money and were lost or deleted in amoCRM: everything that goes out stops, a person decides.

The stop itself needs nothing from here: what collects asks for live deals only. Promises: the manager is
asked once for each loss, by a task (on the deal that it was merged into, else on its contact, when the deal
itself is gone); a deal that is live again ends the question; money that comes is recorded all the while.
Never: decides.
"""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from billing import history, ledger, pauses, projection, settlements, workdays
from billing.models import LostDeal, Schedule
from billing.rules import money
from billing.versions import Rank
from crm import deals, outbox
from crm.models import Deal

Decision = LostDeal.Decision
FOLLOW_UP = 1
TASK_TILL = time(18)
BATCH = 200


class NotLost(Exception):
    """The deal is live: there is nothing to decide."""


def follow(*, at: datetime) -> int:
    """Ask about deals that became lost, end the question of those that came back; returns how many."""
    ended = LostDeal.objects.filter(ended_at=None, deal__state=Deal.State.LIVE, deal__goes_on=False)
    back = [_end(loss, at=at) for loss in ended.select_related("deal").order_by("id")[:BATCH]]
    # Who goes on is live: lost with such an answer, it came back and went again between two looks.
    asked = LostDeal.objects.filter(deal=OuterRef("pk"), ended_at=None).exclude(decision=Decision.GO_ON)
    lost = Deal.objects.filter(
        ~Exists(asked),
        state__in=[Deal.State.LOST, Deal.State.DELETED],
        schedule__closing=Schedule.Closing.OPEN,
    )
    ids = list(lost.order_by("id").values_list("id", flat=True)[:BATCH])
    return len(back) + sum(_ask(deal_id, at=at) for deal_id in ids)


def question(deal: Deal) -> LostDeal | None:
    """What the manager still has to decide."""
    return LostDeal.objects.filter(deal=deal, ended_at=None, decision=Decision.NONE).first()


def decide(
    *, deal: Deal, decision: LostDeal.Decision, reason: str, author: str, at: datetime, rank: Rank
) -> None:
    """Settle at what was paid, pause, or go on collecting as before. The last decision counts.

    Raises NotLost, and what settlements.settle and pauses.pause raise.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        loss = LostDeal.objects.filter(deal=deal, ended_at=None).first()
        if loss is None:
            raise NotLost
        if decision == Decision.SETTLE:
            paid = ledger.standing(deal, on=deal.local_day(at)).paid
            settlements.settle(deal=deal, total=paid, reason=reason, author=author, at=at, rank=rank)
        elif decision == Decision.PAUSE:
            pauses.pause(deal=deal, reason=reason, until=None, author=author, at=at)
        else:
            deals.go_on(deal=deal)
        loss.decision, loss.decided_by, loss.decided_at = decision, author, at
        loss.save(update_fields=["decision", "decided_by", "decided_at"])
        data = {"decision": decision, "reason": reason}
        history.record(deal=deal, kind="loss_decided", at=at, recorded_at=at, author=author, data=data)
        _close_task(loss, deal, _("Decided."), at=at)


def _ask(deal_id: int, *, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        if deal.state == Deal.State.LIVE or standing.debt <= 0:
            return 0
        known = LostDeal.objects.filter(deal=deal, ended_at=None)
        known.filter(decision=Decision.GO_ON).update(ended_at=at)
        if known.exists():
            return 0
        loss = LostDeal.objects.create(deal=deal, state=deal.state, asked_at=at)
        words = {"name": deal.name, "lead": deal.external_id, "debt": money.words(standing.debt)}
        data = {"debt": money.text(standing.debt), "state": deal.state}
        history.record(deal=deal, kind="deal_lost", at=at, recorded_at=at, author=history.SYSTEM, data=data)
        outbox.task(
            deal=deal,
            key=_key(loss),
            text=_task_text(deal) % words,
            till=datetime.combine(
                workdays.calendar().next_working(deal.local_day(at) + timedelta(days=1)),
                TASK_TILL,
                tzinfo=deal.zone,
            ),
            type_id=FOLLOW_UP,
            responsible=None,
            about=_about(deal),
            at=at,
        )
        projection.push(deal, standing=standing, at=at)
    return 1


def _task_text(deal: Deal) -> str:
    if deal.merged_into:
        return _(
            "«%(name)s» (%(lead)s) was merged into this deal, but owes %(debt)s and holds its payments. "
            "Move the payments here, or decide in Grafik's panel: settle, pause or go on."
        )
    if deal.state == Deal.State.DELETED:
        return _(
            "The deal «%(name)s» (%(lead)s) was deleted, but owes %(debt)s: restore it, or decide in "
            "Grafik's panel: settle, pause or go on."
        )
    return _(
        "The deal is lost, but %(debt)s are owed: invoices and reminders are stopped. "
        "Decide in its card: settle, pause or go on."
    )


def _about(deal: Deal) -> tuple[str, int] | None:
    """Where a task can stand when the deal itself is gone."""
    if deal.state == Deal.State.LOST:
        return None
    if deal.merged_into:
        return "leads", deal.merged_into
    return ("contacts", deal.contact_id) if deal.contact_id else None


def _end(loss: LostDeal, *, at: datetime) -> int:
    with transaction.atomic():
        deal = ledger.lock(loss.deal_id)
        if deal.state != Deal.State.LIVE or deal.goes_on:
            return 0
        if not LostDeal.objects.filter(pk=loss.pk, ended_at=None).update(ended_at=at):
            return 0
        history.record(deal=deal, kind="deal_returned", at=at, recorded_at=at, author=history.SYSTEM, data={})
        if loss.decision == Decision.NONE:
            _close_task(loss, deal, _("The deal is live again."), at=at)
        projection.push(deal, standing=ledger.standing(deal, on=deal.local_day(at)), at=at)
    return 1


def _close_task(loss: LostDeal, deal: Deal, text: str, *, at: datetime) -> None:
    outbox.complete_task(deal=deal, key=f"{_key(loss)}:done", task_key=_key(loss), text=text, at=at)


def _key(loss: LostDeal) -> str:
    return f"lost:{loss.pk}"
