"""Bodies of the doors that correct money; what they mean is checked by the verbs."""

from typing import Any

from rest_framework import serializers

from billing.api.serializers import TEXT_MAX, OfflineSerializer, PayerSerializer, ReceiptField, sum_field
from billing.splits import PARTS_MAX


class MoveSerializer(serializers.Serializer[Any]):
    """Without an amount all that is left of the payment goes."""

    lead_id = serializers.IntegerField(min_value=1)
    amount = sum_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=TEXT_MAX)


class PartSerializer(serializers.Serializer[Any]):
    lead_id = serializers.IntegerField(min_value=1)
    amount = sum_field()


class SplitSerializer(OfflineSerializer):
    """One transfer for several deals; `offline()` says how it came."""

    amount = sum_field()
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=80, default="")
    payer = PayerSerializer()
    parts = serializers.ListField(child=PartSerializer(), min_length=1, max_length=PARTS_MAX)


class WriteOffSerializer(serializers.Serializer[Any]):
    """Without an amount the whole debt is meant; without a day, today."""

    amount = sum_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=TEXT_MAX)
    written_on = serializers.DateField(required=False, allow_null=True)


class ReverseWriteOffSerializer(serializers.Serializer[Any]):
    """Without an amount all that was written off is owed again."""

    amount = sum_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=TEXT_MAX)


class WaiveSerializer(serializers.Serializer[Any]):
    """Without an amount all late fees that are owed are given up."""

    amount = sum_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=TEXT_MAX)


class PlaceSerializer(serializers.Serializer[Any]):
    """Whose money it is; without `receipt` the rules decide about its receipt."""

    lead_id = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=TEXT_MAX)
    receipt = ReceiptField(required=False, allow_null=True)
