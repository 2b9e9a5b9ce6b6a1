"""A document sent to its payer: the mail carries the PDF, the payer's page shows it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from billing import document_letters, messages, papers
from billing.models import Event, Message
from crm.models import Deal
from documents.models import Document
from tests.billing.test_papers_api import _amocrm, call  # noqa: F401  the fixture is used by its name
from tests.factories import make_deal

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 10, 5, 9, tzinfo=UTC)


@pytest.fixture
def offer() -> Document:
    deal = make_deal()
    return papers.make(deal=deal, template="offer", author="user:1", at=NOON)


def test_the_mail_carries_the_file_and_the_page_shows_it(client: Client, offer: Document) -> None:
    assert not papers.for_payer(offer.deal).exists()
    answer = call(client, offer.deal, "POST", f"documents/{offer.pk}/send/", {})
    assert (answer.status_code, answer.json()["to"]) == (202, offer.deal.contact_email)
    messages.deliver(at=NOON, ignore_not_before=True)
    [letter] = mail.outbox
    assert letter.subject == offer.name
    [(name, content, kind)] = letter.attachments
    assert (name, content[:5], kind) == (f"{offer.name}.pdf", b"%PDF-", "application/pdf")
    assert list(papers.for_payer(offer.deal)) == [offer]
    assert Event.objects.filter(deal=offer.deal, kind="message_sent").count() == 1


def test_it_is_sent_once_more_by_a_second_call_and_not_by_a_repeated_one(
    client: Client, offer: Document
) -> None:
    path, wish = f"documents/{offer.pk}/send/", {"to": "boss@example.org"}
    for key in ("a", "a", "b"):
        call(client, offer.deal, "POST", path, wish, **{"Idempotency-Key": key})
    assert list(Message.objects.values_list("to", flat=True)) == ["boss@example.org"] * 2


def test_without_an_address_nothing_is_sent_or_shown(client: Client, offer: Document) -> None:
    Deal.objects.update(contact_email="")
    refused: Any = call(client, offer.deal, "POST", f"documents/{offer.pk}/send/", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_email")
    assert not Message.objects.exists()
    assert not papers.for_payer(offer.deal).exists()


def test_another_accounts_document_is_not_there(client: Client, offer: Document) -> None:
    stranger = make_deal()
    assert call(client, stranger, "POST", f"documents/{offer.pk}/send/", {}).status_code == 404


def test_the_paper_of_an_invoice_goes_with_its_invoice(offer: Document) -> None:
    Document.objects.filter(pk=offer.pk).update(kind=Document.Kind.INVOICE)
    offer.refresh_from_db()
    with pytest.raises(document_letters.IsInvoice):
        document_letters.send(document=offer, to="", at=NOON)


def test_a_document_is_not_sent_without_end(offer: Document) -> None:
    for _number in range(document_letters.SENT_MAX):
        document_letters.send(document=offer, to="", at=NOON)
    with pytest.raises(document_letters.TooOften):
        document_letters.send(document=offer, to="", at=NOON)
