"""Doors of one invoice: read it, send it, void it."""

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import invoices
from billing.api import idempotency
from billing.api.deals import invoice_of
from billing.api.doors import Door, Visit, body
from billing.api.serializers import ReasonSerializer, SendSerializer
from billing.models import Invoice


class InvoiceDoor(Door):
    """A door whose deal is found by an invoice of the caller's account."""

    def find(self, request: Request, invoice_id: int) -> tuple[Visit, Invoice]:
        account = self.caller(request).caller.account
        invoice = Invoice.objects.filter(id=invoice_id, deal__account=account).select_related("deal").first()
        if invoice is None:
            raise Http404
        return self.visit(request, invoice.deal.external_id), invoice


class OneInvoice(InvoiceDoor):
    """An invoice with its ready message as it reads today: what a manager looks at before sending."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, invoice_id: int) -> Response:
        visit, invoice = self.find(request, invoice_id)
        return Response(invoice_of(visit, invoice))


class Send(InvoiceDoor):
    @extend_schema(request=SendSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, invoice_id: int) -> Response:
        visit, invoice = self.find(request, invoice_id)

        def act() -> idempotency.Answer:
            given = body(SendSerializer, request).validated_data
            invoices.send(invoice=invoice, at=visit.at, channels=given["channels"])
            return 200, invoice_of(visit, invoice)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Void(InvoiceDoor):
    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, invoice_id: int) -> Response:
        visit, invoice = self.find(request, invoice_id)

        def act() -> idempotency.Answer:
            reason = body(ReasonSerializer, request).validated_data["reason"]
            invoices.void(invoice=invoice, reason=reason, author=visit.author, at=visit.at)
            return 200, invoice_of(visit, invoice)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)
