"""Doors of money that a person puts right: moved, split, taken out as a mistake, written off."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import credit, moves, reversals, splits, write_offs
from billing.api import idempotency
from billing.api.correction_bodies import (
    MoveSerializer,
    ReverseWriteOffSerializer,
    SplitSerializer,
    WriteOffSerializer,
)
from billing.api.deals import card_of
from billing.api.doors import Door, Visit, body
from billing.api.serializers import ReasonSerializer
from billing.deal_card import moment
from billing.models import Payment, Transfer
from billing.rules import money


class PaymentDoor(Door):
    """A door whose deal is found by a payment of the caller's account."""

    def find(self, request: Request, payment_id: int) -> tuple[Visit, Payment]:
        account = self.caller(request).caller.account
        payment = Payment.objects.filter(id=payment_id, deal__account=account).select_related("deal").first()
        if payment is None or payment.deal is None:
            raise Http404
        return self.visit(request, payment.deal.external_id), payment


class Move(PaymentDoor):
    """The caller must see both deals; the answer is the card of the deal that the money leaves."""

    right = "move"

    @extend_schema(request=MoveSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, payment_id: int) -> Response:
        visit, payment = self.find(request, payment_id)
        given = body(MoveSerializer, request).validated_data
        other = self.visit(request, given["lead_id"])

        def act() -> idempotency.Answer:
            moves.move(
                payment=payment,
                to=other.deal,
                amount=given.get("amount"),
                reason=given["reason"],
                author=visit.author,
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Split(Door):
    """One transfer for several deals; the caller must see all of them."""

    right = "split"

    @extend_schema(request=SplitSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        given = body(SplitSerializer, request)
        values = given.validated_data
        visits = {part["lead_id"]: self.visit(request, part["lead_id"]) for part in values["parts"]}
        visit = next(iter(visits.values()))

        def act() -> idempotency.Answer:
            transfer = splits.split(
                amount=values["amount"],
                parts=[splits.Part(visits[one["lead_id"]].deal, one["amount"]) for one in values["parts"]],
                external_id=values["external_id"].strip(),
                offline=given.offline(),
                author=visit.author,
                at=visit.at,
            )
            return 201, _transfer(transfer)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Reverse(PaymentDoor):
    """A payment that was entered by mistake; the answer is the card."""

    right = "offline_payment"

    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, payment_id: int) -> Response:
        visit, payment = self.find(request, payment_id)

        def act() -> idempotency.Answer:
            reason = body(ReasonSerializer, request).validated_data["reason"]
            reversals.reverse(payment=payment, reason=reason, author=visit.author, at=visit.at)
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class WriteOff(Door):
    right = "write_off"

    @extend_schema(request=WriteOffSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(WriteOffSerializer, request).validated_data
            write_offs.write_off(
                deal=visit.deal,
                amount=given.get("amount"),
                reason=given["reason"],
                written_on=given.get("written_on"),
                author=visit.author,
                at=visit.at,
                rank=visit.rank,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class ReverseWriteOff(Door):
    right = "write_off"

    @extend_schema(request=ReverseWriteOffSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)

        def act() -> idempotency.Answer:
            given = body(ReverseWriteOffSerializer, request).validated_data
            write_offs.reverse(
                deal=visit.deal,
                amount=given.get("amount"),
                reason=given["reason"],
                author=visit.author,
                at=visit.at,
                rank=visit.rank,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Credit(Door):
    """What lies free in a deal, the deals of its payer that could use it, and those paid together with it."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, lead_id: int) -> Response:
        visit = self.visit(request, lead_id)
        on = visit.deal.local_day(visit.at)
        found = credit.uses(visit.deal, on=on)
        return Response(
            {
                "credit": money.text(found.credit),
                "payments": [_free(payment, visit) for payment in found.payments],
                "deals": [_candidate(one) for one in found.candidates],
                "together": [_candidate(one) for one in credit.paid_together(visit.deal, on=on)],
            }
        )


def _transfer(transfer: Transfer) -> dict[str, Any]:
    made = transfer.payments.select_related("deal").order_by("id")
    return {
        "id": transfer.pk,
        "amount": money.text(transfer.amount),
        "external_id": transfer.external_id,
        "legal_entity": transfer.legal_entity.key,
        "payments": [
            {
                "id": payment.pk,
                "lead_id": payment.deal.external_id if payment.deal else None,
                "amount": money.text(payment.amount),
            }
            for payment in made
        ],
    }


def _free(payment: Payment, visit: Visit) -> dict[str, Any]:
    return {
        "id": payment.pk,
        "free": money.text(payment.free),
        "received_at": moment(payment.received_at, visit.deal),
    }


def _candidate(one: credit.Candidate) -> dict[str, Any]:
    return {
        "lead_id": one.deal.external_id,
        "name": one.deal.name,
        "debt": money.text(one.debt),
        "overdue": money.text(one.overdue),
        "asked": money.text(one.asked),
        "payments": list(one.payments),
    }
