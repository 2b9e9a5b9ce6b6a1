"""After the day: grace days, the head's task, the queue of debtors, the pages and lists of the panel."""

from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing import debtors, invoices, overdue, pauses, promises, transfer_claims
from billing.models import Escalation, Event, Invoice, OverdueFlag, TransferClaim
from billing.payments import Offline
from billing.payments import receive_offline as receive
from crm.models import Account, Deal, OutboxRow
from tests.factories import make_account, make_deal, make_schedule, rub, standing_of

pytestmark = pytest.mark.django_db

MOSCOW = ZoneInfo("Europe/Moscow")
DUE = date(2026, 12, 10)
HEAD = {"days": 7, "responsible": 8100001}


def on(offset: int) -> datetime:
    return datetime.combine(DUE + timedelta(days=offset), time(12), MOSCOW)


def flag(offset: int) -> int:
    return overdue.flag(on=DUE + timedelta(days=offset), at=on(offset))


def late(account: Account | None = None, first: date = DUE, **values: Any) -> Deal:
    deal = make_deal(account or make_account(), **values)
    make_schedule(deal, total=30000, count=1, first_due_on=first)
    return deal


def pay(deal: Deal, at: datetime) -> None:
    cash = Offline(paid_on=at.date(), method="cash", payer={}, comment="", receipt=None)
    receive(deal=deal, amount=rub(30000), offline=cash, author="user:1", at=at)


def tasks(deal: Deal) -> list[str]:
    rows = OutboxRow.objects.filter(deal=deal, key__startswith="escalation:")
    return list(rows.order_by("id").values_list("kind", flat=True))


def test_grace_days_delay_task_and_stage_and_never_the_figure() -> None:
    deal = late(make_account(grace_days=3))
    assert standing_of(deal, on=DUE + timedelta(days=1)).overdue == rub(30000)
    assert [flag(offset) for offset in (1, 2, 3, 4)] == [0, 0, 0, 1]


def test_the_head_is_told_once_after_the_days_and_the_task_closes_when_paid() -> None:
    deal = late(make_account(escalation=HEAD))
    for offset in (1, 6, 7, 8, 20):
        flag(offset)
        assert len(tasks(deal)) == (1 if offset >= 7 else 0)
    task = OutboxRow.objects.get(deal=deal, kind="task", key__startswith="escalation:")
    assert task.payload["responsible"] == 8100001
    assert Event.objects.filter(deal=deal, kind="escalated").count() == 1
    pay(deal, on(21))
    assert tasks(deal) == ["task", "complete_task"]


def test_who_promised_claims_or_is_paused_is_not_escalated() -> None:
    account = make_account(escalation=HEAD)
    promised, claimed, paused = (late(account) for _ in range(3))
    flag(1)
    word = promises.Word(DUE + timedelta(days=8))
    promises.give(deal=promised, word=word, author="user:1", at=on(1))
    transfer_claims.claim(deal=claimed, amount=rub(30000), paid_on=DUE, comment="", author="payer", at=on(6))
    pauses.pause(deal=paused, reason="болезнь", until=None, author="user:1", at=on(2))
    flag(8)
    assert not Escalation.objects.exists()
    promises.break_overdue(at=on(9))
    flag(9)
    assert Escalation.objects.get().installment.schedule.deal == promised


def test_without_a_head_nobody_is_told() -> None:
    late()
    flag(60)
    assert not Escalation.objects.exists()


def test_the_queue_says_whom_to_call_why_and_what_was_said() -> None:
    account = make_account()
    plain, promised, broken, paid = (late(account) for _ in range(4))
    late(account, first=DUE + timedelta(days=60))
    promises.give(deal=broken, word=promises.Word(DUE + timedelta(days=2)), author="user:1", at=on(1))
    promises.break_overdue(at=on(3))
    promises.give(deal=promised, word=promises.Word(DUE + timedelta(days=9)), author="user:1", at=on(2))
    pay(paid, on(1))
    queue = debtors.queue(at=on(5), account=account)
    assert [one.deal for one in queue] == [broken, plain, promised]
    assert [one.days for one in queue] == [5, 5, 5]
    assert queue[0].last_contact == on(1)
    assert queue[1].last_contact is None
    assert all(one.step for one in queue)
    assert debtors.queue(at=on(5), account=make_account()) == []


@pytest.fixture
def panel() -> Client:
    User.objects.create_superuser("owner", password="x")
    client = Client()
    client.force_login(User.objects.get())
    return client


def test_the_panel_shows_debtors_tomorrow_and_the_rehearsal(panel: Client) -> None:
    today = timezone.localdate()
    account = make_account(reminders=[{"days": 1, "channels": ["email"]}])
    old = late(account, first=today - timedelta(days=40))
    invoices.issue_due(on=today, at=timezone.now())
    soon = late(account, first=today + timedelta(days=1), location_value="nowhere")
    pages = {
        name: panel.get(f"/admin/billing/overdueflag/{name}").content.decode()
        for name in ("", "tomorrow/", "rehearsal/", "rehearsal/?since=2020-01-01&until=2026-01-01")
    }
    assert f"/admin/crm/deal/{old.pk}/change/" in pages[""]
    index = panel.get("/admin/").content.decode()
    assert 'href="/admin/billing/overdueflag/"' in index
    assert 'href="/admin/billing/transferclaim/?closed_at__isempty=1"' in index
    assert str(soon.external_id) in pages["tomorrow/"]
    assert str(old.external_id) not in pages["tomorrow/"]
    assert "nowhere" in pages["tomorrow/"]
    assert "не больше года" in pages["rehearsal/?since=2020-01-01&until=2026-01-01"]
    assert old.contact_email in pages["rehearsal/"] or "Ничего" in pages["rehearsal/"]


def test_the_accountant_closes_claims_in_the_panel(panel: Client) -> None:
    deal = late(first=timezone.localdate())
    claim = transfer_claims.claim(
        deal=deal,
        amount=rub(30000),
        paid_on=timezone.localdate(),
        comment="",
        author="payer",
        at=timezone.now(),
    )
    base = "/admin/billing/transferclaim/"
    assert deal.name in panel.get(base).content.decode()
    assert panel.post(f"{base}{claim.pk}/missing/").status_code == 302
    closed = TransferClaim.objects.get()
    assert (closed.outcome, closed.closed_by) == ("missing", "staff:owner")
    listed, page = (panel.get(base + path).content.decode() for path in ("", f"{claim.pk}/change/"))
    assert "Таких денег нет" in listed
    assert "Таких денег нет" in page
    assert "Чека нет" not in listed + page


def test_a_dry_run_lists_what_would_go_out_and_writes_nothing() -> None:
    good, silent = late(), late(contact_email="")
    out = StringIO()
    call_command("issue_invoices", "--on", DUE.isoformat(), "--dry-run", stdout=out)
    lines = out.getvalue().splitlines()
    assert f"{good.external_id} №1 30000.00 {good.contact_email}" in lines
    assert any(line.startswith(f"{silent.external_id} №1 30000.00 - (") for line in lines)
    assert lines[-1] == "2 invoices would be issued"
    assert not Invoice.objects.exists()
    assert not OverdueFlag.objects.exists()
