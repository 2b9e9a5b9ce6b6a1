"""A year of the demo, small: deterministic, true to the kopeck, and nothing of it waits to leave."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from _sandbox import add_history
from billing import verification
from billing.management.story import digest, export, year
from billing.management.story.year import Part, Story
from billing.models import (
    Location,
    MerchantAccount,
    Message,
    Notice,
    OverdueFlag,
    Payment,
    ProviderCall,
    ProviderOrder,
    Receipt,
    Refund,
    ScheduleVersion,
)
from billing.network_file import apply
from crm.models import Account, Deal, DealHint, OutboxRow, QueueRow
from sandbox.app import create_app
from sandbox.clock import Clock
from sandbox.seed import load
from sandbox.store import Store

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)
MOSCOW = ZoneInfo("Europe/Moscow")
STUDENTS, BOOKINGS = 30, 60


@dataclass
class Told:
    """The year that was told: its fingerprints, the kicks it left, the file, a sandbox seeded with it."""

    digests: list[str]
    kicks: int
    file: dict[str, Any]
    store: Store


@pytest.fixture(scope="module")
def told(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """Told twice, the first time rolled back; the database holds the second one until the module's end."""
    folder = tmp_path_factory.mktemp("history")
    with django_db_blocker.unblock(), transaction.atomic():
        apply.apply((ROOT / "sandbox" / "demo" / "network.yaml").read_text())
        before = transaction.savepoint()
        digests = [tell()]
        transaction.savepoint_rollback(before)
        digests.append(tell())
        kicks = len(connection.run_on_commit)
        export.write(folder / "history.json", accounts=Account.objects.order_by("key"), today=TODAY)
        file = json.loads((folder / "history.json").read_text())
        store = Store(folder / "sandbox.sqlite3")
        seed(store, file)
        yield Told(digests, kicks, file, store)
        store.close()
        transaction.set_rollback(True)


def tell() -> str:
    story = Story(seed=7, today=TODAY, students=STUDENTS, bookings=BOOKINGS)
    year.begin(story)
    for part in Part:
        year.live(story, part)
    return digest.of_facts()


def seed(store: Store, file: dict[str, Any]) -> None:
    """As bin/demo does it: the year behind the seed of the same accounts and providers."""
    text = (ROOT / "sandbox" / "demo" / "seed.json").read_text()
    data = json.loads(text.replace("{PUBLIC_URL}", "http://127.0.0.1:8000"))
    add_history(data, json.loads(json.dumps(file)))
    load(store, Clock(store), data)


def by_month(rows: Iterable[tuple[datetime, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for at, amount in rows:
        sums[f"{at.astimezone(MOSCOW):%Y-%m}"] += Decimal(amount)
    return dict(sums)


def test_the_same_seed_and_day_give_the_same_history(told: Told) -> None:
    assert told.digests[0] == told.digests[1]


def test_every_invariant_of_the_ledger_holds(told: Told) -> None:
    assert list(verification.violations()) == []


def test_nothing_waits_in_any_queue_and_nobody_was_woken(told: Told) -> None:
    for queue in (OutboxRow, DealHint, Message, ProviderCall, Notice):
        left = queue._default_manager.exclude(state=QueueRow.State.DONE)
        assert list(left) == [], queue.__name__
    assert told.kicks == 0


def test_the_story_has_every_kind_of_payer(told: Told) -> None:
    today = datetime.combine(TODAY, time(0), tzinfo=MOSCOW)
    owing = OverdueFlag.objects.filter(cured_at__isnull=True, installment__schedule__deal__state="live")
    assert Deal.objects.filter(account__key="school").count() == STUDENTS
    assert Deal.objects.filter(account__key="quests").count() == BOOKINGS
    assert OverdueFlag.objects.filter(cured_at__isnull=False).exists(), "late payers"
    assert owing.exists(), "debtors today"
    assert ScheduleVersion.objects.filter(number=2, reason__startswith="Отчисление").exists(), "withdrawals"
    assert ScheduleVersion.objects.filter(number=2).exclude(reason__startswith="Отчисление").exists(), (
        "rebuilds"
    )
    assert Refund.objects.exists()
    assert Deal.objects.filter(state=Deal.State.LOST, schedule__isnull=False).exists()
    assert Deal.objects.filter(contact_email="").exists()
    assert Payment.objects.filter(merchant__isnull=True).exists(), "money past the providers"
    assert not Payment.objects.filter(recorded_at__gte=today + timedelta(minutes=10)).exists()


def test_the_location_that_changed_hands_was_paid_to_both_owners(told: Told) -> None:
    place = Location.objects.get(key="marata")
    sold_on = place.ownerships.order_by("valid_from").values_list("valid_from", flat=True)[1]
    orders = ProviderOrder.objects.filter(location=place)
    before, after = orders.filter(owned_on__lt=sold_on), orders.filter(owned_on__gte=sold_on)
    assert set(before.values_list("legal_entity__key", flat=True)) == {"ip-tkachenko"}
    assert set(after.values_list("legal_entity__key", flat=True)) == {"ip-melnikova"}


def test_the_emulators_agree_with_the_ledger_month_by_month(told: Told) -> None:
    transactions = told.store.all("cloudpayments.transactions")
    operations = told.store.all("robokassa.operations")
    refunds = told.store.all("robokassa.refunds")
    made = {kind: [row for row in transactions if row["operation"] == kind] for kind in ("Payment", "Refund")}
    assert by_month(moments(made["Payment"], "created_at", "amount")) == ours(Payment, "cloudpayments")
    assert by_month(moments(made["Refund"], "created_at", "amount")) == ours(Refund, "cloudpayments")
    assert by_month(moments(operations, "created_at", "out_sum")) == ours(Payment, "robokassa")
    assert by_month(moments(refunds, "created_at", "amount")) == ours(Refund, "robokassa")


def moments(rows: list[dict[str, Any]], at: str, amount: str) -> list[tuple[datetime, Any]]:
    return [(datetime.fromisoformat(row[at]), row[amount]) for row in rows]


def ours(model: type[Payment] | type[Refund], provider: str) -> dict[str, Decimal]:
    rows = model.objects.filter(merchant__provider=provider)
    return by_month(rows.values_list("received_at" if model is Payment else "refunded_at", "amount"))


def test_every_receipt_of_ours_stands_in_the_emulated_register(told: Told) -> None:
    printed = {row["url"]: row["fiscal"]["FiscalSign"] for row in told.store.all("cloudpayments.receipts")}
    registered = Receipt.objects.filter(
        state=Receipt.State.REGISTERED, payment__legal_entity__merchants__provider="cloudpayments"
    )
    paths = {urlsplit(url).path: sign for url, sign in printed.items()}
    assert len(printed) == registered.count() > 0
    for receipt in registered:
        assert paths[urlsplit(receipt.url).path] == receipt.fiscal["fpd"]


def test_the_emulated_deals_show_what_the_mirror_says(told: Told) -> None:
    for deal in Deal.objects.select_related("account"):
        lead = told.store.get(f"amocrm/{deal.account.subdomain}/leads", str(deal.external_id))
        assert lead is not None
        assert (lead["status_id"], lead["price"]) == (deal.status_id, deal.price)
    open_tasks = [row for row in told.store.all("amocrm/demoschool/tasks") if not row["is_completed"]]
    made = OutboxRow.objects.filter(account__key="school", kind="task").values_list("external_id", flat=True)
    assert open_tasks
    assert {row["id"] for row in open_tasks} <= set(made)


def test_an_old_payment_can_be_refunded_in_the_emulator(told: Told, tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite3")
    seed(store, told.file)
    shop = MerchantAccount.objects.get(key="school-cloud")
    payment = Payment.objects.filter(merchant=shop, refunds=None).earliest("received_at")
    app = create_app(
        store=store, clock=Clock(store), product_url="http://127.0.0.1:9", public_url="http://sandbox"
    )
    answer = app.test_client().post(
        "/cloudpayments/payments/refund",
        data={"TransactionId": payment.external_id, "Amount": str(payment.amount)},
        auth=("pk_demo_school", json.loads(shop.secrets_json)["api_secret"]),
    )
    assert answer.get_json()["Success"] is True
