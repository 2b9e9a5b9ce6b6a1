"""Doors of the set-up page inside amoCRM: for administrators of amoCRM and staff, nobody else.

They show and change what the panel's set-up page does (crm.setup), and the rules by which an account bills.
"""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import account_rules
from billing.api.doors import Door, body
from billing.api.problems import Problem
from billing.network_file.schema import CHANNELS
from crm import grants, hooks, setup, setup_choices, setup_fields
from crm.models import Account, Connection, Integration, Pipeline
from crm.setup import Survey

MAKE = "make"
STAGES = ("deposit_status", "paid_status", "completed_status", "overdue_status")
REMINDERS_MAX = 20


class SetupDoor(Door):
    """A door of the account's administrators."""

    def account(self, request: Request) -> Account:
        user = self.caller(request)
        if not (user.staff or user.caller.is_admin):
            raise Problem(403, "admin_only", _("Only an administrator of amoCRM may set the account up."))
        return user.caller.account


class ReminderSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=-60, max_value=365)
    channels = serializers.ListField(child=serializers.ChoiceField(CHANNELS), min_length=1)


class RulesSerializer(serializers.Serializer[Any]):
    issue_at = serializers.TimeField()
    issue_days_before = serializers.IntegerField(min_value=0, max_value=60)
    reminders = serializers.ListField(child=ReminderSerializer(), max_length=REMINDERS_MAX)
    salesbot_id = serializers.IntegerField(min_value=1, allow_null=True)


class FieldsSerializer(serializers.Serializer[Any]):
    """ours -> the id of a field, "make", or empty for none."""

    chosen = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=20))

    def validate_chosen(self, chosen: dict[str, str]) -> dict[str, str]:
        for ours, value in chosen.items():
            if ours not in setup_fields.SPECS or not (value in ("", MAKE) or value.isdecimal()):
                raise serializers.ValidationError(_("Choose a field of the account."))
        return chosen


class StagesSerializer(serializers.Serializer[Any]):
    pipeline = serializers.IntegerField(min_value=1)
    deposit_status = serializers.IntegerField(allow_null=True, min_value=1)
    paid_status = serializers.IntegerField(allow_null=True, min_value=1)
    completed_status = serializers.IntegerField(allow_null=True, min_value=1)
    overdue_status = serializers.IntegerField(allow_null=True, min_value=1)


class TrySerializer(serializers.Serializer[Any]):
    lead_id = serializers.IntegerField(min_value=1)


class Setup(SetupDoor):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        account, at = self.account(request), timezone.now()
        found = setup.survey(account=account, at=at)
        return Response(_page(account, found))


class SetupFields(SetupDoor):
    @extend_schema(request=FieldsSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request) -> Response:
        account, at = self.account(request), timezone.now()
        chosen = body(FieldsSerializer, request).validated_data["chosen"]
        _check_fit(chosen, setup.survey(account=account, at=at))
        kept = {ours: int(value) if value else None for ours, value in chosen.items() if value != MAKE}
        try:
            setup_choices.check_fields(account.fields, kept)
        except setup_choices.FieldTaken as error:
            raise Problem(
                422, "field_taken", str(error), {ours: [str(error)] for ours in error.ours}
            ) from error
        setup.choose_fields(account=account, chosen=kept)
        wanted = [ours for ours, value in chosen.items() if value == MAKE]
        if wanted:
            setup.make_fields(account=account, ours=wanted, at=at)
        return Response(_page(account, setup.survey(account=account, at=at)))


class SetupStages(SetupDoor):
    @extend_schema(request=StagesSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request) -> Response:
        account, at = self.account(request), timezone.now()
        given = dict(body(StagesSerializer, request).validated_data)
        found = setup.survey(account=account, at=at)
        wanted = given.pop("pipeline")
        known = {one.id: {stage.id for stage in one.stages} for one in found.pipelines}
        wrong = [name for name, stage in given.items() if stage and stage not in known.get(wanted, ())]
        if wanted not in known or wrong:
            errors = {name: [_("There is no such stage in this pipeline.")] for name in wrong or ["pipeline"]}
            raise Problem(422, "unknown_stage", _("There is no such stage in this pipeline."), errors)
        given["completed_status"] = given["completed_status"] or 142
        unfit = setup_choices.wrong_stages(given)
        if unfit:
            errors = {name: [words] for name, words in unfit.items()}
            raise Problem(422, "wrong_stage", " ".join(unfit.values()), errors)
        Pipeline.objects.update_or_create(account=account, external_id=wanted, defaults=given)
        return Response(_page(account, found))


class SetupRules(SetupDoor):
    @extend_schema(request=RulesSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request) -> Response:
        account = self.account(request)
        given = body(RulesSerializer, request).validated_data
        try:
            account_rules.save(account=account, **given)
        except account_rules.NoBot as error:
            raise Problem(422, "no_bot", str(error), {"salesbot_id": [str(error)]}) from error
        return Response(account_rules.shown(account))


class SetupTry(SetupDoor):
    @extend_schema(request=TrySerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        account = self.account(request)
        lead_id = body(TrySerializer, request).validated_data["lead_id"]
        try:
            words = setup.try_field(account=account, lead_id=lead_id, at=timezone.now())
        except setup.CannotTry as error:
            raise Problem(422, "cannot_try", str(error), {"lead_id": [str(error)]}) from error
        return Response({"text": words})


class Automation(SetupDoor):
    """What a digital-pipeline trigger of the widget carries, so that we know whose it is."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response({"hook_key": hooks.key(self.account(request))})


def _check_fit(chosen: dict[str, str], found: Survey) -> None:
    """Each named field is the account's and of a type that serves."""
    known = {str(one.id): one for one in found.fields or ()}
    named = {ours: value for ours, value in chosen.items() if value not in ("", MAKE)}
    wrong = [
        ours
        for ours, value in named.items()
        if value not in known or not setup_fields.serves(ours, known[value])
    ]
    if wrong:
        words = _("Choose a field of the account.")
        raise Problem(422, "wrong_field", words, {ours: [words] for ours in wrong})


def _page(account: Account, found: Survey) -> dict[str, Any]:
    connection = Connection.objects.filter(account=account).first()
    own = Integration.objects.filter(account=account, purpose=Integration.Purpose.API).first()
    return {
        "connection": {
            "state": connection.state if connection else Connection.State.NEEDS_RECONNECT,
            "connect_url": grants.authorize_url(integration=own) if own else None,
        },
        "findings": [
            {"works": one.works, "remark": one.is_remark, "text": one.words}
            for one in setup.findings(account=account, found=found)
        ],
        "fields": [_field(account, found, ours) for ours in setup_fields.SPECS],
        "pipelines": [_pipeline(account, one) for one in found.pipelines],
        "rules": account_rules.shown(account),
        "bots": [{"id": bot, "name": name} for bot, name in found.bots or ()],
        "panel_url": f"{settings.PUBLIC_URL}/admin/crm/account/{account.pk}/setup/",
    }


def _field(account: Account, found: Survey, ours: str) -> dict[str, Any]:
    """One of ours: what may stand for it in this account, what does, and whether we could make it."""
    fitting = [one for one in found.fields or () if setup_fields.serves(ours, one)]
    return {
        "ours": ours,
        "name": setup_fields.SPECS[ours].name,
        "field_id": account.fields.get(ours),
        "choices": [{"id": one.id, "name": one.name} for one in fitting],
        "can_make": not any(one.code == setup_fields.code_of(ours) for one in fitting),
    }


def _pipeline(account: Account, info: Any) -> dict[str, Any]:
    row = Pipeline.objects.filter(account=account, external_id=info.id).first() or Pipeline()
    return {
        "id": info.id,
        "name": info.name,
        "stages": [{"id": stage.id, "name": stage.name} for stage in info.stages],
        **{name: getattr(row, name) for name in STAGES},
    }
