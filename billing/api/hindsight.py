"""The door of a deal on any day: its figures and rows, as they were known at a moment or are known now."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import deal_card, hindsight
from billing.api.doors import Door
from crm.models import Deal

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


class KnownAt(serializers.Field[Any, Any, Any, Any]):
    """RFC 3339 with an offset, or a day and then its end."""

    def to_internal_value(self, data: Any) -> date | datetime:
        try:
            found = parse_date(str(data)) or parse_datetime(str(data))
        except ValueError:
            found = None
        if found is None or (isinstance(found, datetime) and found.tzinfo is None):
            raise serializers.ValidationError(_("Give a day, or a moment with its offset."))
        if not EARLIEST.year <= found.year <= LATEST.year:
            raise serializers.ValidationError(_("This day is too far away."))
        return found

    def to_representation(self, value: Any) -> Any:
        return value


class LookSerializer(serializers.Serializer[Any]):
    on = serializers.DateField(required=False)
    known_at = KnownAt(required=False)

    def validate_on(self, on: date) -> date:
        if not EARLIEST <= on <= LATEST:
            raise serializers.ValidationError(_("This day is too far away."))
        return on

    def known_at_of(self, deal: Deal) -> datetime | None:
        known = self.validated_data.get("known_at")
        if known is None or isinstance(known, datetime):
            return known
        return datetime.combine(known + timedelta(days=1), time(), tzinfo=deal.zone) - timedelta(
            microseconds=1
        )


class Standing(Door):
    """`on` is today and `known_at` is now unless they are asked."""

    @extend_schema(parameters=[LookSerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        look = LookSerializer(data=request.query_params.dict())
        look.is_valid(raise_exception=True)
        on = look.validated_data.get("on") or visit.deal.local_day(visit.at)
        known_at = look.known_at_of(visit.deal)
        found = hindsight.standing(visit.deal, on=on, known_at=known_at)
        return Response(
            {
                "lead_id": visit.deal.external_id,
                "on": on.isoformat(),
                "known_at": deal_card.moment(known_at, visit.deal) if known_at else None,
                **deal_card.figures_and_rows(found),
            }
        )
