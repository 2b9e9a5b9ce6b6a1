"""What follows from any change of a deal's money: rows, orders, flags, fields and stage take it in.

Every verb that adds a fact calls follow() once, under the deal's lock and in the fact's transaction.
"""

from datetime import datetime

from billing import (
    late_fees,
    ledger,
    open_ends,
    orders,
    overdue,
    projection,
    promises,
    stages,
    transfer_claims,
)
from billing.ledger import Standing
from crm.models import Deal


def follow(deal: Deal, *, cause: str, at: datetime) -> Standing:
    """Let free money do what it is for, and tell everything that shows the deal; return how it stands now.

    `cause` names the fact (payment:9, move:4): a stage move happens once for it.
    """
    ends = open_ends.of(deal)
    if ends.money:
        ledger.settle_open(deal, at=at)
    if ends.fees and late_fees.catch_up(deal, at=at):
        ledger.settle_open(deal, at=at)
    standing = ledger.standing(deal, on=deal.local_day(at))
    if ends.orders:
        orders.retire(deal=deal, standing=standing, at=at)
    if ends.flags:
        overdue.cure(deal=deal, at=at)
    if ends.promise:
        promises.follow_money(deal, standing=standing, at=at)
    if ends.claim:
        transfer_claims.follow_money(deal, standing=standing, at=at)
    projection.push(deal, standing=standing, at=at)
    stages.follow_money(deal, standing=standing, cause=cause, at=at)
    return standing
