"""The finished values of a document: words and sums as they are printed, nothing left to compute.

Every text may come from people and is escaped when it is printed. An empty text is left out. The sums of a
document are texts like "15 000,50"; what they mean stays with those who made them.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Party:
    """A side of a document. `requisites` is the one line that stands behind its name."""

    name: str
    requisites: str = ""
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    ogrn_label: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Where a transfer goes."""

    name: str
    bic: str
    account: str
    correspondent: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A line to sign on: who ("Руководитель") and the name behind it in brackets."""

    role: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One position of an invoice or an act."""

    number: int
    name: str
    quantity: str
    unit: str
    price: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class Total:
    label: str
    amount: str
    strong: bool = False


@dataclass(frozen=True, kw_only=True)
class Due:
    """One row of a schedule table."""

    number: int
    due_on: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class InvoiceValues:
    """An invoice for payment (счёт на оплату); `qr` is the payload of ГОСТ Р 56042, empty for none."""

    title: str
    notice: str
    supplier: Party
    bank: Bank | None
    buyer: Party
    basis: str
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    count_words: str
    amount_words: str
    vat_note: str
    qr: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, kw_only=True)
class ContractValues:
    """A contract for services with its schedule of payments."""

    number: str
    day: str
    contractor: Party
    contractor_intro: str
    customer: Party
    service: str
    period: str
    total: str
    total_words: str
    vat: str
    rows: tuple[Due, ...]
    bank: Bank | None
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, kw_only=True)
class OfferValues:
    """A commercial offer; `facts` are pairs of a heading and what it says."""

    number: str
    day: str
    valid_until: str
    contractor: Party
    customer: Party
    service: str
    facts: tuple[tuple[str, str], ...]
    total: str
    total_words: str
    vat: str
    rows: tuple[Due, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, kw_only=True)
class ActValues:
    """An act of rendered services (акт об оказании услуг)."""

    title: str
    contractor: Party
    customer: Party
    bank: Bank | None
    basis: str
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    count_words: str
    amount_words: str
    vat_note: str
    signatures: tuple[Signature, ...]


Values = InvoiceValues | ContractValues | OfferValues | ActValues
Stored = dict[str, Any]
