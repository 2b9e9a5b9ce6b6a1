"""The commands of collection: thin doors that may be run twice."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from billing import messages
from billing.models import Invoice, Message, OverdueFlag, ProviderCall, Reminder
from crm.models import OutboxRow
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _only_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """amoCRM takes everything at once."""

    def take_all(**_: object) -> int:
        return OutboxRow.objects.update(state="done")

    monkeypatch.setattr("crm.outbox.deliver", take_all)


def test_invoices_are_issued_sent_and_not_issued_twice() -> None:
    make_schedule(make_deal(), total=30000, count=1, first_due_on=TODAY)
    for _ in range(2):
        call_command("issue_invoices", "--on", TODAY.isoformat())
        call_command("deliver", "--until-empty")
    assert Invoice.objects.count() == 1
    assert len(mail.outbox) == 1
    assert Message.objects.get().state == "done"


def test_overdue_rows_are_flagged_once() -> None:
    make_schedule(make_deal(), total=30000, count=1, first_due_on=TODAY - timedelta(days=6))
    for _ in range(2):
        call_command("flag_overdue", "--on", TODAY.isoformat())
    assert OverdueFlag.objects.count() == 1


def test_reminders_go_out_for_the_moment_that_is_named() -> None:
    account = make_account(reminders=[{"days": 1, "channels": ["email"]}])
    due = TODAY + timedelta(days=1)
    make_schedule(make_deal(account), total=30000, count=1, first_due_on=due)
    for moment in (
        f"{due}T12:00:00+03:00",
        f"{due + timedelta(days=1)}T12:00",
        f"{due + timedelta(days=1)}T12:05",
    ):
        call_command("send_reminders", "--at", moment)
        call_command("deliver", "--until-empty")
    assert Reminder.objects.count() == 1
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", ""])
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    with pytest.raises(CommandError, match="takes a moment"):
        call_command("send_reminders", "--at", moment)


def test_a_row_that_was_parked_ends_the_drain_with_an_error() -> None:
    deal = make_deal()
    messages.queue_email(deal=deal, key="a", to="нет", subject="s", text="t", html="", at=NOW)
    with pytest.raises(CommandError):
        call_command("deliver", "--until-empty")
    call_command("deliver", "--until-empty")
    assert Message.objects.get().state == "parked"
    assert ProviderCall.objects.count() == 0


def test_what_does_not_move_ends_the_drain_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.management.commands.deliver.STUCK_SECONDS", 1.0)
    monkeypatch.setattr("billing.messages.deliver", lambda **_: 0)
    messages.queue_email(
        deal=make_deal(), key="a", to="a@example.org", subject="s", text="t", html="", at=NOW
    )
    with pytest.raises(CommandError):
        call_command("deliver", "--until-empty")
    call_command("deliver")
