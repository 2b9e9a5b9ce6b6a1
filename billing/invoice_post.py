"""The letters of a run's invoices: by which channel, to whom, in how many letters, from when on.

The mail, unless the payer wants the chat or has no address: then the account's bot, deal by deal. Who was
reminded by mail today of what is issued now, after a missed day, gets the letter tomorrow. Queues nothing:
billing.invoice_runs does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from billing import messages, payers, preferences, workdays, zones
from billing.models import AccountPolicy, Invoice, Message

# So many invoices fit into one letter; further ones of the same payer get another.
LETTER_HOLDS = 10
FIELDS = {one.name for one in fields(payers.Payer)}
Item = TypeVar("Item")


class Leaving(StrEnum):
    """When a run's messages leave: at once where a person began it, else when the payer may be written to."""

    AT_ONCE = "at_once"
    PAYERS_HOURS = "payers_hours"


class Post:
    """What every payer's letters depend on, read once for a run; `again` are invoices made before."""

    def __init__(
        self, policy: AccountPolicy, again: Sequence[Invoice], *, at: datetime, leaving: Leaving
    ) -> None:
        self.at, self.leaving, self.is_working = at, leaving, workdays.calendar().is_working
        self.bot = policy.salesbot_id is not None
        self.wishes = preferences.of_account(policy.account)
        self.sent = _sent(again)
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        midnight = datetime.combine(local, time(), local.tzinfo)
        self.tomorrow = datetime.combine(local + timedelta(days=1), policy.issue_at, local.tzinfo)
        reminded = Message.objects.filter(
            account=policy.account, channel=messages.EMAIL, created_at__gte=midnight, created_at__lte=at
        ).exclude(Q(state=Message.State.PARKED) | Q(last_error=messages.NOT_NEEDED))
        found = reminded.filter(key__startswith="reminder:").values_list("to", flat=True)
        self.reminded = {to.lower() for to in found}

    def letters(self, made: Sequence[Invoice]) -> list[messages.InvoiceLetter]:
        """The messages of one payer; whom no channel reaches gets none."""
        mailed = [one for one in made if address(one) and not self._is_chat(one)]
        chats: dict[int, list[Invoice]] = {}
        for one in made:
            if self._is_chat(one):
                chats.setdefault(one.deal_id, []).append(one)
        return [
            *(self._letter(part, messages.EMAIL) for part in _batched(mailed, LETTER_HOLDS)),
            *(self._letter(part, messages.SALESBOT) for part in chats.values()),
        ]

    def _letter(self, part: Sequence[Invoice], channel: str) -> messages.InvoiceLetter:
        first, is_mail = part[0], channel == messages.EMAIL
        return messages.InvoiceLetter(
            to=address(first) if is_mail else first.deal.contact_name,
            key=f"invoice:{first.pk}:{channel}:{self.sent.get((first.pk, channel), 0) + 1}",
            invoices=part,
            channel=channel,
            leaves_at=self._when(first) if is_mail else self._opening(first),
            by_run=True,
        )

    def _is_chat(self, invoice: Invoice) -> bool:
        """The bot talks to the contact only, so never for a payer who was named."""
        to = address(invoice)
        wanted = self.wishes.get(to.strip().lower()) == messages.SALESBOT
        return self.bot and not invoice.payer and (wanted or not to)

    def _when(self, invoice: Invoice) -> datetime | None:
        if address(invoice).strip().lower() in self.reminded:
            return self.tomorrow
        return self._opening(invoice)

    def _opening(self, invoice: Invoice) -> datetime | None:
        if self.leaving == Leaving.AT_ONCE:
            return None
        return zones.opening(invoice.deal, at=self.at, is_working=self.is_working)


def address(invoice: Invoice) -> str:
    """Where the invoice is mailed to, empty when nowhere."""
    given = {name: value for name, value in invoice.payer.items() if name in FIELDS}
    return payers.address(invoice.deal, payers.Payer(**given) if given else None)


def _sent(invoices: Sequence[Invoice]) -> Mapping[tuple[int, str], int]:
    """How many messages each had by each channel."""
    if not invoices:
        return {}
    found = Message.objects.filter(invoice__in=invoices).values("invoice", "channel").order_by()
    return {(one["invoice"], one["channel"]): one["times"] for one in found.annotate(times=Count("pk"))}


def _batched(found: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a sequence into parts."""
    return (found[start : start + size] for start in range(0, len(found), size))
