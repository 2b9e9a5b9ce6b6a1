"""Doors of what payer and manager agree on: a promise, another date, a channel, a stop."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import date_requests, preferences, promises, stops
from billing.api import idempotency
from billing.api.deals import card_of
from billing.api.doors import Door, body
from billing.api.serializers import TEXT_MAX, sum_field
from billing.models import Preference


class PromiseSerializer(serializers.Serializer[Any]):
    """Without an amount all that is overdue by that day is meant."""

    until = serializers.DateField()
    amount = sum_field(required=False, allow_null=True, min_value=promises.LEAST)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")

    def word(self) -> promises.Word:
        given = self.validated_data
        return promises.Word(given["until"], given.get("amount"), given["comment"])


class StopSerializer(serializers.Serializer[Any]):
    of = serializers.ChoiceField(stops.Of.choices)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")


class DecisionSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(["grant", "refuse"])


class ChannelSerializer(serializers.Serializer[Any]):
    """By which channel the payer is reminded; null: as the account's policy says."""

    channel = serializers.ChoiceField(Preference.Channel.choices, allow_null=True)


class Promise(Door):
    """The manager writes down what the payer promised."""

    @extend_schema(request=PromiseSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            word = body(PromiseSerializer, request).word()
            promises.give(deal=visit.deal, word=word, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Stop(Door):
    """Invoices or reminders of the deal stop until a person lets them go on."""

    @extend_schema(request=StopSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(StopSerializer, request).validated_data
            stops.stop(deal=visit.deal, **given, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class GoOn(Door):
    @extend_schema(request=StopSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            of = body(StopSerializer, request).validated_data["of"]
            stops.go_on(deal=visit.deal, of=of, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class DateRequest(Door):
    """The manager decides what the payer asked for."""

    @extend_schema(request=DecisionSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            decision = body(DecisionSerializer, request).validated_data["decision"]
            waiting = date_requests.waiting_of(visit.deal)
            if waiting is None:
                raise Http404
            if decision == "grant":
                date_requests.grant(request=waiting, author=visit.author, at=visit.at, rank=visit.rank)
            else:
                date_requests.refuse(request=waiting, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Channel(Door):
    """How the payer wants to be reminded, as he told the manager."""

    @extend_schema(request=ChannelSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            channel = body(ChannelSerializer, request).validated_data["channel"] or ""
            preferences.choose(deal=visit.deal, channel=channel, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)
