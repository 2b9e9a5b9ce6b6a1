"""SMS by a Russian gateway behind one small interface: send a text to a phone under our own number.

The gateway is SMSC (https://smsc.ru/api/http/): a GET with the answer as JSON; `id` is ours, and a repeat of
the same id is refused as a duplicate, so an unknown answer is safe to repeat. Knows no database.
"""

from dataclasses import dataclass

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _

SECONDS = 10.0
# The gateway's error codes that no repeat can mend: parameters, content, phone, forbidden.
FINAL = {1, 6, 7, 8}
DUPLICATE = 9
# What a manager or the owner can mend, in words; any other answer is shown as the gateway gave it.
WORDS = {
    2: _("the SMS gateway does not know this login or password"),
    3: _("the account at the SMS gateway is empty"),
    6: _("the SMS gateway forbids this text or sender"),
    7: _("the phone number is wrong"),
    8: _("an SMS cannot be delivered to this phone"),
}


class Refused(Exception):
    """The gateway will never take this message; the text is its answer."""


class Unsent(Exception):
    """The message did not leave, or nobody knows: try again under the same number."""


@dataclass(frozen=True)
class Gateway:
    """The account at the gateway; `sender` is the name that the phone shows, empty for the gateway's own."""

    login: str
    password: str
    sender: str = ""


def send(*, gateway: Gateway, phone: str, text: str, number: int) -> None:
    """Hand one message to the gateway; a repeat under the same number is no second one.

    Raises Refused, Unsent.
    """
    fields = {
        "login": gateway.login,
        "psw": gateway.password,
        "phones": phone,
        "mes": text,
        "id": str(number),
        "charset": "utf-8",
        "fmt": "3",
    }
    if gateway.sender:
        fields["sender"] = gateway.sender
    try:
        answer = requests.post(f"{settings.SMSC_URL}/sys/send.php", data=fields, timeout=SECONDS)
        said = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unsent(type(error).__name__) from None
    code = said.get("error_code")
    if code is None or code == DUPLICATE:
        return
    words = f"{WORDS.get(code, '')} ({code} {said.get('error', '')})".strip()
    raise (Refused if code in FINAL else Unsent)(words)
