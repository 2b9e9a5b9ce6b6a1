"""The payer asks to pay a row later: granted by itself within the account's rules, else a manager decides.

Owns DateRequest; the date itself is moved by billing.amendments, as a version of the schedule with its
reason. A row has one waiting request, and a deal as many as the account allows. The answers are written by
billing.date_answers.
"""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing import amendments, date_answers, history, ledger, letters, versions, workdays
from billing.models import AccountPolicy, DateRequest, Installment
from billing.rules import payer_page
from billing.rules.payer_page import PayerRules
from crm import outbox
from crm.models import Deal

State = DateRequest.State
FOLLOW_UP = 1
TASK_TILL = time(18)


class NotAllowed(Exception):
    """The account lets nobody ask, or the deal has asked often enough."""


class NoSuchRow(Exception):
    """The schedule has no open row of this number."""


class WrongDay(Exception):
    """The day is not after the due date, in the past, or later than `last`."""

    def __init__(self, last: date) -> None:
        super().__init__()
        self.last = last


class AlreadyDecided(Exception):
    """Somebody has decided this request."""


def rules_of(deal: Deal) -> PayerRules:
    """What the deal's account lets its payers do."""
    stored = AccountPolicy.objects.filter(account=deal.account_id).values_list("payer_page", flat=True)
    return payer_page.read(stored.first() or {})


def may_ask(deal: Deal) -> bool:
    """True while the deal may ask for another date."""
    rules = rules_of(deal)
    asked = DateRequest.objects.filter(deal=deal).exclude(state__in=(State.REFUSED, State.LAPSED)).count()
    return rules.move_days > 0 and asked < rules.moves


def ask(*, deal: Deal, number: int, wanted_on: date, comment: str, at: datetime) -> DateRequest:
    """Ask for another date of an open row; within the account's rules it is granted at once.

    While a request waits, another one for the row returns it. Raises NotAllowed, NoSuchRow, WrongDay.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        today = deal.local_day(at)
        standing = ledger.standing(deal, on=today)
        found = [row for row in standing.rows if row.installment.number == number and row.rest > 0]
        if not found:
            raise NoSuchRow
        row = found[0].installment
        waiting = DateRequest.objects.filter(installment=row, state=State.WAITING).first()
        if waiting is not None:
            return waiting
        if not may_ask(deal):
            raise NotAllowed
        rules = rules_of(deal)
        last = rules.last_date(row.due_on)
        if not max(row.due_on, today) < wanted_on <= last:
            raise WrongDay(last)
        made = DateRequest.objects.create(
            deal=deal,
            installment=row,
            was_on=row.due_on,
            wanted_on=wanted_on,
            comment=comment,
            recorded_at=at,
        )
        date_answers.remember(made, "date_requested", author=history.PAYER, at=at)
        if rules.grants and not versions.is_signed(row.schedule):
            grant(request=made, author=history.PAYER, at=at)
        else:
            _set_task(deal, made, at=at)
        made.refresh_from_db()
        return made


def grant(
    *, request: DateRequest, author: str, at: datetime, rank: versions.Rank = versions.Rank.MANAGER
) -> None:
    """Move the row's date as it was asked; granted stays granted.

    Raises AlreadyDecided, NoSuchRow and what billing.amendments.move_date() raises.
    """
    with transaction.atomic():
        deal, waiting = _claim(request)
        if waiting.state == State.GRANTED:
            return
        # The row that moves is another one: the wish is answered before it could end with its row.
        date_answers.decide(waiting, State.GRANTED, author=author, at=at)
        schedule = waiting.installment.schedule
        words = _("asked by the payer")
        reason = f"{words}: {waiting.comment}" if waiting.comment else words
        try:
            amendments.move_date(
                deal=deal,
                number=waiting.installment.number,
                due_on=waiting.wanted_on,
                ask=amendments.Ask(schedule.version, reason, author, rank),
                at=at,
            )
        except amendments.NoOpenRow:
            raise NoSuchRow from None


def refuse(*, request: DateRequest, author: str, at: datetime) -> None:
    """Leave the date as it is; a second call does nothing. Raises AlreadyDecided."""
    with transaction.atomic():
        _deal, waiting = _claim(request)
        if waiting.state != State.REFUSED:
            date_answers.decide(waiting, State.REFUSED, author=author, at=at)


def waiting_of(deal: Deal) -> DateRequest | None:
    """The request of the deal that waits for a manager."""
    return DateRequest.objects.filter(deal=deal, state=State.WAITING).select_related("installment").first()


def last_of(row: Installment) -> DateRequest | None:
    """The newest request of a row, decided or not."""
    return DateRequest.objects.filter(installment=row).select_related("installment").order_by("-id").first()


def _claim(request: DateRequest) -> tuple[Deal, DateRequest]:
    deal = ledger.lock(request.deal_id)
    found = DateRequest.objects.select_related("installment__schedule", "deal").get(pk=request.pk)
    if found.state not in (State.WAITING, request.state):
        raise AlreadyDecided
    return deal, found


def _set_task(deal: Deal, made: DateRequest, *, at: datetime) -> None:
    day = workdays.calendar().next_working(deal.local_day(at) + timedelta(days=1))
    words = {
        "number": made.installment.number,
        "was": letters.day_words(made.was_on),
        "day": letters.day_words(made.wanted_on),
        "comment": made.comment,
    }
    outbox.task(
        deal=deal,
        key=f"date_request:{made.pk}",
        text=_("The payer asks to move payment %(number)d from %(was)s to %(day)s. %(comment)s") % words,
        till=datetime.combine(day, TASK_TILL, tzinfo=deal.zone),
        type_id=FOLLOW_UP,
        responsible=None,
        at=at,
    )
