"""The run that makes the invoices which are due: whatever fell due, once, at the account's hour.

A run that was dropped is caught up by the next one, a second one makes nothing. What is due to one payer is
one letter. A letter whose payer has said how the money comes is held (billing.letter_holds): its invoice is
made and marked, and the first run after the hold sends it, if its row is still owed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from billing import history, invoice_rows, issuing, letter_holds, messages, network, past_rows, payers
from billing.invoice_post import Leaving, Post
from billing.letter_holds import Hold
from billing.models import AccountPolicy, Installment, Invoice, LegalEntity
from billing.rules import money
from crm.models import Account, Deal

# So many rows are issued in one transaction: a second of work, and no payment waits longer for its deal.
RUN_HOLDS = 200


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
    several deals, is one letter, and so is what was held until now. A deal that nobody can take money for
    stays for the next run.
    """
    _pass_over(on, account)
    made = 0
    for policy in issuing.policies(account):
        for payers_rows in _runs(issuing.by_payer(policy, on=on)):
            made += _issue_rows(policy, payers_rows, on=on, at=at, leaving=leaving)
    return made


def _pass_over(on: date, account: Account | None) -> None:
    """Mark the rows that need no invoice any more, so that the next run need not look at them."""
    rows = issuing.asked_or_covered(on=on)
    if account:
        rows = rows.filter(schedule__deal__account=account)
    past_rows.mark(rows, come=past_rows.to_issue(until=on), flag="issuing_over")


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
        due = [
            (row, deals[deal_of[row.pk]]) for row in issuing.due_rows(policy, on=on).filter(pk__in=deal_of)
        ]
        late = [
            (row, deals[deal_of[row.pk]]) for row in issuing.waiting(policy, on=on).filter(pk__in=deal_of)
        ]
        holds = letter_holds.of_rows([*due, *late], policy, on=on)
        made = _make(_asks(due, holds, at=at), holds, at=at)
        again = _let_go([(row, deal) for row, deal in late if row.pk not in holds], at=at)
        post = Post(policy, list(again.values()), at=at, leaving=leaving)
        ready = {row: invoice for row, invoice in made.items() if row not in holds} | again
        of_payers = ([ready[row] for row in rows if row in ready] for rows in payers_rows)
        messages.queue_invoices([letter for one in of_payers for letter in post.letters(one)], at=at)
    return len(made)


def _make(asks: Sequence[invoice_rows.Ask], holds: Mapping[int, Hold], *, at: datetime) -> dict[int, Invoice]:
    """Make the invoices of rows, by row; those whose letters are held say so."""
    found = invoice_rows.make(asks, author=history.SYSTEM, at=at)
    made = {ask.row.pk: invoice for ask, invoice in zip(asks, found, strict=True) if ask.row}
    Installment.objects.filter(pk__in=made).update(issuing_over=True)
    letter_holds.tell([(one, holds[row]) for row, one in made.items() if row in holds], at=at)
    return made


def _let_go(rows: Sequence[tuple[Installment, Deal]], *, at: datetime) -> dict[int, Invoice]:
    """End the waiting of these rows' letters; returns the invoices that ask for what is still owed, by row:
    a new one where part was paid.
    """
    if not rows:
        return {}
    deals = {row.pk: deal for row, deal in rows}
    waiting = Invoice.objects.filter(installment__in=deals, letter_waits=True, voided_at=None)
    read = waiting.select_related("installment", "legal_entity")
    found = {one.installment_id: one for one in read if one.installment_id is not None}
    Invoice.objects.filter(pk__in=[one.pk for one in found.values()]).update(letter_waits=False)
    for pk, one in found.items():
        one.deal = deals[pk]
    partly = [(row, deal) for row, deal in rows if row.rest > 0 and row.rest != found[row.pk].amount]
    asks = _asks(partly, {}, at=at)
    for old in (found[ask.row.pk] for ask in asks if ask.row):
        reason = _("part of it was paid before it was sent")
        invoice_rows.void(old.deal, old, reason=reason, author=history.SYSTEM, at=at)
    return {row.pk: found[row.pk] for row, _deal in rows if row.rest > 0} | _make(asks, {}, at=at)


def _asks(
    rows: Sequence[tuple[Installment, Deal]], holds: Mapping[int, Hold], *, at: datetime
) -> list[invoice_rows.Ask]:
    """What each row's invoice asks for; the network, the payers and the money are read once for all."""
    received = invoice_rows.kept_of({deal.pk for _row, deal in rows})
    holders = network.holders_of({deal.pk for _row, deal in rows})
    payers_of = payers.of_deals({deal.pk: deal for _row, deal in rows}.values())
    entities: dict[tuple[str, date | None, date], LegalEntity | None] = {}
    asks = []
    for row, deal in rows:
        today = deal.local_day(at)
        place = (deal.location_value, deal.service_on, today)
        if place not in entities:
            entities[place] = _entity(deal, today)
        entity, payer = entities[place], payers_of[deal.pk].given(row.number)
        if entity is not None and network.may_bill(entity, deal=deal, on=today, holders=holders):
            kept, waits = received.get(deal.pk, money.ZERO), row.pk in holds
            asks.append(invoice_rows.Ask(deal, row, row.rest, entity, payer, kept, today, waits))
    return asks


def _entity(deal: Deal, today: date) -> LegalEntity | None:
    try:
        return network.receiver(deal=deal, on=today).legal_entity
    except network.NoReceiver:
        return None


def _lock_all(deal_ids: Collection[int]) -> dict[int, Deal]:
    """Take the locks of many deals at once, in the order that everybody keeps (ledger.lock_all)."""
    return {deal.pk: deal for deal in Deal.objects.locked().filter(pk__in=deal_ids).order_by("pk")}
