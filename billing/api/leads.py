"""Doors about the lead behind a deal: what to do with a lost one, and which of two sums is right."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import lead_prices, lost_deals
from billing.api import idempotency
from billing.api.deals import card_of
from billing.api.doors import Door, body
from billing.models import LostDeal


class LossSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(["settle", "pause", "go_on"])
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")


class Loss(Door):
    """Settle, pause or go on: the question about a lost or deleted deal that owes money."""

    right = "cancel"

    @extend_schema(request=LossSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(LossSerializer, request).validated_data
            lost_deals.decide(
                deal=visit.deal,
                decision=LostDeal.Decision(given["decision"]),
                reason=given["reason"],
                author=visit.author,
                at=visit.at,
                rank=visit.rank,
            )
            visit.deal.refresh_from_db()
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Price(Door):
    """The schedule is right: its total is written back to the lead's budget."""

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            lead_prices.restore(deal=visit.deal, author=visit.author, at=visit.at)
            visit.deal.refresh_from_db()
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)
