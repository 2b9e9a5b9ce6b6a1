"""verify_ledger names every invariant that is broken on purpose."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing import invoices, payments, verification
from billing.payments import Offline
from crm.models import Deal
from tests.factories import (
    NOW,
    TODAY,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_order,
    make_schedule,
    rub,
)
from tests.mutations.attacks import ATTACKS

pytestmark = pytest.mark.django_db(transaction=True)

CASH = Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None)

BREAKS = {
    "installments add up to the total": "UPDATE billing_schedule SET total = total + 1",
    "a row holds at most its amount, a replaced one nothing": (
        "UPDATE billing_installment SET amount = amount - 1 WHERE number = 1"
    ),
    "a payment gives at most what it is and did not give back": (
        "UPDATE billing_payment SET amount = 29999 WHERE external_id = '501'"
    ),
    "money covers rows and late fees of its own deal only, and only when it counts": (
        "UPDATE billing_payment SET counted = false WHERE external_id = '501'"
    ),
    "no money lies idle while a row is open": "DELETE FROM billing_allocation",
    "money went to the legal entity of the merchant and of the order": (
        "UPDATE billing_payment SET merchant_id = (SELECT MAX(id) FROM billing_merchantaccount)"
        " WHERE external_id = '501'"
    ),
    "every payment has a receipt, or a reason why not": "DELETE FROM billing_receipt",
    "write-offs and late fees never fall below zero": (
        "INSERT INTO billing_writeoff (installment_id, amount, author, reason, written_on, recorded_at)"
        " SELECT MIN(id), -1, '', '', now(), now() FROM billing_installment"
    ),
    "money is carried inside one legal entity, by one move, and back at most once": (
        "INSERT INTO billing_move (source_id, target_id, amount, author, reason, recorded_at)"
        " SELECT MIN(id), MAX(id), 1, '', '', now() FROM billing_payment"
    ),
    "every version is remembered": "DELETE FROM billing_scheduleversion",
    "a version is told in the history": "UPDATE billing_event SET data = '{}'",
    "rows come and go with versions that were": "UPDATE billing_installment SET opened_in = 7",
    "a row that is passed over when invoices are made was asked for or is covered": (
        "UPDATE billing_installment SET issuing_over = true"
    ),
    "a row that is passed over when payers are reminded is covered": (
        "UPDATE billing_installment SET collecting_over = true"
    ),
    "nobody knows of money before it comes": (
        "UPDATE billing_payment SET received_at = recorded_at + interval '1 day'"
    ),
    "a live invoice asks for a current row of its deal, and a row is asked for once": (
        "UPDATE billing_installment SET replaced_in = 9"
        " WHERE id IN (SELECT installment_id FROM billing_invoice)"
    ),
}


@pytest.fixture(autouse=True)
def ledger_with_everything() -> None:
    deal = make_deal()
    make_schedule(deal, total=90000, count=3)
    make_merchant(make_legal_entity())
    order = make_order(deal)
    payments.receive(
        merchant=order.merchant,
        external_id="501",
        amount=rub(30000),
        currency="RUB",
        received_at=NOW,
        method="card",
        order=order,
        at=NOW,
    )
    payments.receive_offline(deal=deal, amount=rub(10000), offline=CASH, author="user:1", at=NOW)
    invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    make_schedule(make_deal(deal.account))


def behind_the_guards(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


def test_a_ledger_made_by_the_verbs_holds() -> None:
    assert list(verification.violations()) == []
    call_command("verify_ledger")


def test_there_is_a_break_for_every_invariant() -> None:
    assert set(BREAKS) | {attack.names for attack in ATTACKS} == set(verification.INVARIANTS)


@pytest.mark.parametrize("invariant", BREAKS)
def test_a_broken_invariant_is_named(invariant: str) -> None:
    behind_the_guards(BREAKS[invariant])
    assert invariant in {violation.invariant for violation in verification.violations()}
    with pytest.raises(CommandError):
        call_command("verify_ledger")


def test_a_deal_that_is_not_known_is_not_said_to_hold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="The deal 404 is not known here"):
        call_command("verify_ledger", "--deal", "404")
    assert "holds" not in capsys.readouterr().out
    call_command("verify_ledger", "--deal", str(Deal.objects.earliest("id").external_id))
    assert "The ledger holds." in capsys.readouterr().out


def test_one_deal_can_be_looked_at_alone() -> None:
    behind_the_guards(BREAKS["installments add up to the total"])
    everywhere = {violation.lead_id for violation in verification.violations()}
    assert len(everywhere) == 2
    one = min(lead for lead in everywhere if lead)
    assert {violation.lead_id for violation in verification.violations(lead_id=one)} == {one}
