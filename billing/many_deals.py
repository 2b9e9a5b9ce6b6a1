"""What a change of money has to know of several deals, each question asked once for all of them.

The words of each question are those that are asked for one deal (billing.sums, billing.open_ends), put to
every deal by a lateral join; so one deal and many can never be told different things. Reads only; the caller
holds the deals' locks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from billing import links, open_ends, sums
from billing.models import Installment
from billing.open_ends import OpenEnds
from billing.rules import allocation
from billing.sums import Facts
from crm.models import Deal

SCHEDULE_OF = "(SELECT x.id FROM billing_schedule x WHERE x.deal_id = d.id)"
# The parameters of a question for one deal, as columns of the deal.
COLUMNS = {
    "%(deal)s": "d.id",
    "%(account)s": "d.account_id",
    "%(on)s": "d.day",
    "%(fees_on)s": "d.day",
    "%(schedule)s": SCHEDULE_OF,
    "%(till)s": "'infinity'::timestamptz",
    "%(known)s": "'infinity'::timestamptz",
}


@dataclass(frozen=True)
class Deals:
    """Deals by their ids, and the day that it is where each of them lives."""

    found: Mapping[int, Deal]
    days: Mapping[int, date]

    @classmethod
    def at(cls, deals: Iterable[Deal], at: datetime) -> "Deals":
        found = {deal.pk: deal for deal in deals}
        return cls(found, {pk: deal.local_day(at) for pk, deal in found.items()})

    @property
    def given(self) -> dict[str, Any]:
        return {"ids": list(self.days), "days": list(self.days.values())}


def ends(deals: Deals) -> dict[int, OpenEnds]:
    """What is open on each deal."""
    return {row[0]: OpenEnds(*row[1:]) for row in _asked(open_ends.OPEN_ENDS, deals)}


def free(deals: Deals) -> dict[int, list[allocation.Source]]:
    """The payments of each deal with money that covers nothing, oldest first."""
    found: dict[int, list[allocation.Source]] = defaultdict(list)
    for deal, payment, amount in _asked(sums.FREE, deals):
        if amount > 0:
            found[deal].append(allocation.Source(payment, amount))
    return found


def facts(deals: Deals) -> dict[int, Facts]:
    """What came to each deal and left it, and its terms."""
    return {row[0]: sums.read(*row[1:]) for row in _asked(sums.FACTS, deals)}


def rows(deals: Deals) -> dict[int, list[Installment]]:
    """The current rows of each deal in the order of their numbers, as ledger.standing_of() needs them."""
    found: dict[int, list[Installment]] = defaultdict(list)
    for deal, *values in _asked(sums.ROWS, deals):
        found[deal].append(sums.row(values))
    return {deal: sorted(of_one, key=lambda row: row.number) for deal, of_one in found.items()}


def pages(deals: Deals, *, at: datetime) -> dict[int, str]:
    """The address of each payer's page; it is made where there is none yet."""
    found = {deal: links.page_of(token) for deal, token in _asked(links.LIVE, deals)}
    missing = [deal for pk, deal in deals.found.items() if pk not in found]
    return found | {deal.pk: links.page_url(deal=deal, at=at) for deal in missing}


def _each(question: str) -> str:
    """The question of one deal, put to every given one."""
    for name, column in COLUMNS.items():
        question = question.replace(name, column)
    return f"""
        SELECT d.id AS of_deal, answer.* FROM (
            SELECT crm_deal.id, crm_deal.account_id, given.day
            FROM unnest(%(ids)s::bigint[], %(days)s::date[]) AS given (deal, day)
            JOIN crm_deal ON crm_deal.id = given.deal
        ) d CROSS JOIN LATERAL ({question}) answer
    """  # noqa: S608 - of constants


def _asked(question: str, deals: Deals) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_each(question), deals.given)
        return list(cursor.fetchall())
