"""Where a deal's credit could go: open deals of the same payer whose money the same legal entity takes; and
which deals of that payer one transfer could pay together with this one.

Reads only; billing.moves carries it there. Whose money it is the payment says, or else who pays the deal. A
company, and anybody else who gave an ИНН, is known by it alone, so that money of a firm is not offered to the
private deals of its contact; people are known by amoCRM's contact, the e-mail or the phone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Right

from billing import ledger, network, payers
from billing.models import DealPayer, LegalEntity, Payment
from crm.models import Deal

SHOWN_MAX = 20
THIRD = DealPayer.Kind.THIRD_PARTY
# +7 and 8 before it are the same phone.
PHONE_DIGITS = 10


@dataclass(frozen=True)
class Candidate:
    """A deal that owes `debt` roubles, `asked` of them next; it may take free money of `payments` (ids)."""

    deal: Deal
    debt: Decimal
    overdue: Decimal
    asked: Decimal
    payments: tuple[int, ...]


@dataclass(frozen=True)
class Uses:
    """The credit in roubles, the payments that hold it (each with `free`), and who could use it."""

    credit: Decimal
    payments: tuple[Payment, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Marks:
    """By what a payer is known; an ИНН stands alone."""

    inn: str = ""
    contact: int | None = None
    email: str = ""
    phone: str = ""

    def meet(self, other: "_Marks") -> bool:
        if self.inn or other.inn:
            return self.inn == other.inn
        pairs = ((self.contact, other.contact), (self.email, other.email), (self.phone, other.phone))
        return any(mine and mine == theirs for mine, theirs in pairs)


def uses(deal: Deal, *, on: date) -> Uses:
    """Return what lies free in a deal and the deals that could use it, the most overdue first."""
    standing = ledger.standing(deal, on=on)
    found = ledger.unallocated(deal) if standing.credit > 0 else []
    whose = {payment.pk: _of_payment(payment, deal) for payment in found}
    candidates = [_candidate(other, found, whose, on=on) for other in _of_payers(deal, whose.values())]
    return Uses(standing.credit, tuple(found), _owing(one for one in candidates if one.payments))


def paid_together(deal: Deal, *, on: date) -> tuple[Candidate, ...]:
    """Return the payer's other deals that owe money to the same legal entity, the most overdue first."""
    try:
        owner = network.receiver(deal=deal, on=on).legal_entity
    except network.NoReceiver:
        return ()
    marks = _of_deal(deal)
    others = [
        one for one in _of_payers(deal, [marks]) if marks.meet(_of_deal(one)) and _is_owned(one, owner, on)
    ]
    return _owing(_standing_of(other, (), on=on) for other in others)


def _owing(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    found = [one for one in candidates if one.debt > 0]
    found.sort(key=lambda one: (-one.overdue, -one.debt, one.deal.pk))
    return tuple(found[:SHOWN_MAX])


def _of_payment(payment: Payment, deal: Deal) -> _Marks:
    """A person who was named without an address or a phone is who pays the deal."""
    marks = _named(payment.payer)
    is_known = marks != _Marks() or payment.payer.get("kind") in (DealPayer.Kind.COMPANY, THIRD)
    return marks if is_known else _of_deal(deal)


def _of_deal(deal: Deal) -> _Marks:
    named = payers.of_deal(deal).given()
    if named:
        return _named(named)
    return _Marks("", deal.contact_id, deal.contact_email.strip().lower(), _phone(deal.contact_phone))


def _named(payer: Mapping[str, Any]) -> _Marks:
    email, phone = payer.get("email") or "", payer.get("phone") or ""
    return _Marks(payer.get("inn") or "", None, email.strip().lower(), _phone(phone))


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def _of_payers(deal: Deal, whose: Iterable[_Marks]) -> list[Deal]:
    """Other living deals of the account that any of these payers may pay, newest first."""
    same, named = Q(pk__in=[]), Q(pk__in=[])
    for marks in whose:
        if marks.inn:
            named |= Q(inn=marks.inn)
            continue
        for column, value in (("email__iexact", marks.email), ("digits", marks.phone)):
            if value:
                same |= Q(**{f"contact_{column}": value})
                named |= Q(**{column: value})
        if marks.contact:
            same |= Q(contact_id=marks.contact)
    payers_there = DealPayer.objects.alias(digits=_digits("phone")).filter(
        named, ended_at__isnull=True, number__isnull=True, deal__account=deal.account_id
    )
    others = Deal.objects.alias(contact_digits=_digits("contact_phone")).filter(
        same | Q(pk__in=payers_there.values("deal")), account=deal.account_id, state=Deal.State.LIVE
    )
    return list(others.exclude(pk=deal.pk).select_related("account").order_by("-pk")[: 5 * SHOWN_MAX])


def _digits(column: str) -> Right:
    only = Func(
        F(column), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=TextField()
    )
    return Right(only, PHONE_DIGITS)


def _candidate(other: Deal, found: list[Payment], whose: Mapping[int, _Marks], *, on: date) -> Candidate:
    payer = _of_deal(other)
    fitting = tuple(
        payment.pk for payment in found if whose[payment.pk].meet(payer) and _takes(other, payment)
    )
    return _standing_of(other, fitting, on=on)


def _standing_of(other: Deal, fitting: tuple[int, ...], *, on: date) -> Candidate:
    standing = ledger.standing(other, on=on)
    asked = standing.next.rest if standing.next else standing.debt
    return Candidate(other, standing.debt, standing.overdue, asked, fitting)


def _takes(other: Deal, payment: Payment) -> bool:
    """Whether the other deal's owner on the payment's day is who received it."""
    return _is_owned(other, payment.legal_entity, other.local_day(payment.received_at))


def _is_owned(other: Deal, owner: LegalEntity, on: date) -> bool:
    try:
        return network.receiver(deal=other, on=on).legal_entity == owner
    except network.NoReceiver:
        return False
