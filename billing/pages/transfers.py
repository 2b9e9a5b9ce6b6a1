"""The page that says how to pay past the payment system, and takes the payer's word that he did.

A form that was not understood comes back on this page with what was typed in it.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import direct_transfer, ledger, network
from billing.pages import content
from billing.rules import money
from crm.models import Deal


def show(
    request: HttpRequest, deal: Deal, *, at: datetime, wrong: str = "", status: int = 200
) -> HttpResponse:
    """Requisites, their QR for a bank's application, the form; `wrong` says what the form was refused for."""
    page = {"page": content.of(deal, at=at)}
    today = deal.local_day(at)
    try:
        entity = network.asker(deal=deal, on=today).legal_entity
    except (network.NoReceiver, network.NoTaxSetting):
        return render(request, "pay/closed.html", page)
    standing = ledger.standing(deal, on=today)
    amount = standing.overdue or (standing.next.rest if standing.next else standing.debt)
    words = {
        "transfer": direct_transfer.of(deal, entity, amount=amount),
        "amount": money.words(amount),
        "today": today,
        "wrong": wrong,
        "typed": request.POST if wrong else {"amount": money.words(amount), "paid_on": today.isoformat()},
    }
    return render(request, "pay/transfer.html", {**page, **words}, status=status)


def again(request: HttpRequest, deal: Deal, wrong: str, *, at: datetime) -> HttpResponse:
    """The same page after a form that was refused."""
    return show(request, deal, at=at, wrong=wrong, status=422)
