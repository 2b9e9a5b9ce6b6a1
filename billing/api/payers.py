"""Doors of who pays: for a deal, or for one row of its schedule that waits for somebody else."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import payers
from billing.api import idempotency
from billing.api.deals import card_of
from billing.api.doors import Door, body
from billing.api.serializers import PayerSerializer


class DealPayer(Door):
    """PUT names the payer, DELETE lets the contact pay again; both answer with the card."""

    @extend_schema(request=PayerSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, lead_id: int, number: int | None = None) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            payer = body(PayerSerializer, request).payer()
            payers.name(deal=visit.deal, payer=payer, number=number, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, lead_id: int, number: int | None = None) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            payers.forget(deal=visit.deal, number=number, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)
