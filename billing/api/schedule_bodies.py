"""Bodies of the doors that change a schedule: shapes and limits; what they mean is checked by the verbs."""

from typing import Any

from rest_framework import serializers

from billing.amendments import Spread
from billing.api.serializers import TEXT_MAX, TermsSerializer, read_terms, sum_field
from billing.models import ScheduleVersion
from billing.rules.schedule import Terms

NAME_MAX = 255


class ReasonedSerializer(serializers.Serializer[Any]):
    """A change with its reason, of the version that the caller saw."""

    reason = serializers.CharField(max_length=TEXT_MAX)
    version = serializers.IntegerField(required=False, allow_null=True, min_value=1, default=None)


class SeenSerializer(serializers.Serializer[Any]):
    """A change that is made only of the version that the caller saw."""

    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=TEXT_MAX)


class TemplateSerializer(serializers.Serializer[Any]):
    """A schedule by a template: what PUT takes instead of terms."""

    template = serializers.IntegerField(min_value=1)
    total = sum_field(required=False, allow_null=True, default=None)
    version = serializers.IntegerField(allow_null=True, min_value=1)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_MAX, default="")


class TotalQuerySerializer(serializers.Serializer[Any]):
    total = sum_field(required=False, default=None)


class MoveDateSerializer(SeenSerializer):
    number = serializers.IntegerField(min_value=1)
    due_on = serializers.DateField()


class ChangeTotalSerializer(SeenSerializer):
    total = sum_field()
    spread = serializers.ChoiceField([one.value for one in Spread], required=False, default=Spread.EVENLY)
    due_on = serializers.DateField(required=False, allow_null=True, default=None)


class TransferTermsSerializer(TermsSerializer):
    """The terms of what is left after a transfer."""


class TransferDealSerializer(SeenSerializer):
    programme = serializers.CharField(required=False, allow_null=True, max_length=NAME_MAX, default=None)
    cohort = serializers.CharField(required=False, allow_null=True, max_length=NAME_MAX, default=None)
    terms = TransferTermsSerializer(required=False, allow_null=True, default=None)

    def new_terms(self) -> Terms | None:
        """The rules' value of the terms, None when the rows stay."""
        given = self.validated_data["terms"]
        return read_terms(given) if given is not None else None


class PauseSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=TEXT_MAX)
    until = serializers.DateField(required=False, allow_null=True, default=None)


class ResumeSerializer(serializers.Serializer[Any]):
    shift = serializers.BooleanField(required=False, default=False)
    version = serializers.IntegerField(required=False, allow_null=True, min_value=1, default=None)


class SignSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1)
    signed_on = serializers.DateField(required=False, allow_null=True, default=None)


class SettleSerializer(ReasonedSerializer):
    total = sum_field()
    retained = serializers.ChoiceField(
        ScheduleVersion.Retained.values, required=False, allow_blank=True, default=""
    )
