"""Bodies of the doors that change a schedule: shapes and limits; what they mean is checked by the verbs."""

from typing import Any

from rest_framework import serializers

from billing.api.serializers import TEXT_MAX, sum_field
from billing.models import ScheduleVersion


class ReasonedSerializer(serializers.Serializer[Any]):
    """A change with its reason, of the version that the caller saw."""

    reason = serializers.CharField(max_length=TEXT_MAX)
    version = serializers.IntegerField(required=False, allow_null=True, min_value=1, default=None)


class SettleSerializer(ReasonedSerializer):
    total = sum_field()
    retained = serializers.ChoiceField(
        ScheduleVersion.Retained.values, required=False, allow_blank=True, default=""
    )
