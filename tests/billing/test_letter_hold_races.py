"""A promise and a run at one moment: whichever comes first, no letter leaves while the promise is open."""

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from billing import invoices, messages, promises
from billing.models import Invoice, Message
from tests.billing.test_ledger_races import together
from tests.factories import make_account, make_deal, make_schedule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

DUE = date(2026, 12, 10)
AT = datetime(2026, 12, 10, 10, tzinfo=ZoneInfo("Europe/Moscow"))
ROUNDS = 6


def test_a_promise_given_while_a_run_issues_holds_the_letter() -> None:
    account = make_account()
    word = promises.Word(DUE + timedelta(days=1))
    for _round in range(ROUNDS):
        deal = make_deal(account)
        make_schedule(deal, total=30000, count=1, first_due_on=DUE)
        together(
            lambda: invoices.issue_due(on=DUE, at=AT),
            partial(promises.give, deal=deal, word=word, author="user:1", at=AT),
        )
    messages.deliver(at=AT)
    assert mail.outbox == []
    assert Invoice.objects.filter(letter_waits=True).count() == ROUNDS
    after = AT + timedelta(days=2)
    invoices.issue_due(on=DUE + timedelta(days=2), at=after)
    messages.deliver(at=after)
    assert len(mail.outbox) == ROUNDS


def test_two_runs_at_once_let_a_held_letter_go_once() -> None:
    account = make_account()
    word = promises.Word(DUE)
    for _number in range(3):
        deal = make_deal(account)
        make_schedule(deal, total=30000, count=1, first_due_on=DUE)
        promises.give(deal=deal, word=word, author="user:1", at=AT)
    invoices.issue_due(on=DUE, at=AT)
    after = AT + timedelta(days=1)

    def run() -> int:
        return invoices.issue_due(on=DUE + timedelta(days=1), at=after)

    assert together(run, run, run) == [0, 0, 0]
    assert Message.objects.count() == 3
