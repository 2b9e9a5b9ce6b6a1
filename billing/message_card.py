"""What the card says of messages: what was sent to the payer, by which channel, and what became of it.

A letter over several invoices is told for each, also where it was the letter of another deal; an invoice that
was paid before its letter left is not in it. Read in one round trip; reads only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from billing import messages
from billing.models import Message
from crm import chats
from crm.models import Deal

SHOWN = 20
STATES = {"waiting": "waiting", "done": "sent", "parked": "failed"}
# A message of the deal, or one that spoke of it among others; `asks`: the deal's invoices that it is about.
TOLD = """
WITH told AS (
    SELECT m.id AS message, i.id AS invoice, i.number FROM billing_message m
    LEFT JOIN billing_invoice i ON i.id = m.invoice_id AND i.deal_id = m.deal_id
    WHERE m.deal_id = %(deal)s
    UNION
    SELECT a.message_id, i.id, i.number FROM billing_invoice i
    JOIN billing_message_also a ON a.invoice_id = i.id WHERE i.deal_id = %(deal)s
    UNION
    SELECT r.message_id, NULL, NULL FROM billing_schedule s
    JOIN billing_installment n ON n.schedule_id = s.id
    JOIN billing_reminder r ON r.installment_id = n.id WHERE s.deal_id = %(deal)s
)
SELECT m.channel, m.key, m.state, m.last_error, m.subject, m.created_at, m.done_at, b.reason,
    array_agg(t.invoice) FILTER (WHERE t.invoice IS NOT NULL),
    array_agg(t.invoice) FILTER (WHERE m.state = 'done' AND m.channel = 'email'
                                 AND strpos(m.subject || m.text, t.number) = 0)
FROM told t JOIN billing_message m ON m.id = t.message LEFT JOIN billing_bounce b ON b.message_id = m.id
GROUP BY m.id, b.reason ORDER BY m.id
"""


@dataclass(frozen=True)
class Told:
    """One message: its line for the card, the deal's invoices that it is about, and those it left out."""

    line: dict[str, Any]
    invoices: Collection[int]
    left_out: Collection[int]


def of(deal: Deal) -> list[Told]:
    """Every message that told the deal's payer something, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(TOLD, {"deal": deal.pk})
        rows = cursor.fetchall()
    arrived = chats.arrived(deal=deal) if any(row[0] == messages.SALESBOT for row in rows) else frozenset()
    return [_told(deal, row, arrived) for row in rows]


def of_invoice(found: list[Told], invoice: int) -> list[dict[str, Any]]:
    """The card's `sent` of an invoice: channel, moment and state of each message about it."""
    lines = []
    for one in found:
        if invoice in one.invoices:
            line = {name: one.line[name] for name in ("channel", "at", "state", "reason")}
            lines.append(line | ({"state": "not_needed"} if invoice in one.left_out else {}))
    return lines


def newest(found: list[Told]) -> list[dict[str, Any]]:
    """The card's `messages`, newest first."""
    return [one.line for one in reversed(found[-SHOWN:])]


def _told(deal: Deal, row: tuple[Any, ...], arrived: Collection[str]) -> Told:
    channel, key, state, error, subject, created_at, done_at, bounced, invoices, left_out = row
    shown = _state(channel, state, key in arrived, error, bounced)
    line = {
        "about": key.partition(":")[0],
        "channel": channel,
        "at": _moment(done_at or created_at, deal),
        "state": shown,
        "reason": (bounced or error or None) if shown == "failed" else None,
        "subject": subject or None,
    }
    return Told(line, invoices or (), left_out or ())


def _state(channel: str, state: str, arrived: bool, error: str, bounced: str | None) -> str:
    """A bot's message is handed over until it is seen in the chat; a mail that came back has failed."""
    if error == messages.NOT_NEEDED:
        return "not_needed"
    if bounced:
        return "failed"
    if channel == messages.SALESBOT and state == Message.State.DONE and not arrived:
        return "handed_over"
    return STATES[state]


def _moment(at: datetime, deal: Deal) -> str:
    return at.astimezone(deal.zone).isoformat(timespec="seconds")
