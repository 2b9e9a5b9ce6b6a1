"""Doors of a deal's schedule: preview, save, change, pause, sign, settle, cancel, and its versions."""

from dataclasses import asdict
from typing import Any

from django.utils import translation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import amendments, pauses, schedule_templates, schedules, settlements, versions
from billing.api import idempotency, timeline
from billing.api.deals import card_of
from billing.api.doors import Door, Visit, body
from billing.api.schedule_bodies import (
    ChangeTotalSerializer,
    MoveDateSerializer,
    PauseSerializer,
    ReasonedSerializer,
    ResumeSerializer,
    SettleSerializer,
    SignSerializer,
    TemplateSerializer,
    TotalQuerySerializer,
    TransferDealSerializer,
)
from billing.api.serializers import ScheduleSerializer, TermsSerializer, write_terms
from billing.api.words import of_change, of_remark
from billing.layouts import Change, Layout
from billing.rules import money
from crm import users


class SchedulePreview(Door):
    @extend_schema(request=TermsSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        terms = body(TermsSerializer, request).terms()
        with translation.override(visit.language):
            made = schedules.preview(deal=visit.deal, terms=terms, on=visit.deal.local_day(visit.at))
            return Response(preview_of(made))


class Schedule(Door):
    @extend_schema(
        request=PolymorphicProxySerializer(
            "ScheduleOrTemplate", [ScheduleSerializer, TemplateSerializer], resource_type_field_name=None
        ),
        responses=OpenApiTypes.OBJECT,
    )
    def put(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            who: dict[str, Any] = {
                "deal": visit.deal,
                "author": visit.author,
                "rank": visit.rank,
                "at": visit.at,
            }
            if isinstance(request.data, dict) and request.data.get("template") is not None:
                schedule_templates.save(**body(TemplateSerializer, request).validated_data, **who)
                return 200, card_of(visit)
            given = body(ScheduleSerializer, request)
            seen = {name: given.validated_data[name] for name in ("version", "reason")}
            schedules.save(terms=given.terms(), **seen, **who)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Templates(Door):
    """Templates that fit the deal, each with the body that would preview or save it."""

    @extend_schema(parameters=[TotalQuerySerializer], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        asked = TotalQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        on = visit.deal.local_day(visit.at)
        total = asked.validated_data["total"] or schedule_templates.sum_of(visit.deal, on=on)
        found = schedule_templates.proposals(deal=visit.deal, total=total, on=on)
        return Response(
            {
                "results": [
                    {
                        "id": template.pk,
                        "name": template.name,
                        "programme": template.programme,
                        "body": write_terms(terms),
                    }
                    for template, terms in found
                ]
            }
        )


class Settle(Door):
    right = "cancel"

    @extend_schema(request=SettleSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(SettleSerializer, request).validated_data
            settlements.settle(deal=visit.deal, author=visit.author, at=visit.at, rank=visit.rank, **given)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Cancel(Door):
    right = "cancel"
    asks_amocrm = True

    @extend_schema(request=ReasonedSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(ReasonedSerializer, request).validated_data
            settlements.cancel(deal=visit.deal, author=visit.author, at=visit.at, rank=visit.rank, **given)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Move(Door):
    @extend_schema(request=MoveDateSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(MoveDateSerializer, request).validated_data
            amendments.move_date(
                deal=visit.deal,
                number=given["number"],
                due_on=given["due_on"],
                ask=_ask(visit, given),
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Total(Door):
    @extend_schema(request=ChangeTotalSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(ChangeTotalSerializer, request).validated_data
            amendments.change_total(
                deal=visit.deal,
                total=given["total"],
                spread=amendments.Spread(given["spread"]),
                due_on=given["due_on"],
                ask=_ask(visit, given),
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Transfer(Door):
    @extend_schema(request=TransferDealSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            checked = body(TransferDealSerializer, request)
            given = checked.validated_data
            amendments.transfer(
                deal=visit.deal,
                programme=given["programme"],
                cohort=given["cohort"],
                terms=checked.new_terms(),
                ask=_ask(visit, given),
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Pause(Door):
    @extend_schema(request=PauseSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(PauseSerializer, request).validated_data
            pauses.pause(deal=visit.deal, author=visit.author, at=visit.at, **given)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Resume(Door):
    @extend_schema(request=ResumeSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(ResumeSerializer, request).validated_data
            who: dict[str, Any] = {"deal": visit.deal, "author": visit.author, "at": visit.at}
            who |= {"version": given["version"]}
            if given["shift"]:
                pauses.resume_shifted(rank=visit.rank, **who)
            else:
                pauses.resume(**who)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Sign(Door):
    @extend_schema(request=SignSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(SignSerializer, request).validated_data
            versions.sign(
                deal=visit.deal,
                version=given["version"],
                signed_on=given["signed_on"] or visit.deal.local_day(visit.at),
                author=visit.author,
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Versions(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        names = users.names(account=visit.account, at=visit.at)
        found = versions.history_of(visit.deal)
        return Response({"results": [timeline.version(one, visit.deal, names=names) for one in found]})


def _ask(visit: Visit, given: dict[str, Any]) -> amendments.Ask:
    return amendments.Ask(given["version"], given["reason"], visit.author, visit.rank)


def preview_of(made: Layout) -> dict[str, Any]:
    """A layout as the preview shows it, in words and sums."""
    return {
        "installments": [
            {
                "number": line.number,
                "due_on": line.due_on.isoformat(),
                "effective_due_on": line.effective_due_on.isoformat(),
                "amount": money.text(line.amount),
            }
            for line in made.lines
        ],
        "total": money.text(made.total),
        "paid": money.text(made.paid),
        "debt": money.text(made.total - made.paid),
        "warnings": [{"code": one.code, "field": one.field, "text": of_remark(one)} for one in made.warnings],
        "changes": [{**_plain_change(one), "text": of_change(one)} for one in made.changes],
    }


def _plain_change(change: Change) -> dict[str, Any]:
    return asdict(change) | {
        "due_on": change.due_on.isoformat(),
        "was_on": change.was_on.isoformat() if change.was_on else None,
        "amount": money.text(change.amount),
        "before": money.text(change.before) if change.before is not None else None,
        "given_up": money.text(change.given_up) if change.given_up is not None else None,
    }
