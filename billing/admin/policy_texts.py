"""The account's own words for its messages as parts: per event a subject and a text, with what may stand in
braces and how a payer of a sample would read them.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.admin.parts import Page
from billing.admin.parts.groups import Group
from billing.admin.parts.lines import Area, Line
from billing.rules import texts

EVENTS = {
    "invoice": _("Letter with an invoice"),
    "reminder": _("Letter before the due date"),
    "overdue": _("Letter after the due date"),
    "sms": _("SMS"),
    "salesbot": _("Message of Salesbot"),
}
VARIABLES = {
    "name": _("first name of the payer"),
    "entity": _("who gets the money"),
    "subject": _("what is paid"),
    "number": _("number of the invoice"),
    "amount": _("sum"),
    "day": _("day of the payment"),
    "link": _("link to pay"),
}
# These have no subject.
SHORT = ("sms", "salesbot")


@dataclass(frozen=True, kw_only=True)
class Words(Group):
    """The words of one event; the preview is of what stands in the inputs, typed or stored."""

    def view(self, raw: dict[str, Any], name: str, path: str, page: Page) -> dict[str, Any]:
        view = super().view(raw, name, path, page)
        variables = [(f"{{{one}}}", VARIABLES[one]) for one in texts.EVENTS[self.key]]
        preview = [texts.fill(raw[part.key], texts.SAMPLE) for part in self.parts if raw[part.key]]
        return {
            **view,
            "template": "admin/billing/parts/words.html",
            "variables": variables,
            "preview": preview,
            "is_open": bool(preview or page.within(path)),
        }


def _words(event: str) -> Words:
    subject = Line(key="subject", label=_("Subject"))
    text = Area(key="text", label=_("Text"))
    return Words(key=event, label=EVENTS[event], parts=(text,) if event in SHORT else (subject, text))


TEXTS = Group(
    label=_("Texts of messages"),
    help=_(
        "They stand instead of the opening words; sums, days and the button stay. Empty: the built-in words."
    ),
    parts=tuple(_words(event) for event in texts.EVENTS),
)
