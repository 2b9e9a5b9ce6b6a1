"""Every worked table of docs/money.md: the product does what stands in a line and says its figures."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing import (
    late_fees,
    ledger,
    moves,
    pauses,
    payments,
    refunds,
    reversals,
    schedules,
    settlements,
    splits,
    verification,
    write_offs,
)
from billing.ledger import Standing
from billing.models import Payment, Schedule
from billing.payments import Offline
from billing.rules.schedule import Terms
from crm.models import Deal
from tests.factories import NOW, make_account, make_deal, make_order

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "money.md"
FIRST_DUE_ON = date(2026, 12, 10)
FEE = re.compile(r"A late fee of ([\d.]+) % a day(?: after (\d+) days of grace)?, at most (\d+) %.*")
SUM = r"([\d ]+(?:,\d\d)?)"


def tables() -> dict[str, list[dict[str, str]]]:
    """The tables by their headings; a line is cell by column."""
    found: dict[str, list[dict[str, str]]] = {}
    for section in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        if rows and rows[0][0] == "what happens":
            found[section.splitlines()[0]] = [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
    return found


@dataclass
class Story:
    """One deal, another one beside it, and the moment that the table has come to."""

    deal: Deal
    other: Deal
    at: datetime = NOW
    refunded: int = 0
    named: dict[str, Any] = field(default_factory=dict)

    def do(self, words: str) -> None:
        self.at += timedelta(minutes=1)
        self.named = {"author": "user:1", "at": self.at}
        for pattern, act in ACTS.items():
            match = re.fullmatch(pattern, words)
            if match:
                act(self, *match.groups())
                return
        raise AssertionError(f"nobody knows how to do “{words}”")

    def pay(self, amount: str) -> None:
        order = make_order(self.deal, amount=rub(amount), state="paid")
        payments.receive(
            merchant=order.merchant,
            external_id=f"tx-{order.number}",
            amount=rub(amount),
            currency="RUB",
            received_at=self.at,
            method="card",
            order=order,
            at=self.at,
        )

    def pay_in_cash(self, amount: str) -> None:
        payments.receive_offline(deal=self.deal, amount=rub(amount), offline=self.offline(), **self.named)

    def pay_the_debt(self) -> None:
        payments.receive_full(deal=self.deal, expected=None, offline=self.offline(), **self.named)

    def give_back(self, amount: str, number: str) -> None:
        payment = self.payment(number)
        assert payment.merchant is not None
        self.refunded += 1
        made = refunds.noticed(
            merchant=payment.merchant,
            payment_external_id=payment.external_id,
            external_id=f"r{self.refunded}",
            amount=rub(amount),
            refunded_at=self.at,
            at=self.at,
        )
        assert made is not None

    def lay_out(self, total: str, count: str) -> None:
        schedule = Schedule.objects.filter(deal=self.deal).first()
        schedules.save(
            deal=self.deal,
            terms=Terms(rub(total), first_due_on=FIRST_DUE_ON, count=int(count)),
            version=schedule.version if schedule else None,
            reason="agreed" if schedule else "",
            **self.named,
        )

    def lay_out_late(self, total: str, count: str, days: str) -> None:
        first_due_on = self.today - timedelta(days=int(days))
        terms = Terms(rub(total), first_due_on=first_due_on, count=int(count))
        schedules.save(deal=self.deal, terms=terms, version=None, reason="", **self.named)

    def enter_late(self, amount: str, days: str) -> None:
        offline = replace(self.offline(), paid_on=self.today - timedelta(days=int(days)))
        payments.receive_offline(deal=self.deal, amount=rub(amount), offline=offline, **self.named)

    def settle(self, total: str) -> None:
        settlements.settle(deal=self.deal, total=rub(total), reason="agreed", **self.named)

    def cancel(self) -> None:
        settlements.cancel(deal=self.deal, reason="agreed", **self.named)

    def pause(self) -> None:
        pauses.pause(deal=self.deal, reason="leave", until=None, **self.named)

    def resume(self) -> None:
        pauses.resume(deal=self.deal, **self.named)

    def wait(self, days: str) -> None:
        self.at += timedelta(days=int(days))
        late_fees.charge(on=self.today, at=self.at)

    def move(self, amount: str, number: str) -> None:
        moves.move(
            payment=self.payment(number), to=self.other, amount=rub(amount), reason="agreed", **self.named
        )

    def move_home(self, amount: str) -> None:
        payment = Payment.objects.get(deal=self.other)
        moves.move(payment=payment, to=self.deal, amount=rub(amount), reason="agreed", **self.named)

    def split(self, whole: str, here: str) -> None:
        parts = [
            splits.Part(self.deal, rub(here)),
            splits.Part(self.other, rub(whole) - rub(here)),
        ]
        splits.split(amount=rub(whole), parts=parts, external_id="t1", offline=self.offline(), **self.named)

    def reverse(self, number: str) -> None:
        reversals.reverse(payment=self.payment(number), reason="typo", **self.named)

    def write_off(self, amount: str) -> None:
        write_offs.write_off(
            deal=self.deal, amount=rub(amount), reason="agreed", written_on=None, **self.named
        )

    def ask_again(self, amount: str) -> None:
        write_offs.reverse(deal=self.deal, amount=rub(amount), reason="agreed", **self.named)

    @property
    def today(self) -> date:
        return self.deal.local_day(self.at)

    def payment(self, number: str) -> Payment:
        return Payment.objects.filter(deal=self.deal).order_by("id")[int(number) - 1]

    def offline(self) -> Offline:
        return Offline(self.today, "bank_transfer", payer={}, comment="", receipt=None)

    def standing(self) -> Standing:
        deal = Deal.objects.select_related("account").get(pk=self.deal.pk)
        return ledger.standing(deal, on=self.today)


ACTS: dict[str, Callable[..., None]] = {
    f"a schedule of {SUM} in (\\d+) rows?": Story.lay_out,
    f"a schedule of {SUM} in (\\d+) rows, the first due (\\d+) days ago": Story.lay_out_late,
    f"rebuilt at {SUM} in (\\d+) rows?": Story.lay_out,
    f"{SUM} come": Story.pay,
    f"{SUM} of (\\d+) days ago are entered": Story.enter_late,
    f"{SUM} come in cash": Story.pay_in_cash,
    "the whole debt comes in cash": Story.pay_the_debt,
    f"{SUM} of payment (\\d+) go back": Story.give_back,
    f"settled at {SUM}": Story.settle,
    "cancelled": Story.cancel,
    "paused": Story.pause,
    "resumed": Story.resume,
    "(\\d+) days? pass(?:es)?": Story.wait,
    f"{SUM} of payment (\\d+) move to another deal": Story.move,
    f"{SUM} of them come home": Story.move_home,
    f"a transfer of {SUM} brings {SUM} here": Story.split,
    "payment (\\d+) was a mistake": Story.reverse,
    f"{SUM} are written off": Story.write_off,
    f"{SUM} are owed again": Story.ask_again,
}


def fee_of(heading: str) -> dict[str, Any]:
    """The terms of the contract that a heading names, as an account's policy has them."""
    named = FEE.fullmatch(heading)
    if named is None:
        return {}
    percent, grace, cap = named.groups()
    return {
        "daily_percent": percent,
        "cap_percent": cap,
        "grace_days": int(grace or 0),
        "from": "2026-01-01",
    }


def rub(text: str) -> Decimal:
    return Decimal(text.replace(" ", "").replace(",", ".")).quantize(Decimal("0.01"))


def words(amount: Decimal) -> str:
    """A sum as the page writes it: 33 333,33, and whole roubles without kopecks."""
    roubles, kopecks = divmod(amount, 1)
    grouped = f"{int(roubles):,}".replace(",", " ")
    return f"{grouped},{int(kopecks * 100):02d}" if kopecks else grouped


def shown(standing: Standing, column: str) -> str:
    """What the product says for a column of the page."""
    number = re.fullmatch(r"row (\d+)", column)
    if number:
        for row in standing.rows:
            if row.installment.number == int(number[1]):
                return f"{words(row.paid)} / {words(row.installment.amount)}"
        return ""
    if column == "state":
        return str(standing.state)
    if column.startswith("fees "):
        return words(getattr(standing.fees, column.removeprefix("fees ")))
    return words(getattr(standing, column.replace(" ", "_")))


@pytest.mark.parametrize("name", tables())
def test_the_product_does_what_the_page_says(name: str) -> None:
    account = make_account(late_fee=fee_of(name))
    story = Story(make_deal(account), make_deal(account))
    for number, line in enumerate(tables()[name], start=1):
        story.do(line["what happens"])
        standing = story.standing()
        for column in list(line)[1:]:
            expected = "" if line[column] == "–" else line[column]
            assert shown(standing, column) == expected, f"line {number}, {column}"
        assert list(verification.violations()) == []


def test_the_page_has_a_table_for_each_of_these() -> None:
    told = " ".join(line["what happens"] for table in tables().values() for line in table)
    for act in ACTS:
        assert re.search(act, told), act
