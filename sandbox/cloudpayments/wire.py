"""The wire of the API: parameters in any key case, money, dates, envelopes."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import Request

from sandbox.store import Document

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

# The codes of the directory "Time zones" that a Russian merchant meets.
TIME_ZONES = {
    "": "UTC", "UTC": "UTC", "GMT": "Europe/London", "CET": "Europe/Paris", "EET": "Europe/Helsinki",
    "MSK": "Europe/Moscow", "SAMT": "Europe/Samara", "YEKT": "Asia/Yekaterinburg", "NOVT": "Asia/Novosibirsk",
    "KRAT": "Asia/Krasnoyarsk", "IRKT": "Asia/Irkutsk", "YAKT": "Asia/Yakutsk", "VLAT": "Asia/Vladivostok",
    "SAKT": "Asia/Sakhalin", "ANAT": "Asia/Kamchatka", "ALMT": "Asia/Almaty", "TJT": "Asia/Dushanbe",
    "AZT": "Asia/Baku", "AMT": "Asia/Yerevan", "GET": "Asia/Tbilisi", "ULAT": "Asia/Ulaanbaatar",
}  # fmt: skip


class Refused(Exception):
    """A call that is answered with `Success: false` and this message (and Model, where there is one)."""

    def __init__(self, message: str | None, model: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.model = model

    def envelope(self) -> Document:
        return envelope(self.model, success=False, message=self.message)


class Parameters:
    """The parameters of one call: names in any case, JSON or form, empty means absent."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = {name.lower(): value for name, value in values.items()}

    def raw(self, name: str) -> Any:
        return self._values.get(name.lower())

    def text(self, name: str) -> str:
        value = self.raw(name)
        return "" if value is None else str(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refused(f"{name} is required")
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1")

    def amount(self, name: str = "Amount") -> Decimal:
        """At least 0.01 and at most two decimals; numeric strings are taken too."""
        value = decimal(self.required(name))
        if value is None or value < Decimal("0.01") or value != value.quantize(Decimal("0.01")):
            raise Refused(f"Invalid {name} value")
        return value.quantize(Decimal("0.01"))

    def number(self, name: str) -> int:
        value = self.required(name)
        if not value.isascii() or not value.isdigit():
            raise Refused(f"Invalid {name} value")
        return int(value)

    def email(self, name: str = "Email") -> str:
        value = self.text(name)
        if value and not is_email(value):
            raise Refused(f"Invalid {name} value")
        return value

    def json_text(self, name: str = "JsonData") -> str:
        """An object or a string of JSON, kept as the text that notices and models give back."""
        value = self.raw(name)
        if value is None or value == "":
            return ""
        return value if isinstance(value, str) else dump(value)

    def moment(self, name: str, zone: ZoneInfo) -> datetime:
        try:
            value = datetime.fromisoformat(self.required(name))
        except ValueError:
            raise Refused(f"Invalid {name} value") from None
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.required(name)[:10])
        except ValueError:
            raise Refused(f"Invalid {name} value") from None

    def zone(self) -> ZoneInfo:
        # One public client misspells the name as Timezone; names have no case here, so it works.
        code = self.text("TimeZone").upper()
        if code not in TIME_ZONES:
            raise Refused("Invalid TimeZone value")
        return ZoneInfo(TIME_ZONES[code])


def read(request: Request) -> Parameters:
    if request.mimetype == "application/json" or not request.mimetype:
        text = request.get_data(as_text=True)
        try:
            values = json.loads(text, parse_float=_Number) if text.strip() else {}
        except ValueError:
            raise Refused("Invalid JSON") from None
        if not isinstance(values, dict):
            raise Refused("Invalid JSON")
        return Parameters(values)
    return Parameters(request.form.to_dict())


class _Number(float):
    """A float that remembers how it was written, so that 0.005 and 12500.50 are judged as sent."""

    def __new__(cls, text: str) -> "_Number":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


def decimal(value: object) -> Decimal | None:
    """A finite number from a JSON number or a numeric string, else None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_email(text: str) -> bool:
    return bool(_EMAIL.fullmatch(text))


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def envelope(model: Any = None, *, success: bool = True, message: str | None = None) -> Document:
    body: Document = {"Model": model} if model is not None else {}
    return body | {"Success": success, "Message": message}


def dates(name: str, at: str | None) -> Document:
    """The pair of a model: milliseconds of .NET and ISO without offset, both UTC."""
    if at is None:
        return {name: None, f"{name}Iso": None}
    moment = datetime.fromisoformat(at).astimezone(UTC)
    return {
        name: f"/Date({int(moment.timestamp() * 1000)})/",
        f"{name}Iso": moment.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def notice_date(at: str) -> str:
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def rub(amount: str) -> str:
    """«20 000 ₽», kopecks only where there are some; no-break spaces."""
    whole, _, kopecks = f"{Decimal(amount):,.2f}".partition(".")
    spaced = whole.replace(",", "\u00a0")
    return f"{spaced}\u00a0₽" if kopecks == "00" else f"{spaced},{kopecks}\u00a0₽"
