"""SMTP in: parse what came and keep it."""

import email
import email.policy
from email.message import EmailMessage, MIMEPart

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mailbox import Attachment, put
from sandbox.store import Store

MESSAGE_LIMIT = 32 * 1024 * 1024


def start(store: Store, *, host: str, port: int) -> Controller:
    """Listen in a thread of its own; `stop()` on the returned controller ends it."""
    controller = Controller(_Keeper(store), hostname=host, port=port, data_size_limit=MESSAGE_LIMIT)
    controller.start()
    return controller


class _Keeper:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        keep(self._store, raw, [str(address) for address in envelope.rcpt_tos])
        return "250 Message accepted"


def keep(store: Store, raw: bytes, recipients: list[str]) -> str:
    """Keep one RFC 5322 message for its envelope recipients; returns its id."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return put(
        store,
        to=recipients,
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        message_id=str(message["Message-ID"] or ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=[_attachment(part) for part in _parts(message)],
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _parts(message: EmailMessage) -> list[MIMEPart]:
    """Everything that is not a body: attachments, and pictures the HTML shows by Content-ID."""
    return [
        part
        for part in message.walk()
        if not part.is_multipart() and (part.get_filename() or part.get("Content-ID"))
    ]


def _attachment(part: MIMEPart) -> Attachment:
    content = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or "file",
        content_type=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
        content_id=str(part.get("Content-ID") or "").strip("<>"),
    )
