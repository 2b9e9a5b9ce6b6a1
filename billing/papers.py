"""The documents of a deal: invoices as papers, contracts and offers by a click; acts are in billing.acts.

Owns: which documents exist for an account, and what becomes of a new one (the deal's files in amoCRM, its
history). The finished values come from billing.paper_values; numbers and files belong to `documents`. Nothing
is rendered here before somebody wants to see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing import history, ledger, network, paper_values
from billing.models import Act, Invoice, Schedule
from billing.paper_values import Incomplete
from crm import outbox
from crm.models import Deal
from crm.outbox_runs import File
from documents import files, register, rendering
from documents.models import Document
from documents.register import Draft
from documents.values import ContractValues, InvoiceValues, OfferValues, Values

__all__ = ["Incomplete", "NoSuchTemplate", "Template"]

log = structlog.get_logger("grafik.papers")

# Made by billing.acts: it says what was rendered, and may be signed.
ACT = Document.Kind.ACT.value


class NoSuchTemplate(Exception):
    """No document of this name can be made."""


@dataclass(frozen=True)
class Template:
    """A document that can be made by a click; `key` names it in the interface."""

    key: str
    name: str
    format: str = files.FORMAT
    # What a person may say of it besides.
    fields: tuple[str, ...] = ()


def templates() -> tuple[Template, ...]:
    """The documents that can be made."""
    return (
        Template(Document.Kind.CONTRACT.value, _("Contract for services")),
        Template(Document.Kind.OFFER.value, _("Commercial offer")),
        Template(ACT, _("Act of rendered services"), fields=("on", "amount")),
    )


def make(*, deal: Deal, template: str, author: str, at: datetime) -> Document:
    """Make a document of the deal as it stands; a second call makes a newer one under the next number.

    1. Take the number. 2. Store the finished values. 3. Put the file into the deal in amoCRM. 4. Record it.
    Raises NoSuchTemplate, Incomplete, network.NoReceiver, network.NoTaxSetting.
    """
    if template not in {known.key for known in templates()} - {ACT}:
        raise NoSuchTemplate
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        on = deal.local_day(at)
        entity = network.receiver(deal=deal, on=on).legal_entity
        schedule = Schedule.objects.filter(deal=deal).first()
        kind, series = Document.Kind(template), f"{template}:{entity.key}"
        number = register.number_of(series=series, year=on.year)
        values: ContractValues | OfferValues
        if kind == Document.Kind.CONTRACT:
            if schedule is None:
                raise Incomplete(_("Make the payment schedule first: the contract contains it."))
            values = paper_values.contract(deal, schedule, entity, number=number, on=on)
            name = f"Договор № {number} от {on:%d.%m.%Y}"
        else:
            values = paper_values.offer(deal, schedule, entity, number=number, on=on)
            name = f"Коммерческое предложение № {number} от {on:%d.%m.%Y}"
        draft = Draft(kind=kind, series=series, name=name, number=number)
        return put(deal=deal, draft=draft, values=values, author=author, at=at)


def put(*, deal: Deal, draft: Draft, values: Values, author: str, at: datetime) -> Document:
    """Store a document that a person has made, put its file into the deal in amoCRM, and record it.

    Call it in the transaction that took the number.
    """
    document = register.add(deal=deal, draft=draft, values=values, author=author, at=at)
    _into_the_deal(document, at=at)
    data = {"document": document.pk, "name": document.name}
    history.record(deal=deal, kind="document_made", at=at, recorded_at=at, author=author, data=data)
    return document


def of_invoices(invoices: Sequence[Invoice], *, author: str, at: datetime) -> list[File]:
    """Make the papers of invoices that were made just now, under their own numbers; return what is to be put
    into the deals.

    No paper where the legal entity has no tax setting: a paper must not claim a rate, and the invoice goes
    its way without one.
    """
    papers = register.add_new(drafts=_drafts(invoices), author=author, at=at)
    return [File(one.deal, f"document:{one.pk}", files.SOURCE, one.pk) for one in papers]


def of_invoice(*, invoice: Invoice, author: str, at: datetime) -> Document | None:
    """The paper of an older invoice that has none yet; a second call returns the first."""
    for deal, draft, values in _drafts([invoice]):
        document = register.add(deal=deal, draft=draft, values=values, author=author, at=at)
        _into_the_deal(document, at=at)
        return document
    return None


def _drafts(invoices: Sequence[Invoice]) -> list[tuple[Deal, Draft, InvoiceValues]]:
    contracts = Document.objects.filter(
        deal__in={invoice.deal_id for invoice in invoices}, kind=Document.Kind.CONTRACT
    )
    newest = {contract.deal_id: contract for contract in contracts.order_by("id")}
    known = paper_values.Known(invoice.installment for invoice in invoices if invoice.installment)
    found = []
    for invoice in invoices:
        try:
            values = paper_values.invoice(invoice, basis=newest.get(invoice.deal_id), known=known)
        except network.NoTaxSetting as error:
            log.warning("invoice without a paper", invoice=invoice.pk, error=str(error))
            continue
        draft = Draft(
            kind=Document.Kind.INVOICE,
            series=f"invoice:{invoice.legal_entity.key}",
            name=f"Счет № {invoice.number} от {invoice.issued_on:%d.%m.%Y}",
            source=_source(invoice),
            number=invoice.number,
            visible_to_payer=True,
        )
        found.append((invoice.deal, draft, values))
    return found


def attachment(*, invoice: Invoice, at: datetime) -> tuple[str, bytes] | None:
    """The name and the bytes of the invoice's PDF for its mail; None where none can be made."""
    document = Document.objects.filter(deal=invoice.deal_id, source=_source(invoice)).first()
    document = document or of_invoice(invoice=invoice, author=history.SYSTEM, at=at)
    if document is None:
        return None
    try:
        return files.file_name(document), files.read(document)
    except rendering.CannotRender:
        return None


def letter_key(document: Document) -> str:
    """How the keys of the document's own letters begin (billing.document_letters)."""
    return f"{files.SOURCE}:{document.pk}:"


def enclosure(key: str) -> tuple[str, bytes] | None:
    """The name and the bytes of the document that a letter of this key carries; None for any other letter.

    Raises rendering.CannotRender.
    """
    source, _colon, rest = key.partition(":")
    if source != files.SOURCE:
        return None
    document = Document.objects.get(pk=int(rest.partition(":")[0]))
    return files.file_name(document), files.read(document)


def for_payer(deal: Deal) -> QuerySet[Document]:
    """The documents that the payer may open; a void invoice or act is not shown any more."""
    void = Invoice.objects.filter(deal=deal, voided_at__isnull=False)
    hidden = [_source(invoice) for invoice in void.only("pk")]
    void_acts = Act.objects.filter(document__deal=deal, state=Act.State.VOID).values("document")
    shown = Document.objects.of(deal).filter(visible_to_payer=True)
    return shown.exclude(source__in=hidden).exclude(pk__in=void_acts)


def _source(invoice: Invoice) -> str:
    return f"invoice:{invoice.pk}"


def _into_the_deal(document: Document, *, at: datetime) -> None:
    outbox.file(
        deal=document.deal, key=f"document:{document.pk}", source=files.SOURCE, file_id=document.pk, at=at
    )
