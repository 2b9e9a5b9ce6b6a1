"""Doors of acts: the payer has signed one; one was a mistake."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import acts, document_card
from billing.api import idempotency
from billing.api.doors import Door, Visit, body
from billing.api.receipts import made_of
from billing.api.serializers import ReasonSerializer
from billing.models import Act


class AcceptSerializer(serializers.Serializer[Any]):
    """Without a day it was signed today."""

    on = serializers.DateField(required=False, allow_null=True)


class ActDoor(Door):
    def act_of(self, request: Request, document_id: int) -> tuple[Visit, Act]:
        """The act behind a document of the caller's account; any other document is a 404."""
        found = Act.objects.filter(
            document=document_id, document__deal__account=self.caller(request).caller.account
        )
        act = found.select_related("document__deal").first()
        if act is None:
            raise Http404
        return self.visit(request, act.document.deal.external_id), act


class Accept(ActDoor):
    """202: where the account's rules go by acts, the receipts are made by the register in its own time."""

    @extend_schema(request=AcceptSerializer, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, document_id: int) -> Response:
        visit, act = self.act_of(request, document_id)

        def act_on() -> idempotency.Answer:
            given = body(AcceptSerializer, request).validated_data
            day = given.get("on") or visit.deal.local_day(visit.at)
            rendering = acts.accept(act=act, accepted_on=day, author=visit.author, at=visit.at)
            return 202, {"document": _line(act, visit), "rendered": made_of(rendering) if rendering else None}

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act_on)


class Void(ActDoor):
    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, document_id: int) -> Response:
        visit, act = self.act_of(request, document_id)

        def act_on() -> idempotency.Answer:
            reason = body(ReasonSerializer, request).validated_data["reason"]
            acts.void(act=act, reason=reason, author=visit.author, at=visit.at)
            return 200, _line(act, visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act_on)


def _line(act: Act, visit: Visit) -> dict[str, Any]:
    fresh = Act.objects.select_related("document").get(pk=act.pk)
    return document_card.document(fresh.document, visit.deal, at=visit.at)
