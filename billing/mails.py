"""One mail on the wire: sender, headers, PDFs, and what the mail server's answer means.

Promises: a mail repeated after a crash carries the same Message-ID (docs/decisions/); a refusal for good is
told from one that may pass. Never: changes the row it sends (billing.messages does).
"""

import hashlib
import smtplib
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from billing import links, network, papers
from billing.models import Invoice, Message
from documents import rendering


class Refused(Exception):
    """The mail server will never take this message; the text is its answer."""


class Undelivered(Exception):
    """The message did not leave, or nobody knows; try again."""


def send(row: Message, asked: list[Invoice], connection: BaseEmailBackend, *, at: datetime) -> None:
    """Hand one mail to the server, each invoice with its PDF. Raises Refused or Undelivered."""
    try:
        validate_email(row.to)
    except ValidationError:
        raise Refused(_("The address is malformed.")) from None
    name, reply_to = _sender(row)
    mail = EmailMultiAlternatives(
        subject=row.subject,
        body=row.text,
        from_email=sanitize_address((name, _from_address()), "utf-8"),
        to=[row.to],
        reply_to=[reply_to] if reply_to else None,
        headers=_headers(row, at=at),
        connection=connection,
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    try:
        for invoice in asked:
            attached = papers.attachment(invoice=invoice, at=at)
            if attached:
                mail.attach(*attached, "application/pdf")
        enclosed = papers.enclosure(row.key)
        if enclosed:
            mail.attach(*enclosed, "application/pdf")
        connection.open()
        mail.send()
    except smtplib.SMTPException as error:
        raise (Refused if _is_final(error) else Undelivered)(_words(error)) from error
    except rendering.CannotRender as error:
        raise Undelivered(str(error)) from error
    except ValueError as error:
        # A header that cannot be written: Django refuses line breaks, the server non-ASCII without SMTPUTF8.
        raise Refused(type(error).__name__) from error
    except OSError as error:
        raise Undelivered(type(error).__name__) from error


def _headers(row: Message, *, at: datetime) -> dict[str, str]:
    """A reminder carries the button of the mail programme that ends reminders (RFC 8058)."""
    headers = {"Message-ID": message_id(row.key), "Auto-Submitted": "auto-generated"}
    if row.key.startswith("reminder:"):
        headers["List-Unsubscribe"] = f"<{links.page_url(deal=row.deal, at=at)}reminders/>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def message_id(key: str) -> str:
    """The mail's own name, made of the row's key: a repeat after a crash is recognisable as the same mail."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{_host()}>"


def _sender(row: Message) -> tuple[str, str]:
    """The legal entity that asks for the money, and where answers go."""
    entity = row.invoice.legal_entity if row.invoice else None
    if entity is None:
        try:
            entity = network.receiver(deal=row.deal, on=row.deal.local_day(row.created_at)).legal_entity
        except network.NoReceiver:
            return "", ""
    return entity.name, entity.email


def _from_address() -> str:
    user = settings.EMAIL_HOST_USER
    return user if "@" in user else f"noreply@{_host()}"


def _host() -> str:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    # An address needs a name; the demo runs on a bare number.
    return host if any(character.isalpha() for character in host) else "localhost"


def _is_final(error: smtplib.SMTPException) -> bool:
    """True when repeating the same mail can never help; a wrong password is ours to mend, the mail waits."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def _words(error: smtplib.SMTPException) -> str:
    """What the server said, one answer after another."""
    answers: list[tuple[int, bytes | str]] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers.extend(error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        answers.append((error.smtp_code, error.smtp_error))
    texts = (
        f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
        for code, said in answers
    )
    return "; ".join(texts) or type(error).__name__
