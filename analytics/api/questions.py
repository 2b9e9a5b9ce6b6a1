"""The query of an address as a checked Filter; an empty value asks nothing.

`as_of` defaults to the account's today. `known_at` is a moment, or a day and then its end.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from analytics import filters
from analytics.filters import Filter
from analytics.reports import REPORTS, STATES
from crm.models import Account

TEXT_MAX = 500
PAGE, PAGE_MAX = 50, 200


class Day(serializers.DateField):
    """A day within the calendar that we keep."""

    def to_internal_value(self, value: Any) -> date:
        found: date = super().to_internal_value(value)
        if not filters.EARLIEST <= found <= filters.LATEST:
            raise serializers.ValidationError(_("This day is too far away."))
        return found


class Moment(serializers.Field[Any, Any, Any, Any]):
    """RFC 3339 with an offset, or a day."""

    def to_internal_value(self, data: Any) -> date | datetime:
        try:
            found = parse_date(str(data)) or parse_datetime(str(data))
        except ValueError:
            found = None
        if found is None or (isinstance(found, datetime) and found.tzinfo is None):
            raise serializers.ValidationError(_("Give a day, or a moment with its offset."))
        if not filters.EARLIEST.year <= found.year <= filters.LATEST.year:
            raise serializers.ValidationError(_("This day is too far away."))
        return found

    def to_representation(self, value: Any) -> Any:
        return value


class FilterSerializer(serializers.Serializer[Any]):
    """What every door of analytics may be narrowed by."""

    as_of = Day(required=False)
    known_at = Moment(required=False)
    programme = serializers.CharField(required=False, max_length=TEXT_MAX)
    cohort = serializers.CharField(required=False, max_length=TEXT_MAX)
    manager = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    location = serializers.CharField(required=False, max_length=TEXT_MAX)
    legal_entity = serializers.CharField(required=False, max_length=TEXT_MAX)
    provider = serializers.ChoiceField(["cloudpayments", "robokassa", "offline"], required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is no name for an attribute of a class.
        return {"from": Day(required=False), "to": Day(required=False), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] > attrs["to"]:
            raise serializers.ValidationError({"to": _("The period ends before it begins.")})
        return attrs

    def filter(self, account: Account, at: datetime) -> Filter:
        """The checked question of the account at the moment `at`."""
        given = dict(self.validated_data)
        zone = ZoneInfo(account.time_zone)
        today = at.astimezone(zone).date()
        known = given.get("known_at")
        if known is not None and not isinstance(known, datetime):
            known = datetime.combine(known + timedelta(days=1), time(), tzinfo=zone) - timedelta(
                microseconds=1
            )
        return Filter(
            account=account,
            as_of=given.get("as_of", today),
            today=today,
            since=given.get("from"),
            until=given.get("to"),
            known_at=known,
            **{
                name: given.get(name)
                for name in ("programme", "cohort", "manager", "location", "legal_entity", "provider")
            },
        )


class ListSerializer(FilterSerializer):
    state = serializers.ChoiceField(STATES)
    cursor = serializers.CharField(required=False, max_length=TEXT_MAX)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_MAX, default=PAGE)


class ReportSerializer(FilterSerializer):
    report = serializers.ChoiceField(REPORTS)
    state = serializers.ChoiceField(STATES, required=False, default="received")


def ask(serializer: type[FilterSerializer], query: Any) -> Any:
    """The checked question, or the errors of its fields."""
    given = {name: query[name] for name in query if query[name] not in ("", None)}
    checked = serializer(data=given)
    checked.is_valid(raise_exception=True)
    return checked
