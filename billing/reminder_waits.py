"""Why a reminder of a day ahead waits, as things stand now, in words for a list. Reads only.

The same facts as in billing.holds and billing.letter_holds, asked for many rows at once; where none of them
holds a row, its payer reads of it in another message: that day's invoice, or one that said it already.
"""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from billing import letter_holds, letters, pause_state, preferences, unplaced
from billing.models import AccountPolicy, Installment, Stop
from crm.models import Deal

# A row with the deal it belongs to.
Rows = Sequence[tuple[Installment, Deal]]


def of_rows(rows: Rows, policy: AccountPolicy, *, on: date) -> dict[int, str]:
    """Return what keeps the reminders of rows of an account on a day, by row; others have a message."""
    deals = {deal.pk: deal for _row, deal in rows}
    by_deal = _by_wish(deals, policy) | _by_money(deals) | _by_person(deals, on=on)
    said = letter_holds.of_rows(rows, policy, on=on)
    words = {row.pk: by_deal[deal.pk] for row, deal in rows if deal.pk in by_deal}
    return {pk: _until(hold) for pk, hold in said.items()} | words


def elsewhere() -> str:
    """The answer where nothing holds a row."""
    return _("an invoice or a message says it")


def _until(hold: letter_holds.Hold) -> str:
    words = {"why": letter_holds.words_of(hold.reason), "day": letters.day_words(hold.until)}
    return _("%(why)s, until %(day)s") % words


def _by_person(deals: dict[int, Deal], *, on: date) -> dict[int, str]:
    """A pause says more than a stop: it holds everything."""
    stopped = Stop.objects.filter(deal__in=deals, of=Stop.Of.REMINDERS, ended_at=None)
    paused = pause_state.in_force(on=on).filter(schedule__deal__in=deals)
    found = dict.fromkeys(stopped.values_list("deal", flat=True), _("the reminders of the deal are stopped"))
    return found | dict.fromkeys(paused.values_list("schedule__deal", flat=True), _("the schedule is paused"))


def _by_money(deals: dict[int, Deal]) -> dict[int, str]:
    held = unplaced.held_deals() & deals.keys()
    held |= set(unplaced.uncounted().filter(deal__in=deals).values_list("deal", flat=True))
    return dict.fromkeys(held, _("money came that nobody has placed yet"))


def _by_wish(deals: dict[int, Deal], policy: AccountPolicy) -> dict[int, str]:
    wishes = preferences.of_account(policy.account)
    if preferences.NONE not in wishes.values():
        return {}
    refused = [pk for pk, deal in deals.items() if wishes.get(preferences.name_of(deal)) == preferences.NONE]
    return dict.fromkeys(refused, _("the payer wants no reminders"))
