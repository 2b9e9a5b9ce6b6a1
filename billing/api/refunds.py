"""Doors of money that goes back: out of one payment, or out of a deal over several of them.

An old yes of amoCRM is not enough here: while amoCRM cannot be asked, the answer is 503.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import refund_card, refund_orders
from billing.api import idempotency
from billing.api.corrections import PaymentDoor
from billing.api.doors import Door, body
from billing.api.serializers import TEXT_MAX, sum_field
from billing.models import RefundOrder


class RefundSerializer(serializers.Serializer[Any]):
    """Without a method the money goes back as it came."""

    amount = sum_field()
    reason = serializers.CharField(
        max_length=TEXT_MAX, error_messages={"blank": _("Say why the money goes back.")}
    )
    method = serializers.ChoiceField(RefundOrder.Method.values, required=False, allow_null=True)

    def demand(self) -> refund_orders.Demand:
        given = self.validated_data
        return refund_orders.Demand(given["amount"], given["reason"], given.get("method") or "")


class Refund(PaymentDoor):
    right = "refund"
    asks_amocrm = True

    @extend_schema(request=RefundSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, payment_id: int) -> Response:
        visit, payment = self.find(request, payment_id)

        def act() -> idempotency.Answer:
            demand = body(RefundSerializer, request).demand()
            order = refund_orders.request(payment=payment, demand=demand, author=visit.author, at=visit.at)
            return 202, refund_card.line(order, visit.deal)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class DealRefund(Door):
    """The newest payments give first, each by its own way."""

    right = "refund"
    asks_amocrm = True

    @extend_schema(request=RefundSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            demand = body(RefundSerializer, request).demand()
            made = refund_orders.request_of_deal(
                deal=visit.deal, demand=demand, author=visit.author, at=visit.at
            )
            return 202, {"refunds": [refund_card.line(order, visit.deal) for order in made]}

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)
