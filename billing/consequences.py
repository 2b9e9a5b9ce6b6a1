"""What follows from any change of a deal's money: rows, orders, flags, fields and stage take it in.

Every verb that adds a fact calls follow() once, under the deal's lock and in the fact's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import (
    arrivals,
    credit_tasks,
    date_answers,
    late_fees,
    ledger,
    many_deals,
    open_ends,
    orders,
    overdue,
    projection,
    promises,
    stages,
    transfer_claims,
)
from billing.ledger import Standing
from billing.models import Installment
from billing.open_ends import OpenEnds
from billing.rules import allocation
from billing.rules.allocation import Gap, Share, Source
from crm.models import Deal


@dataclass(frozen=True)
class Change:
    """A deal whose money changed, and the name of the fact that changed it."""

    deal: Deal
    cause: str


def follow_all(changes: Sequence[Change], *, at: datetime) -> dict[int, Standing]:
    """The same as follow() for several deals, each once; returns how each stands now, by its id.

    What nearly every payment does, cover rows and show it, is done for all in a few statements. A deal with
    late fees, refunds or written-off rows is followed alone; so is each other open end.
    """
    deals = many_deals.Deals.at([change.deal for change in changes], at)
    ends, rows = many_deals.ends(deals), many_deals.rows(deals)
    alone = {pk for pk in deals.found if ends[pk].fees or ends[pk].refunded}
    alone |= {pk for pk in deals.found if any(row.written_off for row in rows.get(pk, ()))}
    free = many_deals.free(deals)
    covered = {pk: sources for pk, sources in free.items() if pk not in alone}
    ledger.write_shares(_cover(covered, rows), at=at)
    facts = many_deals.facts(deals)
    standings: dict[int, Standing] = {}
    for change in changes:
        deal = change.deal
        if deal.pk in alone:
            standings[deal.pk] = follow(deal, cause=change.cause, at=at)
            continue
        day, of_deal = deals.days[deal.pk], rows.get(deal.pk, ())
        standing = ledger.standing_of(deal, facts=facts[deal.pk], rows=of_deal, on=day)
        _follow_ends(deal, ends[deal.pk], standing, at=at)
        standings[deal.pk] = standing
    together = [change for change in changes if change.deal.pk not in alone]
    projection.push_all([(change.deal, standings[change.deal.pk]) for change in together], at=at)
    for change in together:
        stages.follow_money(change.deal, standing=standings[change.deal.pk], cause=change.cause, at=at)
    return standings


def follow(deal: Deal, *, cause: str, at: datetime) -> Standing:
    """Let free money do what it is for, and tell everything that shows the deal; return how it stands now.

    `cause` names the fact (payment:9, move:4): a stage move happens once for it.
    """
    ends = open_ends.of(deal)
    if ends.money:
        ledger.settle_open(deal, at=at)
    if ends.refunded:
        arrivals.put_in_order(deal, at=at)
    if ends.fees and late_fees.catch_up(deal, at=at):
        ledger.settle_open(deal, at=at)
    standing = ledger.standing(deal, on=deal.local_day(at))
    _follow_ends(deal, ends, standing, at=at)
    if not cause.startswith("payment:"):
        # Money that comes takes no credit away.
        credit_tasks.close(deal, standing=standing, at=at)
    projection.push(deal, standing=standing, at=at)
    stages.follow_money(deal, standing=standing, cause=cause, at=at)
    return standing


def _follow_ends(deal: Deal, ends: OpenEnds, standing: Standing, *, at: datetime) -> None:
    if ends.orders:
        orders.retire(deal=deal, standing=standing, at=at)
    if ends.flags:
        overdue.cure(deal=deal, at=at)
    if ends.promise:
        promises.follow_money(deal, standing=standing, at=at)
    if ends.claim:
        transfer_claims.follow_money(deal, standing=standing, at=at)
    if ends.wish:
        date_answers.follow_rows(deal, standing=standing, at=at)


def _cover(free: Mapping[int, Sequence[Source]], rows: Mapping[int, Sequence[Installment]]) -> list[Share]:
    """Let the free money of each deal cover its rows, oldest due first; the rows know it at once."""
    shares: list[Share] = []
    for deal, sources in free.items():
        ordered = sorted(rows.get(deal, ()), key=lambda row: (row.due_on, row.number))
        spread = allocation.spread(sources, [Gap(row.pk, row.rest) for row in ordered])
        by_row = {row.pk: row for row in ordered}
        for share in spread:
            by_row[share.installment].paid += share.amount
        shares += spread
    return shares
