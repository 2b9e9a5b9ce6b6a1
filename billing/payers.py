"""Who pays: the deal's main contact unless somebody else was named, for the deal or for one row of it.

Owns DealPayer. A row may wait for a third party: what asks for it goes to that payer, or to nobody while its
e-mail is unknown. A row's payer belongs to its number, so a rebuilt row of the same number keeps it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, ledger, requisites
from billing.models import DealPayer, Installment, LegalEntity
from crm.models import Deal


class InvalidPayer(Exception):
    """The requisites cannot be right; `problems` says what is wrong, in words by field."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__()
        self.problems = problems


class NoSuchRow(Exception):
    """The schedule has no row of this number."""


@dataclass(frozen=True)
class Payer:
    """A person, a company with its requisites, or a third party; `of_row` when it pays one row only."""

    kind: str
    name: str
    inn: str = ""
    kpp: str = ""
    address: str = ""
    email: str = ""
    phone: str = ""
    of_row: bool = False

    def as_json(self) -> dict[str, Any]:
        """The shape that payments and invoices keep."""
        return asdict(self)


@dataclass(frozen=True)
class Payers:
    """Everybody who pays one deal, read at once."""

    deal: Deal
    named: dict[int | None, DealPayer]

    def of(self, number: int | None = None) -> Payer:
        """The payer of a row, else of the deal, else its contact."""
        row = self.row(number)
        if row is not None:
            return row
        found = self.named.get(None)
        if found is not None:
            return _plain(found)
        deal = self.deal
        return Payer("person", deal.contact_name, email=deal.contact_email, phone=deal.contact_phone)

    def row(self, number: int | None) -> Payer | None:
        """Whom a row waits for; None when it is paid like the deal."""
        found = self.named.get(number) if number is not None else None
        return _plain(found) if found is not None else None

    def given(self, number: int | None = None) -> dict[str, Any]:
        """The payer as payments and invoices keep it; empty for the contact, who needs no naming."""
        named = self.row(number) is not None or None in self.named
        return self.of(number).as_json() if named else {}


def of_deal(deal: Deal) -> Payers:
    """Read the deal's payers."""
    live = DealPayer.objects.filter(deal=deal, ended_at__isnull=True)
    return Payers(deal, {found.number: found for found in live})


def of_deals(deals: Iterable[Deal]) -> dict[int, Payers]:
    """Read the payers of many deals at once, by deal."""
    found = {deal.pk: Payers(deal, {}) for deal in deals}
    for one in DealPayer.objects.filter(deal__in=found, ended_at__isnull=True):
        found[one.deal_id].named[one.number] = one
    return found


def address(deal: Deal, payer: Payer | None) -> str:
    """Where a letter goes; one for a row that waits for a third party never goes to the contact."""
    if payer is None:
        return deal.contact_email
    return payer.email or ("" if payer.of_row else deal.contact_email)


def name(*, deal: Deal, payer: Payer, number: int | None = None, author: str, at: datetime) -> None:
    """Name who pays the deal, or the row of a number. The same payer again changes nothing.

    Raises InvalidPayer with everything that is wrong, NoSuchRow.
    """
    payer = _tidy(payer)
    problems = _problems(payer)
    if problems:
        raise InvalidPayer(problems)
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        _check_row(deal, number)
        before = of_deal(deal)
        if before.named.get(number) is not None and _plain(before.named[number]) == payer:
            return
        _end(before.named.get(number), at=at)
        values = {field: value for field, value in asdict(payer).items() if field != "of_row"}
        DealPayer.objects.create(deal=deal, number=number, author=author, recorded_at=at, **values)
        _remember(before, of_deal(deal), number, author=author, at=at)


def forget(*, deal: Deal, number: int | None = None, author: str, at: datetime) -> None:
    """Let the contact pay the deal again, or the deal's payer the row. A second call changes nothing."""
    with transaction.atomic():
        deal = ledger.lock(deal.pk)
        before = of_deal(deal)
        if number in before.named:
            _end(before.named[number], at=at)
            _remember(before, of_deal(deal), number, author=author, at=at)


def _plain(found: DealPayer) -> Payer:
    return Payer(
        kind=found.kind,
        name=found.name,
        inn=found.inn,
        kpp=found.kpp,
        address=found.address,
        email=found.email,
        phone=found.phone,
        of_row=found.number is not None,
    )


def _tidy(payer: Payer) -> Payer:
    values = {field: value.strip() for field, value in asdict(payer).items() if isinstance(value, str)}
    return Payer(**values, of_row=payer.of_row)


def _problems(payer: Payer) -> dict[str, str]:
    """What is wrong with the requisites, by field; a company's ИНН of 12 digits is a sole proprietor's."""
    found = {} if payer.name else {"name": _("Enter the payer's name.")}
    company = len(payer.inn) == 10
    if payer.kind == DealPayer.Kind.COMPANY and not payer.inn:
        found["inn"] = _("A company pays by its requisites: enter its TIN.")
    elif payer.kind == DealPayer.Kind.PERSON and payer.inn and company:
        found["inn"] = _("A person's TIN has 12 digits.")
    elif payer.inn:
        kind = LegalEntity.Kind.OOO if company else LegalEntity.Kind.IP
        found |= requisites.problems(kind=kind, inn=payer.inn, kpp=payer.kpp, ogrn=None, bank=None)
        if payer.kind == DealPayer.Kind.COMPANY and company and not payer.kpp:
            found["kpp"] = _("A company has a KPP: enter it.")
    elif payer.kpp:
        found["kpp"] = _("Only a company has a KPP.")
    return found


def _check_row(deal: Deal, number: int | None) -> None:
    if number is None:
        return
    if not Installment.objects.filter(schedule__deal=deal, number=number).current().exists():
        raise NoSuchRow


def _end(row: DealPayer | None, *, at: datetime) -> None:
    if row is not None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])


def _remember(before: Payers, after: Payers, number: int | None, *, author: str, at: datetime) -> None:
    data = {
        "number": number,
        "before": before.of(number).as_json(),
        "payer": after.of(number).as_json(),
        "name": after.of(number).name,
    }
    kind = "payer_named" if number is None else "row_payer_named"
    history.record(deal=after.deal, kind=kind, at=at, recorded_at=at, author=author, data=data)
