"""Russian requisites: form and check digits of ИНН, КПП, ОГРН, ОГРНИП, БИК and of bank accounts.

Pure arithmetic on text. Every check returns nothing for a good number and raises Invalid with a stable reason
for a bad one; the words for people are billing.requisites. Numbers are text because leading zeros count.
"""

import re
from enum import StrEnum


class Reason(StrEnum):
    """Why a number is refused."""

    EMPTY = "empty"
    NOT_DIGITS = "not_digits"
    LENGTH = "length"
    ZEROS = "zeros"
    FIRST_DIGIT = "first_digit"
    CHECKSUM = "checksum"
    FORM = "form"


class Invalid(ValueError):
    """The number is not a valid requisite; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def check_inn(inn: str) -> None:
    """ИНН of 10 digits (organisation) or 12 (person)."""
    _digits(inn, 10, 12)
    # The tax office is the first four digits; region 00 does not exist, and all zeros pass the check digits.
    if inn.startswith("00"):
        raise Invalid(Reason.ZEROS)
    if len(inn) == 10:
        good = _weighted(inn, (2, 4, 10, 3, 5, 9, 4, 6, 8)) == inn[9]
    else:
        good = (
            _weighted(inn, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) == inn[10]
            and _weighted(inn, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) == inn[11]
        )
    if not good:
        raise Invalid(Reason.CHECKSUM)


def check_kpp(kpp: str) -> None:
    """КПП: tax office, two digits or capital letters, serial number; it has no check digit."""
    if not kpp:
        raise Invalid(Reason.EMPTY)
    if not re.fullmatch(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}", kpp):
        raise Invalid(Reason.FORM)


def check_ogrn(ogrn: str) -> None:
    """ОГРН of an organisation: 13 digits. First digits other than 1 and 5 belong to records, not to
    organisations.
    """
    _digits(ogrn, 13)
    _first_digit(ogrn, "15")
    if str(int(ogrn[:12]) % 11 % 10) != ogrn[12]:
        raise Invalid(Reason.CHECKSUM)


def check_ogrnip(ogrnip: str) -> None:
    """ОГРНИП of a sole proprietor: 15 digits; the last one is the lower digit of the remainder by 13."""
    _digits(ogrnip, 15)
    _first_digit(ogrnip, "3")
    if str(int(ogrnip[:14]) % 13 % 10) != ogrnip[14]:
        raise Invalid(Reason.CHECKSUM)


def check_bic(bic: str) -> None:
    """БИК of a bank or of a treasury office: 9 digits, no check digit."""
    _digits(bic, 9)
    if bic[0] != "0":
        raise Invalid(Reason.FIRST_DIGIT)


def check_account(account: str, *, bic: str) -> None:
    """A client's account at the bank of `bic` (Bank of Russia 515 of 08.09.1997)."""
    check_bic(bic)
    _digits(account, 20)
    # Treasury accounts are computed from another prefix, which the БИК alone does not tell.
    if account.startswith("03"):
        return
    _key(bic[6:9], account)


def check_correspondent(account: str, *, bic: str) -> None:
    """The bank's own account at the Bank of Russia (301…)."""
    check_bic(bic)
    _digits(account, 20)
    if account.startswith("40102"):
        return
    if not account.startswith("301"):
        raise Invalid(Reason.FIRST_DIGIT)
    _key("0" + bic[4:6], account)


def _key(prefix: str, account: str) -> None:
    digits = map(int, prefix + account)
    weights = (7, 1, 3) * 8
    if sum(digit * weight % 10 for digit, weight in zip(digits, weights, strict=False)) % 10:
        raise Invalid(Reason.CHECKSUM)


def _weighted(number: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11 % 10)


def _digits(number: str, *lengths: int) -> None:
    if not number:
        raise Invalid(Reason.EMPTY)
    if not (number.isascii() and number.isdigit()):
        raise Invalid(Reason.NOT_DIGITS)
    if len(number) not in lengths:
        raise Invalid(Reason.LENGTH)


def _first_digit(number: str, allowed: str) -> None:
    if not number.strip("0"):
        raise Invalid(Reason.ZEROS)
    if number[0] not in allowed:
        raise Invalid(Reason.FIRST_DIGIT)
