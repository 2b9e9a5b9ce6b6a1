"""What a payer does on his page besides paying: promise, ask for a date, claim a transfer, choose, agree.

Each door is a POST that ends in a redirect to the page, which says what was done; reloading repeats nothing.
What is not allowed or not understood comes back in words on the page of the form. The token is the only key,
and no cookie is read, so there is nothing that a foreign page could misuse.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import cards, date_requests, history, preferences, promises, transfer_claims
from billing.pages import content, transfers
from billing.pages.doors import for_payer
from crm.models import Deal

COMMENT_MAX = 500


class NotUnderstood(Exception):
    """A field of the form; the text says what is wrong."""


# What the verbs refuse, in words for the payer.
REFUSALS: dict[type[Exception], Callable[[], str]] = {
    promises.WrongDay: lambda: _("Choose a day from today on, within the shown dates."),
    promises.AboveDebt: lambda: _("This is more than is owed."),
    promises.NothingOwed: lambda: _("Nothing is owed any more."),
    transfer_claims.NothingOwed: lambda: _("Nothing is owed any more."),
    transfer_claims.WrongDay: lambda: _("Choose the day of your transfer, not in the future."),
    transfer_claims.WrongAmount: lambda: _("Enter a sum in roubles, for example 5000."),
    date_requests.WrongDay: lambda: _("Choose a day within the shown dates."),
    date_requests.NoSuchRow: lambda: _("This payment is paid or was replaced."),
    date_requests.NotAllowed: lambda: _("The date cannot be moved here: please ask your manager."),
}


class Again(Protocol):
    """Shows a form again that was refused, and why."""

    def __call__(self, request: HttpRequest, deal: Deal, wrong: str, *, at: datetime) -> HttpResponse: ...


def _act(
    name: str, do: Callable[[HttpRequest, Deal, datetime], None], refused: Again | None = None
) -> Callable[..., HttpResponse]:
    """A door of a form; `refused` is the page that has the form, where it is not the payer's page itself."""
    show = refused or again

    @csrf_exempt
    @require_POST
    @for_payer
    def door(request: HttpRequest, deal: Deal) -> HttpResponse:
        at = timezone.now()
        try:
            do(request, deal, at)
        except NotUnderstood as error:
            return show(request, deal, str(error), at=at)
        except tuple(REFUSALS) as error:
            return show(request, deal, REFUSALS[type(error)](), at=at)
        return HttpResponseRedirect(f"../?said={name}")

    return door


def again(request: HttpRequest, deal: Deal, wrong: str, *, at: datetime) -> HttpResponse:
    words = {
        "page": content.of(deal, at=at),
        "wrong": wrong,
        "base": "../",
        "consent": consent_words(),
    }
    return render(request, "pay/page.html", words, status=422)


def _promise(request: HttpRequest, deal: Deal, at: datetime) -> None:
    rules = date_requests.rules_of(deal)
    if not rules.may_promise:
        raise promises.WrongDay(deal.local_day(at))
    word = promises.Word(_day(request, "until"), comment=_line(request, "comment"))
    promises.give(deal=deal, word=word, author=history.PAYER, at=at, days_max=rules.promise_days)


def _ask_date(request: HttpRequest, deal: Deal, at: datetime) -> None:
    number = request.POST.get("number", "")
    if not (number.isascii() and number.isdigit() and len(number) < 9):
        raise date_requests.NoSuchRow
    date_requests.ask(
        deal=deal,
        number=int(number),
        wanted_on=_day(request, "day"),
        comment=_line(request, "comment"),
        at=at,
    )


def _claim(request: HttpRequest, deal: Deal, at: datetime) -> None:
    transfer_claims.claim(
        deal=deal,
        amount=sum_of(request.POST.get("amount", "")),
        paid_on=_day(request, "paid_on"),
        comment=_line(request, "comment"),
        author=history.PAYER,
        at=at,
    )


def _choose(request: HttpRequest, deal: Deal, at: datetime) -> None:
    """The button of the page, or of the mail programme (RFC 8058), which only ever means "no more"."""
    refused = request.POST.get("wish") == "none" or "List-Unsubscribe" in request.POST
    channel = preferences.NONE if refused else ""
    preferences.choose(deal=deal, channel=channel, author=history.PAYER, at=at)


def _card(request: HttpRequest, deal: Deal, at: datetime) -> None:
    """Consent needs its own tick, which nobody sets beforehand; withdrawal needs nothing."""
    if request.POST.get("wish") == "withdraw":
        cards.withdraw(deal=deal, author=history.PAYER, at=at)
        return
    if request.POST.get("agree") != "yes":
        raise NotUnderstood(_("Tick the box if you agree to automatic payment."))
    cards.consent(deal=deal, words=consent_words(), at=at)


def consent_words() -> str:
    """What the payer agrees to, as he reads it; kept with the consent."""
    return _(
        "I agree that the payments of my schedule are charged from my card on their due days. I am told "
        "before each charge and can switch this off on this page at any time."
    )


def sum_of(text: str) -> Decimal:
    """A sum as people type it: spaces, a comma, a rouble sign. Raises NotUnderstood."""
    plain = "".join(text.replace("₽", "").split()).replace(",", ".")[:20]
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise NotUnderstood(_("Enter a sum in roubles, for example 5000.")) from None
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise NotUnderstood(_("Enter a sum in roubles, for example 5000."))
    return amount


def _day(request: HttpRequest, name: str) -> date:
    text = request.POST.get(name, "")
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise NotUnderstood(_("Choose a day."))


def _line(request: HttpRequest, name: str) -> str:
    return " ".join(request.POST.get(name, "").replace("\0", "").split())[:COMMENT_MAX]


promise = _act("promise", _promise)
ask_date = _act("date", _ask_date)
claim = _act("transfer", _claim, transfers.again)
choose = _act("reminders", _choose)
card = _act("card", _card)
