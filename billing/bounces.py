"""Mails that were taken and came back: the notices of other mail servers (RFC 3464), tied to our messages.

Owns Bounce. A notice names our mail by its Message-ID; each message has one bounce. The manager is told, and
an address that does not exist is shown in the card until the contact has another one. What is no such notice,
or not about a mail of ours, changes nothing.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Part

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history
from billing.models import Bounce, Message
from crm import outbox

BYTES_MAX = 1_000_000
REASON_MAX = 500


class NotABounce(Exception):
    """The mail is no notice of a failed delivery, or not about a mail of ours."""


@dataclass(frozen=True)
class Failure:
    """What a notice says: the Message-ID of the mail, the server's words, and whether it is for good."""

    message_id: str
    reason: str
    final: bool


def take(*, raw: bytes, at: datetime) -> Bounce:
    """Remember that a mail came back; a second notice of it returns the first. Raises NotABounce."""
    failure = read(raw)
    row = Message.objects.filter(external_id=failure.message_id).select_related("deal__account").first()
    if row is None:
        raise NotABounce
    with transaction.atomic():
        made, is_new = Bounce.objects.get_or_create(
            message=row, defaults={"reason": failure.reason, "final": failure.final, "recorded_at": at}
        )
        if is_new:
            text = _("A mail to %(to)s came back: %(reason)s") % {"to": row.to, "reason": failure.reason}
            outbox.note(deal=row.deal, key=f"message:bounce:{row.pk}", text=text, at=at)
            data = {"message": row.pk, "reason": failure.reason, "subject": row.subject}
            history.record(
                deal=row.deal,
                kind="message_bounced",
                at=at,
                recorded_at=at,
                author=history.SYSTEM,
                data=data,
            )
    return made


def read(raw: bytes) -> Failure:
    """Read a notice. Raises NotABounce."""
    notice = email.message_from_bytes(raw[:BYTES_MAX], policy=email.policy.compat32)
    fields = _parts(notice, "message/delivery-status")
    failed = [part for part in fields if str(part.get("Action", "")).strip().lower() == "failed"]
    if not failed:
        raise NotABounce
    found = re.search(r"<([^<>@\s]+@[^<>\s]+)>", _message_id(notice))
    if found is None:
        raise NotABounce
    status = str(failed[0].get("Status", "")).strip()
    said = str(failed[0].get("Diagnostic-Code", "")).partition(";")[2].strip() or status
    return Failure(found[0], " ".join(said.split())[:REASON_MAX], status.startswith("5"))


def _parts(notice: Part, kind: str) -> Iterator[Part]:
    """The groups of fields of a delivery status: it is parsed as messages of its own."""
    for part in notice.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload()
            yield from (one for one in payload if isinstance(one, Part)) if isinstance(payload, list) else ()


def _message_id(notice: Part) -> str:
    """The Message-ID of the mail that came back, which the notice carries whole or as its headers."""
    for part in notice.walk():
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and isinstance(payload[0], Part):
            return str(payload[0].get("Message-ID", ""))
        if kind == "text/rfc822-headers" and isinstance(payload, str):
            return str(email.message_from_string(payload).get("Message-ID", ""))
    return ""
