"""Documents of a deal: what they say, where they go, who may open them, and once."""

import hashlib
import io
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from django.core import mail
from django.test import Client
from pytest_django import Settings

from billing import deal_card, invoices, links, messages, paper_values, papers, tickets
from billing.invoices import Demand
from billing.models import Event, Invoice, LegalEntity, Product, TaxSetting
from crm.models import Deal, OutboxRow
from documents import files
from documents.models import Document
from tests.factories import (
    NOW,
    TODAY,
    make_account,
    make_deal,
    make_legal_entity,
    make_merchant,
    make_schedule,
)

pytestmark = pytest.mark.django_db

SIGNATORY = {
    "name": "Демидова Ольга Сергеевна",
    "position": "Генеральный директор",
    "name_genitive": "Демидовой Ольги Сергеевны",
    "position_genitive": "генерального директора",
    "basis_genitive": "Устава",
}
BANK = {
    "bic": "049805746",
    "account": "40602810700000000025",
    "correspondent": "30101810800000000746",
    "name": "ПАО «БАНК ПРИМЕР»",
}
SPACES = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "})


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    """Files of one test are not found by another one, whose documents have the same ids."""
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = storages


def make_entity(**values: Any) -> LegalEntity:
    given: dict[str, Any] = {
        "kpp": "770101001",
        "ogrn": "1027700000008",
        "address": "101000, Москва, Учебный переулок, 1",
        "phone": "+74950000000",
        "email": "school@example.org",
        "vat_basis": "ст. 346.11 НК РФ",
        "signatory": SIGNATORY,
        "bank": BANK,
    }
    entity = make_legal_entity(**given | values)
    make_merchant(entity)
    return entity


def deal_of(entity: LegalEntity | None = None, **values: Any) -> Deal:
    Product.objects.get_or_create(programme="Нутрициолог", name="Курс «Нутрициолог»")
    return make_deal(make_account(entity=entity or make_entity()), **values)


def issued(deal: Deal | None = None, **demand: Any) -> Invoice:
    deal = deal or deal_of()
    make_schedule(deal, total="160000", count=8, first_due_on=TODAY)
    return invoices.issue(deal=deal, demand=Demand(**demand), author="user:1", at=NOW)


def paper_of(invoice: Invoice) -> Document:
    return Document.objects.get(source=f"invoice:{invoice.pk}")


def text_of(document: Document) -> str:
    pages = pypdf.PdfReader(io.BytesIO(files.read(document))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).translate(SPACES).split())


def test_an_invoice_reads_as_an_accountant_expects() -> None:
    invoice = issued()
    text = text_of(paper_of(invoice))
    for part in (
        "Банк получателя",
        "БИК 049805746",
        "30101810800000000746",
        "40602810700000000025",
        f"Счет на оплату № {invoice.number} от 22 ноября 2026 г.",
        "ИНН 7700000009, КПП 770101001, 101000, Москва, Учебный переулок, 1",
        "Анна Смирнова",
        invoice.deal.name,
        "Курс «Нутрициолог», Поток 12, платёж 1 из 8",
        "20 000,00",
        "Без налога (НДС)",
        "Всего к оплате:",
        "Всего наименований 1, на сумму 20 000,00 руб. НДС не облагается (ст. 346.11 НК РФ).",
        "Двадцать тысяч рублей 00 копеек",
        # The 22nd is a Sunday; letter and page name the same day.
        "Оплатить до 23 ноября 2026 г.",
        "(Демидова О. С.)",
    ):
        assert part in text, part
    assert "В том числе" not in text


def test_vat_is_the_rate_of_the_invoices_day() -> None:
    entity = make_entity()
    TaxSetting.objects.create(legal_entity=entity, valid_from=date(2026, 1, 1), tax_system="osn", vat="vat22")
    TaxSetting.objects.create(legal_entity=entity, valid_from=date(2027, 1, 1), tax_system="osn", vat="vat10")
    text = text_of(paper_of(issued(deal_of(entity))))
    assert "В том числе НДС 22 %: 3 606,56" in text
    assert "Без налога" not in text


def test_vat_inside_a_sum_is_that_of_the_vectors() -> None:
    rows = json.loads((Path(__file__).parents[1] / "vectors" / "domain.json").read_text())["vat_from_gross"]
    entity = make_entity()
    deal = deal_of(entity)
    setting = TaxSetting.objects.get(legal_entity=entity)
    for row in rows:
        setting.vat = f"vat{row['rate']}"
        setting.save()
        vat = paper_values.vat_of(Decimal(row["gross"]), deal=deal, entity=entity, on=TODAY)
        assert vat.amount.replace("\N{NO-BREAK SPACE}", "") == row["vat"].replace(".", ","), row


def test_the_invoices_code_is_read_by_another_program() -> None:
    invoice = issued()
    picture = pypdfium2.PdfDocument(files.read(paper_of(invoice)))[0].render(scale=3).to_pil()
    (code,) = zxingcpp.read_barcodes(picture)
    entity = invoice.legal_entity
    assert code.text == "|".join(
        [
            "ST00012",
            "Name=" + entity.name.replace("«", '"').replace("»", '"'),
            "PersonalAcc=40602810700000000025",
            'BankName=ПАО "БАНК ПРИМЕР"',
            "BIC=049805746",
            "CorrespAcc=30101810800000000746",
            "PayeeINN=7700000009",
            "KPP=770101001",
            f"Purpose=Оплата по счету № {invoice.number} от 22.11.2026, НДС не облагается (ст. 346.11 НК РФ)",
            "Sum=2000000",
        ]
    )


def test_without_a_full_account_there_is_no_code() -> None:
    invoice = issued(deal_of(make_entity(bank={**BANK, "correspondent": ""})))
    assert paper_of(invoice).values["qr"] == ""
    assert files.read(paper_of(invoice)).startswith(b"%PDF-")


def test_a_company_pays_by_its_own_order_and_is_named_with_its_numbers() -> None:
    payer = {"kind": "company", "name": "АО «Ромашка»", "inn": "7700000009", "kpp": "770101001"}
    paper = paper_of(issued(payer=payer))
    assert paper.values["qr"] == ""
    assert "АО «Ромашка», ИНН 7700000009, КПП 770101001" in text_of(paper)


def test_markup_in_a_name_is_text_and_fetches_nothing() -> None:
    name = '<img src="http://127.0.0.1:9/x.png"><b>Анна</b> & Ко'
    text = text_of(paper_of(issued(deal_of(contact_name=name))))
    assert name in text


def test_the_second_opening_gives_the_same_bytes_and_so_does_a_lost_file() -> None:
    paper = paper_of(issued())
    assert paper.path == ""
    first = files.read(paper)
    paper = Document.objects.get(pk=paper.pk)
    assert paper.sha256 == hashlib.sha256(first).hexdigest()
    path = files._path(paper)
    LegalEntity.objects.update(name="ООО «Другое имя»")
    assert files.read(paper) == first == path.read_bytes()
    path.unlink()
    assert files.read(Document.objects.get(pk=paper.pk)) == first


def test_an_invoice_is_one_paper_with_its_own_number_and_one_file_for_the_deal() -> None:
    invoice = issued()
    again = papers.of_invoice(invoice=invoice, author="user:2", at=NOW + timedelta(days=1))
    paper = paper_of(invoice)
    assert again is not None
    assert (again.pk, paper.number, paper.author) == (paper.pk, invoice.number, "user:1")
    (row,) = OutboxRow.objects.filter(deal=invoice.deal, kind="file")
    assert row.payload == {"source": "document", "id": paper.pk}


def test_an_invoice_without_a_tax_setting_is_issued_without_a_paper() -> None:
    entity = make_entity()
    TaxSetting.objects.all().delete()
    invoice = issued(deal_of(entity))
    assert not Document.objects.exists()
    assert papers.attachment(invoice=invoice, at=NOW) is None


def test_the_mail_of_an_invoice_carries_its_pdf() -> None:
    invoice = issued()
    invoices.send(invoice=invoice, at=NOW)
    messages.deliver(at=NOW + timedelta(hours=1))
    (sent,) = mail.outbox
    ((name, content, kind),) = sent.attachments
    assert (name, kind) == (f"Счет № {invoice.number} от 22.11.2026.pdf", "application/pdf")
    assert content == files.read(paper_of(invoice))


def test_a_contract_has_the_schedule_the_parties_and_stored_genitives() -> None:
    deal = deal_of(service_on=date(2026, 12, 1))
    make_schedule(deal, total="160000", count=8, first_due_on=date(2026, 12, 10))
    made = papers.make(deal=deal, template="contract", author="user:1", at=NOW)
    text = text_of(made)
    for part in (
        "Договор возмездного оказания услуг № 2026-00001",
        "в лице генерального директора Демидовой Ольги Сергеевны, действующего(ей) на основании Устава",
        "Курс «Нутрициолог» (Поток 12, начало – 1 декабря 2026 г.)",
        "160 000,00 руб. (Сто шестьдесят тысяч рублей 00 копеек), НДС не облагается (ст. 346.11 НК РФ)",
        "1 10 декабря 2026 г. 20 000,00",
        "8 10 июля 2027 г. 20 000,00",
        "Анна Смирнова",
    ):
        assert part in text, part
    assert OutboxRow.objects.filter(deal=deal, kind="file", key=f"document:{made.pk}").count() == 1
    assert Event.objects.filter(deal=deal, kind="document_made", author="user:1").count() == 1
    later = invoices.issue(deal=deal, demand=Demand(), author="user:1", at=NOW)
    assert "Договор № 2026-00001 от 22 ноября 2026 г." in text_of(paper_of(later))


def test_numbers_go_on_by_entity_and_kind() -> None:
    deal = deal_of()
    make_schedule(deal)
    made = [
        papers.make(deal=deal, template=kind, author="x", at=NOW).number
        for kind in ("contract", "contract", "offer")
    ]
    assert made == ["2026-00001", "2026-00002", "2026-00001"]


def test_an_offer_needs_no_schedule_but_a_sum() -> None:
    made = papers.make(deal=deal_of(), template="offer", author="user:1", at=NOW)
    text = text_of(made)
    assert "160 000,00 руб." in text
    assert "до 6 декабря 2026 г." in text
    with pytest.raises(papers.Incomplete):
        papers.make(deal=deal_of(price=0), template="offer", author="user:1", at=NOW)


@pytest.mark.parametrize("values", [{"signatory": {"name": "Демидова Ольга Сергеевна"}}, {"signatory": {}}])
def test_a_contract_is_not_made_without_what_it_must_say(values: dict[str, Any]) -> None:
    deal = deal_of(make_entity(**values))
    with pytest.raises(papers.Incomplete):
        papers.make(deal=deal, template="contract", author="user:1", at=NOW)
    make_schedule(deal)
    with pytest.raises(papers.Incomplete):
        papers.make(deal=deal, template="contract", author="user:1", at=NOW)
    assert not Document.objects.exists()


def test_a_sole_proprietor_signs_for_themselves() -> None:
    entity = make_entity(kind="ip", name="ИП Иванов Иван Иванович", inn="770000000082", kpp="", signatory={})
    deal = deal_of(entity)
    make_schedule(deal)
    text = text_of(papers.make(deal=deal, template="contract", author="user:1", at=NOW))
    assert "Индивидуальный предприниматель Иванов Иван Иванович, ОГРНИП" in text
    assert "Предприниматель / Иванов И. И." in text


def test_a_ticket_opens_its_document_once_and_within_a_minute() -> None:
    paper = paper_of(issued())
    ticket = tickets.url(paper, at=NOW).rsplit("/", 2)[1]
    late = tickets.url(paper, at=NOW).rsplit("/", 2)[1]
    assert tickets.redeem(ticket, at=NOW + timedelta(seconds=60)) == paper
    for wrong, at in (
        (ticket, NOW),
        (late, NOW + timedelta(seconds=61)),
        (late, NOW - timedelta(seconds=1)),
        (late[:-1] + ("A" if late[-1] != "A" else "B"), NOW),
        ("x", NOW),
    ):
        with pytest.raises(tickets.Invalid):
            tickets.redeem(wrong, at=at)


def test_the_card_lists_the_documents_and_each_address_works_once(client: Client) -> None:
    from django.utils import timezone

    invoice = issued()
    card = deal_card.card(invoice.deal, at=timezone.now())
    (line,) = card["documents"]
    assert (line["number"], line["format"], line["kind"]) == (invoice.number, "pdf", "invoice")
    path = line["url"].removeprefix("http://127.0.0.1:8000")
    opened = client.get(path)
    assert (opened.status_code, opened["Content-Type"]) == (200, "application/pdf")
    assert opened.content == files.read(paper_of(invoice))
    assert "filename*=utf-8''" in opened["Content-Disposition"]
    assert "Content-Security-Policy" not in opened
    assert client.get(path).status_code == 410


def test_the_payer_opens_invoices_and_nothing_else(client: Client) -> None:
    invoice = issued()
    made = papers.make(deal=invoice.deal, template="contract", author="user:1", at=NOW)
    page = f"/pay/{links.token(deal=invoice.deal, at=NOW)}/"
    paper = paper_of(invoice)
    assert f'href="documents/{paper.pk}/">Открыть</a>' in client.get(page).content.decode()
    opened = client.get(f"{page}documents/{paper.pk}/")
    assert (opened.status_code, opened.content[:5]) == (200, b"%PDF-")
    assert client.get(f"{page}documents/{made.pk}/").status_code == 404
    other = issued()
    assert client.get(f"{page}documents/{paper_of(other).pk}/").status_code == 404
    invoices.void(invoice=invoice, reason="ошибка", author="user:1", at=NOW)
    assert client.get(f"{page}documents/{paper.pk}/").status_code == 404
