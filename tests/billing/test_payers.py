"""Who pays: the contact, a company with its requisites, or somebody else for one row."""

from datetime import date, timedelta
from typing import Any

import pytest

from billing import invoices, paper_values, payers, payments, reminders, schedules
from billing.api.words import of_remark
from billing.models import DealPayer, Event, Invoice, Message, Receipt
from billing.payers import InvalidPayer, Payer
from billing.payments import Offline
from billing.rules.schedule import Terms
from crm.models import Deal
from tests.billing.test_api import call, deal
from tests.billing.test_guards import refused
from tests.billing.test_ledger_races import together
from tests.factories import NOW, TODAY, make_account, make_deal, make_schedule, rub

pytestmark = pytest.mark.django_db
__all__ = ["deal"]

COMPANY = Payer(
    "company", "ООО «Мечта»", inn="7700000009", kpp="770001001", address="Москва", email="buh@example.org"
)
EMPLOYER = Payer("third_party", "ИП Петров", inn="770000000082", email="boss@example.org")


def name(deal: Deal, payer: Payer, number: int | None = None) -> None:
    payers.name(deal=deal, payer=payer, number=number, author="user:1", at=NOW)


def test_the_contact_pays_until_somebody_is_named_and_again_afterwards() -> None:
    deal = make_deal()
    assert payers.of_deal(deal).of().name == "Анна Смирнова"
    assert payers.of_deal(deal).given() == {}
    name(deal, COMPANY)
    assert payers.of_deal(deal).of() == COMPANY
    payers.forget(deal=deal, author="user:1", at=NOW)
    assert payers.of_deal(deal).of().name == "Анна Смирнова"
    told = [event.data["name"] for event in Event.objects.filter(kind="payer_named").order_by("id")]
    assert told == ["ООО «Мечта»", "Анна Смирнова"]


def test_the_same_payer_again_changes_nothing() -> None:
    deal = make_deal()
    name(deal, COMPANY)
    name(deal, COMPANY)
    assert DealPayer.objects.count() == Event.objects.filter(kind="payer_named").count() == 1


@pytest.mark.parametrize(
    ("payer", "field"),
    [
        (Payer("company", "ООО «Мечта»"), "inn"),
        (Payer("company", "ООО «Мечта»", inn="7700000008", kpp="770001001"), "inn"),
        (Payer("company", "ООО «Мечта»", inn="7700000009"), "kpp"),
        (Payer("company", "ООО «Мечта»", inn="7700000009", kpp="7700"), "kpp"),
        (Payer("company", "ИП Петров", inn="770000000082", kpp="770001001"), "kpp"),
        (Payer("person", "Анна", inn="7700000009"), "inn"),
        (Payer("third_party", "Анна", kpp="770001001"), "kpp"),
        (Payer("person", "  "), "name"),
    ],
)
def test_requisites_that_cannot_be_right_are_refused_by_their_field(payer: Payer, field: str) -> None:
    with pytest.raises(InvalidPayer) as caught:
        name(make_deal(), payer)
    assert list(caught.value.problems) == [field]
    assert not DealPayer.objects.exists()


def test_invoices_payments_and_papers_name_the_payer() -> None:
    deal = make_deal()
    schedule = make_schedule(deal)
    name(deal, COMPANY)
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(), author="user:1", at=NOW)
    assert invoice.payer["inn"] == "7700000009"
    values = paper_values.invoice(invoice, basis=None)
    assert (values.buyer.name, values.buyer.inn) == ("ООО «Мечта»", "7700000009")
    offer = paper_values.offer(deal, schedule, invoice.legal_entity, number="1", on=TODAY)
    assert (offer.customer.name, offer.customer.kpp) == ("ООО «Мечта»", "770001001")
    payment = payments.receive_offline(
        deal=deal,
        amount=rub(1000),
        offline=Offline(TODAY, "bank_transfer", payer={}, comment="", receipt=None),
        author="user:1",
        at=NOW,
    )
    assert payment.payer["name"] == "ООО «Мечта»"
    assert Receipt.objects.get(payment=payment).reason == "organisation_transfer"


def test_a_row_waits_for_its_third_party_and_asks_nobody_else() -> None:
    account = make_account(reminders=[{"days": 2, "channels": ["email"]}])
    deal = make_deal(account)
    make_schedule(deal, first_due_on=date(2026, 11, 20))
    name(deal, EMPLOYER, number=1)
    assert reminders.send_due(at=NOW) == 1
    assert Message.objects.get().to == "boss@example.org"
    invoice = invoices.issue(deal=deal, demand=invoices.Demand(number=1), author="user:1", at=NOW)
    invoices.send(invoice=invoice, at=NOW)
    assert Message.objects.get(invoice=invoice).to == "boss@example.org"


def test_a_row_whose_third_party_has_no_address_is_held() -> None:
    account = make_account(reminders=[{"days": 2, "channels": ["email", "salesbot"]}], salesbot_id=7)
    deal = make_deal(account)
    make_schedule(deal, first_due_on=date(2026, 11, 20))
    name(deal, Payer("third_party", "Работодатель"), number=1)
    assert reminders.send_due(at=NOW) == 0
    invoices.issue_due(on=TODAY, at=NOW, account=account)
    assert Invoice.objects.get().payer["of_row"] is True
    assert not Message.objects.exists()
    with pytest.raises(invoices.NoAddress):
        invoices.send(invoice=Invoice.objects.get(), at=NOW)


def test_the_contact_is_not_reminded_of_a_third_partys_row() -> None:
    account = make_account(reminders=[{"days": 1, "channels": ["email"]}])
    deal = make_deal(account)
    make_schedule(deal, first_due_on=date(2026, 10, 20), at=NOW - timedelta(days=40))
    name(deal, EMPLOYER, number=1)
    reminders.send_due(at=NOW)
    said = {message.to: message.text for message in Message.objects.all()}
    assert set(said) == {"boss@example.org", deal.contact_email}
    assert "30\N{NO-BREAK SPACE}000" in said["boss@example.org"]
    assert all("60\N{NO-BREAK SPACE}000" not in text for text in said.values())


def test_a_payer_is_ended_but_never_changed() -> None:
    name(make_deal(), COMPANY)
    assert refused("UPDATE billing_dealpayer SET name = 'x'", []) == "append_only"
    assert refused("DELETE FROM billing_dealpayer", []) == "append_only"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_managers_at_once_leave_one_payer() -> None:
    deal = make_deal()
    together(lambda: name(deal, COMPANY), lambda: name(deal, EMPLOYER))
    assert DealPayer.objects.filter(ended_at__isnull=True).count() == 1


def putting(**values: Any) -> dict[str, Any]:
    return {"kind": "company", "name": "ООО «Мечта»", "inn": "7700000009", "kpp": "770001001", **values}


def test_the_card_shows_who_pays_the_deal_and_which_row_waits(deal: Deal) -> None:
    make_schedule(deal)
    path = f"deals/{deal.external_id}"
    card = call("PUT", f"{path}/payer/", putting(phone="+79161234567")).json()
    assert (card["payer"]["kind"], card["payer"]["inn"], card["payer"]["email"]) == (
        "company",
        "7700000009",
        None,
    )
    card = call(
        "PUT", f"{path}/schedule/rows/2/payer/", {"kind": "third_party", "name": "Работодатель"}
    ).json()
    assert [row["payer"] and row["payer"]["name"] for row in card["installments"]] == [
        None,
        "Работодатель",
        None,
    ]
    assert call("DELETE", f"{path}/payer/").json()["payer"]["name"] == deal.contact_name
    told = call("GET", f"{path}/history/").json()["results"]
    assert "Плательщик платежа 2: Работодатель" in {event["text"] for event in told}


def test_a_refused_payer_names_the_field_and_an_unknown_row_is_not_found(deal: Deal) -> None:
    make_schedule(deal)
    path = f"deals/{deal.external_id}"
    answer = call("PUT", f"{path}/payer/", putting(inn="7700000008"))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["inn"])
    answer = call("PUT", f"{path}/schedule/rows/9/payer/", putting())
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_row")


def test_a_preview_says_which_rows_wait_for_a_payer_of_their_own() -> None:
    deal = make_deal()
    make_schedule(deal)
    for number in (1, 3):
        name(deal, COMPANY, number)
    payments.receive_offline(
        deal=deal,
        amount=rub(30000),
        offline=Offline(paid_on=TODAY, method="cash", payer={}, comment="", receipt=None),
        author="user:1",
        at=NOW,
    )
    terms = Terms(rub(90000), first_due_on=date(2027, 1, 10), count=1)
    [warning] = schedules.preview(deal=deal, terms=terms, on=TODAY).warnings
    assert of_remark(warning) == (
        f"Плательщики отдельных платежей остаются по их номерам: 3 – {COMPANY.name}."
        " Проверьте их в новом графике."
    )
