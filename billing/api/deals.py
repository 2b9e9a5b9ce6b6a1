"""Doors of one deal: card, money received past the providers, links, history."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import deal_card, invoices, links, payer_links, payments, schedule_card
from billing.api import idempotency, rights, timeline
from billing.api.doors import Door, Visit, body, known_deal
from billing.api.serializers import (
    EmptySerializer,
    FullPaymentSerializer,
    InvoiceSerializer,
    PaymentSerializer,
)
from billing.models import Invoice
from billing.rules import money
from billing.versions import Rank
from crm import client, deals, users
from crm.models import Account, Deal

COPY_LIVES = timedelta(minutes=10)


def card_of(visit: Visit) -> dict[str, Any]:
    """The card after a change, of the deal as it now stands in the database."""
    return _shown(visit, Deal.objects.select_related("account").get(id=visit.deal.id))


def _shown(visit: Visit, deal: Deal) -> dict[str, Any]:
    with translation.override(visit.language):
        card = deal_card.card(deal, at=visit.at, stale=visit.stale)
    offered = rights.offered(visit.user, card["actions"])
    if card["signed"] and visit.rank != Rank.ADMINISTRATOR:
        offered = [action for action in offered if action not in schedule_card.VERSION_ACTIONS]
    return {**card, "actions": offered}


class Card(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        return Response(_shown(visit, visit.deal))


class Payments(Door):
    right = "offline_payment"

    @extend_schema(request=PaymentSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(PaymentSerializer, request)
            amount = given.validated_data["amount"]
            payments.receive_offline(
                deal=visit.deal, amount=amount, offline=given.offline(), author=visit.author, at=visit.at
            )
            return 201, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class FullPayment(Door):
    right = "offline_payment"

    @extend_schema(request=FullPaymentSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(FullPaymentSerializer, request)
            expected = given.validated_data.get("expected")
            try:
                payments.receive_full(
                    deal=visit.deal,
                    expected=expected,
                    offline=given.offline(),
                    author=visit.author,
                    at=visit.at,
                )
            except payments.DebtDiffers:
                return 409, card_of(visit)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Invoices(Door):
    @extend_schema(request=InvoiceSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(InvoiceSerializer, request)
            invoice = invoices.issue(deal=visit.deal, demand=given.demand(), author=visit.author, at=visit.at)
            if given.validated_data["send"]:
                invoices.mail(invoice=invoice, at=visit.at, channels=given.validated_data["send"])
            return 201, invoice_of(visit, invoice)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class PaymentLinks(Door):
    """Making links re-reads the lead; without amoCRM a copy younger than ten minutes will do."""

    @extend_schema(request=EmptySerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            return 200, payer_links.make(deal=visit.deal, author=visit.author, at=visit.at)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)

    def read_deal(self, account: Account, lead_id: int, at: datetime) -> tuple[Deal, bool]:
        try:
            return deals.reread(account=account, lead_id=lead_id, at=at), False
        except client.Unavailable:
            known = known_deal(account, lead_id)
            if known is None or at - known.fetched_at > COPY_LIVES:
                raise
            return known, True


class RevokeLink(Door):
    @extend_schema(request=EmptySerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            links.revoke(deal=visit.deal, at=visit.at, author=visit.author)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class History(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        names = users.names(account=visit.account, at=visit.at)
        with translation.override(visit.language):
            return Response({"results": timeline.of(visit.deal, names=names)})


def invoice_of(visit: Visit, invoice: Invoice) -> dict[str, Any]:
    """One invoice as in the card, with the ready message."""
    card = card_of(visit)
    found = next(one for one in card["invoices"] if one["id"] == invoice.pk)
    text = _("Invoice %(number)s for %(amount)s: %(url)s") % {
        "number": invoice.number,
        "amount": money.words(invoice.amount),
        "url": found["url"],
    }
    return {**found, "text": text}
