"""How documents write sums, days and names in Russian; pure, and independent of the reader's language.

A document is a paper under Russian law, so its words are Russian whatever language a reader has chosen.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from num2words import num2words

KOPECK = Decimal("0.01")
NBSP = "\N{NO-BREAK SPACE}"
MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)


def roubles_in_words(amount: Decimal) -> str:
    """Return 'Двадцать одна тысяча двадцать один рубль 00 копеек' for 0.00 … 999 999 999 999.99.

    num2words takes an int for kopecks and rounds surplus digits, so it is given exactly two places.
    """
    exact = amount.quantize(KOPECK)
    if exact != amount or exact < 0:
        raise ValueError(f"not a sum of a document: {amount}")
    words: str = num2words(exact, lang="ru", to="currency", currency="RUB", cents=False, separator="")
    return words[:1].upper() + words[1:]


def sum_of(amount: Decimal) -> str:
    """Return '15 000,50' with no-break spaces between the groups."""
    roubles, kopecks = divmod(amount.quantize(KOPECK), 1)
    return f"{int(roubles):,}".replace(",", NBSP) + f",{int(kopecks * 100):02d}"


def day_in_words(day: date) -> str:
    """Return '22 ноября 2026 г.'"""
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}г."


@lru_cache(maxsize=1000)
def phone(number: str) -> str:
    """Return '+7 916 123-45-01'; what is no telephone number stays as it was written."""
    try:
        known = phonenumbers.parse(number, "RU")
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def initials(full: str) -> str:
    """Return 'Демидова О. С.' for 'Демидова Ольга Сергеевна' (family name first, as requisites have it)."""
    family, *given = full.split() or [""]
    return NBSP.join([family, *(f"{name[0]}." for name in given[:2])])
