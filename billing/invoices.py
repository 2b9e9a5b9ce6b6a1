"""Invoices: made when a row falls due or by a click, sent once, void when what they asked for is gone.

Promises: one live invoice per installment, whoever asks for it and however often; an invoice asks for the
open rest and its link asks for what is owed at the click.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing import (
    history,
    invoice_rows,
    invoice_state,
    issuing,
    ledger,
    messages,
    network,
    orders,
    payers,
    preferences,
    workdays,
    zones,
)
from billing.ledger import Standing
from billing.models import AccountPolicy, Installment, Invoice, LegalEntity, Message
from billing.rules import money
from crm.models import Account, Deal

# So many invoices fit into one letter; further ones of the same payer get another.
LETTER_HOLDS = 10
# So many rows are issued in one transaction: a second of work, and no payment waits longer for its deal.
RUN_HOLDS = 200
FIELDS = {one.name for one in fields(payers.Payer)}
Item = TypeVar("Item")


class Leaving(StrEnum):
    """When a run's messages leave: at once where a person began it, else when the payer may be written to."""

    AT_ONCE = "at_once"
    PAYERS_HOURS = "payers_hours"


class NoSuchRow(Exception):
    """The schedule has no open row of that number."""


class NothingToInvoice(Exception):
    """Nothing is owed."""


class AboveDebt(Exception):
    """An invoice for more than is owed."""


class AlreadyVoid(Exception):
    """The invoice is void."""


class AlreadyPaid(Exception):
    """What the invoice asked for is paid: it is neither sent again nor made void."""


class NoAddress(Exception):
    """The payer has no e-mail address."""


class NoBot(Exception):
    """The account has no Salesbot."""


@dataclass(frozen=True)
class Demand:
    """What an invoice should ask for: the row of a number, or a sum, or by default the first open row."""

    number: int | None = None
    amount: Decimal | None = None
    payer: dict[str, Any] = field(default_factory=dict)


def issue_now(*, at: datetime) -> int:
    """Issue for every account whose local hour has come; what was issued today is not due again."""
    made = 0
    for policy in issuing.policies():
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        if local.time() >= policy.issue_at:
            made += issue_due(on=local.date(), at=at, account=policy.account, leaving=Leaving.PAYERS_HOURS)
    return made


def issue_due(
    *, on: date, at: datetime, account: Account | None = None, leaving: Leaving = Leaving.AT_ONCE
) -> int:
    """Make and send the invoice of every row that is due up to `on` (with the account's lead days).

    Returns how many were made; a second run makes none. What is due to one payer, after missed days or by
    several deals, is one letter. A deal that nobody can take money for stays for the next run.
    """
    _pass_over(on, account)
    made = 0
    for policy in issuing.policies(account):
        for payers_rows in _runs(issuing.by_payer(policy, on=on)):
            made += _issue_rows(policy, payers_rows, on=on, at=at, leaving=leaving)
    return made


def issue(*, deal: Deal, demand: Demand, author: str, at: datetime) -> Invoice:
    """Make an invoice by a click; the live one of the row is returned when there is one.

    Raises NoSuchRow, NothingToInvoice, AboveDebt, network.NoReceiver.
    """
    with transaction.atomic():
        deal = ledger.lock(deal.id)
        standing = ledger.standing(deal, on=deal.local_day(at))
        if standing.debt <= 0:
            raise NothingToInvoice
        if demand.amount is not None:
            if demand.amount > standing.debt:
                raise AboveDebt
            return _make(deal, None, demand.amount, standing, demand.payer, author=author, at=at)
        row = _row_of(standing, demand.number)
        if row.invoice is not None:
            return Invoice.objects.get(id=row.invoice)
        return _make(deal, row.installment, row.rest, standing, demand.payer, author=author, at=at)


def send(
    *,
    invoice: Invoice,
    at: datetime,
    channels: Collection[str] = (messages.EMAIL,),
    leaves_at: datetime | None = None,
) -> None:
    """Queue the invoice's messages, to leave at once or at `leaves_at`. A second call sends it again: the
    person who clicks wants that.

    Raises AlreadyVoid, AlreadyPaid, NoAddress, NoBot.
    """
    with transaction.atomic():
        invoice = Invoice.objects.select_related("deal__account", "legal_entity", "installment").get(
            id=invoice.id
        )
        deal = ledger.lock(invoice.deal_id)
        if invoice.voided_at:
            raise AlreadyVoid
        _must_be_open(invoice, deal, at=at)
        letters = [_again(invoice, channel, leaves_at) for channel in channels]
        messages.queue_invoices(letters, at=at)


def mail(
    *,
    invoice: Invoice,
    at: datetime,
    channels: Collection[str] = (messages.EMAIL,),
    leaves_at: datetime | None = None,
) -> None:
    """Queue the invoice's messages by the channels by which none leaves that day: whoever wants one again
    says so by send(). Raises AlreadyVoid, AlreadyPaid, NoAddress, NoBot.
    """
    today = invoice.deal.local_day(leaves_at or at)
    sent = Message.objects.filter(Q(invoice=invoice) | Q(also=invoice)).exclude(state=Message.State.PARKED)
    told = {one.channel for one in sent if invoice.deal.local_day(one.created_at) == today}
    left = [channel for channel in channels if channel not in told]
    if left:
        send(invoice=invoice, at=at, channels=left, leaves_at=leaves_at)


def void(*, invoice: Invoice, reason: str, author: str, at: datetime) -> None:
    """Void an invoice; its address goes on to ask for the deal's first open row. A second call changes
    nothing. Raises AlreadyPaid.
    """
    with transaction.atomic():
        deal = ledger.lock(invoice.deal_id)
        _must_be_open(invoice, deal, at=at)
        _void(deal, invoice, reason=reason, author=author, at=at)
        orders.retire(deal=deal, standing=ledger.standing(deal, on=deal.local_day(at)), at=at)


def void_of_rows(*, deal: Deal, rows: list[Installment], at: datetime) -> None:
    """Void the live invoices of rows that are being replaced; the caller holds the deal's lock."""
    for invoice in Invoice.objects.filter(installment__in=rows, voided_at__isnull=True):
        _void(deal, invoice, reason=_("the schedule was changed"), author=history.SYSTEM, at=at)


def _again(invoice: Invoice, channel: str, leaves_at: datetime | None) -> messages.InvoiceLetter:
    """One more message of an invoice by a channel. Raises NoAddress, NoBot."""
    if channel == messages.SALESBOT:
        if not AccountPolicy.objects.filter(account=invoice.deal.account_id, salesbot_id__gt=0).exists():
            raise NoBot
        to = invoice.deal.contact_name
    else:
        to = _address(invoice)
        if not to:
            raise NoAddress
    times = invoice.messages.filter(channel=channel).count()
    key = f"invoice:{invoice.pk}:{channel}:{times + 1}"
    return messages.InvoiceLetter(to, key, [invoice], channel, leaves_at)


def _must_be_open(invoice: Invoice, deal: Deal, *, at: datetime) -> None:
    if invoice_state.state_of(invoice, ledger.standing(deal, on=deal.local_day(at))) == "paid":
        raise AlreadyPaid


def _void(deal: Deal, invoice: Invoice, *, reason: str, author: str, at: datetime) -> None:
    live = Invoice.objects.filter(id=invoice.id, voided_at__isnull=True)
    if live.update(voided_at=at, void_reason=reason):
        data = {"invoice": invoice.number, "amount": money.text(invoice.amount), "reason": reason}
        history.record(deal=deal, kind="invoice_void", at=at, recorded_at=at, author=author, data=data)


def _pass_over(on: date, account: Account | None) -> None:
    """Mark the rows that need no invoice any more, under their deals' locks: whoever takes money back from a
    row holds the same lock, and asks for its invoice again.
    """
    rows = issuing.asked_or_covered(on=on).filter(issuing.come(until=on))
    if account:
        rows = rows.filter(schedule__deal__account=account)
    found = rows.values_list("id", "schedule__deal").iterator(RUN_HOLDS)
    while part := dict(islice(found, RUN_HOLDS)):
        with transaction.atomic():
            _lock_all(set(part.values()))
            still = issuing.asked_or_covered(on=on).filter(pk__in=part).values_list("id", flat=True)
            Installment.objects.filter(pk__in=list(still)).update(issuing_over=True)


def _runs(payers_rows: Iterable[dict[int, int]]) -> Iterator[list[dict[int, int]]]:
    """Put payers together until a transaction is full: few statements for many, and no long lock."""
    run: list[dict[int, int]] = []
    for rows in payers_rows:
        run.append(rows)
        if sum(map(len, run)) >= RUN_HOLDS:
            yield run
            run = []
    if run:
        yield run


def _issue_rows(
    policy: AccountPolicy, payers_rows: list[dict[int, int]], *, on: date, at: datetime, leaving: Leaving
) -> int:
    """Issue the rows of a few payers in one transaction, with one letter for each; returns how many.

    A row that was done, paid, stopped or paused in the meantime is left out, and so is one that nobody can
    take money for.
    """
    deal_of = {row: deal for rows in payers_rows for row, deal in rows.items()}
    with transaction.atomic():
        deals = _lock_all(set(deal_of.values()))
        for deal in deals.values():
            deal.account = policy.account
        rows = list(issuing.due_rows(policy, on=on).filter(pk__in=deal_of))
        asks = _asks([(row, deals[deal_of[row.pk]]) for row in rows], at=at)
        found = invoice_rows.make(asks, author=history.SYSTEM, at=at)
        made = {ask.row.pk: invoice for ask, invoice in zip(asks, found, strict=True) if ask.row}
        Installment.objects.filter(pk__in=made).update(issuing_over=True)
        post = _Post(policy, at=at, leaving=leaving)
        of_payers = ([made[row] for row in rows if row in made] for rows in payers_rows)
        messages.queue_invoices([letter for one in of_payers for letter in post.letters(one)], at=at)
    return len(made)


def _asks(rows: list[tuple[Installment, Deal]], *, at: datetime) -> list[invoice_rows.Ask]:
    """What each row's invoice asks for; the network, the payers and the money are read once for all."""
    received = invoice_rows.kept_of({deal.pk for _row, deal in rows})
    payers_of = payers.of_deals({deal.pk: deal for _row, deal in rows}.values())
    entities: dict[tuple[str, date | None, date], LegalEntity | None] = {}
    asks = []
    for row, deal in rows:
        today = deal.local_day(at)
        place = (deal.location_value, deal.service_on, today)
        if place not in entities:
            entities[place] = _entity(deal, today)
        entity, payer = entities[place], payers_of[deal.pk].given(row.number)
        if entity is not None:
            kept = received.get(deal.pk, money.ZERO)
            asks.append(invoice_rows.Ask(deal, row, row.rest, entity, payer, kept, today))
    return asks


def _entity(deal: Deal, today: date) -> LegalEntity | None:
    try:
        return network.receiver(deal=deal, on=today).legal_entity
    except network.NoReceiver:
        return None


def _lock_all(deal_ids: Collection[int]) -> dict[int, Deal]:
    """Take the locks of many deals at once, in the order that everybody keeps (ledger.lock_all)."""
    return {deal.pk: deal for deal in Deal.objects.locked().filter(pk__in=deal_ids).order_by("pk")}


class _Post:
    """By which channel and when the invoices of a run leave: what every payer's letters depend on, read once.

    The mail, unless the payer wants the chat or has no address: then the account's bot, deal by deal. Who was
    reminded by mail today of what is issued now, after a missed day, gets the letter tomorrow.
    """

    def __init__(self, policy: AccountPolicy, *, at: datetime, leaving: Leaving) -> None:
        self.at, self.leaving, self.is_working = at, leaving, workdays.calendar().is_working
        self.bot = policy.salesbot_id is not None
        self.wishes = preferences.of_account(policy.account)
        local = at.astimezone(ZoneInfo(policy.account.time_zone))
        midnight = datetime.combine(local, time(), local.tzinfo)
        self.tomorrow = datetime.combine(local + timedelta(days=1), policy.issue_at, local.tzinfo)
        reminded = Message.objects.filter(
            account=policy.account, channel=messages.EMAIL, created_at__gte=midnight, created_at__lte=at
        ).exclude(Q(state=Message.State.PARKED) | Q(last_error=messages.NOT_NEEDED))
        found = reminded.filter(key__startswith="reminder:").values_list("to", flat=True)
        self.reminded = {to.lower() for to in found}

    def letters(self, made: list[Invoice]) -> list[messages.InvoiceLetter]:
        """The messages of one payer; whom no channel reaches gets none."""
        mailed = [one for one in made if _address(one) and not self._is_chat(one)]
        found = [
            messages.InvoiceLetter(
                _address(part[0]), f"invoice:{part[0].pk}:email:1", part, leaves_at=self._when(part[0])
            )
            for part in _batched(mailed, LETTER_HOLDS)
        ]
        chats: dict[int, list[Invoice]] = {}
        for one in made:
            if self._is_chat(one):
                chats.setdefault(one.deal_id, []).append(one)
        return found + [
            messages.InvoiceLetter(
                part[0].deal.contact_name,
                f"invoice:{part[0].pk}:salesbot:1",
                part,
                messages.SALESBOT,
                self._opening(part[0]),
            )
            for part in chats.values()
        ]

    def _is_chat(self, invoice: Invoice) -> bool:
        """The bot talks to the contact only, so never for a payer who was named."""
        address = _address(invoice)
        wanted = self.wishes.get(address.strip().lower()) == messages.SALESBOT
        return self.bot and not invoice.payer and (wanted or not address)

    def _when(self, invoice: Invoice) -> datetime | None:
        if _address(invoice).strip().lower() in self.reminded:
            return self.tomorrow
        return self._opening(invoice)

    def _opening(self, invoice: Invoice) -> datetime | None:
        if self.leaving == Leaving.AT_ONCE:
            return None
        return zones.opening(invoice.deal, at=self.at, is_working=self.is_working)


def _row_of(standing: Standing, number: int | None) -> ledger.RowStanding:
    if number is None:
        if standing.next is None:
            raise NoSuchRow
        return standing.next
    for row in standing.rows:
        if row.installment.number == number and row.rest > 0:
            return row
    raise NoSuchRow


def _make(
    deal: Deal,
    row: Installment | None,
    amount: Decimal,
    standing: Standing,
    payer: dict[str, Any],
    *,
    author: str,
    at: datetime,
) -> Invoice:
    today = deal.local_day(at)
    entity = network.receiver(deal=deal, on=today).legal_entity
    payer = payer or payers.of_deal(deal).given(row.number if row else None)
    kept = standing.received - standing.refunded
    ask = invoice_rows.Ask(deal, row, amount, entity, payer, kept, today)
    return invoice_rows.make([ask], author=author, at=at)[0]


def _address(invoice: Invoice) -> str:
    given = {field: value for field, value in invoice.payer.items() if field in FIELDS}
    return issuing.address(invoice.deal, payers.Payer(**given) if given else None)


def _batched(found: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a sequence into parts."""
    return (found[start : start + size] for start in range(0, len(found), size))
