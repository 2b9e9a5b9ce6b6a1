"""Bodies of the doors that correct money; what they mean is checked by the verbs."""

from typing import Any

from rest_framework import serializers

from billing.api.serializers import TEXT_MAX, sum_field


class MoveSerializer(serializers.Serializer[Any]):
    """Without an amount all that is left of the payment goes."""

    lead_id = serializers.IntegerField(min_value=1)
    amount = sum_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=TEXT_MAX)
