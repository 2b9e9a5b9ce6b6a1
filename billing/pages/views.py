"""The payer's doors. They read the clock, make one call and translate the answer into a page or a redirect.

Nothing here changes money: the click makes an order (billing.orders), and what the provider says of it comes
by its notices. Unknown and revoked tokens are one and the same 404. No cookie is read or set, so there is
nothing that a foreign page could misuse: the token in the path is the only key.
"""

from decimal import Decimal
from typing import Any

from csp.decorators import csp_exempt
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from billing import date_requests, declines, network, orders, papers
from billing.asking import What
from billing.models import Invoice, ProviderOrder
from billing.orders import Contact
from billing.pages import acts, content, robots, transfers
from billing.pages.doors import for_payer
from billing.rules import money
from crm.models import Deal
from documents import opening

# Pages that wait look again by themselves: soon at first, then slower, then not at all.
LOOKS = (1, 2, 2, 3, 3, 5, 5, 10, 10, 15, 20, 30, 30)
# After so many looks, about ten seconds, the payer is told that the provider does not answer.
SILENT = 4


@require_safe
@for_payer
def page(request: HttpRequest, deal: Deal) -> HttpResponse:
    """The payer's page; after a form was sent it says what was done."""
    said = request.GET.get("said", "")
    if said == "paying" and _has_come(_order(request, deal)):
        said = ""
    words = {"said": said, "consent": acts.consent_words()}
    return render(request, "pay/page.html", {"page": content.of(deal, at=timezone.now()), **words})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@for_payer
def go(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Send the payer to the provider's page for what is owed now; a POST says where the receipt should go."""
    if robots.is_robot(request):
        return render(request, "pay/preview.html", {"page": content.of(deal, at=timezone.now())})
    what, invoice = _asked(request, deal)
    try:
        order = orders.open_order(
            deal=deal,
            what=what,
            invoice=invoice,
            contact=_contact(request),
            own=_own_sum(request, deal) if what == What.OWN else None,
            at=timezone.now(),
        )
    except acts.NotUnderstood as error:
        return acts.again(request, deal, str(error), at=timezone.now())
    except orders.NothingOwed as error:
        return _show(request, deal, "nothing", covered=error.covered)
    except orders.NoReceiptContact:
        return _show(request, deal, "contact", wrong=_said(request))
    except network.NoReceiver:
        return _show(request, deal, "closed")
    if order.state == ProviderOrder.State.REFUSED:
        return _show(request, deal, "refused", amount=money.words(order.amount))
    if not order.url:
        return _waiting(request, deal, "waiting", amount=money.words(order.amount))
    return HttpResponseRedirect(order.url)


@require_safe
@for_payer
def done(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Where the provider sends the payer back; says "paid" only when the money is in the ledger."""
    order = _order(request, deal)
    payment = order.payments.first() if order else None
    if payment is None:
        words = money.words(order.amount) if order else ""
        return _waiting(request, deal, "processing", order=order, amount=words)
    return _show(request, deal, "thanks", amount=money.words(payment.amount))


@require_safe
@for_payer
def failed(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Where the provider sends the payer back after a decline; money that came all the same is shown."""
    order = _order(request, deal)
    payment = order.payments.first() if order else None
    if payment is not None:
        return _show(request, deal, "thanks", amount=money.words(payment.amount))
    what, _colon, detail = order.purpose.partition(":") if order else ("", "", "")
    declined = declines.last_of(order) if order else None
    return _show(
        request,
        deal,
        "failed",
        order=order,
        what=what,
        own=detail if what == What.OWN else "",
        declined=declined,
    )


@require_safe
@for_payer
def transfer(request: HttpRequest, deal: Deal) -> HttpResponse:
    """How to pay past the payment system: requisites, their QR for a bank's application, a form to tell."""
    return transfers.show(request, deal, at=timezone.now())


@csp_exempt()  # the browser's own viewer is a plugin, which our policy forbids
@require_safe
@for_payer
def document(request: HttpRequest, deal: Deal, document_id: int) -> HttpResponse:
    """A document that was marked as visible to the payer; any other one is a 404."""
    found = papers.for_payer(deal).filter(pk=document_id).first()
    if found is None:
        raise Http404
    return opening.shown(found)


def _asked(request: HttpRequest, deal: Deal) -> tuple[What, Invoice | None]:
    """Read what the address asks for; an address that nobody made is a 404."""
    try:
        what = What(request.GET.get("what", ""))
    except ValueError:
        raise Http404 from None
    if what != What.INVOICE:
        return what, None
    number = request.GET.get("n", "")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        raise Http404
    invoice = Invoice.objects.filter(deal=deal, pk=int(number)).first()
    if invoice is None:
        raise Http404
    return what, invoice


def _own_sum(request: HttpRequest, deal: Deal) -> Decimal:
    """The sum that the payer typed; only where the account lets him."""
    if not date_requests.rules_of(deal).own_sum:
        raise Http404
    return acts.sum_of(request.GET.get("sum", ""))


def _order(request: HttpRequest, deal: Deal) -> ProviderOrder | None:
    """The order that the provider's page belonged to, else the deal's last one."""
    mine = ProviderOrder.objects.filter(deal=deal)
    number = request.GET.get("order", "").replace("\0", "")[:40]
    return mine.filter(number=number).first() or mine.order_by("-id").first()


def _has_come(order: ProviderOrder | None) -> bool:
    return order is None or order.payments.exists()


def _contact(request: HttpRequest) -> Contact | None:
    if request.method != "POST":
        return None
    said = _said(request)
    return Contact(email=said) if "@" in said else Contact(phone=said)


def _said(request: HttpRequest) -> str:
    return str(request.POST.get("contact", "")).replace("\0", "").strip()[:254]


def _waiting(request: HttpRequest, deal: Deal, name: str, **words: Any) -> HttpResponse:
    """A page that opens its own address again; the count of looks stands in the address."""
    said = request.GET.get("look", "0")
    look = min(int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0, len(LOOKS))
    query = request.GET.copy()
    query["look"] = str(look + 1)
    after = LOOKS[look] if look < len(LOOKS) else None
    words |= {"again": f"?{query.urlencode()}", "after": after, "silent": look >= SILENT}
    return _show(request, deal, name, **words)


def _show(request: HttpRequest, deal: Deal, name: str, **words: Any) -> HttpResponse:
    return render(request, f"pay/{name}.html", {"page": content.of(deal, at=timezone.now()), **words})
