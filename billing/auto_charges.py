"""Automatic payment: rows are charged from the card that the payer let us keep, announced before.

1. The day before (and not before the row could be asked for) the payer is told, once for a row. 2. On the due
day, at the account's hour of issuing and never on the day of the announcement, the row's rest is charged
(billing.charges). 3. A decline is repeated when its code allows it; where only the payer can help, he gets
the link. Held, paused and lost deals, and payers who withdrew, are not charged: all of it is looked at again
at the moment itself.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing import (
    cards,
    charges,
    history,
    holds,
    issuing,
    ledger,
    letter_holds,
    letters,
    links,
    messages,
    network,
    orders,
    payers,
)
from billing.asking import What
from billing.models import AccountPolicy, Installment, Message, SavedCard
from billing.rules import money
from billing.rules.charges import TRIED_DAYS, charged_on
from crm.models import Deal

ANNOUNCED_DAYS = 1


def run(*, at: datetime) -> int:
    """Announce and charge what is due at a moment; returns how many charges were begun.

    A second call announces nothing twice, and a charge that is on its way is not begun again.
    """
    begun = 0
    for policy in issuing.policies():
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        if local.time() < policy.issue_at:
            continue
        for row in _rows(policy, at=at):
            begun += _look_at(row, at=at)
    return begun


def _rows(policy: AccountPolicy, *, at: datetime) -> QuerySet[Installment]:
    """Open rows from tomorrow back to those that are tried no longer, of deals with a card."""
    today = at.astimezone(ZoneInfo(policy.account.time_zone)).date()
    kept = SavedCard.objects.filter(deal=OuterRef("schedule__deal"), withdrawn_at=None).exclude(saved_at=None)
    rows = Installment.objects.exclude(holds.of_rows(on=today)).filter(
        Exists(kept),
        schedule__deal__account=policy.account_id,
        schedule__deal__state=Deal.State.LIVE,
        effective_due_on__range=(today - timedelta(days=TRIED_DAYS), today + timedelta(days=ANNOUNCED_DAYS)),
    )
    if policy.starts_on:
        rows = rows.filter(effective_due_on__gte=policy.starts_on)
    return rows.open().select_related("schedule__deal__account")


def _look_at(row: Installment, *, at: datetime) -> int:
    """Announce a row, or charge one that was announced on an earlier day."""
    deal = row.schedule.deal
    card = cards.live(deal)
    if card is None or not card.token:
        return 0
    announced = Message.objects.filter(key=letter_holds.announcement_key(row.pk)).first()
    today = deal.local_day(at)
    if announced is None:
        if charged_on(row.effective_due_on, None, today=today) is not None:
            _announce(row, card, at=at)
        return 0
    if deal.local_day(announced.created_at) >= today or row.effective_due_on > today:
        return 0
    return _charge(row, deal, at=at)


def _charge(row: Installment, deal: Deal, *, at: datetime) -> int:
    """Begin the charge of the first open row; what keeps it from being charged sends the payer the link."""
    standing = ledger.standing(deal, on=deal.local_day(at))
    if standing.next is None or standing.next.installment.pk != row.pk:
        return 0
    try:
        charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=at)
    except charges.CardRests as rest:
        if rest.until is None:
            _fall_back(row, at=at)
        return 0
    except charges.NoCard:
        _fall_back(row, at=at)
        return 0
    except (orders.NothingOwed, orders.NoReceiptContact, network.NoReceiver, network.NoTaxSetting):
        return 0
    return 1


def _announce(row: Installment, card: SavedCard, *, at: datetime) -> None:
    deal = row.schedule.deal
    to = payers.address(deal, payers.of_deal(deal).of(row.number))
    if not to:
        return
    day = max(row.effective_due_on, deal.local_day(at) + timedelta(days=1))
    letter = letters.announcement(
        deal=deal, amount=row.rest, on=day, card=card.mask, url=links.page_url(deal=deal, at=at)
    )
    with transaction.atomic():
        ledger.lock(deal.pk)
        key = letter_holds.announcement_key(row.pk)
        if Message.objects.filter(key=key).exists():
            return
        messages.queue_email(
            deal=deal, key=key, to=to, subject=letter.subject, text=letter.text, html=letter.html, at=at
        )
        data = {"amount": money.text(row.rest), "due_on": day.isoformat(), "number": row.number}
        history.record(
            deal=deal, kind="charge_announced", at=at, recorded_at=at, author=history.SYSTEM, data=data
        )


def _fall_back(row: Installment, *, at: datetime) -> None:
    """The card cannot pay this row: the payer gets the link, once."""
    deal = row.schedule.deal
    to = payers.address(deal, payers.of_deal(deal).of(row.number))
    if to:
        letter = letters.not_charged(
            deal=deal, amount=row.rest, url=links.go_url(deal=deal, what=What.INSTALLMENT, at=at)
        )
        messages.queue_email(
            deal=deal,
            key=f"charge:{row.pk}:link",
            to=to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            at=at,
        )
