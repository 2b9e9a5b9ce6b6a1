"""Words for the remarks of the schedule's rules and for the lines of a difference."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing.layouts import Change
from billing.rules import money
from billing.rules.schedule import Remark

REMARKS: dict[str, Callable[[], str]] = {
    "required": lambda: _("Fill in this field."),
    "kopecks": lambda: _("Enter a sum with at most two decimals."),
    "not_positive": lambda: _("Enter a value above zero."),
    "negative": lambda: _("Enter zero or more."),
    "above_paid": lambda: _(
        "Only %(paid)s are paid: a deal is closed at that or less. To lower the price, change the schedule."
    ),
    "same_day": lambda: _("This is the date that it has."),
    "not_ahead": lambda: _("Choose a day after today."),
    "not_mapped": lambda: _(
        "The account names no field of amoCRM for this: add it to the account's settings."
    ),
    "when_due": lambda: _("Everything is paid: say when the addition is due."),
    "beside_rows": lambda: _("The payments are given one by one: leave this field out."),
    "no_due_day": lambda: _("With an interval in days there is no day of the month: leave one of them out."),
    "no_down_payment": lambda: _("Give the down payment too, or leave its date out."),
    "not_rounded": lambda: _("%(amount)s is not a round sum of this kind: change it, or round finer."),
    "too_big": lambda: _("The sum is above %(limit)s: check it."),
    "below_paid": lambda: _("%(paid)s are already paid: the total cannot be below that."),
    "below_written_off": lambda: _(
        "%(paid)s are paid and %(written_off)s written off: the total cannot be below that."
        " Take the write-off back, or close the deal."
    ),
    "same_total": lambda: _("This is the total that it has."),
    "not_due_apart": lambda: _(
        "Payments are ahead and take the difference: leave the day out, or move a payment's date."
    ),
    "own_payers": lambda: _(
        "Payments with a payer of their own keep him by their number: %(names)s."
        " Check them in the new schedule."
    ),
    "asked_again": lambda: _("The %(amount)s that were written off will be owed again."),
    "too_many": lambda: _("There can be at most %(limit)s payments."),
    "too_early": lambda: _("This date is too long ago."),
    "too_far": lambda: _("The schedule reaches more than ten years ahead."),
    "not_a_day": lambda: _("Enter a day of the month from 1 to 31."),
    "not_an_interval": lambda: _("Choose 1 to 12 months or 1 to 366 days."),
    "not_below_rest": lambda: _("The down payment must be below %(rest)s, what is left to lay out."),
    "after_first": lambda: _("The down payment cannot be later than the first payment."),
    "not_a_unit": lambda: _("Round to 0.01, 1 or 100 roubles."),
    "not_a_choice": lambda: _("Choose the first or the last row."),
    "one_of": lambda: _("Give either the number of payments or the monthly payment."),
    "empty_rows": lambda: _("So many payments leave nothing for some of them: take fewer."),
    "above_rest": lambda: _("The monthly payment is above %(rest)s, what is left to lay out."),
    "sum_differs": lambda: _("The rows add up to %(sum)s, but %(expected)s are to be laid out."),
    "past_due": lambda: _(
        "The first date, %(first)s, is in the past: %(count)s payments are overdue at once."
    ),
    "calendar_unknown": lambda: _(
        "The calendar of %(year)s is not published yet: payments are moved off weekends and the holidays of"
        " every year, moved days off are unknown. Look at the dates again when it is."
    ),
    "first_row_smaller": lambda: _("The first payment is smaller: %(amount)s instead of %(usual)s."),
    "same_days": lambda: _("Several payments are due on one day."),
    "last_row_smaller": lambda: _("The last payment is smaller: %(amount)s instead of %(usual)s."),
}
CHANGES: dict[str, Callable[[], str]] = {
    "given_up": lambda: _(
        "Payment %(number)s of %(day)s is closed at the %(amount)s paid and written off"
        " instead of %(before)s."
    ),
    "closed": lambda: _(
        "Payment %(number)s of %(day)s is closed at the paid %(amount)s instead of %(before)s."
    ),
    "moved": lambda: _("Payment %(number)s, %(amount)s, moves from %(was)s to %(day)s."),
    "removed": lambda: _("Payment %(number)s of %(day)s, %(amount)s, goes."),
    "added": lambda: _("Payment %(number)s of %(day)s, %(amount)s, comes."),
}
RETAINED: dict[str, Callable[[], str]] = {
    "rendered_part": lambda: _("Kept: the part of the service that was rendered."),
    "actual_costs": lambda: _("Kept: actual costs."),
    "late_cancellation": lambda: _("Kept: cancelled too late."),
    "no_show": lambda: _("Kept: the client did not come."),
    "security_deposit": lambda: _("Kept: security deposit under the contract."),
}
SUMS = {"written_off", "limit", "paid", "rest", "sum", "expected", "amount", "usual"}


WAYS_BACK: dict[str, Callable[[], str]] = {
    "provider": lambda: _("by the provider"),
    "cash": lambda: _("in cash"),
    "bank_transfer": lambda: _("by bank transfer"),
}


def of_way(method: str) -> str:
    """By which way money goes back."""
    return WAYS_BACK[method]() if method in WAYS_BACK else method


CHANNELS: dict[str, Callable[[], str]] = {
    "email": lambda: _("by e-mail"),
    "salesbot": lambda: _("to the chat"),
    "sms": lambda: _("by SMS"),
}


def of_channel(channel: str) -> str:
    """By which way a message left."""
    return CHANNELS[channel]() if channel in CHANNELS else channel


RECEIPTS: dict[str, Callable[[], str]] = {
    "refund": lambda: _("Return receipt"),
    "offset": lambda: _("Offset receipt"),
    "credit": lambda: _("Credit receipt"),
    "credit_return": lambda: _("Credit return receipt"),
}


def of_receipt(kind: str) -> str:
    """What kind of receipt it is; one of money that came needs no other name."""
    return RECEIPTS[kind]() if kind in RECEIPTS else _("Receipt")


DECISIONS: dict[str, Callable[[], str]] = {
    "settle": lambda: _("settled at what was paid"),
    "pause": lambda: _("paused"),
    "go_on": lambda: _("collected as before"),
}


def of_decision(decision: str) -> str:
    """What a manager decided about a lost deal."""
    return DECISIONS[decision]()


def of_remark(remark: Remark) -> str:
    """The remark in words for a person."""
    values = {name: _value(name, value) for name, value in remark.values.items()}
    text = REMARKS[remark.code]() % values
    # The same words as for a row that cannot be read (billing.api.problems).
    return (
        ": ".join([_("row %(number)d") % {"number": int(values["row"])}, text]) if "row" in values else text
    )


def of_change(change: Change) -> str:
    """One line of the difference in words for a person."""
    return CHANGES["given_up" if change.given_up else change.kind]() % {
        "number": change.number,
        "day": date_format(change.due_on, "d.m.Y"),
        "amount": money.words(change.amount),
        "before": money.words(change.before or money.ZERO),
        "was": date_format(change.was_on, "d.m.Y") if change.was_on else "",
    }


def of_stored_change(line: Mapping[str, Any]) -> str:
    """The same for a line as a version keeps it."""
    before, was_on, given_up = line.get("before"), line.get("was_on"), line.get("given_up")
    return of_change(
        Change(
            line["kind"],
            line["number"],
            date.fromisoformat(line["due_on"]),
            Decimal(line["amount"]),
            before=Decimal(before) if before else None,
            was_on=date.fromisoformat(was_on) if was_on else None,
            given_up=Decimal(given_up) if given_up else None,
        )
    )


def of_retained(code: str) -> str:
    """Why money is kept although the deal was closed early."""
    return RETAINED[code]()


def _value(name: str, value: str) -> str:
    if name == "first":
        return date_format(date.fromisoformat(value), "d.m.Y")
    if name in SUMS and "." in value:
        return money.words(Decimal(value))
    return value
