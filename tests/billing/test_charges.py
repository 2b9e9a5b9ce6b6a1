"""Charges of a saved card, over the sandbox: consent first, one charge per decision, whatever is lost."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from billing import cards, charges, inbox, orders, provider_calls
from billing.asking import What
from billing.models import (
    Event,
    MerchantAccount,
    Notice,
    Payment,
    ProviderCall,
    ProviderOrder,
    SavedCard,
)
from crm.models import Deal
from tests.factories import make_deal, make_legal_entity, make_merchant, make_schedule, rub, standing_of
from tests.providers import sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

WORDS = "Согласна на списание платежей по графику с этой карты"
# The second one pays and has no money left when its token is charged.
GOOD, POOR = "4242424242424242", "4111111111111111"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.RunningSandbox]:
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def deal(
    running: sandbox.RunningSandbox, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deal]:
    monkeypatch.setattr(settings, "CLOUDPAYMENTS_URL", f"{running.url}/cloudpayments")
    deal = make_deal(contact_email="anna@example.org")
    make_schedule(deal, total="90000", count=3)
    merchant = MerchantAccount.objects.get()
    public_id = f"pk_{uuid.uuid4().hex}"
    merchant.settings = {"public_id": public_id, "receipts": False}
    merchant.secrets_json = json.dumps({"api_secret": sandbox.SECRET})
    merchant.save()
    address = f"{live_server.url}/webhooks/cloudpayments/{merchant.key}"
    doors = {kind: f"{address}/{kind}/" for kind in ("check", "pay", "fail")}
    running.post("/_sandbox/seed", {"cloudpayments": {"sites": [sandbox.site(public_id, doors)]}})
    yield deal
    running.clear_faults()


def work() -> None:
    inbox.apply_waiting(at=now(), ignore_not_before=True)
    provider_calls.deliver(at=now(), ignore_not_before=True)
    inbox.apply_waiting(at=now(), ignore_not_before=True)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work()
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not come true in time")


def pay_first(running: sandbox.RunningSandbox, deal: Deal, *, card: str = GOOD) -> None:
    """The payer pays the first row at the provider's page with a card."""
    order = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert running.pay(order.url, card=card)["Status"] == "Completed"
    until(lambda: Payment.objects.filter(deal=deal).exists())


def agreed(running: sandbox.RunningSandbox, deal: Deal, *, card: str = GOOD) -> SavedCard:
    cards.consent(deal=deal, words=WORDS, at=now())
    pay_first(running, deal, card=card)
    kept = cards.live(deal)
    assert kept is not None
    assert kept.token
    return kept


def charged(running: sandbox.RunningSandbox, order: ProviderOrder) -> list[dict[str, Any]]:
    """What the provider made of the charge: every operation of its number."""
    return [row for row in running.dump("transactions") if row["invoice_id"] == order.number]


# Consent


def test_without_a_consent_no_token_is_kept(running: sandbox.RunningSandbox, deal: Deal) -> None:
    pay_first(running, deal)
    assert not SavedCard.objects.exists()
    assert "tk_" not in json.dumps(list(Notice.objects.values_list("fields", flat=True)), default=str)


def test_with_a_consent_the_card_of_the_next_payment_is_kept_encrypted(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    kept = agreed(running, deal)
    assert (kept.mask, kept.words, kept.merchant) == (
        "424242******4242",
        WORDS,
        MerchantAccount.objects.get(),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM billing_savedcard")
        assert "tk_" not in cursor.fetchone()[0]
    kinds = list(Event.objects.filter(kind__startswith="card").order_by("id").values_list("kind", flat=True))
    assert kinds == ["card_consented", "card_saved"]
    inbox.replay(since=None, at=now())
    assert Event.objects.filter(kind="card_saved").count() == 1


def test_a_withdrawn_consent_erases_the_token_and_nothing_is_charged(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    cards.withdraw(deal=deal, author="payer", at=now())
    cards.withdraw(deal=deal, author="payer", at=now())
    assert SavedCard.objects.get().token == ""
    with pytest.raises(charges.NoCard):
        charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    assert Event.objects.filter(kind="card_withdrawn").count() == 1


def test_a_consent_that_is_withdrawn_before_the_call_charges_nothing(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    cards.withdraw(deal=deal, author="payer", at=now())
    work()
    order.refresh_from_db()
    assert order.state == "refused"
    assert charged(running, order) == []


# The charge


def test_a_charge_pays_the_next_row_once(running: sandbox.RunningSandbox, deal: Deal) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    assert charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now()) == order
    until(lambda: standing_of(deal).paid == rub(60000))
    [operation] = charged(running, order)
    assert operation["amount"] == "30000.00"
    # Its notice comes too, and counts for the same money.
    until(lambda: len(Notice.objects.filter(kind="pay", state="done")) == 2)
    assert Payment.objects.filter(order=order).count() == 1
    assert not ProviderCall.objects.exclude(state="done").exists()


def test_eight_decisions_at_once_are_one_charge(running: sandbox.RunningSandbox, deal: Deal) -> None:
    agreed(running, deal)
    start = threading.Barrier(8)

    def decide() -> int:
        try:
            start.wait()
            return charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now()).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        decided = {future.result() for future in [pool.submit(decide) for _ in range(8)]}
    assert len(decided) == 1
    until(lambda: standing_of(deal).paid == rub(60000))
    [order] = ProviderOrder.objects.filter(card__isnull=False)
    assert len(charged(running, order)) == 1


def test_while_a_charge_is_on_its_way_a_click_opens_no_page(
    running: sandbox.RunningSandbox, deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "PROVIDER_SECONDS", 0.2)
    agreed(running, deal)
    charge = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    clicked = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    assert (clicked.pk, clicked.state, clicked.url) == (charge.pk, "creating", "")


def test_a_page_that_was_open_is_closed_before_the_charge(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    page = orders.open_order(deal=deal, what=What.INSTALLMENT, at=now())
    charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    page.refresh_from_db()
    assert page.state == "superseded"
    assert running.pay(page.url)["Status"] == "Declined"


def test_a_decline_rests_the_card_and_frees_the_payers_click(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal, card=POOR)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    work()
    order.refresh_from_db()
    assert (order.state, order.decline_code) == ("refused", "5051")
    until(lambda: Notice.objects.filter(kind="fail", state="done").exists())
    assert Event.objects.filter(kind="payment_declined").count() == 1
    with pytest.raises(charges.CardRests) as rests:
        charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    assert rests.value.until == order.created_at + timedelta(hours=3)
    assert orders.open_order(deal=deal, what=What.INSTALLMENT, at=now()).state == "open"


def test_a_card_of_another_shop_is_not_charged(running: sandbox.RunningSandbox, deal: Deal) -> None:
    agreed(running, deal)
    stranger = make_merchant(make_legal_entity())
    SavedCard.objects.update(merchant=stranger)
    with pytest.raises(charges.NoCard):
        charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())


def test_nothing_owed_charges_nothing(running: sandbox.RunningSandbox, deal: Deal) -> None:
    agreed(running, deal)
    with pytest.raises(orders.NothingOwed):
        charges.charge_saved_card(deal=deal, what=What.OVERDUE, at=now())


# What is lost on the way


@pytest.mark.parametrize("fault", ["error_500_after_work", "half_body"])
def test_a_charge_made_in_spite_of_a_broken_answer_is_found_and_not_made_again(
    running: sandbox.RunningSandbox, deal: Deal, fault: str
) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    running.fault(fault)
    provider_calls.deliver(at=now())
    order.refresh_from_db()
    assert order.state == "creating"
    until(lambda: standing_of(deal).paid == rub(60000))
    work()
    assert len(charged(running, order)) == 1


def test_a_charge_that_never_reached_the_provider_is_made_later(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    running.fault("down")
    provider_calls.deliver(at=now())
    assert charged(running, order) == []
    until(lambda: standing_of(deal).paid == rub(60000))
    assert len(charged(running, order)) == 1


def test_a_charge_that_nobody_knows_of_after_the_keys_life_is_over_and_not_made(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    running.fault("error_500")
    provider_calls.deliver(at=now())
    provider_calls.deliver(at=now() + timedelta(minutes=56), ignore_not_before=True)
    order.refresh_from_db()
    assert (order.state, order.decline_code) == ("refused", "refused")
    assert charged(running, order) == []


def test_a_charge_that_was_made_is_found_after_the_keys_life(
    running: sandbox.RunningSandbox, deal: Deal
) -> None:
    agreed(running, deal)
    order = charges.charge_saved_card(deal=deal, what=What.INSTALLMENT, at=now())
    running.fault("error_500_after_work")
    provider_calls.deliver(at=now())
    provider_calls.deliver(at=now() + timedelta(minutes=56), ignore_not_before=True)
    until(lambda: standing_of(deal).paid == rub(60000))
    assert len(charged(running, order)) == 1
