"""A run that is told an account touches no deal of another: a story lives two accounts at once."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing import invoices, payments, reminders, stages
from billing.asking import What
from billing.models import Installment
from billing.payments import Offline
from crm.models import Account, Deal
from tests.billing.bookings import GAME, PAID_STAGE, click, make_booking, make_links, make_network, pay
from tests.factories import make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db

DUE = date(2026, 12, 10)
NOON = datetime.combine(DUE, time(12), ZoneInfo("Europe/Moscow"))


def school() -> Account:
    return make_account(reminders=[{"days": -3, "channels": ["email"]}])


def due_deal(account: Account) -> Deal:
    deal = make_deal(account, contact_email="anna@example.org")
    make_schedule(deal, total=30000, count=1, first_due_on=DUE)
    return deal


def test_a_covered_row_of_another_account_is_not_passed_over() -> None:
    mine, other = school(), due_deal(school())
    cash = Offline(paid_on=DUE, method="cash", payer={}, comment="", receipt=None)
    payments.receive_offline(deal=other, amount=rub(30000), offline=cash, author="user:1", at=NOON)
    row = Installment.objects.get()
    for account, is_over in ((mine, False), (None, True)):
        invoices.issue_due(on=DUE, at=NOON, account=account)
        row.refresh_from_db()
        assert row.issuing_over == is_over


def test_nobody_of_another_account_is_reminded() -> None:
    mine = school()
    due_deal(school())
    before = NOON - timedelta(days=3)
    assert reminders.send_due(at=before, account=mine) == 0
    assert reminders.send_due(at=before) == 1


def test_no_booking_of_another_account_is_completed() -> None:
    _, [place, _] = make_network()
    deal = make_booking(place)
    make_links(deal)
    pay(click(deal, What.FULL))
    Deal.objects.filter(pk=deal.pk).update(status_id=PAID_STAGE)
    after = datetime.combine(GAME, time(12), ZoneInfo("Europe/Moscow")) + timedelta(days=1)
    assert stages.complete_served(at=after, account=make_account()) == 0
    assert stages.complete_served(at=after) == 1
