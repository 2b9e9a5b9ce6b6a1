"""What stands in a document: a deal, its schedule or an invoice turned into the finished values of a paper.

Reads only. The words are Russian, because the papers are (docs/decisions/): sums as "15 000,50", days in
words, the VAT line by the dated setting of that day. Nothing is guessed: a requisite that the network does
not have is left out, and what a contract cannot do without is named in Incomplete.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Max
from django.utils.translation import gettext as _

from billing import letters, network, payers
from billing.models import Installment, Invoice, LegalEntity, Product, Schedule, TaxSetting
from billing.rules import money
from crm.models import Deal
from documents import payment_qr, words
from documents.models import Document
from documents.values import (
    ActValues,
    Bank,
    ContractValues,
    Due,
    InvoiceValues,
    Line,
    OfferValues,
    Party,
    Signature,
    Total,
)

OFFER_LIVES = timedelta(days=14)
OGRN_LABEL = {LegalEntity.Kind.OOO: "ОГРН", LegalEntity.Kind.IP: "ОГРНИП"}
NAMED = "в дальнейшем «Исполнитель»"
GENITIVES = ("name_genitive", "position_genitive", "basis_genitive")


class Incomplete(Exception):
    """The document cannot be made; the message says what is missing and where to add it, in words."""


@dataclass(frozen=True)
class Vat:
    """The VAT of a sum: its label and amount under the totals, and the words for a sentence."""

    label: str
    amount: str
    sentence: str


class Known:
    """What the papers of one run share: asked once for each entity, day, programme and schedule."""

    def __init__(self, rows: Iterable[Installment] = ()) -> None:
        schedules = {row.schedule_id for row in rows}
        last = Installment.objects.filter(schedule__in=schedules, replaced_in=None).values_list("schedule")
        self._last: dict[int, int] = dict(last.annotate(last=Max("number")))
        self._taxes: dict[tuple[int, date], TaxSetting] = {}
        self._products: dict[str, Product | None] = {}

    def rate(self, *, deal: Deal, entity: LegalEntity, on: date) -> str:
        """The VAT of a deal's service on a day. Raises network.NoTaxSetting."""
        if (entity.pk, on) not in self._taxes:
            self._taxes[entity.pk, on] = network.tax(legal_entity=entity, on=on)
        return network.vat(product=self.product(deal), setting=self._taxes[entity.pk, on], on=on)

    def product(self, deal: Deal) -> Product | None:
        if deal.programme not in self._products:
            self._products[deal.programme] = network.product(programme=deal.programme)
        return self._products[deal.programme]

    def row(self, row: Installment | None) -> str:
        """Which payment of how many, as the letter says it."""
        found = letters.row_of(row.number, self._last.get(row.schedule_id, 0)) if row else ""
        return (found[:1].lower() + found[1:]).replace(" ", money.NBSP)


def vat_of(amount: Decimal, *, deal: Deal, entity: LegalEntity, on: date, known: Known | None = None) -> Vat:
    """VAT inside `amount` roubles on a day. Raises network.NoTaxSetting."""
    rate = (known or Known()).rate(deal=deal, entity=entity, on=on)
    if rate == "none":
        basis = f" ({entity.vat_basis})" if entity.vat_basis else ""
        return Vat("Без налога (НДС)", "–", f"НДС не облагается{basis}")
    percent = int(rate.removeprefix("vat"))
    inside = (amount * percent / (100 + percent)).quantize(money.KOPECK, ROUND_HALF_UP)
    text = words.sum_of(inside)
    return Vat(f"В том числе НДС {percent} %", text, f"в том числе НДС {percent} % – {text} руб.")


def invoice(invoice: Invoice, *, basis: Document | None, known: Known | None = None) -> InvoiceValues:
    """The invoice as a paper; `basis` is the deal's contract where there is one. Raises NoTaxSetting."""
    known = known or Known([invoice.installment] if invoice.installment else ())
    deal, entity = invoice.deal, invoice.legal_entity
    vat = vat_of(invoice.amount, deal=deal, entity=entity, on=invoice.issued_on, known=known)
    amount, day = words.sum_of(invoice.amount), words.day_in_words(invoice.issued_on)
    return InvoiceValues(
        title=f"Счет на оплату № {invoice.number} от {day}",
        notice=_notice(invoice.installment),
        supplier=seller(entity),
        bank=bank_of(entity),
        buyer=_buyer(invoice),
        basis=_basis(deal, basis),
        lines=(_line(_service(deal, known), deal.cohort, known.row(invoice.installment), amount=amount),),
        totals=_totals(amount, vat, "Всего к оплате:"),
        count_words=f"Всего наименований 1, на сумму {amount} руб.",
        amount_words=words.roubles_in_words(invoice.amount),
        vat_note=f"{vat.sentence}." if vat.amount == "–" else "",
        qr=_qr(invoice, vat),
        signatures=signatures(entity),
    )


def contract(deal: Deal, schedule: Schedule, entity: LegalEntity, *, number: str, on: date) -> ContractValues:
    """A contract for services. Raises Incomplete, NoTaxSetting."""
    return ContractValues(
        number=number,
        day=words.day_in_words(on),
        contractor=seller(entity),
        contractor_intro=_intro(entity),
        customer=_customer(deal),
        service=service_of(deal),
        period=_period(deal),
        total=words.sum_of(schedule.total),
        total_words=words.roubles_in_words(schedule.total),
        vat=vat_of(schedule.total, deal=deal, entity=entity, on=on).sentence,
        rows=_rows(schedule),
        bank=bank_of(entity),
        signatures=_both_sign(deal, entity),
    )


def offer(
    deal: Deal, schedule: Schedule | None, entity: LegalEntity, *, number: str, on: date
) -> OfferValues:
    """A commercial offer for the schedule's total, else for the deal's price. Raises Incomplete."""
    total = schedule.total if schedule else deal.price
    if total <= 0:
        raise Incomplete(_("The offer needs a sum: fill in the deal's budget or make the schedule."))
    facts = {"Что входит": service_of(deal), "Группа": deal.cohort, "Начало": _start(deal)}
    return OfferValues(
        number=number,
        day=words.day_in_words(on),
        valid_until=words.day_in_words(on + OFFER_LIVES),
        contractor=seller(entity),
        customer=_customer(deal),
        service=service_of(deal),
        facts=tuple((name, value) for name, value in facts.items() if value),
        total=words.sum_of(total),
        total_words=words.roubles_in_words(total),
        vat=vat_of(total, deal=deal, entity=entity, on=on).sentence,
        rows=_rows(schedule) if schedule else (),
        signatures=signatures(entity)[:1],
    )


def act(deal: Deal, entity: LegalEntity, *, number: str, on: date, amount: Decimal) -> ActValues:
    """An act of rendered services, with the VAT that a receipt of that day says. Raises NoTaxSetting."""
    vat, text = vat_of(amount, deal=deal, entity=entity, on=on), words.sum_of(amount)
    contract = Document.objects.of(deal).filter(kind=Document.Kind.CONTRACT).last()
    return ActValues(
        title=f"Акт об оказании услуг № {number} от {words.day_in_words(on)}",
        contractor=seller(entity),
        customer=_customer(deal),
        bank=bank_of(entity),
        basis=_basis(deal, contract),
        lines=(_line(service_of(deal), deal.cohort, amount=text),),
        totals=_totals(text, vat, "Всего:"),
        count_words=f"Всего оказано услуг 1, на сумму {text} руб.",
        amount_words=words.roubles_in_words(amount),
        vat_note=f"{vat.sentence}." if vat.amount == "–" else "",
        signatures=_both_sign(deal, entity),
    )


def _line(*name: str, amount: str) -> Line:
    """The one position of an invoice or an act."""
    title = ", ".join(filter(None, name))
    return Line(number=1, name=title, quantity="1", unit="усл.", price=amount, amount=amount)


def _totals(amount: str, vat: Vat, last: str) -> tuple[Total, ...]:
    return (
        Total(label="Итого:", amount=amount),
        Total(label=f"{vat.label}{'' if vat.amount == '–' else ':'}", amount=vat.amount),
        Total(label=last, amount=amount, strong=True),
    )


def _basis(deal: Deal, contract: Document | None) -> str:
    return f"Договор № {contract.number} от {contract.values['day']}" if contract else deal.name


def _both_sign(deal: Deal, entity: LegalEntity) -> tuple[Signature, ...]:
    return (*signatures(entity)[:1], Signature(role="Заказчик", name=payers.of_deal(deal).of().name))


def service_of(deal: Deal) -> str:
    """What is sold: the product's name, else the programme, else the deal's own name."""
    return _service(deal, Known())


def _service(deal: Deal, known: Known) -> str:
    product = known.product(deal)
    return product.name if product else deal.programme or deal.name


def seller(entity: LegalEntity) -> Party:
    """The legal entity as a side of a document."""
    requisites = [
        f"ИНН {entity.inn}",
        f"КПП {entity.kpp}" if entity.kpp else "",
        entity.address,
        f"тел.: {words.phone(entity.phone)}" if entity.phone else "",
    ]
    return Party(
        name=entity.name,
        requisites=", ".join(filter(None, requisites)),
        inn=entity.inn,
        kpp=entity.kpp,
        ogrn=entity.ogrn,
        ogrn_label=OGRN_LABEL.get(LegalEntity.Kind(entity.kind), ""),
        address=entity.address,
        phone=words.phone(entity.phone),
        email=entity.email,
    )


def bank_of(entity: LegalEntity) -> Bank | None:
    """Where a transfer goes; None while the account is not known."""
    given = entity.bank
    if not given.get("account") or not given.get("bic"):
        return None
    return Bank(
        name=given.get("name", ""),
        bic=given["bic"],
        account=given["account"],
        correspondent=given.get("correspondent", ""),
    )


def signatures(entity: LegalEntity) -> tuple[Signature, ...]:
    """Who signs for the entity: a company's head and accountant, a person themselves."""
    name = words.initials(str(entity.signatory.get("name") or _person(entity)))
    if entity.kind == LegalEntity.Kind.OOO:
        return (Signature(role="Руководитель", name=name), Signature(role="Бухгалтер"))
    role = "Предприниматель" if entity.kind == LegalEntity.Kind.IP else "Исполнитель"
    return (Signature(role=role, name=name),)


def _person(entity: LegalEntity) -> str:
    """The person behind a name such as 'ИП Иванов Иван Иванович'; a company's name names nobody."""
    if entity.kind == LegalEntity.Kind.OOO:
        return ""
    return entity.name.removeprefix("Индивидуальный предприниматель ").removeprefix("ИП ").strip()


def _intro(entity: LegalEntity) -> str:
    """How the contract introduces the entity; genitives are printed as people stored them, never made."""
    if entity.kind == LegalEntity.Kind.IP:
        ogrn = f", ОГРНИП {entity.ogrn}" if entity.ogrn else ""
        return f"Индивидуальный предприниматель {_person(entity)}{ogrn}, именуемый(ая) {NAMED}"
    if entity.kind == LegalEntity.Kind.SELF_EMPLOYED:
        return (
            f"{entity.name}, ИНН {entity.inn}, применяющий(ая) специальный налоговый режим «Налог на "
            f"профессиональный доход», именуемый(ая) {NAMED}"
        )
    name, position, basis = (str(entity.signatory.get(field) or "") for field in GENITIVES)
    if not (name and position and basis):
        raise Incomplete(
            _("%(name)s has no signatory in the genitive case: fill in the name, the position and the basis.")
            % {"name": entity.name}
        )
    return (
        f"{entity.name}, именуемое {NAMED}, в лице {position} {name}, действующего(ей) на основании {basis}"
    )


def _customer(deal: Deal) -> Party:
    """The deal's payer as a side of a document."""
    payer = payers.of_deal(deal).of()
    return Party(
        name=payer.name,
        requisites=_requisites(payer.inn, payer.kpp, payer.address),
        inn=payer.inn,
        kpp=payer.kpp,
        address=payer.address,
        phone=words.phone(payer.phone),
        email=payer.email,
    )


def _buyer(invoice: Invoice) -> Party:
    payer = invoice.payer
    inn, kpp, address = (str(payer.get(field) or "") for field in ("inn", "kpp", "address"))
    return Party(
        name=str(payer.get("name") or invoice.deal.contact_name),
        requisites=_requisites(inn, kpp, address),
        inn=inn,
        kpp=kpp,
        address=address,
    )


def _requisites(inn: str, kpp: str, address: str) -> str:
    return ", ".join(filter(None, [f"ИНН {inn}" if inn else "", f"КПП {kpp}" if kpp else "", address]))


def _notice(row: Installment | None) -> str:
    until = f"Оплатить до {words.day_in_words(row.effective_due_on)} " if row else ""
    return (
        f"Внимание! {until}Оплата данного счета означает согласие с условиями оказания услуг.\n"
        "В назначении платежа укажите номер счета."
    )


def _qr(invoice: Invoice, vat: Vat) -> str:
    """The code is for people's transfers; a company pays by its own payment order."""
    bank = bank_of(invoice.legal_entity)
    if bank is None or invoice.payer.get("kind") == "company":
        return ""
    transfer = payment_qr.Transfer(
        name=invoice.legal_entity.name,
        account=bank.account,
        bank=bank.name,
        bic=bank.bic,
        correspondent=bank.correspondent,
        inn=invoice.legal_entity.inn,
        kpp=invoice.legal_entity.kpp,
        purpose=f"Оплата по счету № {invoice.number} от {invoice.issued_on:%d.%m.%Y}, {vat.sentence}",
        amount=invoice.amount,
    )
    return payment_qr.payload(transfer)


def _rows(schedule: Schedule) -> tuple[Due, ...]:
    rows = Installment.objects.filter(schedule=schedule).current()
    return tuple(
        Due(number=row.number, due_on=words.day_in_words(row.due_on), amount=words.sum_of(row.amount))
        for row in rows
    )


def _period(deal: Deal) -> str:
    start = _start(deal)
    return ", ".join(filter(None, [deal.cohort, f"начало – {start}" if start else ""]))


def _start(deal: Deal) -> str:
    return words.day_in_words(deal.service_on) if deal.service_on else ""
