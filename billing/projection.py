"""What amoCRM shows of a deal's money: the mapped fields of the lead, always the last value.

The labels of `payment_state` are a promise of the public interface (a select field has the same ones), so
they are Russian here and not translated. What an account has not mapped is not written.
"""

from collections.abc import Sequence
from datetime import date, datetime

from billing import links, many_deals
from billing.ledger import DealState, Standing
from billing.rules import money
from crm import outbox
from crm.models import Deal

LABELS = {
    DealState.NO_SCHEDULE: "Нет графика",
    DealState.PREPAID: "Предоплата",
    DealState.ON_SCHEDULE: "По графику",
    DealState.OVERDUE: "Просрочено",
    DealState.PAUSED: "По графику",
    DealState.PAID: "Оплачено",
    DealState.CANCELLED: "Отменено",
}


def push(deal: Deal, *, standing: Standing, at: datetime) -> None:
    """Queue the deal's figures for amoCRM; called in the transaction that changed them."""
    outbox.put_fields(deal=deal, values=values(deal, standing=standing, at=at), at=at)


def is_there(deal: Deal, *, standing: Standing, page: str, coming: str | None, settled: bool) -> bool:
    """Would a push change nothing: of what is coming (crm.outbox.COMING), or, when nothing is on its way
    (crm.outbox.SETTLED), of what amoCRM has just shown?
    """
    values = _values(standing, page=page)
    is_shown = settled and outbox.is_shown(deal=deal, values=values)
    return is_shown or outbox.is_coming(deal=deal, values=values, coming=coming)


def push_all(standings: Sequence[tuple[Deal, Standing]], *, at: datetime) -> None:
    """The same for several deals, whose locks the caller holds, in a few statements."""
    pages = many_deals.pages(many_deals.Deals.at((deal for deal, _standing in standings), at), at=at)
    fields = [(deal, _values(standing, page=pages[deal.pk])) for deal, standing in standings]
    outbox.put_fields_of_all(fields, at=at)


def values(deal: Deal, *, standing: Standing, at: datetime) -> dict[str, str | date | None]:
    """Return ours -> value; sums are texts like 120000.00."""
    return _values(standing, page=links.page_url(deal=deal, at=at))


def _values(standing: Standing, *, page: str) -> dict[str, str | date | None]:
    following = standing.next
    return {
        "debt": money.text(standing.debt),
        "next_due_on": following.installment.due_on if following else None,
        "next_amount": money.text(following.rest) if following else None,
        "payment_state": LABELS[standing.state],
        "payment_link": links.address(page, what="installment"),
        "deposit_link": links.address(page, what="deposit") if standing.deposit is not None else None,
        "full_link": links.address(page, what="full"),
    }
