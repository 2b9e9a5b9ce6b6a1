"""Where a receipt goes: what the payer says now, else what amoCRM knows, else what was said before."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.models import ProviderOrder
from crm.models import Deal


class NoReceiptContact(Exception):
    """Neither an e-mail nor a phone is known: where should the receipt go?"""


@dataclass(frozen=True)
class Contact:
    """Where the payer wants the receipt; either may be empty."""

    email: str = ""
    phone: str = ""


def contact_of(deal: Deal, given: Contact | None) -> Contact:
    """Where the receipt goes: what the payer says now, else what amoCRM knows, else what was said before."""
    said = given or Contact()
    last = (
        ProviderOrder.objects.filter(deal=deal).order_by("-id").values_list("request", flat=True).first()
        or {}
    )
    for email, phone in (
        (said.email, said.phone),
        (deal.contact_email, deal.contact_phone),
        (last.get("email", ""), last.get("phone", "")),
    ):
        contact = Contact(email if is_email(email) else "", phone if is_phone(phone) else "")
        if contact.email or contact.phone:
            return contact
    raise NoReceiptContact


def is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def is_phone(text: str) -> bool:
    """A number that a receipt can be sent to; any way of writing it."""
    digits = sum(character.isdigit() for character in text)
    return 10 <= digits <= 15 and len(text) <= 32
