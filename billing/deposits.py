"""Deposit mode: a booking is paid in two parts, the deposit now and the rest on the day of service.

Owns the two-row schedule of a booking. Promises: until the first money the total follows the lead's price and
the parts follow the deposit of its location, afterwards neither changes it (the card warns, and a person
decides); the rest follows the day of service. Rows that a person laid out keep their parts: versions made
here carry MARK. Never: writes the price back to amoCRM, for a newer one may be on its way from there.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from billing import deposit_state, history, ledger, network, projection, schedules, versions
from billing.ledger import Standing
from billing.models import AccountPolicy, Payment, Schedule, ScheduleVersion
from billing.rules import deposit, money
from billing.rules.schedule import Row, Terms
from crm.models import Deal

BATCH = 200
IS_DEPOSIT = f"""
SELECT EXISTS (
    SELECT 1 FROM billing_accountpolicy
    WHERE account_id = %(account)s AND mode = '{AccountPolicy.Mode.DEPOSIT}'
)
"""  # noqa: S608 - of a constant
# The terms of the deposit by which a version was laid out here, among the version's own terms.
MARK = "deposit"
# What has money is put aside first: that is nearly everything that is stored.
OTHER_TERMS = f"""
WITH unpaid AS MATERIALIZED (
    SELECT s.id, s.deal_id, s.total, s.version, b.account_id, b.location_value
    FROM billing_accountpolicy y
    JOIN crm_deal b ON b.account_id = y.account_id AND b.state = '{Deal.State.LIVE}'
    JOIN billing_schedule s ON s.deal_id = b.id AND s.closing = ''
    WHERE y.mode = '{AccountPolicy.Mode.DEPOSIT}'
      AND NOT EXISTS (SELECT 1 FROM billing_payment p WHERE p.deal_id = b.id)
)
SELECT s.deal_id, s.total, (v.terms -> '{MARK}')::text, l.deposit::text
FROM unpaid s
JOIN billing_scheduleversion v ON v.schedule_id = s.id AND v.number = s.version AND v.terms ? '{MARK}'
CROSS JOIN LATERAL (
    SELECT x.deposit FROM billing_location x
    WHERE x.account_id = s.account_id AND x.crm_value = s.location_value AND x.crm_value <> ''
    ORDER BY x.id LIMIT 1
) l
WHERE v.terms -> '{MARK}' <> l.deposit
  AND NOT EXISTS (SELECT 1 FROM billing_signature g WHERE g.version_id = v.id)
ORDER BY s.id
"""  # noqa: S608 - of constants


class NoPrice(Exception):
    """The lead has no price, so there is nothing to ask for."""


def is_deposit(deal: Deal) -> bool:
    """Does the deal's account work with deposits?"""
    with connection.cursor() as cursor:
        cursor.execute(IS_DEPOSIT, {"account": deal.account_id})
        return bool(cursor.fetchone()[0])


def prepare(*, deal: Deal, author: str, at: datetime) -> tuple[network.Receiver, Standing]:
    """Bring a booking's two rows up to date with the lead as it is known now; say who takes its money and how
    it stands.

    Makes them at first; a second call without a change makes nothing. Raises NoPrice, network.NoReceiver,
    network.OwnerDiffers.
    """
    with transaction.atomic():
        locked = ledger.lock(deal.pk)
        on = locked.local_day(at)
        receiver = network.asker(deal=locked, on=on)
        standing = ledger.standing(locked, on=on)
        if _lay_out(locked, standing, author=author, at=at):
            standing = ledger.standing(locked, on=on)
        projection.push(locked, standing=standing, at=at)
    return receiver, standing


def prepared(
    *, deal: Deal, page: str, coming: str | None, settled: bool, at: datetime
) -> tuple[network.Receiver, Standing] | None:
    """What prepare() would answer, where it would write nothing: the rows are right, and what amoCRM shall
    show is there or coming. Read without the lock, so it is true of a moment before. Raises the same.
    """
    on = deal.local_day(at)
    receiver, standing = network.asker(deal=deal, on=on), ledger.standing(deal, on=on)
    if _needs_rows(deal, standing, on):
        return None
    is_there = projection.is_there(deal, standing=standing, page=page, coming=coming, settled=settled)
    return (receiver, standing) if is_there else None


def follow_prices(*, at: datetime) -> int:
    """Let bookings without money follow a price or a location that changed in amoCRM, and terms of a deposit
    that changed here; returns how many changed.
    """
    changed = Schedule.objects.filter(
        ~Exists(Payment.objects.filter(deal=OuterRef("deal"))),
        deal__account__policy__mode=AccountPolicy.Mode.DEPOSIT,
        deal__state=Deal.State.LIVE,
        deal__price__gt=0,
        closing=versions.OPEN,
    ).exclude(total=F("deal__price"))
    found = [*changed.values_list("deal_id", flat=True)[:BATCH], *islice(_of_other_deposit(), BATCH)]
    return sum(_follow(deal_id, at=at) for deal_id in dict.fromkeys(found))


def _of_other_deposit() -> Iterator[int]:
    """Bookings without money whose rows were laid out by a deposit that is another sum by now."""
    with connection.cursor() as cursor:
        cursor.execute(OTHER_TERMS)
        rows = cursor.fetchall()
    for deal_id, total, *told in rows:
        then, now = (deposit_state.read(text) for text in told)
        shares = [deposit.share(terms, total=total) if terms else money.ZERO for terms in (then, now)]
        if shares[0] != shares[1]:
            yield deal_id


def _follow(deal_id: int, *, at: datetime) -> bool:
    with transaction.atomic():
        deal = ledger.lock(deal_id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        return _lay_out(deal, standing, author=history.SYSTEM, at=at)


def _lay_out(deal: Deal, standing: Standing, *, author: str, at: datetime) -> bool:
    """Make or change the rows; true when something changed. The caller holds the deal's lock."""
    on = deal.local_day(at)
    if not _needs_rows(deal, standing, on):
        return False
    total = _total(deal, standing)
    if total <= 0:
        raise NoPrice
    terms = Terms(total, rows=_rows(deal, standing, total, on), shift_weekends=False)
    mark = {MARK: json.loads(deposit_state.written(deal) or "{}")}
    reason = _reason(standing, total)
    schedules.lay_out(deal=deal, terms=terms, author=author, reason=reason, mark=mark, at=at)
    return True


def _reason(standing: Standing, total: Decimal) -> str:
    if standing.schedule is None:
        return ""
    if total == standing.total and _parts_differ(standing):
        return _("The booking's location asks for another deposit.")
    return _("The price or the day of the booking was changed.")


def _needs_rows(deal: Deal, standing: Standing, on: date) -> bool:
    """What a person closed or a payer signed is changed by a person only."""
    if standing.schedule is None:
        return True
    total = _total(deal, standing)
    is_right = total > 0 and total == standing.total and not _day_differs(deal, standing, on)
    is_right = is_right and not _deposit_differs(deal, standing, standing.schedule)
    return not (standing.schedule.closing or is_right or versions.is_signed(standing.schedule))


def _total(deal: Deal, standing: Standing) -> Decimal:
    held = standing.received - standing.refunded
    if standing.schedule is None:
        return max(deal.price, held)
    return standing.total if standing.received > 0 or deal.price <= 0 else deal.price


def _day_differs(deal: Deal, standing: Standing, on: date) -> bool:
    """Was the booking moved to another day that is still ahead? Hand-made rows are left alone."""
    if deal.service_on is None or deal.service_on < on:
        return False
    open_rows = [row for row in standing.rows if row.rest > 0]
    last = max(standing.rows, key=lambda row: row.installment.number, default=None)
    if last is None or last.paid > 0 or len(open_rows) > 2 or _is_only_deposit(standing):
        return False
    return last.installment.due_on != deal.service_on


def _deposit_differs(deal: Deal, standing: Standing, schedule: Schedule) -> bool:
    """Does a booking without money ask for another deposit than its rows do? An unknown location asks for
    none: nobody knows yet.
    """
    if not _parts_differ(standing):
        return False
    made_here = ScheduleVersion.objects.filter(
        schedule=schedule, number=schedule.version, terms__has_key=MARK
    )
    return deposit_state.written(deal) is not None and made_here.exists()


def _parts_differ(standing: Standing) -> bool:
    """Without money the rows are the deposit of now and the rest."""
    if standing.received > 0 or standing.written_off > 0:
        return False
    now = min(standing.deposit or money.ZERO, standing.total)
    parts = [amount for amount in (now, standing.total - now) if amount > 0]
    return [row.installment.amount for row in standing.rows] != parts


def _is_only_deposit(standing: Standing) -> bool:
    return len(standing.rows) == 1 and standing.deposit == standing.debt


def _rows(deal: Deal, standing: Standing, total: Decimal, on: date) -> tuple[Row, ...]:
    """What is left of the total: the rest of the deposit today, all else on the day of service."""
    kept = _kept(standing)
    rest = total - kept
    now = min(ledger.deposit_of(deal, standing=standing, total=total) or money.ZERO, rest)
    rest_on = max(deal.service_on or on, on)
    return tuple(row for row in (Row(on, now), Row(rest_on, rest - now)) if row.amount > 0)


def _kept(standing: Standing) -> Decimal:
    """The money in rows that stay; before the first schedule all of it becomes rows."""
    if standing.schedule is None:
        return standing.received - standing.refunded
    return sum((row.paid for row in standing.rows), money.ZERO)
