"""The mailbox of the sandbox: an SMTP server that accepts everything for anybody, and pages that show it.

Nothing is ever sent on. The last 1000 messages are kept; attachments lie in a collection of their own, so
that the list stays light.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.store import Document, Store

COLLECTION, ATTACHMENTS = "mail", "mail.attachments"
KEPT = 1000
ATTACHMENTS_KEPT = 3000


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes
    content_id: str = ""


def put(
    store: Store,
    *,
    to: list[str],
    sender: str,
    subject: str,
    text: str,
    html: str = "",
    attachments: Iterable[Attachment] = (),
    message_id: str = "",
) -> str:
    """Keep one message; returns its id."""
    with store.transaction():
        number = str(store.next_number("mail"))
        listed = [_keep(store, number, place, part) for place, part in enumerate(attachments, 1)]
        message: Document = {
            "id": number,
            "to": to,
            "from": sender,
            "subject": subject,
            "message_id": message_id,
            "text": text,
            "html": html,
        }
        message |= {"text": text, "html": html, "attachments": listed, "at": datetime.now(UTC).isoformat()}
        store.put(COLLECTION, number, message)
        store.keep_last(COLLECTION, KEPT)
        store.keep_last(ATTACHMENTS, ATTACHMENTS_KEPT)
    return number


def _keep(store: Store, number: str, place: int, part: Attachment) -> Document:
    listed = {
        "name": part.name,
        "content_type": part.content_type,
        "size": len(part.content),
        "content_id": part.content_id,
        "url": f"/mail/{number}/attachments/{place}",
    }
    content = base64.b64encode(part.content).decode()
    store.put(ATTACHMENTS, f"{number}/{place}", listed | {"content": content})
    return listed


def returned(message: Document, *, status: str, said: str) -> str:
    """The notice by which another server gives a kept mail back (RFC 3464), as a sender's mailbox gets it."""
    boundary, to = f"returned-{message['id']}", message["to"][0]
    return "\r\n".join(
        [
            "From: MAILER-DAEMON@sandbox",
            "To: " + message["from"],
            "Subject: Undelivered Mail Returned to Sender",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
            "",
            f"--{boundary}",
            "Content-Type: text/plain; charset=utf-8",
            "",
            f"The mail to {to} could not be delivered: {said}",
            f"--{boundary}",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; sandbox",
            "",
            f"Final-Recipient: rfc822; {to}",
            "Action: failed",
            f"Status: {status}",
            f"Diagnostic-Code: smtp; {said}",
            "",
            f"--{boundary}",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: {message['message_id']}",
            f"To: {to}",
            "",
            f"--{boundary}--",
            "",
        ]
    )
