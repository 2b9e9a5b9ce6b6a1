"""Every error of the API as application/problem+json (RFC 9457): a stable code, and Russian words for
people.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from billing import (
    acts,
    amendments,
    date_requests,
    deposits,
    document_letters,
    invoices,
    late_fees,
    lost_deals,
    moves,
    network,
    papers,
    pauses,
    payers,
    payments,
    placements,
    promises,
    receipt_letters,
    refund_orders,
    reversals,
    schedule_templates,
    service_rendered,
    splits,
    versions,
    write_offs,
)
from billing.api import field_errors
from billing.api.words import of_remark
from billing.rules import money
from billing.rules.schedule import InvalidTerms
from crm import client, connection, deals

PROBLEM_TYPE = "application/problem+json"


class Problem(Exception):
    """An anticipated error of a door."""

    def __init__(
        self, status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None, **headers: str
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.errors, self.headers = status, code, detail, errors, headers

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 writes it, with our `code` and the `errors` by field."""
        found: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        return found | ({"errors": self.errors} if self.errors else {})


# Anticipated errors of verbs: status, code and the words. An error that is not here is a fault of ours: 500.
# The first that fits is said: a kind stands before what it is a kind of.
KNOWN: dict[type[Exception], tuple[int, str, Callable[[], str]]] = {
    deals.NoSuchDeal: (404, "no_such_deal", lambda: _("There is no such deal in amoCRM.")),
    connection.NeedsReconnect: (
        503,
        "amocrm_disconnected",
        lambda: _("amoCRM must be connected again: tell the owner."),
    ),
    client.Unavailable: (
        503,
        "amocrm_unavailable",
        lambda: _("amoCRM does not answer. Try again in a minute."),
    ),
    client.Refused: (503, "amocrm_refused", lambda: _("amoCRM refused the request. Check the connection.")),
    client.Unauthorized: (
        503,
        "amocrm_disconnected",
        lambda: _("amoCRM must be connected again: tell the owner."),
    ),
    promises.NothingOwed: (422, "nothing_owed", lambda: _("Nothing is owed: there is nothing to promise.")),
    date_requests.AlreadyDecided: (
        409,
        "already_decided",
        lambda: _("Somebody has decided this request in the meantime."),
    ),
    date_requests.NoSuchRow: (409, "no_open_row", lambda: _("This payment is paid or was replaced.")),
    versions.StaleVersion: (
        409,
        "stale_version",
        lambda: _("Somebody has changed the schedule in the meantime. Open it again."),
    ),
    lost_deals.NotLost: (422, "not_lost", lambda: _("The deal is live: there is nothing to decide.")),
    versions.NoSchedule: (
        422,
        "no_schedule",
        lambda: _("The deal has no schedule yet: make one first."),
    ),
    schedule_templates.NoSum: (
        422,
        "no_price",
        lambda: _("The deal has no budget: enter it in amoCRM, or give the total."),
    ),
    versions.Closed: (
        422,
        "closed",
        lambda: _("The deal is closed: make its schedule anew to open it again."),
    ),
    versions.AlreadySigned: (409, "signed_already", lambda: _("This version is marked as signed.")),
    pauses.AlreadyPaused: (409, "paused_already", lambda: _("Collecting is paused already.")),
    pauses.NotPaused: (409, "not_paused", lambda: _("Collecting is not paused.")),
    pauses.NothingToPause: (422, "nothing_owed", lambda: _("Nothing is owed: there is nothing to pause.")),
    versions.Signed: (
        403,
        "signed",
        lambda: _("The payer has signed this schedule: only an administrator of amoCRM changes it."),
    ),
    payments.DebtDiffers: (
        409,
        "debt_differs",
        lambda: _("The debt has changed in the meantime. Check the sum."),
    ),
    payers.NoSuchRow: (404, "no_such_row", lambda: _("The schedule has no payment of this number.")),
    splits.OtherTransfer: (
        409,
        "transfer_known",
        lambda: _(
            "A transfer of this payer with this number was entered with another day or other parts."
            " Check the number and the day."
        ),
    ),
    late_fees.NothingOwed: (422, "nothing_owed", lambda: _("No late fee is owed.")),
    placements.AlreadyPlaced: (409, "already_placed", lambda: _("This money has its deal already.")),
    placements.NotCounted: (
        422,
        "not_counted",
        lambda: _("Money of another currency pays nothing here: settle it with the accountant."),
    ),
    placements.NothingLeft: (422, "nothing_left", lambda: _("Nothing is left of this payment.")),
    placements.OtherEntity: (
        422,
        "other_entity",
        lambda: _("That deal's money goes to another legal entity than received this payment."),
    ),
    write_offs.NothingToWriteOff: (
        422,
        "nothing_owed",
        lambda: _("The deal owes nothing by its schedule: there is nothing to write off."),
    ),
    write_offs.NothingWrittenOff: (
        422,
        "nothing_written_off",
        lambda: _("Nothing of the debt is written off."),
    ),
    reversals.NotByHand: (
        422,
        "not_by_hand",
        lambda: _("This money really came. Give it back, or move it to the deal it is for."),
    ),
    reversals.AlreadyReversed: (422, "already_reversed", lambda: _("This payment was taken out before.")),
    reversals.NothingLeft: (422, "nothing_left", lambda: _("Nothing is left of this payment.")),
    reversals.RefundOpen: (
        422,
        "refund_open",
        lambda: _("Money of this payment is on its way back: wait for it or give the refund up."),
    ),
    moves.NothingLeft: (422, "nothing_left", lambda: _("Nothing is left of this payment.")),
    moves.OtherEntity: (
        422,
        "other_entity",
        lambda: _(
            "That deal's money goes to another legal entity. Give the money back there and take it here anew."
        ),
    ),
    invoices.NothingToInvoice: (
        422,
        "nothing_owed",
        lambda: _("Nothing is owed: there is nothing to ask for."),
    ),
    invoices.AlreadyVoid: (422, "invoice_void", lambda: _("The invoice is void. Make a new one.")),
    invoices.AlreadyPaid: (422, "invoice_paid", lambda: _("The invoice is paid.")),
    invoices.OtherSum: (
        422,
        "invoice_outdated",
        lambda: _("The invoice asks for another sum than is left to pay: make a new one."),
    ),
    invoices.NoBot: (422, "no_bot", lambda: _("The account has no Salesbot.")),
    invoices.NoAddress: (
        422,
        "no_email",
        lambda: _("The contact has no e-mail: add it to the contact and send again."),
    ),
    network.OwnerDiffers: (422, "owner_differs", lambda: _("The money lies with another legal entity.")),
    deposits.NoPrice: (
        422,
        "no_price",
        lambda: _("The deal has no budget: enter the price of the booking and make the links again."),
    ),
    network.NoReceiver: (
        422,
        "no_receiver",
        lambda: _("It is not known which legal entity takes the money: fill in the deal's location."),
    ),
    network.NoTaxSetting: (
        422,
        "no_tax_setting",
        lambda: _("The legal entity has no tax regime on this day: add it to the network."),
    ),
    papers.Incomplete: (422, "incomplete", lambda: _("Something is missing for this document.")),
    service_rendered.NothingLeft: (
        422,
        "all_rendered",
        lambda: _("All of the deal's service is rendered already."),
    ),
    receipt_letters.NoReceipt: (
        422,
        "no_receipt",
        lambda: _("This payment has no printed receipt yet."),
    ),
    receipt_letters.NoAddress: (
        422,
        "no_email",
        lambda: _("The contact has no e-mail: add it to the contact and send again."),
    ),
    acts.Refused: (422, "act_refused", lambda: _("This act is void: make a new one.")),
    document_letters.IsVoid: (422, "act_refused", lambda: _("This act is void: make a new one.")),
    document_letters.IsInvoice: (
        422,
        "is_invoice",
        lambda: _("The paper of an invoice goes with the invoice: send that one."),
    ),
    document_letters.NoAddress: (
        422,
        "no_email",
        lambda: _("The contact has no e-mail: add it to the contact and send again."),
    ),
    document_letters.TooOften: (429, "sent_too_often", lambda: _("This document was sent too often.")),
    receipt_letters.TooOften: (429, "sent_too_often", lambda: _("This receipt was sent too often.")),
}
# Their message is the way out, in words.
SAY_THEMSELVES = (
    acts.Refused,
    acts.AboveLeft,
    service_rendered.AboveTotal,
    refund_orders.AboveLeft,
    refund_orders.NotByProvider,
    network.OwnerDiffers,
    network.NoReceiver,
    network.NoTaxSetting,
    papers.Incomplete,
)
# Anticipated errors that belong to one field of the body.
FIELDS: dict[type[Exception], tuple[str, Callable[[], str]]] = {
    promises.WrongDay: ("until", lambda: _("A promise is for today or later, at most 90 days ahead.")),
    promises.AboveDebt: ("amount", lambda: _("This is more than is owed.")),
    schedule_templates.NoTemplate: (
        "template",
        lambda: _("No such template fits this deal: its programme or sum is another."),
    ),
    amendments.NoOpenRow: ("number", lambda: _("The schedule has no open row of this number.")),
    versions.SignedInTheFuture: ("signed_on", lambda: _("Nobody has signed in the future.")),
    versions.ReasonRequired: ("reason", lambda: _("Say why the schedule is changed.")),
    splits.PartNotPositive: ("parts", lambda: _("Enter a sum above zero with at most two decimals.")),
    payments.NotPositive: ("amount", lambda: _("Enter a sum above zero with at most two decimals.")),
    payments.TooBig: (
        "amount",
        lambda: _("The sum is above %(limit)s: check it.") % {"limit": money.words(money.LIMIT)},
    ),
    splits.PartsDiffer: ("amount", lambda: _("The parts do not add up to the amount.")),
    splits.DealTwice: ("parts", lambda: _("Each deal may stand in one part only.")),
    splits.SeveralEntities: (
        "parts",
        lambda: _("These deals belong to different legal entities: one transfer goes to one of them."),
    ),
    late_fees.AboveOwed: ("amount", lambda: _("Less is owed in late fees.")),
    late_fees.NotPositive: ("amount", lambda: _("Enter a sum above zero with at most two decimals.")),
    late_fees.ReasonRequired: ("reason", lambda: _("Say why the late fee is waived.")),
    placements.ReasonRequired: ("reason", lambda: _("Say why it is this deal's money, or nobody's.")),
    write_offs.AboveDebt: ("amount", lambda: _("The deal owes less.")),
    write_offs.AboveWrittenOff: ("amount", lambda: _("Less was written off.")),
    write_offs.NotPositive: ("amount", lambda: _("Enter a sum above zero with at most two decimals.")),
    write_offs.NotThatDay: ("written_on", lambda: _("Choose a day that is not in the future.")),
    write_offs.TooLongAgo: ("written_on", lambda: _("This date is too long ago.")),
    write_offs.BeforeTheDeal: (
        "written_on",
        lambda: _("On that day the deal had neither schedule nor payments yet: choose a later one."),
    ),
    write_offs.ReasonRequired: ("reason", lambda: _("Say why the debt is given up or asked again.")),
    reversals.ReasonRequired: ("reason", lambda: _("Say what was wrong with the payment.")),
    moves.AboveLeft: ("amount", lambda: _("The payment has not so much left.")),
    moves.SameDeal: ("lead_id", lambda: _("Choose another deal: the money is in this one.")),
    moves.ReasonRequired: ("reason", lambda: _("Say why the money is moved.")),
    payments.InTheFuture: ("paid_on", lambda: _("Money cannot have come in the future.")),
    payments.TooLongAgo: ("paid_on", lambda: _("This date is too long ago.")),
    payments.NothingOwed: ("expected", lambda: _("Nothing is owed: the deal is paid.")),
    invoices.NoSuchRow: ("installment", lambda: _("The schedule has no open row of this number.")),
    papers.NoSuchTemplate: ("template", lambda: _("There is no such document.")),
    invoices.AboveDebt: ("amount", lambda: _("More than the debt cannot be asked for.")),
    acts.AboveLeft: ("amount", lambda: _("So much is not left to render.")),
    acts.NotThatDay: ("on", lambda: _("Nobody signs an act before its day or in the future.")),
    acts.ReasonRequired: ("reason", lambda: _("Say why the act is void.")),
    service_rendered.NotThatDay: ("on", lambda: _("Give a day on which it was rendered, not in the future.")),
    service_rendered.AboveTotal: ("amount", lambda: _("So much is not left to render.")),
    refund_orders.AboveLeft: ("amount", lambda: _("So much is not left of it.")),
    refund_orders.NotByProvider: ("method", lambda: _("The provider cannot give it back.")),
}
STATUSES = {
    400: lambda: _("The request could not be read."),
    401: lambda: _("The token is not valid. Reload the page."),
    403: lambda: _("You may not do this."),
    404: lambda: _("Not found."),
    405: lambda: _("This method is not allowed here."),
    406: lambda: _("Only JSON is answered."),
    413: lambda: _("The request is too big."),
    415: lambda: _("Only JSON is accepted."),
    429: lambda: _("Too many requests. Wait a little."),
}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None lets an unexpected error become a 500 that is logged."""
    problem = of(error)
    if problem is None:
        return None
    return Response(problem.body(), problem.status, headers=problem.headers, content_type=PROBLEM_TYPE)


def of(error: Exception) -> Problem | None:
    """Translate an error into a problem."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, InvalidTerms):
        errors: dict[str, list[str]] = {}
        for remark in error.remarks:
            errors.setdefault(remark.field, []).append(of_remark(remark))
        return _invalid(errors)
    if isinstance(error, payers.InvalidPayer):
        return _invalid({field: [words] for field, words in error.problems.items()})
    if isinstance(error, exceptions.ValidationError):
        return _invalid(field_errors.flat(error.detail))
    for kind, (status, code, words) in KNOWN.items():
        if isinstance(error, kind):
            return Problem(status, code, str(error) if kind in SAY_THEMSELVES and str(error) else words())
    for kind, (field, words) in FIELDS.items():
        if isinstance(error, kind):
            text = str(error) if kind in SAY_THEMSELVES and str(error) else words()
            return _invalid({field: [text]})
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, exceptions.APIException):
        words_of_status = STATUSES.get(error.status_code)
        detail = words_of_status() if words_of_status else str(error.detail)
        return Problem(error.status_code, error.default_code, detail)
    return None


def _invalid(errors: dict[str, list[str]]) -> Problem:
    return Problem(422, "invalid", _("Check the marked fields."), errors)
