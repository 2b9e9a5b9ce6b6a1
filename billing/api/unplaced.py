"""Doors of money that came without an order of ours: the list, its deal, or that it is none of ours."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing import ledger, placements, unplaced
from billing.api import idempotency, rights
from billing.api.correction_bodies import PlaceSerializer
from billing.api.deals import card_of
from billing.api.doors import Door, body
from billing.api.serializers import ReasonSerializer
from billing.models import Payment
from billing.rules import money
from crm.models import Account

SHOWN_MAX = 200


class UnplacedDoor(Door):
    """Money of the caller's legal entities only; another's does not exist here."""

    right = "move"

    def find(self, request: Request, payment_id: int) -> Payment:
        account = self.caller(request).caller.account
        own = unplaced.received_by(account).filter(id=payment_id).first()
        found = own or unplaced.uncounted().filter(deal__account=account, id=payment_id).first()
        if found is None:
            raise Http404
        return found


class Unplaced(Door):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        account = self.caller(request).caller.account
        found = unplaced.of_account(account).select_related("legal_entity", "merchant")[:SHOWN_MAX]
        foreign = ledger.with_free(unplaced.uncounted().filter(deal__account=account))
        every = [*found, *foreign.select_related("legal_entity", "merchant", "deal")[:SHOWN_MAX]]
        return Response({"results": [_line(payment, account) for payment in every]})


class Place(UnplacedDoor):
    """The answer is the card of the deal that got the money."""

    @extend_schema(request=PlaceSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, payment_id: int) -> Response:
        payment = self.find(request, payment_id)
        given = body(PlaceSerializer, request).validated_data
        visit = self.visit(request, given["lead_id"])

        def act() -> idempotency.Answer:
            placements.place(
                payment=payment,
                deal=visit.deal,
                reason=given["reason"],
                choice=given.get("receipt"),
                author=visit.author,
                at=visit.at,
            )
            return 200, card_of(visit)

        return idempotency.once(request, caller=visit.caller, at=visit.at, act=act)


class Dismiss(UnplacedDoor):
    """The money is none of ours: it leaves the list and holds nobody."""

    @extend_schema(request=ReasonSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, payment_id: int) -> Response:
        user = self.caller(request)
        rights.demand(user, self.right)
        payment, at = self.find(request, payment_id), timezone.now()

        def act() -> idempotency.Answer:
            reason = body(ReasonSerializer, request).validated_data["reason"]
            placements.dismiss(payment=payment, reason=reason, author=user.author, at=at)
            return 200, {"id": payment.pk, "dismissed": True}

        caller = f"{user.caller.account.key}:{user.author}"
        return idempotency.once(request, caller=caller, at=at, act=act)


def _line(payment: Payment, account: Account) -> dict[str, Any]:
    received_at = payment.received_at.astimezone(ZoneInfo(account.time_zone))
    fitting = [payment.deal] if payment.deal else unplaced.deals_for(payment).filter(account=account)
    return {
        "id": payment.pk,
        "amount": money.text(payment.amount),
        "left": money.text(payment.left),
        "currency": payment.currency,
        "received_at": received_at.isoformat(timespec="seconds"),
        "legal_entity": payment.legal_entity.key,
        "provider": payment.merchant.provider if payment.merchant else None,
        "external_id": payment.external_id,
        "deals": [{"lead_id": deal.external_id, "name": deal.name} for deal in fitting[:SHOWN_MAX]],
    }
