"""How to pay a deal past the payment system: requisites as people read them, and their code. Reads only."""

from dataclasses import dataclass
from decimal import Decimal

from billing.models import LegalEntity
from billing.paper_values import bank_of
from crm.models import Deal
from documents import payment_qr
from documents.values import Bank


@dataclass(frozen=True)
class DirectTransfer:
    """The account, the purpose by which the money is recognised, and the QR as SVG ("" where none fits)."""

    bank: Bank
    purpose: str
    qr: str


def of(deal: Deal, entity: LegalEntity, *, amount: Decimal) -> DirectTransfer | None:
    """Return the requisites of a transfer for a deal; None where the entity has no bank account.

    The purpose names the deal by amoCRM's number, by which the money is recognised.
    """
    bank = bank_of(entity)
    if bank is None or amount <= 0:
        return None
    purpose = ", ".join(filter(None, ["Оплата", deal.name, f"сделка {deal.external_id}"]))
    fields = payment_qr.Transfer(
        name=entity.name,
        account=bank.account,
        bank=bank.name,
        bic=bank.bic,
        correspondent=bank.correspondent,
        inn=entity.inn,
        kpp=entity.kpp,
        purpose=purpose,
        amount=amount,
    )
    payload = payment_qr.payload(fields)
    return DirectTransfer(bank, purpose, payment_qr.picture(payload).decode() if payload else "")
