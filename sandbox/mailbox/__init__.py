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
