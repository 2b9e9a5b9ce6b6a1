"""Kinds of single values: how the text of a scalar becomes a value, and the words when it does not.

A kind is a function from the typed text to the value; it raises Wrong with a sentence.
"""

import os
import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

from cryptography.x509 import load_pem_x509_certificate
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils.translation import gettext as _

from billing.rules import texts

Kind = Callable[[str], Any]


class Wrong(ValueError):
    """The text is not a value of this kind; the message is a sentence for a person."""


def text(limit: int) -> Kind:
    """Plain text of at most `limit` characters."""

    def read(typed: str) -> str:
        if len(typed) > limit:
            raise Wrong(_("It is longer than %(limit)s characters.") % {"limit": limit})
        if "\x00" in typed:
            raise Wrong(_("It has a character that cannot be stored."))
        return typed

    return read


def message(event: str, limit: int) -> Kind:
    """An account's own text for an event; what stands in braces must be one of the event's variables."""

    def read(typed: str) -> str:
        unknown = texts.unknown(text(limit)(typed), event=event)
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in texts.EVENTS[event])
            raise Wrong(
                _("Unknown variable: %(names)s; known are: %(known)s.")
                % {"names": ", ".join(unknown), "known": known}
            )
        return typed

    return read


def slug(typed: str) -> str:
    """A stable key."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", typed):
        raise Wrong(_("A key has 1 to 50 Latin letters, digits, “-” and “_”."))
    return typed


def choice(*allowed: str) -> Kind:
    """One of the words."""

    def read(typed: str) -> str:
        if typed not in allowed:
            raise Wrong(_("It must be one of: %(words)s.") % {"words": ", ".join(allowed)})
        return typed

    return read


def integer(low: int, high: int) -> Kind:
    """A whole number within bounds."""

    def read(typed: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", typed) or not low <= int(typed) <= high:
            raise Wrong(_("It must be a whole number from %(low)s to %(high)s.") % {"low": low, "high": high})
        return int(typed)

    return read


# amoCRM's ids are positive and fit the database's bigint.
identifier = integer(1, 10**18 - 1)


def money(typed: str) -> str:
    """Roubles as text with two decimals; more than 0 and at most 999 999 999 999.99."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", typed) or not Decimal(typed):
        raise Wrong(_("A sum is whole roubles or a text like “1500.50”, more than zero."))
    return f"{Decimal(typed):.2f}"


def percent(typed: str) -> str:
    """A share above 0 and up to 100, at most two decimals, as text."""
    try:
        share = Decimal(typed)
    except InvalidOperation:
        share = Decimal(0)
    if not 0 < share <= 100 or not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", typed):
        raise Wrong(_("A share is a number above 0 and up to 100."))
    return typed


def boolean(typed: str) -> bool:
    """true or false, as YAML spells them."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if typed.lower() not in words:
        raise Wrong(_("It must be true or false."))
    return words[typed.lower()]


def day(typed: str) -> date:
    """A date like 2026-12-01."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed):
            return date.fromisoformat(typed)
    except ValueError:
        pass
    raise Wrong(_("A date looks like 2026-12-01."))


def clock(typed: str) -> time:
    """A time of day like 09:00."""
    try:
        if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", typed):
            hours, minutes = map(int, typed.split(":"))
            return time(hours, minutes)
    except ValueError:
        pass
    raise Wrong(_("A time of day looks like 09:00."))


def zone(typed: str) -> str:
    """A name of the tz database."""
    if typed not in available_timezones():
        raise Wrong(_("There is no such time zone; an example: Europe/Moscow."))
    return typed


def subdomain(typed: str) -> str:
    """The first word of an account's address at amoCRM."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", typed):
        raise Wrong(_("A subdomain has small Latin letters, digits and “-”, without .amocrm.ru."))
    return typed


def webhook_key(typed: str) -> str:
    """The unguessable part of a webhook address."""
    typed = from_environment(typed)
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", typed):
        raise Wrong(_("A webhook key has 16 to 128 Latin letters and digits that nobody can guess."))
    return typed


def address(typed: str) -> str:
    """An http(s) address; `env:NAME/path` takes its beginning from the environment."""
    url = from_environment(typed)
    try:
        # The validator wants a dot in the host, which a name inside a company's network may lack.
        URLValidator(["http", "https"])(re.sub(r"^(https?://)[A-Za-z0-9-]+(?=[:/]|$)", r"\1localhost", url))
    except ValidationError:
        raise Wrong(_("It must be an address like https://school.example.ru.")) from None
    if len(url) > 200:
        raise Wrong(_("It is longer than %(limit)s characters.") % {"limit": 200})
    return url


def email(typed: str) -> str:
    """One e-mail address."""
    try:
        EmailValidator()(typed)
    except ValidationError:
        raise Wrong(_("It must be an e-mail address.")) from None
    return typed


def secret(typed: str) -> str:
    """A secret as typed, or `env:NAME`. Its value never stands in a message."""
    value = from_environment(typed)
    if not value.strip():
        raise Wrong(_("The secret is empty."))
    return value


def certificate(typed: str) -> str:
    """An X.509 certificate as PEM text, typed or taken from the environment."""
    wrong = _("It must be a certificate: text that begins with -----BEGIN CERTIFICATE-----.")
    text = from_environment(typed).strip()
    try:
        load_pem_x509_certificate(text.encode())
    except ValueError:
        raise Wrong(wrong) from None
    return text


def from_environment(typed: str) -> str:
    """Resolve `env:NAME` and `env:NAME/path`; other text stays as it is."""
    if not typed.startswith("env:"):
        return typed
    matched = re.fullmatch(r"env:([A-Za-z_][A-Za-z0-9_]*)(/.*)?", typed)
    if matched is None:
        raise Wrong(_("After “env:” stands the name of an environment variable."))
    name, rest = matched[1], matched[2] or ""
    value = os.environ.get(name, "")
    if not value:
        raise Wrong(_("The environment variable %(name)s is not set.") % {"name": name})
    return value + rest


def other_orders(typed: str) -> str:
    """What happens to orders that are not ours: refuse, accept, or the address they are forwarded to."""
    if typed in ("refuse", "accept"):
        return typed
    if not typed.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Wrong(_("It must be refuse, accept or an address that begins with https://."))
    return address(typed)
